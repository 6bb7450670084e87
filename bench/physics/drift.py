"""Did the board keep one clock and one temperature while it worked?

Work windows are cut into halves, so that a single window shows a drift too:

    |   idle   | warm-up |<- 1a ->|<- 1b ->| rest |<- 2a ->|<- 2b ->|
                              ^ mean temperature and median clock of each half, compared with one another
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from bench.nouns import Source, Verdict, Window
from bench.physics import rules
from bench.physics.series import Series, SeriesMap
from bench.stats import mean, median
from bench.units import S_PER_MIN, S_PER_NS

_LEAST_LOOKS = 3  # a median of fewer is whatever look fell on a boost; NVML is asked about once a second


def drifts(source: Source, known: SeriesMap, work: Sequence[Window]) -> list[Verdict]:
    """Drift of the SM clock and of the temperature of one board, from work window to work window."""
    clock = known.get((source.domain, "sm_clock_mhz", "condition"))
    heat = known.get((source.domain, "temperature_c", "condition"))
    found = _clock(source, _halves(clock, work, median)) if clock else []
    return found + (_temperature(source, _halves(heat, work, mean)) if heat else [])


class _Half(NamedTuple):
    middle_ns: float
    value: float


def _halves(seen: Series, work: Sequence[Window], central: Callable[[Sequence[float]], float]) -> list[_Half]:
    """The central value of each half of a work window that was looked at often enough."""
    found = []
    for window in work:
        middle_ns = (window.start_ns + window.end_ns) // 2
        for start_ns, end_ns in ((window.start_ns, middle_ns), (middle_ns, window.end_ns)):
            looks = seen.between(start_ns, end_ns).values
            if len(looks) >= _LEAST_LOOKS:
                found.append(_Half((start_ns + end_ns) / 2, central(looks)))
    return found


def _clock(source: Source, halves: Sequence[_Half]) -> list[Verdict]:
    clocks = [half.value for half in halves]
    if len(clocks) < 2 or not median(clocks):
        return []
    spread_ratio = (max(clocks) - min(clocks)) / median(clocks)
    evidence = (
        f"the SM clock ran at {min(clocks):.0f} to {max(clocks):.0f} MHz in halves of work windows, "
        f"{spread_ratio:.0%} apart"
    )
    return rules.CLOCK_DRIFT.graded(spread_ratio, source.domain, evidence)


def _temperature(source: Source, halves: Sequence[_Half]) -> list[Verdict]:
    if len(halves) < 2:
        return []
    heats = [half.value for half in halves]
    apart_c = max(heats) - min(heats)
    if rules.TEMPERATURE_DRIFT.level(apart_c) == "void":
        evidence = f"{min(heats):.1f} to {max(heats):.1f} °C in halves of work windows"
        return [rules.TEMPERATURE_DRIFT.voids(source.domain, evidence)]
    rise_c = halves[-1].value - halves[0].value
    per_minute = rise_c / ((halves[-1].middle_ns - halves[0].middle_ns) * S_PER_NS / S_PER_MIN)
    if abs(per_minute) <= rules.FASTEST_C_PER_MIN or abs(rise_c) < rules.LEAST_RISE_C:
        return []
    evidence = f"{rise_c:+.1f} °C from the first half of a work window to the last, {per_minute:+.1f} °C a minute"
    return [rules.TEMPERATURE_DRIFT.flags(source.domain, evidence)]
