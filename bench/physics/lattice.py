"""When a sensor was really renewed: looks far apart bound each renewal, and a steady period ties them together.

looks       |    |    |    |    |    |    |           each change lies between two looks
bounds      (....]    (....]    (....]                the next one lies a period later, in bounds of its own:
narrowed      (.]       (.]       (.]                 what both allow is narrower than either
"""

from collections.abc import Sequence
from dataclasses import dataclass

_LOOSE_RATIO = 0.02  # how far the given period may be from the true one
_DRIFT_NS = 200_000  # how unsteady a renewal may be once the period is known
_STRAIGHT_NS = 1_000_000  # a look may come this late
_OFF_RATIO = 0.02  # of all renewals may lie off a straight line before the clock is said to wander
_LOST_RATIO = 0.1  # of all renewals may be out of step before there is no lattice


@dataclass(frozen=True, slots=True)
class Renewal:
    """A renewal: its number, its moment, and the span (ns) that the moment is known within."""

    number: int
    t_ns: int
    within_ns: int


def renewals(bounds: Sequence[tuple[int, int]], period_s: float | None) -> tuple[Renewal, ...]:
    """The renewals behind bounds (after, until], in time order; () where they keep no step, or too few are."""
    if period_s is None or len(bounds) < 4:
        return ()
    rough_ns = period_s * 1e9
    narrowed = _narrowed(bounds, rough_ns, _LOOSE_RATIO * rough_ns)
    if narrowed is None:
        return ()
    period_ns = _slope(narrowed)
    if abs(period_ns - rough_ns) > 2 * _LOOSE_RATIO * rough_ns:
        return ()
    better = _narrowed(bounds, period_ns, _DRIFT_NS)
    return tuple(_straightened(narrowed if better is None else better))


def period_s(bounds: Sequence[tuple[int, int]], rough_s: float) -> float | None:
    """The period (s) of the lattice through the bounds; None where there is none near the rough one."""
    found = renewals(bounds, rough_s)
    return _slope(found) * 1e-9 if found else None


def _narrowed(bounds: Sequence[tuple[int, int]], period_ns: float, slack_ns: float) -> list[Renewal] | None:
    """Each renewal within what its own bounds and its neighbours' allow, forward and then backward."""
    low, high = [float(a) for a, _ in bounds], [float(b) for _, b in bounds]
    steps, lost = [0], 0
    for i in range(1, len(bounds)):
        apart_ns = (low[i] + high[i] - low[i - 1] - high[i - 1]) / 2
        steps.append(max(1, round(apart_ns / period_ns)))
        lost += not _tighten(low, high, i, i - 1, steps[i] * period_ns, slack_ns * steps[i])
    for i in range(len(bounds) - 2, -1, -1):
        lost += not _tighten(low, high, i, i + 1, -steps[i + 1] * period_ns, slack_ns * steps[i + 1])
    if lost > _LOST_RATIO * 2 * len(bounds):
        return None
    number, found = 0, []
    for step, a, b in zip(steps, low, high, strict=True):
        number += step
        found.append(Renewal(number, round((a + b) / 2), round(b - a)))
    return found


def _tighten(low: list[float], high: list[float], i: int, beside: int, apart_ns: float, slack_ns: float) -> bool:
    """Narrows the i-th renewal by its neighbour; whether the two agree."""
    at_least = max(low[i], low[beside] + apart_ns - slack_ns)
    at_most = min(high[i], high[beside] + apart_ns + slack_ns)
    if at_least > at_most:
        return False
    low[i], high[i] = at_least, at_most
    return True


def _straightened(found: Sequence[Renewal]) -> Sequence[Renewal]:
    """The renewals on one straight line, where that stays within what each allows: a clock ticks evenly."""
    period_ns, count = _slope(found), len(found)
    mean_n = sum(r.number for r in found) / count
    mean_t = sum(r.t_ns - found[0].t_ns for r in found) / count
    line = [found[0].t_ns + round(mean_t + (r.number - mean_n) * period_ns) for r in found]
    off = sum(abs(t - r.t_ns) > r.within_ns / 2 + _STRAIGHT_NS for t, r in zip(line, found, strict=True))
    if off > _OFF_RATIO * count:
        return found
    known_ns = round(min(r.within_ns for r in found) + _STRAIGHT_NS)
    return [Renewal(r.number, t, known_ns) for t, r in zip(line, found, strict=True)]


def _slope(found: Sequence[Renewal]) -> float:
    """The period (ns) by least squares through the renewals."""
    count = len(found)
    mean_n = sum(r.number for r in found) / count
    mean_t = sum(r.t_ns - found[0].t_ns for r in found) / count
    above = sum((r.number - mean_n) * (r.t_ns - found[0].t_ns - mean_t) for r in found)
    return above / sum((r.number - mean_n) ** 2 for r in found)
