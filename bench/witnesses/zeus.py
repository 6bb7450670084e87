"""Zeus: NVML's energy counters and RAPL's, read at both ends of a window.

What its figures are, read in zeus 0.16.0 on 2026-11-21:
- `Measurement.gpu_energy` is J: the difference of NVML's total energy counter (mJ) as begin_window and end_window
  find it between two of its ticks (monitor/energy.py). Boards older than Volta have no such counter: there it is
  the integral of the power that a PowerMonitor polls, of the readings that changed (monitor/power.py).
- `cpu_energy` and `dram_energy` are J: the difference of each RAPL zone's counter, with the wraps that a process
  of its own has counted, once a second (device/cpu/rapl.py). Their index is that of the zone `intel-rapl:N`,
  which need not be a package. None where RAPL cannot be read.
- GPUs are numbered as CUDA_VISIBLE_DEVICES leaves them (device/gpu/nvidia.py): it is not set where this runs.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from bench.nouns import Check, Domain, PeerEnergy, Watching, Witness
from bench.witnesses import library_check, library_version

_DISTRIBUTION = "zeus"
_WINDOW = "joulemark"


def open_witness() -> Witness:
    """Zeus' ZeusMonitor with its own defaults."""
    return Zeus()


class Zeus:
    """ZeusMonitor, as in its tutorial."""

    def check(self) -> Check:
        """Whether zeus is installed."""
        return library_check("zeus", _DISTRIBUTION)

    def version(self) -> str:
        """The version of zeus."""
        return library_version(_DISTRIBUTION)

    @contextmanager
    def open(self) -> Iterator[Watching]:
        """A monitor of every GPU and of every RAPL zone that can be read."""
        from zeus.monitor import ZeusMonitor

        monitor = ZeusMonitor()
        try:
            yield _Monitor(monitor)
        finally:
            if monitor.power_monitor is not None:
                monitor.power_monitor.stop()


class _Monitor:
    """One window after another, without waiting for a device: the work is another process's."""

    def __init__(self, monitor: Any) -> None:
        self._monitor = monitor

    def begin(self) -> None:
        """Opens a window."""
        self._monitor.begin_window(_WINDOW, sync_execution=False)

    def end(self) -> Sequence[PeerEnergy]:
        """Closes it: the joules of each GPU, and of each package, memory and platform where RAPL is read."""
        found = self._monitor.end_window(_WINDOW, sync_execution=False)
        zones = {index: self._zone(index) for index in found.cpu_energy or ()}
        said: dict[Domain, float] = {f"gpu:{index}": energy_j for index, energy_j in found.gpu_energy.items()}
        said |= {_domain(zones[index]): energy_j for index, energy_j in (found.cpu_energy or {}).items()}
        said |= {_memory(zones[index]): energy_j for index, energy_j in (found.dram_energy or {}).items()}
        return tuple(PeerEnergy(domain=d, energy_j=energy_j, basis="measured") for d, energy_j in said.items())

    def _zone(self, index: int) -> str:
        """The kernel's name of a zone: "package-0", "psys". Zeus' own daemon does not give it."""
        file = getattr(self._monitor.cpus.cpus[index], "rapl_file", None)
        return file.name if file is not None else f"package-{index}"


def _domain(zone: str) -> Domain:
    return "platform" if zone == "psys" else zone.replace("package-", "cpu-package:")


def _memory(zone: str) -> Domain:
    return zone.replace("package-", "dram:")
