"""Whether an energy counter only adds up what a power field shows, or looks for itself.

A counter that adds up a field grows in each tick by a value that the field showed beside that tick, or by the mean
of two of them. Chance may make a step equal a value that it does not rest on, but not step after step:

    field      prev |  before  |  after   |  next
    counter         |        step         |           in watts: one of these, always on the same side; else its own

Only steps in motion tell: at steady power all counters agree. A counter that follows no field is taken for one
that sees all of the time: no third kind is known. One with a part-time look of its own would pass for it, and only
known steps of load could tell (bench/physics/steps.py).
"""

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

from bench.physics.lattice import renewals
from bench.physics.series import Series
from bench.stats import median
from bench.units import S_PER_NS

_GAIN_RATIO = 0.06  # fields of one sensor differ by no more
_ALIKE_RATIO = 0.02  # of the power: what a rounded period and a gain read off three steps leave open
_ALIKE_NOISES = 4  # standard deviations of a value, likewise
_LEAST_STEADY = 3  # steps at steady power that tell the gain between counter and field
_SHORT, _LONG = 1, 10  # steps of rest before one that tells the gain
_LEAST_STEPS = 5  # in motion, below which nothing is said
# Of the steps in motion. On simulated boards of every class (tests/sim) a follower misses none while its clock is
# steady and up to 0.22 at 5 ms of jitter; what looks for itself misses 0.1 to 1. What lies between is left open.
_FOLLOWS_RATIO, _OWN_RATIO, _OWN_UNSTEADY_RATIO = 0.02, 0.1, 0.35
_LEAST_MISSED = 3  # late looks alone miss one or two
_STEADY_RATIO = 0.04  # a step is known to be as long as a period within this
# Of a period: two looks at neighbouring ticks may be so far apart, each being late by up to the gap between looks.
# Chosen: far enough from 2, where a tick between them was missed.
_NEIGHBOURS = (0.4, 1.6)


@dataclass(frozen=True, slots=True)
class _Step:
    """One step of a counter as a mean power, and what the field showed from the look before it until its own."""

    low_w: float
    high_w: float
    shown_w: tuple[float, ...]

    @property
    def before_w(self) -> float:
        return self.shown_w[0]

    @property
    def after_w(self) -> float:
        return self.shown_w[-1]


_Rule: TypeAlias = Callable[[_Step, _Step, _Step], tuple[float, ...]]

# What a step may rest on: the step before it, itself, the step after it → watts
_RULES: tuple[_Rule, ...] = (
    lambda _, now, __: (now.before_w, now.after_w),
    lambda _, now, then: (now.after_w, then.after_w),
    lambda last, now, _: (last.before_w, now.before_w),
    lambda last, now, _: ((last.before_w + now.before_w) / 2, (now.before_w + now.after_w) / 2),
    lambda _, now, then: ((now.before_w + now.after_w) / 2, (now.after_w + then.after_w) / 2),
)


def follows(
    counter: Series, power: Series, update_s: float, noise_w: float, *, trails: bool = False
) -> bool | None:
    """Whether the counter (J) adds up the field's values (W); None: what was seen does not tell.

    Each step of the counter is a mean power, known within a span for its two ends lie between looks. It is
    explained where one of the watts that a rule (_RULES) names lies in that span, times the gain, give or take the
    noise. The rule that leaves the fewest steps in motion unexplained decides.

    Example: `update_s` 0.1 s, a step of 12.0 J: 120 W. The field showed 100 W before it and 120 W after: explained
    by the second. A step of 11.0 J is 110 W, the mean of the two: explained by another rule. One of 11.4 J is 114
    W, neither: unexplained, and a counter with a tenth of its steps so (three at least) looks for itself: False.

    `update_s`: the counter's period; `noise_w`: the standard deviation of the field's values at steady power.
    `trails`: the field is a mean of many periods. In a slow ramp it stays a constant share behind, which looks
    like a gain: then nothing is said without rest that is longer than it remembers.
    """
    steps = _steps(counter, power, update_s)
    if len(steps) < _LEAST_STEPS:
        return None
    mean_w = math.fsum(s.after_w for s in steps) / len(steps)
    gain, alike_ratio = _gain(steps, _ALIKE_NOISES * noise_w, _LONG if trails else _SHORT)
    if trails and alike_ratio == _GAIN_RATIO:
        return None

    def alike(step: _Step, value_w: float) -> bool:
        apart_w = alike_ratio * max(mean_w, value_w) + _ALIKE_NOISES * noise_w
        return step.low_w - apart_w <= gain * value_w <= step.high_w + apart_w

    threes = list(zip(steps, steps[1:], steps[2:], strict=False))
    moving = [three for three in threes if not all(alike(three[1], w) for one in three for w in one.shown_w)]
    if len(moving) < _LEAST_STEPS:
        return None
    missed = min(sum(not _explained(three, rule, alike) for three in moving) for rule in _RULES)
    open_ratio = median([(s.high_w - s.low_w) / (s.high_w + s.low_w) for s in steps])
    own_ratio = _OWN_RATIO if open_ratio <= _STEADY_RATIO else _OWN_UNSTEADY_RATIO
    if missed >= max(_LEAST_MISSED, own_ratio * len(moving)):
        return False
    # where the field moves by less than what is left open, following and being near are the same
    told = sum(
        abs(s.after_w - s.before_w)
        > (s.high_w - s.low_w) / 2 + alike_ratio * max(mean_w, s.after_w) + _ALIKE_NOISES * noise_w
        for s in steps
    )
    follows_it = missed <= _FOLLOWS_RATIO * len(moving) and told >= _LEAST_STEPS and not _averaged(steps)
    return True if follows_it else None


def _gain(steps: Sequence[_Step], noise_w: float, rested: int) -> tuple[float, float]:
    """The counter's gain over the field's, from steps at steady power, and what it leaves open as a ratio."""
    steady = []
    for k in range(rested, len(steps)):
        shown_w = [w for s in steps[k - rested : k + 1] for w in s.shown_w]
        if steps[k].after_w and max(shown_w) - min(shown_w) <= _ALIKE_RATIO * steps[k].after_w + noise_w:
            steady.append(steps[k])
    found = [(s.low_w + s.high_w) / 2 / s.after_w for s in steady]
    near = [ratio for ratio in found if abs(ratio - 1) <= _GAIN_RATIO]
    if len(near) < _LEAST_STEADY:
        return 1.0, _GAIN_RATIO
    return median(near), _ALIKE_RATIO


def _explained(three: tuple[_Step, _Step, _Step], rule: _Rule, alike: Callable[[_Step, float], bool]) -> bool:
    """Whether the middle step rests on what was shown; a field renewed faster explains all that it passed."""
    step = three[1]
    if any(alike(step, value_w) for value_w in rule(*three)):
        return True
    return len(set(step.shown_w)) > 2 and min(step.shown_w) <= step.high_w and step.low_w <= max(step.shown_w)


def _averaged(steps: Sequence[_Step]) -> bool:
    """Whether the field is renewed faster than the counter: then a step between its values proves nothing."""
    return sum(len(set(s.shown_w)) > 2 for s in steps) > _FOLLOWS_RATIO * len(steps)


def _steps(counter: Series, power: Series, update_s: float) -> list[_Step]:
    """The steps of one period, each between two looks at both fields; the field is read just after the counter."""
    moved = [i for i in range(1, len(counter)) if counter.values[i] > counter.values[i - 1]]
    settled = renewals([(counter.t_ns[i - 1], counter.t_ns[i]) for i in moved], update_s)
    found = []
    for k, (a, b) in enumerate(pairwise(moved)):
        apart_s = (counter.t_ns[b] - counter.t_ns[a]) * S_PER_NS
        first, last = bisect_left(power.t_ns, counter.t_ns[a]), bisect_left(power.t_ns, counter.t_ns[b])
        least, most = (ratio * update_s for ratio in _NEIGHBOURS)
        if not least <= apart_s <= most or last == len(power):
            continue
        if settled:  # a step is as long as a period, but for what two standard deviations of its ends leave open
            open_s = 2 * math.hypot(settled[k].within_ns, settled[k + 1].within_ns) / math.sqrt(12) * S_PER_NS
            least_s, most_s = update_s - open_s, update_s + open_s
        else:
            early_s, late_s = ((counter.t_ns[i] - counter.t_ns[i - 1]) * S_PER_NS for i in (a, b))
            least_s, most_s = min(update_s, apart_s - late_s), max(update_s, apart_s + early_s)
        step_j = counter.values[b] - counter.values[b - 1]
        if least_s > 0:
            found.append(_Step(step_j / most_s, step_j / least_s, power.values[first : last + 1]))
    return found
