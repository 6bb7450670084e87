"""Reasons not to believe a run, in one place. Each names its evidence, its remedy and the domain it voids."""

from collections.abc import Sequence
from itertools import pairwise

from bench.nouns import Domain, Run, Source, Verdict, Window, WindowEnergy
from bench.physics.attribution import stray_work
from bench.physics.contamination import busy_board, busy_idle, foreign_work, stolen_time
from bench.physics.doubt import flag, void
from bench.physics.energy import SeriesMap
from bench.physics.series import Series, series
from bench.units import S_PER_NS

# NVML clock event reasons (nvml.h, NVIDIA driver API reference; checked 2026-11-21)
_HARDWARE_SLOWDOWN = 0x8 | 0x40 | 0x80  # HwSlowdown, HwThermalSlowdown, HwPowerBrakeSlowdown
_SOFTWARE_THERMAL = 0x20
_SOFTWARE_POWER_CAP = 0x4
_LONGEST_SILENCE_S = 2.0  # twenty ticks of the slowest sensor known (100 ms)
_OVER_LIMIT_RATIO = 1.10  # mean power above the enforced limit by more than two board gains of 5 %


def judge(run: Run, energies: Sequence[WindowEnergy]) -> tuple[Verdict, ...]:
    """Every verdict on a run, voids first, in a fixed order."""
    known = series(run.trace.observations)
    work = tuple(w for w in run.trace.windows if w.phase in ("work", "prepare"))
    found: list[Verdict] = list(_faults(run))
    if not work:
        found.append(void("no work window", None, "the run holds no finished work window", "run the cell again"))
    if all(s.basis == "excluded" for s in run.sources):
        found.append(
            void(
                "no sensor",
                None,
                "no sensor answered and no model of this machine's power is known",
                "see `joulemark doctor`",
            )
        )
    found += _unequal_work(run)
    found += stray_work(run.outcomes, work)
    found += _unmatched(run)
    for source in run.sources:
        if source.basis == "excluded":
            continue
        found += _replayed(source)
        found += _gaps(source, known, work)
        found += _windows(source, energies)
        found += _events(source, known, work)
        found += _physics(source, run, energies)
    found += stolen_time(known, run.sources, work)
    found += busy_idle(known, run)
    found += busy_board(known, run)
    found += foreign_work(known, run)
    return tuple(sorted(found, key=lambda v: v.level != "void"))


def voided(verdicts: Sequence[Verdict], domain: Domain) -> tuple[str, ...]:
    """The names and evidence of the verdicts that void `domain`."""
    return tuple(f"{v.name}: {v.evidence}" for v in verdicts if v.level == "void" and v.domain in (None, domain))


def spoilt(sources: Sequence[Source], device: str, verdicts: Sequence[Verdict]) -> bool:
    """Whether a run lacks the figures it was made for: all that is read is void, or the engine's own device is."""
    voided_domains = {v.domain for v in verdicts if v.level == "void"}
    live = [s for s in sources if s.basis != "excluded" and s.domain not in voided_domains]
    return (
        None in voided_domains
        or not live
        or any(s.domain in voided_domains for s in sources if s.device == device)
    )


def _faults(run: Run) -> list[Verdict]:
    lost = "restart the sensor's driver, or see `joulemark doctor`; then run the cell again"
    found = []
    for fault in run.faults:
        if fault.domain:
            found.append(void("sensor lost", fault.domain, fault.reason, lost))
        else:
            found.append(void("fault", None, fault.reason, "run the cell again"))
    return found


def _unequal_work(run: Run) -> list[Verdict]:
    """Achieved work that differs from what was asked makes every figure per unit wrong."""
    failed = [o for o in run.outcomes if o.error]
    if failed:
        return [
            void(
                "failed requests",
                None,
                f"{len(failed)} of {len(run.outcomes)} requests failed: {failed[0].error}",
                "mend the engine's error and run the cell again",
            )
        ]
    short = [o for o in run.outcomes if o.achieved != o.requested]
    if not short:
        return []
    one = short[0]
    return [
        flag(
            "work differs from the ask",
            None,
            f"{len(short)} of {len(run.outcomes)} requests, the first asked {_said(one.requested)} "
            f"and did {_said(one.achieved)}",
            "figures per unit use the achieved work",
        )
    ]


def _unmatched(run: Run) -> list[Verdict]:
    """A GPU that no sensor knows: the run's own energy is then missing, and must not go unsaid."""
    device = run.loaded.device
    if not device.startswith("GPU-") or any(s.device == device for s in run.sources):
        return []
    return [
        flag(
            "device not found",
            None,
            f"the engine worked on {device}, which no sensor here reads: no figure holds its energy",
            "see `joulemark doctor`: NVML must list the GPU that CUDA uses",
        )
    ]


def _said(usage: object) -> str:
    parts = str(usage).removeprefix("Usage(").removesuffix(")").split(", ")
    return ", ".join(p for p in parts if not p.endswith("=None"))


def _replayed(source: Source) -> list[Verdict]:
    """Readings of another day say nothing about this run's work."""
    if source.meter != "replay":
        return []
    return [
        void(
            "replayed readings",
            source.domain,
            "the readings were recorded in another run",
            "measure with this machine's own sensors: unset JOULEMARK_METERS",
        )
    ]


def _gaps(source: Source, known: SeriesMap, work: Sequence[Window]) -> list[Verdict]:
    fields = [s for (domain, _, kind), s in known.items() if domain == source.domain and kind != "condition"]
    if not fields:
        return [void("sensor silent", source.domain, "not one reading in the whole run", "see `joulemark doctor`")]
    longest_s = max((_silence_s(fields, window) for window in work), default=0.0)
    if longest_s <= _LONGEST_SILENCE_S:
        return []
    return [
        void(
            "sampler gap",
            source.domain,
            f"no reading for {longest_s:.1f} s inside a work window",
            "leave a core free for the sampler, or lengthen the windows",
        )
    ]


def _silence_s(fields: Sequence[Series], window: Window) -> float:
    longest_ns = 0
    for one in fields:
        inside = one.between(window.start_ns, window.end_ns).t_ns
        stops = (window.start_ns, *inside, window.end_ns)
        longest_ns = max(longest_ns, *(b - a for a, b in pairwise(stops)))
    return longest_ns * S_PER_NS


def _windows(source: Source, energies: Sequence[WindowEnergy]) -> list[Verdict]:
    mine = [e for e in energies if e.domain == source.domain and e.phase in ("work", "prepare")]
    missing = [e for e in mine if e.energy_j is None]
    if not missing:
        return []
    return [
        void(
            "void windows",
            source.domain,
            f"{len(missing)} of {len(mine)} work windows have no energy: {'; '.join(missing[0].reasons)}",
            "see `joulemark doctor`; run the cell again",
        )
    ]


def _events(source: Source, known: SeriesMap, work: Sequence[Window]) -> list[Verdict]:
    reasons = known.get((source.domain, "event_reasons", "condition"))
    if reasons is None:
        return []
    seen = 0
    for window in work:
        for value in reasons.between(window.start_ns, window.end_ns).values:
            seen |= int(value)
    found = []
    if seen & (_HARDWARE_SLOWDOWN | _SOFTWARE_THERMAL):
        found.append(
            void(
                "throttled",
                source.domain,
                f"thermal or hardware slowdown inside a work window (event reasons 0x{seen:x})",
                "cool the machine, check its power supply, and run the cell again",
            )
        )
    if seen & _SOFTWARE_POWER_CAP:
        found.append(
            flag(
                "power cap",
                source.domain,
                f"the board ran at its power limit (event reasons 0x{seen:x})",
                "none needed: the limit is part of the coefficient's key",
            )
        )
    return found


def _physics(source: Source, run: Run, energies: Sequence[WindowEnergy]) -> list[Verdict]:
    """Figures that physics forbids: more power than the enforced limit, less than the resident idle."""
    if source.basis != "measured":
        return []
    mine = [e for e in energies if e.domain == source.domain and e.energy_j is not None]
    found = []
    idle = [e for e in mine if e.phase == "idle" and e.label.startswith("resident")]
    for e in mine:
        power_w = _power_w(e)
        if source.power_limit_w and power_w > source.power_limit_w * _OVER_LIMIT_RATIO:
            found.append(
                void(
                    "above the power limit",
                    source.domain,
                    f"mean power {power_w:.0f} W in {e.phase} {e.label}, limit {source.power_limit_w:.0f} W",
                    "the sensor is wrong: see `joulemark doctor`",
                )
            )
        used = run.loaded.device == source.device
        if idle and used and e.phase == "work" and power_w < _power_w(idle[0]) * 0.95:
            found.append(
                void(
                    "below idle",
                    source.domain,
                    f"mean power {power_w:.1f} W at work, {_power_w(idle[0]):.1f} W at idle",
                    "something else used the device during idle: stop it and run the cell again",
                )
            )
    return found


def _power_w(energy: WindowEnergy) -> float:
    assert energy.energy_j is not None
    return energy.energy_j / ((energy.end_ns - energy.start_ns) * S_PER_NS)
