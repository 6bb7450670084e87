"""Drives a device as hard as it goes with work whose amount is known: streams over memory, dense products.

By torch where it is installed (a CUDA device, or every thread of the CPU), else by numpy, which Joulemark needs
anyway: its products use every thread, and its copy is split over threads by hand.
"""

import importlib.util
import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from types import ModuleType
from typing import Any, Literal, Protocol

from bench.engines import gpu_identity, imported
from bench.errors import CannotRun
from bench.nouns import Kernel
from bench.units import NS_PER_S

Pass = Callable[[], object]
_SEED = 0
_SCALAR = 3.0  # of the triad, as in stream.c


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyKernels:
    """Kernels that stand ready in memory; `left_out`: those that this device or library can't do, and why."""

    library: str  # "torch 2.13.0"
    device: str  # "cpu", "GPU-<uuid>"
    device_name: str
    passes: Mapping[str, Pass]
    finish: Pass  # returns once the device has done all that was asked
    left_out: Mapping[str, str]

    def run(self, label: str, passes: int, least_s: float) -> list[tuple[int, int, int]]:
        """Batches of `passes` until `least_s` are over, at least one: start and end (ns) of each, the device done,
        and the processor time (ns) that all threads of this process took meanwhile.
        """
        one = self.passes[label]
        spans: list[tuple[int, int, int]] = []
        self.finish()
        stop_ns = time.monotonic_ns() + round(least_s * NS_PER_S)
        while not spans or time.monotonic_ns() < stop_ns:
            start_ns, before_ns = time.monotonic_ns(), time.process_time_ns()
            for _ in range(passes):
                one()
            self.finish()
            spans.append((start_ns, time.monotonic_ns(), time.process_time_ns() - before_ns))
        return spans


def has_torch() -> bool:
    """Whether torch is installed, without importing it."""
    return importlib.util.find_spec("torch") is not None


def open_ceilings(device: Literal["cpu", "cuda"], kernels: Sequence[Kernel], threads: int) -> ReadyKernels:
    """The kernels, allocated, on the CPU or on the only CUDA device that this process sees.

    Raises CannotRun where there is no such device, NoEngine where a GPU is asked for and torch is missing.
    """
    if device == "cpu" and not has_torch():
        return _by_numpy(kernels, threads)
    (torch,) = imported(("torch",), "transformers")
    if device == "cuda" and not torch.cuda.is_available():
        raise CannotRun("torch sees no CUDA device: install its CUDA build to calibrate a GPU")
    torch.manual_seed(_SEED)
    torch.set_float32_matmul_precision("highest")  # fp32 is fp32: no TF32 passes for it
    if device == "cpu":
        torch.set_num_threads(threads)
    return _by_torch(torch, device, kernels)


class _Maker(Protocol):
    """What makes a kernel's pass, its arrays allocated; raises CannotRun where it can't be done."""

    def __call__(self, kernel: Kernel) -> Pass: ...


def _made(kernels: Sequence[Kernel], make: _Maker, failures: tuple[type[Exception], ...]) -> Any:
    """label → pass, and label → why there is none; each kernel runs once, so that what fails fails here."""
    passes: dict[str, Pass] = {}
    left_out: dict[str, str] = {}
    for kernel in kernels:
        try:
            one = make(kernel)
            one()
        except failures as error:
            left_out[kernel.label] = (str(error).splitlines() or [type(error).__name__])[0]
        else:
            passes[kernel.label] = one
    if not passes:
        raise CannotRun(
            f"not one kernel can be driven here: {next(iter(left_out.values()), 'none was asked for')}"
        )
    return passes, left_out


def _by_torch(torch: ModuleType, device: str, kernels: Sequence[Kernel]) -> ReadyKernels:
    dtypes = {"fp64": torch.float64, "fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}

    def make(kernel: Kernel) -> Pass:
        def array(*shape: int) -> Any:
            return torch.randn(*shape, device=device, dtype=dtypes[kernel.precision])

        if kernel.kind == "matmul":
            a, b, c = (array(kernel.size, kernel.size) for _ in range(3))
            return lambda: torch.mm(a, b, out=c)
        if kernel.kind == "copy":
            target, origin = array(kernel.size), array(kernel.size)
            return lambda: target.copy_(origin)
        a, b, c = (array(kernel.size) for _ in range(3))
        return lambda: torch.add(b, c, alpha=_SCALAR, out=a)

    # torch says with a RuntimeError both that memory ran out and that a device lacks an operation
    passes, left_out = _made(kernels, make, (RuntimeError,))
    library = f"torch {torch.__version__}"
    if device == "cpu":
        return ReadyKernels(
            library=library, device="cpu", device_name="CPU", passes=passes, finish=lambda: None, left_out=left_out
        )
    board = torch.cuda.get_device_properties(torch.cuda.current_device())
    return ReadyKernels(
        library=library, device=gpu_identity(board.uuid), device_name=str(board.name), passes=passes,
        finish=torch.cuda.synchronize, left_out=left_out,
    )  # fmt: skip


def _by_numpy(kernels: Sequence[Kernel], threads: int) -> ReadyKernels:
    import numpy as np

    random = np.random.default_rng(_SEED)
    pool = ThreadPoolExecutor(threads)

    def make(kernel: Kernel) -> Pass:
        if kernel.precision != "fp32":
            raise CannotRun(f"numpy has no fast {kernel.precision}: pip install 'joulemark[transformers]'")
        if kernel.kind == "matmul":
            a, b = (random.standard_normal((kernel.size,) * 2, dtype=np.float32) for _ in range(2))
            c = np.empty_like(a)
            return lambda: np.matmul(a, b, out=c)
        if kernel.kind == "triad":
            raise CannotRun("numpy has no triad in one pass: its copy is driven in its place")
        origin = random.standard_normal(kernel.size, dtype=np.float32)
        target = np.empty_like(origin)
        cuts = [kernel.size * i // threads for i in range(threads + 1)]
        parts = [(target[a:b], origin[a:b]) for a, b in pairwise(cuts)]
        # copying lets go of the interpreter's lock: each thread has its share
        return lambda: list(pool.map(lambda part: np.copyto(*part), parts))

    passes, left_out = _made(kernels, make, (CannotRun, MemoryError))
    return ReadyKernels(
        library=f"numpy {np.__version__}", device="cpu", device_name="CPU", passes=passes, finish=lambda: None,
        left_out=left_out,
    )  # fmt: skip


def usable_cpus() -> int:
    """How many logical CPUs this process may run on."""
    return len(os.sched_getaffinity(0))
