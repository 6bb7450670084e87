"""Joules between two ticks of an energy counter.

A counter that moves in ticks is exact at its ticks and silent between them. Interpolating at a window's
edge charges part of the work's power to the idle beside it (up to tick × ΔP / 4). So the window is widened
outward to the last tick before it and the first tick after it, where only idle power flows, and the
bounds that were used stand beside the energy:

    counter   ──┐____┐____┐____┐____┐____┐____┐──     one tick each ┐
    window              |<──── work ────>|
    energy           |<─────────────────────>|        ends on ticks, contains all the work
"""

import math
from bisect import bisect_left, bisect_right
from dataclasses import dataclass

from bench.physics.series import Series
from bench.units import S_PER_NS

# A counter that has moved at nine of ten looks ticks faster than it is looked at: its value belongs to the
# moment of the look. A slower one ticked somewhere between two looks: half a gap earlier on average.
_FAST_RATIO = 0.9
_LONGEST_SEARCH_S = 2.0  # a counter that is silent for longer than this beside a window does not bound it


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterEnergy:
    """Energy between two ticks. `timing_s`: standard uncertainty of the span between them."""

    energy_j: float
    start_ns: int
    end_ns: int
    ticks: int  # ticks inside, the last included
    timing_s: float


@dataclass(frozen=True, slots=True)
class Ticks:
    """A counter's ticks: when (t_ns), the value from then on (J), how well the moment is known (s)."""

    t_ns: tuple[int, ...]
    energy_j: tuple[float, ...]
    timing_s: tuple[float, ...]
    fault: str | None = None  # the counter fell: nothing that it says can be trusted


def ticks(counter: Series, tick_s: float = 0.0) -> Ticks:
    """The ticks of a counter, from looks at it. `tick_s`: its known update period, 0 when unknown."""
    moved, fault = [], None
    for i in range(1, len(counter)):
        step_j = counter.values[i] - counter.values[i - 1]
        if step_j < 0 and fault is None:
            fault = f"the counter fell by {-step_j:.6g} J, from {counter.values[i - 1]:.9g} J"
        if step_j > 0:
            moved.append(i)
    looks = max(1, len(counter) - 1)
    fast = len(moved) / looks >= _FAST_RATIO
    t_ns, timing_s = [], []
    for i in moved:
        gap_ns = counter.t_ns[i] - counter.t_ns[i - 1]
        t_ns.append(counter.t_ns[i] - (0 if fast else gap_ns // 2))
        # uniform within the gap (slow counter) or within its own tick (fast): width / √12
        width_s = min(gap_ns * S_PER_NS, tick_s) if fast and tick_s else gap_ns * S_PER_NS
        timing_s.append(width_s / math.sqrt(12))
    return Ticks(tuple(t_ns), tuple(counter.values[i] for i in moved), tuple(timing_s), fault)


def energy_between(marks: Ticks, start_ns: int, end_ns: int) -> CounterEnergy | str:
    """The energy from the last tick at or before `start_ns` to the first at or after `end_ns`, or why not."""
    if marks.fault:
        return marks.fault
    first = bisect_right(marks.t_ns, start_ns) - 1
    last = bisect_left(marks.t_ns, end_ns)
    limit_ns = _LONGEST_SEARCH_S / S_PER_NS
    if first < 0 or start_ns - marks.t_ns[first] > limit_ns:
        return f"the counter did not tick in the {_LONGEST_SEARCH_S:g} s before the window"
    if last >= len(marks.t_ns) or marks.t_ns[last] - end_ns > limit_ns:
        return f"the counter did not tick in the {_LONGEST_SEARCH_S:g} s after the window"
    return CounterEnergy(
        energy_j=marks.energy_j[last] - marks.energy_j[first],
        start_ns=marks.t_ns[first],
        end_ns=marks.t_ns[last],
        ticks=last - first,
        timing_s=math.hypot(marks.timing_s[first], marks.timing_s[last]),
    )
