"""Keeps one CUDA device busy for a while with matrix products: known steps of load, and no model."""

import time
from importlib import util
from pathlib import Path
from types import ModuleType
from typing import Any

from bench.engines import imported
from bench.errors import CannotRun
from bench.nouns import Check, Load
from bench.units import NS_PER_S

_SIZE = 4096  # 0.14 TFLOP a product: milliseconds on a data-centre board, so that a step ends when it is told to
_WARM_S = 1.0
_DRIVER = ("/proc/driver/nvidia", "/dev/nvidiactl", "/dev/dxg")  # Linux, containers, WSL


def check() -> Check:
    """Whether a load can be made here. Imports nothing heavy."""
    if util.find_spec("torch") is None:
        return Check(
            name="load", status="missing", reason="no torch", remedy="pip install 'joulemark[transformers]'"
        )
    if not any(Path(place).exists() for place in _DRIVER):
        return Check(name="load", status="missing", reason="no NVIDIA driver is loaded", remedy="install one")
    return Check(name="load", status="ok", reason="torch and a driver are there")


def open_load() -> Load:
    """A load on the only CUDA device that this process sees, warmed up. Raises CannotRun where there is none."""
    (torch,) = imported(("torch",), "transformers")
    if not torch.cuda.is_available():
        raise CannotRun("torch sees no CUDA device to load: windows and lags of its sensor are not found out")
    load = _Products(torch)
    load.keep_busy(_WARM_S)
    return load


class _Products:
    """Square products of half precision, one after another, never more than a few ahead of the host."""

    def __init__(self, torch: ModuleType) -> None:
        self._torch = torch
        self._a: Any = torch.randn(_SIZE, _SIZE, device="cuda", dtype=torch.float16)
        self._b: Any = torch.randn(_SIZE, _SIZE, device="cuda", dtype=torch.float16)

    def keep_busy(self, duration_s: float) -> tuple[int, int]:
        """Products until the time is over; the device has finished when it returns."""
        self._torch.cuda.synchronize()
        start_ns = time.monotonic_ns()
        until_ns = start_ns + round(duration_s * NS_PER_S)
        while time.monotonic_ns() < until_ns:
            for _ in range(2):
                self._torch.mm(self._a, self._b)
            self._torch.cuda.synchronize()
        return start_ns, time.monotonic_ns()
