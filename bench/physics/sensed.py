"""Are there readings, are they this run's own, do they move, and are they enough?"""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise

from bench.nouns import ELSEWHERE, Run, Source, Verdict, Window, WindowEnergy
from bench.nouns.words import of_module
from bench.physics import counter, rules
from bench.physics.passport import examine
from bench.physics.phases import work
from bench.physics.series import Series, SeriesMap
from bench.units import S_PER_NS


def unsensed(run: Run) -> list[Verdict]:
    """Sensors that died, that are not there, or that do not know the engine's own GPU."""
    found = [
        rules.SENSOR_LOST.voids(fault.domain, fault.reason)
        if fault.domain
        else rules.FAULT.voids(None, fault.reason)
        for fault in run.faults
    ]
    elsewhere = [s for s in run.sources if s.meter == ELSEWHERE]
    if elsewhere:
        found.append(rules.ELSEWHERE.voids(None, elsewhere[0].reason or ""))
    elif all(s.basis == "excluded" for s in run.sources):
        found.append(
            rules.NO_SENSOR.voids(None, "no sensor answered and no model of this machine's power is known")
        )
    device = run.loaded.device
    if run.loaded.on_gpu and all(s.device != device for s in run.sources):
        evidence = f"the engine worked on {device}, which no sensor here reads: no figure holds its energy"
        found.append(rules.DEVICE_NOT_FOUND.flags(None, evidence))
    return found


def ill_sensed(source: Source, known: SeriesMap, run: Run, energies: Sequence[WindowEnergy]) -> list[Verdict]:
    """What is wrong with the readings of one domain."""
    windows = work(run.trace.windows)
    found = [*_gaps(source, known, windows)]
    if source.meter == "replay":
        found.append(rules.REPLAYED.voids(source.domain, "the readings were recorded in another run"))
    if of_module(source.domain) and source.device != run.loaded.device:
        found.append(rules.OTHER_MODULE.voids(source.domain, f"the work was done on {run.loaded.device}"))
    if source.device == run.loaded.device:
        found += _frozen(source, known)
    mine = [e for e in work(energies) if e.domain == source.domain]
    missing = [e for e in mine if e.energy_j is None]
    if missing:
        evidence = f"{len(missing)} of {len(mine)} work windows have no energy: {'; '.join(missing[0].reasons)}"
        found.append(rules.VOID_WINDOWS.voids(source.domain, evidence))
    return [*found, *_few_ticks(source, known, mine)]


def _gaps(source: Source, known: SeriesMap, windows: Sequence[Window]) -> list[Verdict]:
    fields = [s for (domain, _, kind), s in known.items() if domain == source.domain and kind != "condition"]
    if not fields:
        return [rules.SENSOR_SILENT.voids(source.domain, "not one reading in the whole run")]
    longest_s = max((silence_s(one, window) for window in windows for one in fields), default=0.0)
    return rules.SAMPLER_GAP.graded(
        longest_s, source.domain, f"no reading for {longest_s:.1f} s inside a work window"
    )


def silence_s(field: Series, window: Window) -> float:
    """The longest time (s) inside the window in which a field gave no reading; its edges count as readings."""
    stops = (window.start_ns, *field.between(window.start_ns, window.end_ns).t_ns, window.end_ns)
    return max(b - a for a, b in pairwise(stops)) * S_PER_NS


def _frozen(source: Source, known: SeriesMap) -> list[Verdict]:
    """Power that stands still through loading and work is a stuck sensor; a counter beside it would have told."""
    if source.basis != "measured" or (source.domain, "counter", "energy") in known:
        return []
    gauges = [s for (domain, _, kind), s in known.items() if (domain, kind) == (source.domain, "power")]
    if not gauges or any(len(set(s.values)) > 1 for s in gauges):
        return []
    evidence = f"{gauges[0].values[0]:g} W in each of {max(map(len, gauges))} readings, at rest and at work"
    return [rules.FROZEN_POWER.voids(source.domain, evidence)]


def _few_ticks(source: Source, known: SeriesMap, energies: Sequence[WindowEnergy]) -> list[Verdict]:
    """A counter that moved once or twice says little more than that something was drawn around the window."""
    counted = known.get((source.domain, "counter", "energy"))
    short = [e for e in energies if counted and e.method == "counter" and _few_moves(counted, e)]
    if not short:
        return []
    assert counted is not None
    marks = counter.ticks(counted, examine(source, known).fields["counter"]).t_ns
    for e in short:
        ticks = bisect_left(marks, e.end_ns) - bisect_left(marks, e.start_ns)
        if ticks < rules.FEWEST_TICKS:
            evidence = (
                f"{ticks} counter ticks in {(e.end_ns - e.start_ns) * S_PER_NS:.2f} s of {e.phase} {e.label}"
            )
            return [rules.FEW_TICKS.voids(source.domain, evidence)]
    return []


def _few_moves(counted: Series, energy: WindowEnergy) -> bool:
    """Whether ticks are few enough to be counted one by one: the last may be seen after the span has ended."""
    values = counted.between(energy.start_ns, energy.end_ns).values
    return sum(a != b for a, b in pairwise(values)) <= rules.FEWEST_TICKS
