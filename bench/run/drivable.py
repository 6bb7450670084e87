"""What can be calibrated on a machine: each device, its kernels with their sizes, and what is declared of it."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from bench.engines._ceilings import has_torch, usable_cpus
from bench.files.machine import Machine
from bench.files.processor import cache_bytes, short_formats
from bench.files.profiles import read_profiles
from bench.nouns import Calibration, Figure, HardwareProfile, Kernel, Peak, Source
from bench.physics.floor import MEMORY_BYTES_PER_S
from bench.run.host import Host
from bench.run.profile import is_board
from bench.units import BYTES_PER_MIB

# Each array is at least so many times the caches: stream.c, www.cs.virginia.edu/stream (checked 2026-11-21)
_CACHES = 4
_UNKNOWN_CACHE_BYTES = 64 * BYTES_PER_MIB
_LEAST_ARRAY_BYTES, _BOARD_ARRAY_BYTES = 64 * BYTES_PER_MIB, 1024 * BYTES_PER_MIB  # chosen; a B200 caches 126 MB
_MEMORY_SHARE = 16  # an array takes at most this part of the free memory
_SIDE, _WIDE_SIDE, _BOARD_SIDE = 2048, 4096, 8192  # chosen: a pass of a tenth of a second on two threads, or less
_WIDE_FROM = 8
_DECLARED = {  # label → the declared figure, and what its unit is worth
    "triad": ("bandwidth_gb_s", 1e9),
    "copy": ("bandwidth_gb_s", 1e9),
    "fp32_matmul": ("dense_fp32_tflops", 1e12),
    "bf16_matmul": ("dense_bf16_tflops", 1e12),
    "fp16_matmul": ("dense_fp16_tflops", 1e12),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One device, how it is to be driven, and which CUDA devices its process sees."""

    calibration: Calibration
    device: Literal["cpu", "cuda"]
    name: str
    visible: str
    threads: int


def cpu(host: Host, machine: Machine, known: HardwareProfile) -> Asked:
    """The CPU: all the threads that may be used, by torch where it is installed, else by numpy."""
    quota = machine.cpu_limit
    threads = max(1, min(usable_cpus(), math.ceil(quota) if quota else machine.cpu.threads))
    limits = [f"{threads} of the machine's {machine.cpu.threads} threads"]
    if quota and quota < threads:
        limits.append(f"a quota of {quota:g} threads")
    if machine.cpu.hypervisor:
        limits.append("a guest: its processor has others beside it")
    cached = cache_bytes()
    array_bytes, short = array_size(cached, host.memory_bytes)
    kernels = [Kernel(kind="triad" if has_torch() else "copy", precision="fp32", size=array_bytes // 4)]
    side = _WIDE_SIDE if threads > _WIDE_FROM else _SIDE
    kernels.append(Kernel(kind="matmul", precision="fp32", size=side))
    formats = short_formats() if has_torch() else frozenset()
    if "bf16" in formats:
        kernels.append(Kernel(kind="matmul", precision="bf16", size=side))
    if "fp16" in formats:
        kernels.append(Kernel(kind="matmul", precision="fp16", size=side))
    declared = known.figures if known.accelerator is None else {}
    calibration = Calibration(
        device="cpu",
        hardware=host.profile.name,
        kernels=tuple(kernels),
        peaks=_peaks(declared, known.name),
        limits=(*limits, *([short] if short else [])),
    )
    return Asked(
        calibration=calibration, device="cpu", name=machine.cpu.name or "CPU", visible="", threads=threads
    )


def array_size(cached: int | None, free_bytes: float | None) -> tuple[int, str]:
    """The bytes of one streamed array, and what to say where memory does not allow what the caches ask for."""
    asked = max(_LEAST_ARRAY_BYTES, _CACHES * (cached or _UNKNOWN_CACHE_BYTES))
    most = asked if free_bytes is None else max(BYTES_PER_MIB, int(free_bytes / _MEMORY_SHARE))
    if asked <= most:
        return asked, ""
    told = most // BYTES_PER_MIB
    return (
        told * BYTES_PER_MIB,
        f"memory: arrays of {told} MiB, {asked // BYTES_PER_MIB} MiB are {_CACHES} times its caches",
    )


def boards(host: Host) -> Iterator[Asked]:
    """Every board that is read, whether or not CUDA can use it: that is found out by trying."""
    for source in host.gpus:
        if source.basis == "excluded":
            continue
        free = source.details.get("memory_free_bytes")
        array_bytes = _BOARD_ARRAY_BYTES
        if isinstance(free, (int, float)) and free:
            array_bytes = min(array_bytes, max(BYTES_PER_MIB, int(free / _MEMORY_SHARE)))
        kernels = (
            Kernel(kind="triad", precision="fp32", size=array_bytes // 4),
            *(Kernel(kind="matmul", precision=p, size=_BOARD_SIDE) for p in ("fp32", "fp16", "bf16")),
        )
        calibration = Calibration(
            device=source.domain,
            hardware=host.profile.name,
            kernels=kernels,
            peaks=_board_peaks(source),
        )
        name = source.device_name or source.device
        yield Asked(calibration=calibration, device="cuda", name=name, visible=source.device, threads=1)


def _board_peaks(source: Source) -> dict[str, Peak]:
    """What is declared of the board; of its bandwidth, else, what NVML tells of clock and width."""
    board = next((p for p in read_profiles() if p.kind == "gpu" and is_board(source.device_name, p)), None)
    if board is not None:
        return _peaks(board.figures, board.name)
    told = source.details.get(MEMORY_BYTES_PER_S)
    if isinstance(told, (int, float)) and told:
        return {"triad": Peak(per_s=float(told), source="NVML: twice the memory clock times the bus's width")}
    return {}


def _peaks(declared: Mapping[str, Figure], profile: str) -> dict[str, Peak]:
    return {
        label: Peak(per_s=declared[name].value * factor, source=f"{name} of {profile}: {declared[name].source}")
        for label, (name, factor) in _DECLARED.items()
        if name in declared
    }
