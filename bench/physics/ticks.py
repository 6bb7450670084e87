"""Joules between two moments at which a sensor's energy so far is known.

A counter that moves in ticks is exact at its ticks and silent between them. Interpolating at a window's
edge charges part of the work's power to the idle beside it (up to tick × ΔP / 4). So the window is widened
outward to the last tick before it and the first tick after it, where only idle power flows, and the
bounds that were used stand beside the energy:

    counter   ──┐____┐____┐____┐____┐____┐____┐──     one tick each ┐
    window              |<──── work ────>|
    energy           |<─────────────────────>|        ends on ticks, contains all the work

A value that trails smears an edge over its own span, so the window is widened by half of that span more. Values
that may come late may show the work after it has ended, so its end is widened by how late they may be.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from bench.stats import median
from bench.units import NS_PER_S, S_PER_NS

LONGEST_SEARCH_S = 2.0  # a sensor that is silent for longer than this beside a window does not bound it
# Ten ticks of the slowest sensor known, 100 ms (arXiv:2312.02741, table 2; checked 2026-11-21): whatever draws
# power moves its counter in between.
LONGEST_SILENCE_S = 1.0
MOST_W = 1e6  # a megawatt: what a field says beyond that is no power of one device or host


@dataclass(frozen=True, slots=True)
class Ticks:
    """Moments (t_ns), the energy from an origin until then (J), how well each moment is known (s, one sigma)."""

    t_ns: tuple[int, ...]
    energy_j: tuple[float, ...]
    timing_s: tuple[float, ...]
    wobble_j2: tuple[float, ...] = ()  # variance that the moments so far put into the energy, J²; (): none
    scale_ratio: float = 0.0  # how well the period is known that all steps are as long as (one sigma)
    smear_s: float = 0.0  # each energy is the mean over this span around its moment
    swings: "Ticks | None" = None  # shorter looks at the same power, which show how far it swings inside that span
    late_s: float = 0.0  # each energy may be older than its moment says by up to this
    fault: str | None = None  # nothing that the sensor says can be trusted


@dataclass(frozen=True, slots=True, kw_only=True)
class Between:
    """Energy between two ticks, with the standard uncertainties of its edges."""

    energy_j: float
    start_ns: int
    end_ns: int
    ticks: int  # ticks inside, the last included
    timing_j: float  # the moments at its edges, and of changes inside, are not known exactly
    smear_j: float  # the edges are smeared over a trailing mean, or may come late
    longest_silence_s: float  # between two ticks inside
    highest_w: float  # the mean power of the step that rose fastest; a step is no shorter than half a usual one

    @property
    def span_s(self) -> float:
        """The seconds between the two ticks."""
        return (self.end_ns - self.start_ns) * S_PER_NS


def energy_between(marks: Ticks, start_ns: int, end_ns: int) -> Between | str:
    """The energy from the last tick before [start_ns, end_ns) to the first after it, or why it can't be told."""
    if marks.fault:
        return marks.fault
    from_ns = start_ns - round(marks.smear_s / 2 * NS_PER_S)
    until_ns = end_ns + round((marks.smear_s / 2 + marks.late_s) * NS_PER_S)
    first, last = bisect_right(marks.t_ns, from_ns) - 1, bisect_left(marks.t_ns, until_ns)
    limit_ns = LONGEST_SEARCH_S * NS_PER_S
    if first < 0 or from_ns - marks.t_ns[first] > limit_ns:
        return f"did not tick in the {LONGEST_SEARCH_S:g} s before the window"
    if last >= len(marks.t_ns) or marks.t_ns[last] - until_ns > limit_ns:
        return f"did not tick in the {LONGEST_SEARCH_S:g} s after the window"
    inside = marks.t_ns[first : last + 1]
    wobble_j2 = marks.wobble_j2[last] - marks.wobble_j2[first] if marks.wobble_j2 else 0.0
    energy_j = marks.energy_j[last] - marks.energy_j[first]
    if energy_j > MOST_W * (marks.t_ns[last] - marks.t_ns[first]) * S_PER_NS:
        return f"rose by {energy_j:.3g} J, more than anything here can draw"
    return Between(
        energy_j=energy_j,
        start_ns=marks.t_ns[first],
        end_ns=marks.t_ns[last],
        ticks=last - first,
        timing_j=math.hypot(
            *(marks.timing_s[i] * power_near(marks, i) for i in (first, last)),
            math.sqrt(max(0.0, wobble_j2)),
            energy_j * marks.scale_ratio,
        ),
        smear_j=math.hypot(
            *(smear_bound_j(marks, marks.t_ns[i]) / math.sqrt(3) for i in (first, last)),
            _late_j(marks, first, last),
        ),
        longest_silence_s=max((b - a for a, b in pairwise(inside)), default=0) * S_PER_NS,
        highest_w=_highest_w(marks, first, last),
    )


def _highest_w(marks: Ticks, first: int, last: int) -> float:
    steps_ns = [marks.t_ns[i + 1] - marks.t_ns[i] for i in range(first, last)]
    usual_ns = median(steps_ns) if steps_ns else 0
    found = 0.0
    for i, step_ns in zip(range(first, last), steps_ns, strict=True):
        took_s = max(step_ns, usual_ns / 2) * S_PER_NS  # two looks may put two ticks next to each other
        if took_s > 0:
            found = max(found, (marks.energy_j[i + 1] - marks.energy_j[i]) / took_s)
    return found


def energy_at(marks: Ticks, t_ns: int) -> float:
    """The energy (J) from the origin until t_ns, linear between ticks, constant power beyond them."""
    i = min(max(bisect_right(marks.t_ns, t_ns) - 1, 0), len(marks.t_ns) - 2)
    span_ns = marks.t_ns[i + 1] - marks.t_ns[i]
    part = (t_ns - marks.t_ns[i]) / span_ns if span_ns else 0.0
    return marks.energy_j[i] + part * (marks.energy_j[i + 1] - marks.energy_j[i])


def powers(marks: Ticks, start_ns: int, end_ns: int) -> tuple[float, ...]:
    """The mean power (W) of each step from tick to tick that touches [start_ns, end_ns]."""
    return tuple(watts for _, _, watts in _steps(marks, start_ns, end_ns))


def power_near(marks: Ticks, index: int) -> float:
    """The highest mean power (W) of the two steps beside a tick: what a wrong moment there costs."""
    return max(powers(marks, marks.t_ns[index], marks.t_ns[index]), default=0.0)


def smear_bound_j(marks: Ticks, at_ns: int) -> float:
    """What a smeared edge at `at_ns` may be off (J): a step of ΔP moves it by at most ΔP × smear / 8 (a box).

    Means over the span s have lost the steps. Shorter looks show them: each counts for as far as it lies from the
    middle one, ∫ |P(u) − P| (s/2 − |u|) / s du. Without such, the means tell of them twice: a step enters a mean
    half a span before its moment and leaves it half a span after, and each time the mean moves by δ within u for
    power that is δ × s / u off. What was near the edge entered in the span before it, and left in the one after.
    """
    if not marks.smear_s:
        return 0.0
    half_ns = round(marks.smear_s / 2 * NS_PER_S)
    seen = powers(marks, at_ns - half_ns, at_ns + half_ns)
    if not seen:
        return 0.0
    found_j = (max(seen) - min(seen)) * marks.smear_s / 8
    if marks.swings is not None:
        looks = _steps(marks.swings, at_ns - half_ns, at_ns + half_ns)
        return max(found_j, _swung_j(looks, at_ns, marks.smear_s / 2))
    entered_w = _exchanged_w(powers(marks, at_ns - 2 * half_ns, at_ns))
    left_w = _exchanged_w(powers(marks, at_ns, at_ns + 2 * half_ns))
    return max(found_j, min(entered_w, left_w) * marks.smear_s / 8)


def _exchanged_w(means_w: Sequence[float]) -> float:
    """The largest step that means over one span of them tell of (W): as many of them make the span, s / u."""
    return max((abs(b - a) * len(means_w) for a, b in pairwise(means_w)), default=0.0)


def _swung_j(looks: Sequence[tuple[int, int, float]], at_ns: int, half_s: float) -> float:
    """∫ |P(u) − P| (s/2 − |u|) / s du over the looks (start ns, end ns, W); P: the middle one of their powers."""
    if not looks:
        return 0.0
    middle_w = median([watts for _, _, watts in looks])

    def passed(t_ns: int) -> float:  # ∫ (s/2 − |u|) / s du from the edge's left end on
        u = max(-half_s, min(half_s, (t_ns - at_ns) * S_PER_NS))
        return (half_s * u - math.copysign(u * u / 2, u)) / (2 * half_s)

    return math.fsum(abs(watts - middle_w) * (passed(b) - passed(a)) for a, b, watts in looks)


def _steps(marks: Ticks, start_ns: int, end_ns: int) -> list[tuple[int, int, float]]:
    """(start ns, end ns, mean W) of each step from tick to tick that touches [start_ns, end_ns]."""
    first = max(bisect_left(marks.t_ns, start_ns) - 1, 0)
    last = min(bisect_right(marks.t_ns, end_ns) + 1, len(marks.t_ns))
    return [
        (marks.t_ns[i], marks.t_ns[i + 1],
         (marks.energy_j[i + 1] - marks.energy_j[i]) / ((marks.t_ns[i + 1] - marks.t_ns[i]) * S_PER_NS))
        for i in range(first, last - 1)
        if marks.t_ns[i + 1] > marks.t_ns[i]
    ]  # fmt: skip


def _late_j(marks: Ticks, first: int, last: int) -> float:
    """A lag between none and the most moves what lies before the one edge in, and before the other out."""
    if not marks.late_s or first == last:
        return 0.0
    late_ns = round(marks.late_s * NS_PER_S)
    start_ns, end_ns = marks.t_ns[first], marks.t_ns[last]
    gained_j = energy_at(marks, start_ns) - energy_at(marks, start_ns - late_ns)
    missed_j = energy_at(marks, end_ns) - energy_at(marks, end_ns - late_ns)
    return abs(gained_j - missed_j) / math.sqrt(3)
