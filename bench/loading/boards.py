"""Which board CUDA gives first, by the driver's own word: its order is not NVML's, and an index tells nothing."""

import ctypes
import os
import uuid
from collections.abc import Callable
from dataclasses import dataclass

import psutil

from bench.errors import CannotRun
from bench.nouns import LoadSpec

_NAME_BYTES = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """Where a model runs, and the identity by which a meter's domain is matched."""

    kind: str  # "cpu" or "cuda"
    identity: str  # "cpu", "GPU-<uuid>"
    name: str


CPU = Board(kind="cpu", identity="cpu", name="CPU")


def open_board(spec: LoadSpec, *, runs_on_cuda: Callable[[], bool]) -> Board:
    """CUDA's first device where there is one and the library can use it, else the CPU.

    Raises CannotRun where "cuda" was asked for and is not to be had.
    """
    if spec.device == "cpu":
        return CPU
    board = first_cuda_device() if runs_on_cuda() else None
    if board is None and spec.device == "cuda":
        raise CannotRun(
            "device 'cuda' was asked for, and this library sees no CUDA device: install its CUDA build, or ask "
            "for device=cpu"
        )
    return board or CPU


def first_cuda_device() -> Board | None:
    """CUDA's device 0, as CUDA_VISIBLE_DEVICES leaves it; None where no driver or device answers.

    Source: CUDA driver API, cuDeviceGetUuid and cuDeviceGetName; checked 2026-11-21. No context is made.
    """
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return None
    device, raw, name = ctypes.c_int(), (ctypes.c_char * 16)(), ctypes.create_string_buffer(_NAME_BYTES)
    asked: tuple[Callable[[], int], ...] = (
        lambda: driver.cuInit(0),
        lambda: driver.cuDeviceGet(ctypes.byref(device), 0),
        lambda: driver.cuDeviceGetUuid(raw, device),
        lambda: driver.cuDeviceGetName(name, _NAME_BYTES, device),
    )
    if any(ask() != 0 for ask in asked):
        return None
    return Board(kind="cuda", identity=f"GPU-{uuid.UUID(bytes=bytes(raw))}", name=name.value.decode())


def thread_count(asked: int | None) -> int:
    """The threads of one inference: as asked, else the physical cores that this process may use."""
    cores = psutil.cpu_count(logical=False) or 1
    return asked or max(1, min(cores, len(os.sched_getaffinity(0))))
