"""When a sensor was really renewed: looks far apart bound each renewal, and a steady period ties them together.

looks       |    |    |    |    |    |    |           each change lies between two looks
bounds      (....]    (....]    (....]                the next one lies a period later, in bounds of its own:
narrowed      (.]       (.]       (.]                 what both allow is narrower than either
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from bench.stats import median
from bench.units import NS_PER_S, S_PER_NS

# All of these are chosen; with them `make perf-meter` is met, section "Bias".
# How far the given period may be from the true one: twice what boards of one class differ by (101 ms of A100,
# published as 100: the recordings beside arXiv:2312.02741; checked 2026-11-21).
_LOOSE_RATIO = 0.02
_DRIFT_NS = (
    50_000  # how far a step may be from the period that all tell: ten times 50 parts in a million of 100 ms
)
_LEAST_NS = 1_000_000  # a look may come this late ("Polling when every core is busy"): no renewal is known better
_LOST_RATIO = 0.1  # of all renewals may be out of step, or hardly bounded, before there is no lattice
# Looks further apart than this part of a period leave it open which renewal was seen: from a whole period on two
# fall between them, and jitter and late looks bring that nearer.
_WIDEST_RATIO = 0.6
_FAR_STEPS = 3  # a period is not told by changes that are all this many of it apart
_PIECE = 256  # renewals: a board's clock and the host's drift apart by microseconds in so short a time


@dataclass(frozen=True, slots=True)
class Renewal:
    """A renewal: its number, its moment, and the span (ns) that the moment is known within."""

    number: int
    t_ns: int
    within_ns: int


def renewals(bounds: Sequence[tuple[int, int]], period_s: float | None) -> tuple[Renewal, ...]:
    """The renewals behind bounds (after, until], in time order; () where they keep no step, or too few are."""
    if not period_s or len(bounds) < 4:
        return ()
    rough_ns = period_s * NS_PER_S
    # what was seen at `until` was renewed within the last period: those before it in the same bounds are not told
    own = [(max(float(a), b - rough_ns * (1 + _LOOSE_RATIO)), float(b)) for a, b in bounds]
    if sum(b - a > _WIDEST_RATIO * rough_ns for a, b in own) > _LOST_RATIO * len(own):
        return ()
    narrowed = _narrowed(own, rough_ns, _LOOSE_RATIO * rough_ns)
    if narrowed is None:
        return ()
    period_ns = _line(narrowed)[1]
    if abs(period_ns - rough_ns) > 2 * _LOOSE_RATIO * rough_ns:
        return ()
    found = _narrowed(own, period_ns, _DRIFT_NS) or narrowed
    settled: list[Renewal] = []
    for first in range(0, len(found), _PIECE):
        last = first + _PIECE if first + 2 * _PIECE <= len(found) else len(found)
        settled += _settled(found[first:last], own[first:last])
        if last == len(found):
            break
    unsteady = median([r.within_ns for r in settled]) > median([b - a for a, b in own])
    return () if unsteady else tuple(settled)


def period_s(bounds: Sequence[tuple[int, int]], rough_s: float) -> float | None:
    """The period (s) of the lattice through the bounds; None where there is none near the rough one."""
    found = renewals(bounds, rough_s)
    near = sum(b.number - a.number < _FAR_STEPS for a, b in pairwise(found))
    return _line(found)[1] * S_PER_NS if near > _LOST_RATIO * len(found) else None


def _narrowed(bounds: Sequence[tuple[float, float]], period_ns: float, slack_ns: float) -> list[Renewal] | None:
    """Each renewal within what its own bounds and its neighbours' allow, forward and then backward."""
    low, high = [a for a, _ in bounds], [b for _, b in bounds]
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


def _settled(found: Sequence[Renewal], own: Sequence[tuple[float, float]]) -> list[Renewal]:
    """The renewals on one straight line, each inside its own bounds (ns): a clock ticks evenly, but for jitter.

    `found` and `own` are of one length: what neighbours allow each of them, and what its own two looks do.

    A renewal that is anywhere in bounds of width w lies (w²/12)½ from their middle, and its jitter from the line.
    So jitter² = mean of (middle - line)² - w²/12, narrow bounds counting for more.

    Example: looks 20 ms apart, a clock without jitter: middles lie 5.8 ms (20 / √12) from the line, jitter² is 0,
    and a renewal that its neighbours bound to 0.4 ms is known within 0.4 + 0 + 1 ms (a look may be late by 1 ms).
    With a jitter of 6 ms, a uniform span of 21 ms, that is wider than its own bounds: it stays at their middle.
    """
    if len(found) < 2:
        return list(found)
    start_ns, period_ns = _line(found)
    line = [start_ns + (r.number - found[0].number) * period_ns for r in found]
    weights = [1 / ((b - a) ** 2 + _LEAST_NS**2) ** 2 for a, b in own]
    off = [((a + b) / 2 - t) ** 2 - (b - a) ** 2 / 12 for (a, b), t in zip(own, line, strict=True)]
    jitter_ns2 = math.fsum(w * o for w, o in zip(weights, off, strict=True)) / math.fsum(weights)
    jitter_ns = math.sqrt(12 * max(0.0, jitter_ns2))
    settled = []
    for r, t, (a, b) in zip(found, line, own, strict=True):
        known_ns = r.within_ns + jitter_ns + _LEAST_NS
        if known_ns < b - a and abs(t - r.t_ns) <= known_ns / 2:
            settled.append(replace(r, t_ns=round(min(max(t, a), b)), within_ns=round(known_ns)))
        else:
            settled.append(replace(r, t_ns=round((a + b) / 2), within_ns=round(b - a)))
    return settled


def _line(found: Sequence[Renewal]) -> tuple[float, float]:
    """(moment of the first, period) in ns: the line through the renewals, the better known counting for more."""
    origin = found[0]
    points = [(r.number - origin.number, r.t_ns - origin.t_ns, 1 / (r.within_ns**2 + _LEAST_NS**2)) for r in found]
    total = math.fsum(w for _, _, w in points)
    mean_n = math.fsum(w * n for n, _, w in points) / total
    mean_t = math.fsum(w * t for _, t, w in points) / total
    above = math.fsum(w * (n - mean_n) * (t - mean_t) for n, t, w in points)
    period_ns = above / math.fsum(w * (n - mean_n) ** 2 for n, _, w in points)
    return origin.t_ns + mean_t - mean_n * period_ns, period_ns
