"""CPU packages, memory and platform through RAPL, as Linux powercap shows it.

Zones are known by their `name`, never by their number: `intel-rapl` and `intel-rapl-mmio` show the same
package twice, `core` and `uncore` lie inside their package, and `psys` holds the packages. Counters wrap
after `max_energy_range_uj`; they are unrolled here, where the range is known.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from bench.errors import BadInput, SensorLost
from bench.files.cpu import read_cpu
from bench.files.options import check_options
from bench.meters.rapl.counter import TICK_S, Counter
from bench.meters.rapl.load import CpuLoad, open_load
from bench.meters.rapl.packages import missing, read_packages
from bench.meters.rapl.zones import Zone, find_zones, kept, others, read_uj, text_of
from bench.nouns import Check, Domain, Fact, Found, Observation, Reading, Source
from bench.physics import gains
from bench.units import J_PER_UJ, NS_PER_S

GAIN_RATIO_95 = gains.GAIN_RATIO_95["rapl"]
_PATIENCE_NS = 2 * NS_PER_S
_OPTIONS = ("powercap_root", "proc_root", "most_power_w", "own_pids")
_REMEDY = "sudo scripts/grant_rapl.sh"


def open_meters(options: Mapping[str, str], *, clock_ns: Callable[[], int] = time.monotonic_ns) -> Found:
    """A meter for every package, memory and platform; what of them powercap does not show is excluded.

    Options: `powercap_root`, `proc_root`; `most_power_w`, what one zone can draw, where that is more than is told;
    `own_pids`, between commas, whose CPU time is no foreign work.
    """
    check_options("rapl", options, _OPTIONS)
    root = Path(options.get("powercap_root", "/sys/class/powercap"))
    zones = find_zones(root, _most_power_w(options.get("most_power_w")))
    if not zones:
        return Found(checks=(_nothing(root),))
    proc = Path(options.get("proc_root", "/proc"))
    threads = read_cpu(proc).threads
    meters, excluded = [], []
    for domain, group in kept(zones, _is_intel(proc)).items():
        fault = next((zone.fault for zone in group if zone.fault), None)
        source = _source(domain, group, others(zones, group), fault)
        if fault:
            excluded.append(source)
            continue
        told = source.boundary == "cpu" and threads
        load = open_load(proc, domain, options.get("own_pids", "")) if told else None
        if load:
            source = replace(source, details={**source.details, "threads": threads})
        meters.append(RaplMeter(source, group, clock_ns, load))
    excluded += missing(zones, read_packages(proc))
    return Found(meters=tuple(meters), excluded=tuple(excluded), checks=_checks(meters, excluded))


class RaplMeter:
    """One domain: a zone, or the dies of one Intel package, whose counters are each unrolled alone.

    Beside a package stands how busy the machine's CPUs are: a package does everybody's work.
    """

    def __init__(
        self, source: Source, zones: Sequence[Zone], clock_ns: Callable[[], int], load: CpuLoad | None = None
    ) -> None:
        self._source = source
        self._load = load
        self._clock_ns = clock_ns
        self._counters = tuple(Counter(zone=zone, seen_ns=clock_ns()) for zone in zones)

    @property
    def source(self) -> Source:
        """The zone and how far to trust it."""
        return self._source

    def read(self) -> Sequence[Observation]:
        """The unrolled counter, or nothing when a zone did not answer this time."""
        before_ns = self._clock_ns()
        total_uj = 0
        for counter in self._counters:
            begun_ns = self._clock_ns()
            raw_uj = read_uj(counter.zone.path)
            now_ns = self._clock_ns()
            if isinstance(raw_uj, str):
                if now_ns - counter.seen_ns > _PATIENCE_NS:
                    raise SensorLost(f"{self._source.domain}: {counter.zone.path.name} {raw_uj}")
                return ()
            total_uj += counter.unrolled(raw_uj, now_ns, self._source.domain, begun_ns=begun_ns)
        middle_ns = (before_ns + self._clock_ns()) // 2
        reading = Reading(middle_ns, self._source.domain, "counter", "energy", total_uj * J_PER_UJ)
        return (reading, *(self._load.read(middle_ns) if self._load else ()))

    def close(self) -> None:
        """Gives /proc/stat back where it was open; closing twice does nothing."""
        if self._load:
            self._load.close()


def _most_power_w(text: str | None) -> float | None:
    try:
        power_w = None if text is None else float(text)
    except ValueError:
        power_w = -1.0
    if power_w is not None and not 0 < power_w < float("inf"):
        raise BadInput(f"rapl: most_power_w: expected watts above 0, found {text!r}")
    return power_w


def _source(domain: Domain, zones: Sequence[Zone], others: Sequence[str], fault: str | None) -> Source:
    folders = "+".join(zone.path.name for zone in zones)
    details: dict[str, Fact] = {
        "tick_s": TICK_S,
        "zones": folders,
        "names": "+".join(zone.name for zone in zones),
        "max_energy_range_uj": zones[0].range_uj,
        "most_power_w": sum(zone.most_power_w for zone in zones),
        "most_power": zones[0].most_power_why,
        "gain": "a cautious choice: no spread between boards is published",
    }
    if others:
        details["left_out"] = ", ".join(others) + ": the same energy once more"
    return Source(
        domain=domain,
        meter="rapl",
        boundary=zones[0].boundary,
        basis="excluded" if fault else "measured",
        device=folders,
        device_name=zones[0].name,
        fields=() if fault else ("counter",),
        gain_ratio_95=0.0 if fault else GAIN_RATIO_95,
        reason=f"its counter {fault}" if fault else None,
        details=details,
    )


def _checks(meters: Sequence[RaplMeter], excluded: Sequence[Source]) -> tuple[Check, ...]:
    checks = [
        Check(name=f"rapl {m.source.domain}", status="ok", reason=f"powercap zone {m.source.device} counts")
        for m in meters
    ]
    for source in excluded:
        shown = source.details.get("zones")
        reason = f"powercap zone {source.device}: {source.reason}" if shown else source.reason or ""
        remedy = _REMEDY if shown else "update the kernel; a container may have been given some of the zones only"
        checks.append(Check(name=f"rapl {source.domain}", status="missing", reason=reason, remedy=remedy))
    return tuple(checks)


def _nothing(root: Path) -> Check:
    return Check(
        name="rapl",
        status="missing",
        reason=f"no RAPL zone under {root}",
        remedy="on bare metal: `sudo modprobe intel_rapl_msr`; virtual machines of clouds do not show RAPL",
    )


def _is_intel(proc: Path) -> bool:
    return "GenuineIntel" in (text_of(proc / "cpuinfo") or "")
