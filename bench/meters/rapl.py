"""CPU packages, memory and platform through RAPL, as Linux powercap shows it.

Zones are known by their `name`, never by their number: `intel-rapl` and `intel-rapl-mmio` show the same
package twice, `core` and `uncore` lie inside their package, and `psys` holds the packages. Counters wrap
after `max_energy_range_uj`; they are unrolled here, where the range is known.
"""

import os
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.errors import SensorLost
from bench.files.cpu import read_cpu
from bench.files.cpu_time import open_cpu_time, read_cpu_time
from bench.nouns import Boundary, Check, Condition, Domain, Fact, Found, Observation, Reading, Source
from bench.units import J_PER_UJ, NS_PER_S, S_PER_NS

# RAPL against a reference meter: close on Intel since Haswell, where it measures (Hackenberg et al. 2015,
# doi:10.1109/IPDPSW.2015.70), modelled on AMD Zen 2 and partly blind to what the data cost (Schöne et al.,
# arXiv:2108.00808), and for DRAM off by an offset that differs between systems (Desrochers, Paradis, Weaver,
# MEMSYS 2016, http://web.eece.maine.edu/~vweaver/projects/rapl/rapl_validation.html). None of them gives the
# spread between boards (checked 2026-11-21), so this half-width is a cautious choice, not a measurement:
# twice that of NVIDIA's boards.
GAIN_RATIO_95 = 0.10
# No zone draws more, so a counter that would have to has not wrapped: it fell, or wrapped more than once.
# Eight times the 500 W at which the largest socket is sold: a bound, and the platform's zone holds several.
_HIGHEST_POWER_W = 4000.0
_SLACK_S = 0.05  # a look may be stamped this much away from the refresh that it saw
# The smallest range: 32 bits of 15.3 µJ, the unit of AMD packages and of memory on Intel servers
_SMALLEST_RANGE_UJ = 65_532_610_987
_PATIENCE_NS = 2 * NS_PER_S
_TICK_S = (
    0.001  # the counters are refreshed about every millisecond (Hähnel et al. 2012, doi:10.1145/2425248.2425252)
)
# A large machine's /proc/stat takes a millisecond to write, so it is not asked for at every look
_LOAD_PERIOD_NS = NS_PER_S // 5
_PACKAGE = re.compile(r"package-(\d+)(?:-die-(\d+))?")
_REMEDY = "sudo scripts/grant_rapl.sh"


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """One powercap folder."""

    path: Path
    name: str
    domain: Domain
    boundary: Boundary
    die: int | None = None
    range_uj: int | None = None
    fault: str | None = None  # why its counter cannot be read


def open_meters(options: Mapping[str, str], *, clock_ns: Callable[[], int] = time.monotonic_ns) -> Found:
    """A meter for every package, memory and platform. Options: `powercap_root`, `proc_root`."""
    root = Path(options.get("powercap_root", "/sys/class/powercap"))
    zones = _zones(root)
    if not zones:
        return Found(checks=(_nothing(root),))
    proc = Path(options.get("proc_root", "/proc"))
    threads = read_cpu(proc).threads
    meters, excluded = [], []
    for domain, group in _kept(zones, _is_intel(proc)).items():
        fault = next((zone.fault for zone in group if zone.fault), None)
        source = _source(domain, group, _others(zones, group), fault)
        if fault:
            excluded.append(source)
            continue
        load = open_load(proc, domain) if source.boundary == "cpu" and threads else None
        if load:
            source = replace(source, details={**source.details, "threads": threads})
        meters.append(RaplMeter(source, group, clock_ns, load))
    return Found(meters=tuple(meters), excluded=tuple(excluded), checks=_checks(meters, excluded))


class RaplMeter:
    """One domain: a zone, or the dies of one Intel package, whose counters are each unrolled alone.

    Beside a package stands how busy the machine's CPUs are: a package does everybody's work.
    """

    def __init__(
        self, source: Source, zones: Sequence[Zone], clock_ns: Callable[[], int], load: "CpuLoad | None" = None
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
            raw_uj = _read_uj(counter.zone.path)
            now_ns = self._clock_ns()
            if isinstance(raw_uj, str):
                if now_ns - counter.seen_ns > _PATIENCE_NS:
                    raise SensorLost(f"{self._source.domain}: {counter.zone.path.name} {raw_uj}")
                return ()
            total_uj += counter.unrolled(raw_uj, now_ns, self._source.domain)
        middle_ns = (before_ns + self._clock_ns()) // 2
        reading = Reading(middle_ns, self._source.domain, "counter", "energy", total_uj * J_PER_UJ)
        return (reading, *(self._load.read(middle_ns) if self._load else ()))

    def close(self) -> None:
        """Gives /proc/stat back where it was open; closing twice does nothing."""
        if self._load:
            self._load.close()


def open_load(proc_root: Path, domain: Domain) -> "CpuLoad | None":
    """What tells how busy the machine's CPUs are; None where /proc/stat can't be read."""
    try:
        stat = open_cpu_time(proc_root)
    except OSError:
        return None
    return CpuLoad(domain=domain, stat=stat)


@dataclass(slots=True, kw_only=True)
class CpuLoad:
    """Thread seconds that the machine was busy, and that a hypervisor took, some times a second."""

    domain: Domain
    stat: int
    due_ns: int = 0

    def read(self, now_ns: int) -> Sequence[Condition]:
        """The two sums since boot when they are due; nothing where they can't be told this time."""
        if now_ns < self.due_ns or self.stat < 0:
            return ()
        self.due_ns = now_ns + _LOAD_PERIOD_NS
        try:
            busy_s, steal_s = read_cpu_time(self.stat)
        except (OSError, ValueError):
            return ()  # a circumstance that is not shown is left out; the counter goes on
        return (
            Condition(now_ns, self.domain, "busy_s", busy_s),
            Condition(now_ns, self.domain, "steal_s", steal_s),
        )

    def close(self) -> None:
        """Gives the file back."""
        stat, self.stat = self.stat, -1
        if stat >= 0:
            os.close(stat)


@dataclass(slots=True, kw_only=True)
class Counter:
    """A wrapping counter and what it has shown so far."""

    zone: Zone
    seen_ns: int
    raw_uj: int | None = None
    total_uj: int = field(default=0)

    def unrolled(self, raw_uj: int, now_ns: int, domain: Domain) -> int:
        """The counter as if it had never wrapped. Raises SensorLost where that can't be told."""
        if self.raw_uj is None:
            self.total_uj = raw_uj
        else:
            self.total_uj += self._step_uj(raw_uj, (now_ns - self.seen_ns) * S_PER_NS, domain)
        self.raw_uj, self.seen_ns = raw_uj, now_ns
        return self.total_uj

    def _step_uj(self, raw_uj: int, apart_s: float, domain: Domain) -> int:
        assert self.raw_uj is not None
        range_uj = self.zone.range_uj
        most_uj = _HIGHEST_POWER_W * (apart_s + _SLACK_S) / J_PER_UJ
        if most_uj >= (range_uj or _SMALLEST_RANGE_UJ):
            raise SensorLost(
                f"{domain}: no look at its counter for {apart_s:.2f} s, in which it may have wrapped more than "
                "once; poll it oftener"
            )
        step_uj = raw_uj - self.raw_uj
        if step_uj < 0:
            # the true modulus is one unit more than the highest value: at most 61 µJ a wrap are left out
            step_uj += range_uj or 0
            if range_uj is None or step_uj < 0 or step_uj > most_uj:
                raise SensorLost(
                    f"{domain}: its counter fell from {self.raw_uj} to {raw_uj} µJ within {apart_s:.3f} s, and "
                    f"{_range_said(range_uj)} explains that by a wrap"
                )
        elif step_uj > most_uj:
            raise SensorLost(
                f"{domain}: its counter rose from {self.raw_uj} to {raw_uj} µJ within {apart_s:.3f} s: more than "
                f"{_HIGHEST_POWER_W:g} W, which nothing draws"
            )
        return step_uj


def _range_said(range_uj: int | None) -> str:
    return "no max_energy_range_uj" if range_uj is None else f"a range of {range_uj} µJ hardly"


def _zones(root: Path) -> list[Zone]:
    """Every zone that has a meaning here, MSR before MMIO, in the order of their numbers."""
    try:
        folders = [path for path in root.iterdir() if ":" in path.name and (path / "name").is_file()]
    except OSError:
        return []
    folders.sort(key=lambda path: (path.name.partition(":")[0], _numbers(path.name)))
    names = {path.name: _text(path / "name") or "" for path in folders}
    found = []
    for path in folders:
        placed = _place(path.name, names)
        if placed:
            domain, boundary, die = placed
            raw_uj = _read_uj(path)
            zone = Zone(
                path=path,
                name=names[path.name],
                domain=domain,
                boundary=boundary,
                die=die,
                range_uj=_range_uj(path),
                fault=raw_uj if isinstance(raw_uj, str) else None,
            )
            found.append(zone)
    return found


def _place(folder: str, names: Mapping[str, str]) -> tuple[Domain, Boundary, int | None] | None:
    """Which domain the folder's zone is, whose boundary, which die; None for core, uncore and the like."""
    name = names[folder]
    package = _PACKAGE.fullmatch(name)
    if package:
        die = int(package[2]) if package[2] is not None else None
        return f"cpu-package:{int(package[1])}", "cpu", die
    if name == "dram":
        above = _PACKAGE.fullmatch(names.get(folder.rpartition(":")[0], ""))
        if above:
            return f"dram:{int(above[1])}", "dram", int(above[2]) if above[2] is not None else None
    # only the master package has a psys register that counts; the others read 0 and are not registered
    # (Linux commit 179ce2211401, checked 2026-11-21)
    if re.fullmatch(r"psys(-\d+)?", name):
        return "platform", "platform", None
    return None


def _kept(zones: Iterable[Zone], intel: bool) -> Mapping[Domain, tuple[Zone, ...]]:
    """The zones that make up each domain, none twice.

    Dies of one package count each for itself on Intel (Cascade Lake-AP); on AMD each shows the whole
    package's counter (Linux commits c26a230016d5 and 983aae10829a, checked 2026-11-21).
    """
    groups: dict[Domain, list[Zone]] = {}
    for zone in zones:
        groups.setdefault(zone.domain, []).append(zone)
    return {domain: _distinct(group, intel) for domain, group in groups.items()}


def _distinct(group: Sequence[Zone], intel: bool) -> tuple[Zone, ...]:
    apart = intel and all(zone.die is not None for zone in group)
    chosen: dict[int | None, Zone] = {}
    for zone in group:
        key = zone.die if apart else None
        if key not in chosen or (chosen[key].fault and not zone.fault):
            chosen[key] = zone
    return tuple(chosen.values())


def _others(zones: Iterable[Zone], group: Sequence[Zone]) -> tuple[str, ...]:
    return tuple(z.path.name for z in zones if z.domain == group[0].domain and z not in group)


def _source(domain: Domain, zones: Sequence[Zone], others: Sequence[str], fault: str | None) -> Source:
    folders = "+".join(zone.path.name for zone in zones)
    details: dict[str, Fact] = {
        "tick_s": _TICK_S,
        "zones": folders,
        "names": "+".join(zone.name for zone in zones),
        "max_energy_range_uj": zones[0].range_uj,
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
        reason = f"powercap zone {source.device}: {source.reason}"
        checks.append(Check(name=f"rapl {source.domain}", status="missing", reason=reason, remedy=_REMEDY))
    return tuple(checks)


def _nothing(root: Path) -> Check:
    return Check(
        name="rapl",
        status="missing",
        reason=f"no RAPL zone under {root}",
        remedy="on bare metal: `sudo modprobe intel_rapl_msr`; virtual machines of clouds do not show RAPL",
    )


def _read_uj(folder: Path) -> int | str:
    """The zone's raw counter, or why there is none. Opened afresh: rights and modules change underneath."""
    try:
        handle = os.open(folder / "energy_uj", os.O_RDONLY | os.O_CLOEXEC)
        try:
            return int(os.read(handle, 32))
        finally:
            os.close(handle)
    except PermissionError:
        return "is readable by root only (since Linux 5.10, for the Platypus attack)"
    except OSError as error:
        return f"does not answer: {error.strerror}"
    except ValueError:
        return "holds no number"


def _range_uj(folder: Path) -> int | None:
    text = _text(folder / "max_energy_range_uj")
    return int(text) if text and text.isdigit() and int(text) > 0 else None


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None


def _is_intel(proc: Path) -> bool:
    return "GenuineIntel" in (_text(proc / "cpuinfo") or "")


def _numbers(folder: str) -> tuple[int, ...]:
    return tuple(int(part) for part in folder.split(":")[1:] if part.isdigit())
