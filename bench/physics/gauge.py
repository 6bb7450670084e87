"""The ticks of a power gauge: its values, each standing for the time since the one before it.

looks    · · · · · · · · · ·       a value stays until it is renewed, and a renewed value may be the same one
value    a a a a b b b b c c
ticks      |   |   |   |   |       one each renewal; the energy grows by the value × the time since the last
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias

from bench.nouns import FieldPassport
from bench.physics.counter import late_s, shift_and_smear
from bench.physics.lattice import Renewal, renewals
from bench.physics.series import Series
from bench.physics.ticks import LONGEST_SILENCE_S, MOST_W, Ticks
from bench.stats import mean
from bench.units import NS_PER_S, S_PER_NS

# The slowest gauge known is renewed every 100 ms (arXiv:2312.02741, table 2; checked 2026-11-21).
SLOWEST_UPDATE_S = 0.1
_FASTEST_UPDATE_S = 0.001  # a twentieth of the fastest gauge known: a burst of looks is no sensor of microseconds
_Tick: TypeAlias = tuple[int, float, float]  # moment (ns), value (W), span that the moment is known within (s)


def ticks(power: Series, field: FieldPassport, read_s: float = 0.0) -> Ticks:
    """The energy (J) until each renewal of the gauge's value. `read_s`: how long a look may take.

    A silence of over a second stays one step between two ticks, so that a window over it finds the gap.
    """
    if strange := [v for v in power.values if not abs(v) <= MOST_W]:
        return Ticks((), (), (), fault=f"read {strange[0]:g} W")
    update_ns = round(max(field.update_s or SLOWEST_UPDATE_S, _FASTEST_UPDATE_S) * NS_PER_S)
    shift_s, smear_s = shift_and_smear(field)
    found, steady = _renewed(power, update_ns)
    unlooked = _unlooked(power, update_ns)
    t_ns, energy_j, timing_s, wobble_j2 = [found[0][0]], [0.0], [found[0][2]], [0.0]
    last_w = found[0][1]
    for moment_ns, value_w, within_s in found[1:]:
        took_s = (moment_ns - t_ns[-1]) * S_PER_NS
        if took_s <= 0:
            continue
        # energy = Σ v[i] (t[i] - t[i-1]): a wrong t[i] moves energy between v[i] and v[i+1]; and where the steps
        # are uneven, what each value is the mean of is so too
        moved_j2 = (value_w - last_w) ** 2 * (timing_s[-1] ** 2 / 12) * (1 if steady else 2)
        noise_j2 = ((field.noise_w or 0.0) * took_s) ** 2
        wobble_j2.append(wobble_j2[-1] + moved_j2 + noise_j2 + _between(unlooked, t_ns[-1], moment_ns))
        t_ns.append(moment_ns)
        energy_j.append(energy_j[-1] + value_w * took_s)
        timing_s.append(within_s)
        last_w = value_w
    shift_ns, length_s = round(shift_s * NS_PER_S), (t_ns[-1] - t_ns[0]) * S_PER_NS
    return Ticks(
        t_ns=tuple(t + shift_ns for t in t_ns),
        energy_j=tuple(energy_j),
        timing_s=tuple(math.hypot(within_s, read_s) / math.sqrt(12) for within_s in timing_s),
        wobble_j2=tuple(wobble_j2),
        scale_ratio=max(timing_s) / (length_s * math.sqrt(3)) if length_s > 0 else 0.0,
        smear_s=smear_s,
        late_s=late_s(field),
    )


def _unlooked(power: Series, update_ns: int) -> Series:
    """When (ns) a look came over a period after the one before it, and the variance (J²) of what was not seen.

    The values of that time are drawn from the same power as all others: one that was held in their place is off by
    √2 standard deviations of them. So u² = 2 s² × (gap - period)².

    Example: a period of 100 ms, looks 350 ms apart, values that scatter by 40 W: 2 × 1600 W² × (0.25 s)² = 200 J².
    """
    middle_w = mean(power.values)
    variance_w2 = mean([(v - middle_w) ** 2 for v in power.values])
    found = [
        (b, 2 * variance_w2 * ((b - a - update_ns) * S_PER_NS) ** 2)
        for a, b in pairwise(power.t_ns)
        if b - a > update_ns
    ]
    return Series(tuple(t for t, _ in found), tuple(j2 for _, j2 in found))


def _between(unlooked: Series, after_ns: int, until_ns: int) -> float:
    first, last = bisect_right(unlooked.t_ns, after_ns), bisect_right(unlooked.t_ns, until_ns)
    return math.fsum(unlooked.values[first:last])


def _renewed(power: Series, update_ns: int) -> tuple[list[_Tick], bool]:
    """Every renewal, those to the same value too, and whether they keep a step."""
    changed = [i for i in range(1, len(power)) if power.values[i] != power.values[i - 1]]
    bounds = [(power.t_ns[i - 1], power.t_ns[i]) for i in changed]
    silent = any(b - a > LONGEST_SILENCE_S * NS_PER_S for a, b in pairwise(power.t_ns))
    settled = () if silent else renewals(bounds, update_ns * S_PER_NS)
    if not settled:
        return _as_looked(power, update_ns), False
    return _in_step(power, changed, settled, update_ns), True


def _in_step(power: Series, changed: Sequence[int], settled: Sequence[Renewal], update_ns: int) -> list[_Tick]:
    """The ticks of a sensor that keeps its step: what lies between two changes is evenly spaced."""
    before = (settled[0].t_ns - power.t_ns[0]) // update_ns + 1
    found: list[_Tick] = [(settled[0].t_ns - k * update_ns, power.values[0], 0.0) for k in range(before, 0, -1)]
    for at, (i, one) in enumerate(zip(changed, settled, strict=True)):
        value_w, within_s = power.values[i], one.within_ns * S_PER_NS
        found.append((one.t_ns, value_w, within_s))
        if at + 1 < len(settled):
            count = settled[at + 1].number - one.number
            apart_ns = (settled[at + 1].t_ns - one.t_ns) / count
        else:
            count, apart_ns = (power.t_ns[-1] - one.t_ns) // update_ns + 1, float(update_ns)
        found += [(one.t_ns + round(k * apart_ns), value_w, within_s) for k in range(1, count)]
    return found


def _as_looked(power: Series, update_ns: int) -> list[_Tick]:
    """The ticks of a sensor that keeps no step, each halfway between two looks."""
    found: list[_Tick] = [(power.t_ns[0], power.values[0], 0.0)]
    for i in range(1, len(power)):
        value_w, gap_ns = power.values[i], power.t_ns[i] - power.t_ns[i - 1]
        if gap_ns > LONGEST_SILENCE_S * NS_PER_S:
            found.append((power.t_ns[i], value_w, 0.0))
        elif value_w != power.values[i - 1]:
            within_ns = min(gap_ns, update_ns)
            moment_ns = power.t_ns[i] - within_ns // 2
            _fill(found, moment_ns - update_ns // 2, power.values[i - 1], update_ns)
            found.append((moment_ns, value_w, within_ns * S_PER_NS))
        else:
            # what is known at an unchanged look is known until one period before it
            _fill(found, power.t_ns[i] - update_ns, value_w, update_ns)
    return found


def _fill(found: list[_Tick], until_ns: int, value_w: float, update_ns: int) -> None:
    """Adds the renewals to the same value that came one period after another, up to `until_ns`."""
    while found[-1][0] + update_ns <= until_ns:
        found.append((found[-1][0] + update_ns, value_w, 0.0))
