"""Joules from a power gauge: each reading holds until the next, as the sensor itself holds it."""

import math
from bisect import bisect_left, bisect_right
from dataclasses import dataclass

from bench.physics.series import Series
from bench.units import S_PER_NS

# A gauge looks at part of the time only: 25 ms of every 100 ms on A100 and H100 (Yang, Adamek, Armour,
# arXiv:2312.02741, table 2; checked 2026-11-21). Until the board's own share is known the worst is taken:
# the mean of what it saw is then spread as if from a quarter of the readings.
_SEEN_RATIO = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class GaugeEnergy:
    """Integrated power. `coverage_j`: standard uncertainty from what the gauge did not see."""

    energy_j: float
    coverage_j: float
    longest_gap_s: float
    readings: int


def integrate(power: Series, start_ns: int, end_ns: int) -> GaugeEnergy | str:
    """The energy of [start_ns, end_ns), or why it can't be told. `power` in W, any update period."""
    first = bisect_right(power.t_ns, start_ns) - 1
    last = bisect_left(power.t_ns, end_ns)
    if first < 0:
        return "no power reading before the window"
    if last >= len(power):
        return "no power reading after the window"
    energy_j, gap_ns = 0.0, 0
    for i in range(first, last):
        lo, hi = max(start_ns, power.t_ns[i]), min(end_ns, power.t_ns[i + 1])
        energy_j += power.values[i] * max(0, hi - lo) * S_PER_NS
        gap_ns = max(gap_ns, power.t_ns[i + 1] - power.t_ns[i])
    seen = power.values[first:last]
    mean_w = math.fsum(seen) / len(seen)
    spread_w = math.sqrt(math.fsum((v - mean_w) ** 2 for v in seen) / max(1, len(seen) - 1))
    duration_s = (end_ns - start_ns) * S_PER_NS
    return GaugeEnergy(
        energy_j=energy_j,
        coverage_j=spread_w * duration_s / math.sqrt(max(1.0, len(seen) * _SEEN_RATIO)),
        longest_gap_s=gap_ns * S_PER_NS,
        readings=len(seen),
    )
