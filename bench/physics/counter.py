"""The ticks of an energy counter, from looks at it."""

import math

from bench.nouns import FieldPassport
from bench.physics.lattice import renewals
from bench.physics.series import Series
from bench.physics.ticks import Ticks
from bench.units import NS_PER_S, S_PER_NS

# A counter that has moved at nine of ten looks ticks faster than it is looked at.
_FAST_RATIO = 0.9
# How late a power field may be that took no known steps. In the recordings beside arXiv:2312.02741 (SC24) of A100,
# RTX 3090, RTX 4090 and RTX A5000, with an external meter, short looks are less than 0.01 s late and means of a
# second 0.05 s (fitted on 2026-11-21). Nothing is published of other boards: twice the most.
LATEST_S = 0.1


def ticks(counter: Series, field: FieldPassport, read_s: float = 0.0) -> Ticks:
    """When the counter moved and what it then showed. `read_s`: how long a look may take.

    A slow counter ticked somewhere between two looks: half a gap before the second, on average. A fast one
    ticked within its own period before the look.
    """
    moved = []
    for i in range(1, len(counter)):
        step_j = counter.values[i] - counter.values[i - 1]
        if not abs(step_j) < math.inf:
            return Ticks((), (), (), fault=f"read {counter.values[i]:g} J")
        if step_j < 0:
            fault = f"fell by {-step_j:.6g} J, from {counter.values[i - 1]:.9g} J"
            return Ticks((), (), (), fault=fault)
        if step_j > 0:
            moved.append(i)
    fast = len(moved) / max(1, len(counter) - 1) >= _FAST_RATIO
    shift_s, smear_s = shift_and_smear(field)
    settled = () if fast else renewals([(counter.t_ns[i - 1], counter.t_ns[i]) for i in moved], field.update_s)
    t_ns, timing_s = [], []
    for k, i in enumerate(moved):
        within_s = (counter.t_ns[i] - counter.t_ns[i - 1]) * S_PER_NS
        if field.update_s and (fast or field.update_s < within_s):
            within_s = min(within_s, field.update_s)
        moment_ns = counter.t_ns[i] - round(within_s / 2 * NS_PER_S)
        if settled:
            moment_ns, within_s = settled[k].t_ns, settled[k].within_ns * S_PER_NS
        t_ns.append(moment_ns + round(shift_s * NS_PER_S))
        timing_s.append(math.hypot(within_s, read_s) / math.sqrt(12))  # two uniform spans
    return Ticks(
        t_ns=tuple(t_ns),
        energy_j=tuple(counter.values[i] for i in moved),
        timing_s=tuple(timing_s),
        smear_s=smear_s,
        late_s=late_s(field) if field.follows else 0.0,
    )


def shift_and_smear(field: FieldPassport) -> tuple[float, float]:
    """(shift, smear), both in seconds: what to add to a value's moment, and the span of the mean around that.

    A value shown at t is the mean of `window_s` ending at t - lag_s. It stands for `update_s` around the middle
    of that span, so the energy up to it belongs to t - lag_s - window_s / 2 + update_s / 2.

        shift = (update - window) / 2 - lag        smear = window - update, where that is positive

    A look of 25 ms every 100 ms, 5 ms late: +32.5 ms, no smear. The mean of a second every 100 ms: -450 ms, and an
    edge is smeared over 900 ms. (0, 0) where update or window is not known.
    """
    if field.window_s is None or field.update_s is None:
        return 0.0, 0.0
    shift_s = (field.update_s - field.window_s) / 2 - (field.lag_s or 0.0)
    return shift_s, max(0.0, field.window_s - field.update_s)


def late_s(field: FieldPassport) -> float:
    """How much later than its passport says a field's values may come (s); known steps leave nothing open."""
    return 0.0 if field.origin == "steps" else LATEST_S
