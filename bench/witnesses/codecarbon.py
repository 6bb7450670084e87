"""CodeCarbon: NVML's energy counters, RAPL or else a model of its own for the CPU, and a model for memory.

What its figures are, read in codecarbon 3.3.2 on 2026-11-21:
- `EmissionsData.gpu_energy`, `cpu_energy`, `ram_energy` are kWh (output_methods/emissions_data.py), made of mJ and
  µJ by 2.77778e-7 kWh/J (core/units.py), which is 0.8 millionths too much.
- GPU: NVML's total energy counter as `start` and `stop` find it between two of its ticks; where it cannot be read,
  the mean of power usage, looked at once a second, times the time (core/gpu_device.py).
- CPU: the sum of RAPL's packages where they can be read, without DRAM (core/cpu.py). Elsewhere a model:
  TDP × (0.1 + 0.9 × load³), the TDP by the CPU's name, 85 W where it is not known (external/hardware.py).
- Memory: never measured; 5 W for each of four modules and less for the others, of as many as a machine of its size
  may have (external/ram.py).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.errors import SensorLost
from bench.nouns import Check, PeerEnergy, Watching, Witness
from bench.units import J_PER_KWH
from bench.witnesses import library_check, library_version

_DISTRIBUTION = "codecarbon"
_POWERCAP = Path("/sys/class/powercap")


def open_witness() -> Witness:
    """CodeCarbon's offline tracker with its own defaults, over the whole machine."""
    return CodeCarbon()


class CodeCarbon:
    """One tracker for each GPU, so that each GPU has a figure: a tracker gives the sum of those that it tracks."""

    def check(self) -> Check:
        """Whether codecarbon is installed."""
        return library_check("codecarbon", _DISTRIBUTION)

    def version(self) -> str:
        """The version of codecarbon."""
        return library_version(_DISTRIBUTION)

    @contextmanager
    def open(self) -> Iterator[Watching]:
        """Trackers that were started and stopped once: their first start and stop take seconds."""
        tracker = _tracker()
        gpus = range(int(tracker.get_detected_hardware()["gpu_count"] or 0))
        reads_rapl = any("Intel Rapl" in text for text in tracker._conf.get("hardware", ()))  # said nowhere else
        peer = _Trackers(tuple([index] for index in gpus) or (None,), reads_rapl=reads_rapl)
        peer.begin()
        peer.end()
        yield peer


class _Trackers:
    """Fresh trackers in every window: a tracker that was stopped cannot be started again."""

    def __init__(self, gpu_ids: Sequence[list[int] | None], *, reads_rapl: bool) -> None:
        self._gpu_ids = gpu_ids
        self._reads_rapl = reads_rapl
        self._trackers: list[Any] = []

    def begin(self) -> None:
        """Starts one tracker for each GPU, or one where there is none."""
        self._trackers = [_tracker(gpu_ids=ids) if ids else _tracker() for ids in self._gpu_ids]
        for tracker in self._trackers:
            tracker.start()

    def end(self) -> Sequence[PeerEnergy]:
        """Each GPU's energy from its own tracker; CPU and memory from the first."""
        for tracker in self._trackers:
            tracker.stop()
        said = [_said(tracker) for tracker in self._trackers]
        boards = [
            PeerEnergy(domain=f"gpu:{ids[0]}", energy_j=one.gpu_energy * J_PER_KWH, basis="measured")
            for ids, one in zip(self._gpu_ids, said, strict=True)
            if ids
        ]
        return (*boards, *self._machine(said[0].cpu_energy * J_PER_KWH, said[0].ram_energy * J_PER_KWH))

    def _machine(self, cpu_j: float, memory_j: float) -> Sequence[PeerEnergy]:
        """CPU and memory. A sum over several packages is no domain of ours, and is left out."""
        if not self._reads_rapl:
            return (PeerEnergy(domain="host", energy_j=cpu_j + memory_j, basis="modelled"),)
        if _packages() != 1:
            return ()
        return (
            PeerEnergy(domain="cpu-package:0", energy_j=cpu_j, basis="measured"),
            PeerEnergy(domain="dram:0", energy_j=memory_j, basis="modelled"),
        )


def _tracker(**more: object) -> Any:
    """A tracker with its own defaults, of the machine and not of this process, that writes and sends nothing."""
    from codecarbon import OfflineEmissionsTracker

    return OfflineEmissionsTracker(
        country_iso_code="FRA",  # for grams, which are not asked for
        tracking_mode="machine", pue=1.0, allow_multiple_runs=True, log_level="error",
        save_to_file=False, save_to_api=False, emissions_endpoint=None, **more,
    )  # fmt: skip


def _said(tracker: Any) -> Any:
    """What a stopped tracker found. Raises SensorLost where it did not work: it swallows its own errors."""
    found = getattr(tracker, "final_emissions_data", None)
    if found is None:
        raise SensorLost("codecarbon's tracker did not start or did not stop, and says no more")
    return found


def _packages() -> int:
    names = (path.read_text(encoding="ascii").strip() for path in _POWERCAP.glob("intel-rapl:*/name"))
    return sum(name.startswith("package") for name in names)
