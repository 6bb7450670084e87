"""Ways of running models, one file each; here, what those that stand on PyTorch share.

The shared functions take the torch module as a value and import it nowhere: asking an engine whether it can
run must stay cheap, and importing torch takes seconds.
"""

import gc
import importlib
import importlib.metadata
import importlib.util
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import psutil

from bench.errors import CannotRun, NoEngine, UnknownName
from bench.files.models import weight_bytes
from bench.loading.seeded import STD
from bench.nouns import Check, Fact, Loaded, LoadSpec, Outcome, Request, Usage
from bench.units import BYTES_PER_GIB

SYNTHETIC_NOTE = (
    "synthetic weights: seeded random numbers in the exact architecture; power can differ with the data"
)
ROUTER_NOTE = "mixture of experts with random weights: the router spreads tokens evenly, a trained one does not"
STATIC_BATCH_NOTE = "a batch runs until its longest request is done; padding is not counted as work"

# NVIDIA, CUDA C++ Programming Guide, table of arithmetic by compute capability: bf16 from 8.0; checked 2026-11-21
_BF16_CAPABILITY = (8, 0)
_HEADROOM_RATIO = 0.1  # activations, cache and the allocator's slack beside the weights


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """Where a model runs: torch's name for it, and the identity by which a meter's domain is matched."""

    kind: str  # "cpu" or "cuda"
    torch_name: str  # "cpu", "cuda:0"
    identity: str  # "cpu", "GPU-<uuid>"
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """The precision that runs, torch's dtype for it, and how it differs from the ask."""

    precision: str
    dtype: Any
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What was asked for, and where and in which precision it runs."""

    torch: ModuleType
    spec: LoadSpec
    device: Device
    runs: Runs


def library_check(engine: str, distributions: Mapping[str, str], extra: str) -> Check:
    """Whether an engine's libraries (module → distribution) are installed, without importing them."""
    remedy = f"pip install 'joulemark[{extra}]'"
    absent = [module for module in distributions if importlib.util.find_spec(module) is None]
    if absent:
        return Check(name=engine, status="missing", reason=f"no module {', '.join(absent)}", remedy=remedy)
    versions = ", ".join(f"{d} {importlib.metadata.version(d)}" for d in distributions.values())
    where = "an NVIDIA driver is loaded" if Path("/proc/driver/nvidia").exists() else "no NVIDIA driver: CPU"
    return Check(name=engine, status="ok", reason=f"{versions}; {where}")


def imported(modules: Sequence[str], extra: str) -> tuple[ModuleType, ...]:
    """The libraries of an engine. Raises NoEngine with the command that installs them."""
    try:
        return tuple(importlib.import_module(module) for module in modules)
    except (ImportError, OSError) as error:  # OSError: a shared library that does not load
        raise NoEngine(f"{modules[-1]} does not import ({error}): pip install 'joulemark[{extra}]'") from error


def library_version(distribution: str, extra: str) -> str:
    """The installed version of a distribution. Raises NoEngine with the command that installs it."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError as error:
        raise NoEngine(f"{distribution} is not installed: pip install 'joulemark[{extra}]'") from error


def open_device(torch: ModuleType, spec: LoadSpec) -> Device:
    """The device that the model will be on: the current CUDA device where there is one, else the CPU."""
    if spec.device == "cpu" or not torch.cuda.is_available():
        if spec.device == "cuda":
            raise CannotRun(
                "device 'cuda' was asked for, torch sees no CUDA device: install its CUDA build, or ask for "
                "device=cpu"
            )
        return Device(kind="cpu", torch_name="cpu", identity="cpu", name="CPU")
    index = torch.cuda.current_device()
    board = torch.cuda.get_device_properties(index)
    return Device(kind="cuda", torch_name=f"cuda:{index}", identity=gpu_identity(board.uuid), name=str(board.name))


def gpu_identity(value: object) -> str:
    """NVML's form of a GPU's UUID, "GPU-xxxxxxxx-…", from any of the forms that torch has had."""
    if isinstance(value, bytes) and len(value) == 16:
        return f"GPU-{uuid.UUID(bytes=value)}"
    text = value.decode() if isinstance(value, bytes) else str(value)
    return text if text.startswith(("GPU-", "MIG-")) else f"GPU-{text.lower()}"


def runnable(torch: ModuleType, precision: str, device: Device) -> Runs:
    """The precision that this device computes in; bf16 falls to fp16 where the card has none, and says so."""
    dtypes = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
    if precision not in dtypes:
        raise UnknownName("precision", precision, dtypes)
    if device.kind == "cpu" and precision == "fp16":
        raise CannotRun("fp16 was asked for on a CPU, which has no fp16 arithmetic to speak of: use fp32 or bf16")
    if device.kind == "cuda" and precision == "bf16":
        capability = torch.cuda.get_device_capability(device.torch_name)
        if capability < _BF16_CAPABILITY:
            found = ".".join(map(str, capability))
            note = (
                f"precision fell from bf16 to fp16: {device.name} has compute capability {found}, bf16 needs 8.0"
            )
            return Runs(precision="fp16", dtype=torch.float16, notes=(note,))
    return Runs(precision=precision, dtype=dtypes[precision])


def require_memory(torch: ModuleType, device: Device, weights_bytes: int, name: str) -> None:
    """Raises CannotRun when the weights and a tenth of them again do not fit the free memory."""
    free = torch.cuda.mem_get_info(device.torch_name)[0] if device.kind == "cuda" else free_bytes()
    require_room(free, weights_bytes, f"{name} needs", device.name)


def require_room(free: int, weights_bytes: int, what: str, where: str) -> None:
    """Raises CannotRun when the weights and a tenth of them again do not fit what is free."""
    needed = weights_bytes * (1 + _HEADROOM_RATIO)
    if needed > free:
        raise CannotRun(
            f"{what} {needed / BYTES_PER_GIB:.1f} GiB on {where}, "
            f"{free / BYTES_PER_GIB:.1f} GiB are free: choose a smaller model or precision, or free the memory"
        )


def free_bytes() -> int:
    """What the machine can still give; in a container, what the container may still take."""
    free = int(psutil.virtual_memory().available)
    limit, used = Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")
    try:
        return min(free, int(limit.read_text()) - int(used.read_text()))
    except (OSError, ValueError):  # no cgroup v2, or "max"
        return free


@contextmanager
def memory_guard(torch: ModuleType, doing: str) -> Iterator[None]:
    """Turns running out of memory into CannotRun; everything else passes."""
    try:
        yield
    except (MemoryError, torch.OutOfMemoryError) as error:
        first = str(error).splitlines()[0] if str(error) else "no memory left"
        raise CannotRun(f"out of memory {doing}: {first}; use a smaller batch, model or precision") from error
    except RuntimeError as error:
        if "can't allocate memory" not in str(error):  # how torch's CPU allocator says it
            raise
        raise CannotRun(f"out of memory {doing}; use a smaller batch, model or precision") from error


def parameter_count(model: Any) -> int:
    """How many parameters the built model has; shared ones count once."""
    return sum(parameter.numel() for parameter in model.parameters())


def step_bytes(model: Any, share: Callable[[str, Any], float]) -> int:
    """The bytes of weights that one decoding step reads, from the parameters as they lie in memory.

    `share` says of each parameter, by name, how much of it a step reads at least; shared ones count once.
    """
    read = (share(name, p) * float(p.numel() * p.element_size()) for name, p in model.named_parameters())
    return round(sum(read))


def open_setting(torch: ModuleType, spec: LoadSpec) -> Setting:
    """The device and precision for a model that fits it. Raises CannotRun where none does."""
    if spec.threads is not None:
        torch.set_num_threads(spec.threads)
    device = open_device(torch, spec)
    runs = runnable(torch, spec.precision, device)
    require_memory(torch, device, weight_bytes(spec.model, runs.precision), spec.model.name)
    return Setting(torch=torch, spec=spec, device=device, runs=runs)


def loaded_record(setting: Setting, engine: str, version: str, model: Any, facts: Mapping[str, Fact]) -> Loaded:
    """What was really loaded, with what a record must know of the machinery below the engine."""
    torch, spec, device, runs = setting.torch, setting.spec, setting.device, setting.runs
    synthetic = spec.weights == "synthetic"
    experts = spec.model.active_parameters < spec.model.parameters
    machinery: dict[str, Fact] = {
        "torch_version": str(torch.__version__),
        "cuda_version": torch.version.cuda,
        "dtype": str(runs.dtype).removeprefix("torch."),
        "threads": torch.get_num_threads(),
    }
    seeded: dict[str, Fact] = {
        "weights_seed": spec.seed,
        "weights_generator": f"torch {device.kind}, N(0, {STD}²)",
    }
    notes = (*((SYNTHETIC_NOTE,) if synthetic else ()), *((ROUTER_NOTE,) if synthetic and experts else ()))
    return Loaded(
        engine=engine,
        engine_version=version,
        precision=runs.precision,
        weights=spec.weights,
        device=device.identity,
        device_name=device.name,
        parameters=parameter_count(model),
        notes=(*runs.notes, *notes, STATIC_BATCH_NOTE),
        facts=machinery | (seeded if synthetic else {}) | dict(facts),
    )


def synchroniser(torch: ModuleType, device: Device) -> Callable[[], None]:
    """A function that returns once the device has finished everything it was given."""
    return torch.cuda.synchronize if device.kind == "cuda" else lambda: None


def release(torch: ModuleType, device: Device) -> None:
    """Gives the memory of a dropped model back to the device."""
    gc.collect()
    if device.kind == "cuda":
        torch.cuda.empty_cache()


def padded(rows: Sequence[Sequence[int]], pad: int, *, left: bool) -> tuple[list[list[int]], list[list[int]]]:
    """Rows of one length and the mask of what is real; a causal model needs its padding on the left."""
    width = max(map(len, rows))
    ids, mask = [], []
    for row in rows:
        fill = width - len(row)
        ids.append([pad] * fill + [*row] if left else [*row] + [pad] * fill)
        mask.append([0] * fill + [1] * len(row) if left else [1] * len(row) + [0] * fill)
    return ids, mask


def outcomes(
    batch: Sequence[Request],
    achieved: Sequence[Usage],
    batch_id: int,
    times_ns: tuple[int, int | None, int],
    said: Sequence[str | None] = (),
) -> list[Outcome]:
    """The outcomes of requests that ran together: one start, first output and end for all.

    `said`: the class that a classifier named for each, held beside the one that was meant.
    """
    start_ns, first_output_ns, end_ns = times_ns
    return [
        Outcome(
            request_id=request.id,
            batch_id=batch_id,
            start_ns=start_ns,
            first_output_ns=first_output_ns,
            end_ns=end_ns,
            requested=request.asked,
            achieved=usage,
            said=named,
            meant=named and request.meant,
        )
        for request, usage, named in zip(batch, achieved, said or [None] * len(batch), strict=True)
    ]


class Stamp:
    """The time at which something first happened, once the device has finished."""

    def __init__(self, synchronise: Callable[[], None], clock_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._synchronise = synchronise
        self._clock_ns = clock_ns
        self.at_ns: int | None = None

    def __call__(self) -> None:
        """Takes the time on the first call; later calls cost nothing."""
        if self.at_ns is None:
            self._synchronise()
            self.at_ns = self._clock_ns()
