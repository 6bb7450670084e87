"""How fast this machine is, roughly: for predicting a plan's minutes, never for a published figure."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from bench.files.known import known_passports
from bench.files.layout import profile_folder
from bench.files.profiles import profile_names, read_profile
from bench.nouns import Source
from bench.run.host import Host
from bench.run.plan import Speeds
from bench.sensing.recorder import rest_s

_PROBE_S = 0.3
_T4_TFLOPS = 65.0  # hardware_profiles/nvidia-t4.toml: the slowest board that the suites are planned for
_T4_BANDWIDTH_GB_S = 320.0
_SIDE = 768
_COPY_BYTES = 64 * 1024**2


class _Reach(NamedTuple):
    """What an unfused engine reaches of a machine's peaks, and what it pays beside them."""

    flop_ratio: float
    bandwidth_ratio: float
    layer_pass_s: float
    fill_bytes_per_s: float
    start_s: float


# As torch 2.13 did in fp32 on two threads of an EPYC 4th Gen: every cell of `quick` but one was then predicted
# within 12 %. They make a plan's minutes, never a figure.
_ON_CPU = _Reach(flop_ratio=0.9, bandwidth_ratio=0.72, layer_pass_s=1.2e-3, fill_bytes_per_s=2.5e8, start_s=7.0)
# Chosen, and held against no board yet: a third of either peak where nothing is fused, a layer as if it were
# thirty-five kernels of 20 µs, weights at the pace of a disk, CUDA's start beside torch's. A plan that is wrong by
# a factor of two costs patience, and no figure.
_ON_GPU = _Reach(flop_ratio=0.3, bandwidth_ratio=0.35, layer_pass_s=7e-4, fill_bytes_per_s=1.0e9, start_s=14.0)


def speeds_of(host: Host, out: Path | None = None, *, on_gpu: bool = True) -> Speeds:
    """What a GPU's profile declares where there is one and the work is on it, else what a short probe finds.

    How long a run rests depends on what OUT knows of the sensors.
    """
    known = known_passports(out) if out else {}
    rests_s = rest_s([replace(s, passport=known.get((s.device, s.driver), s.passport)) for s in host.sensors.live])
    if host.gpus and on_gpu:
        return replace(_gpu_speeds(host, out), rest_s=rests_s)
    own = _cpu_speeds(_busy_w([s for s in host.sensors.live if not s.is_board]))
    return replace(own, rest_s=rests_s)


def _busy_w(sources: Sequence[Source]) -> float | None:
    """The power of these domains together while working, for a plan's kWh; None when unknown."""
    parts = [_source_busy_w(s) for s in sources]
    return sum(p for p in parts if p is not None) if any(p is not None for p in parts) else None


def _source_busy_w(source: Source) -> float | None:
    if source.power_limit_w is not None:
        return source.power_limit_w
    idle_w, slope_w = source.details.get("idle_w_value"), source.details.get("slope_w_per_busy_vcpu_value")
    threads = source.details.get("threads")
    if not all(isinstance(v, (int, float)) for v in (idle_w, slope_w, threads)):
        return None
    return float(idle_w or 0) + float(slope_w or 0) * float(threads or 0)


def _gpu_speeds(host: Host, out: Path | None) -> Speeds:
    """The board's ceilings at the shares that unfused engines reach: as `profile` measured them into OUT, else as
    they are declared, else a T4's.
    """
    name = host.profile.accelerator
    figures = read_profile(name).figures if name in profile_names() and name else host.profile.figures
    tflops = figures["dense_fp16_tflops"].value if "dense_fp16_tflops" in figures else _T4_TFLOPS
    bandwidth = figures["bandwidth_gb_s"].value if "bandwidth_gb_s" in figures else _T4_BANDWIDTH_GB_S
    measured = _measured(host, out) if out else {}
    tflops = measured.get("fp16_matmul_rate", tflops)
    bandwidth = measured.get("triad_rate", bandwidth)
    return Speeds(
        flop_per_s=_ON_GPU.flop_ratio * tflops * 1e12,
        bytes_per_s=_ON_GPU.bandwidth_ratio * bandwidth * 1e9,
        layer_pass_s=_ON_GPU.layer_pass_s,
        fill_bytes_per_s=_ON_GPU.fill_bytes_per_s,
        start_s=_ON_GPU.start_s,
        busy_w=_busy_w(host.sensors.live),
    )


def _measured(host: Host, out: Path) -> dict[str, float]:
    """The rates of the first board that `profile` calibrated into OUT: TFLOP/s of products, GB/s of streams."""
    folder, boards = profile_folder(out), {s.domain for s in host.gpus}
    if not (folder / f"{host.profile.name}.toml").is_file():
        return {}
    found = [
        f for f in read_profile(host.profile.name, folder).measured if f.device in boards and f.domain is None
    ]
    return {f.name: f.quantity.value for f in found if f.device == found[0].device}


def _cpu_speeds(busy_w: float | None) -> Speeds:
    """The peaks that a short probe finds, at the shares that an engine reaches of them."""
    import numpy as np

    square = np.ones((_SIDE, _SIDE), dtype=np.float32)
    block = np.ones(_COPY_BYTES // 4, dtype=np.float32)
    flop_per_s = 2.0 * _SIDE**3 * _per_second(lambda: square @ square)
    bytes_per_s = _COPY_BYTES * _per_second(lambda: block.sum())
    return Speeds(
        flop_per_s=_ON_CPU.flop_ratio * flop_per_s,
        bytes_per_s=_ON_CPU.bandwidth_ratio * bytes_per_s,
        layer_pass_s=_ON_CPU.layer_pass_s,
        fill_bytes_per_s=_ON_CPU.fill_bytes_per_s,
        start_s=_ON_CPU.start_s,
        busy_w=busy_w,
    )


def _per_second(work: Callable[[], object]) -> float:
    """How often `work` runs in a second, over a third of a second after one run to warm up."""
    work()
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < _PROBE_S:
        work()
        count += 1
    return count / (time.perf_counter() - began)
