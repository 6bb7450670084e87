"""The interval of a difference of two scores where both answered the same questions.

What makes a question hard is hard for both and cancels within it; what remains is where the two differ. So whole
questions are drawn, the same ones for both, and the difference is computed from what either's answers to the draw
add up to: Koehn 2004, "Statistical significance tests for machine translation evaluation", EMNLP; Bisani and Ney
2004, "Bootstrap estimates for confidence intervals in ASR performance evaluation", ICASSP (their "probability of
improvement"); Berg-Kirkpatrick, Burkett, Klein 2012, "An Empirical Investigation of Statistical Significance in
NLP", EMNLP. Percentiles are taken further out of few questions, as for one score (bench/quality/resample.py).

Two candidates that nearly agree differ on a handful of questions, of which draws alone know too little: of one
differing question they exclude that the other side ever wins one. So two questions more stand among those that
are drawn from: the one on which the two differ most, and the same with sides exchanged, as Bonett and Price 2012
add one on either side of a fourfold table ("Adjusted Wald confidence interval for a difference of binomial
proportions based on paired data", J. Educ. Behav. Stat. 37, p. 479). Simulated in tests/quality/test_paired.py.

Of word errors one long clip can hold more than all others (a model that repeats itself to the end), and a
difference that few clips hold is seldom told too large by them and often too small. There each draw's distance
from the pool's difference is divided by the draw's own standard error, and those ratios have the percentiles
(bootstrap-t: Efron and Tibshirani 1993, "An Introduction to the Bootstrap", 12.5; second-order right on either
side, as plain percentiles are not: Hall 1988, "Theoretical Comparison of Bootstrap Confidence Intervals", Ann.
Statist. 16, p. 927; checked 2026-11-22). The standard error is the delta method's: what one more of each
question's counts makes of the score. Clips of lognormal length, 5 % of them much worse for one: of 60, 95 of 100
simulated intervals hold the truth, where percentiles and BCa hold it in 88; two equal candidates in 97 to
100, in intervals as wide as before. Of ten clips it holds less (93, percentiles 98), so it is taken from twenty
on; of macro F1 it is no better and not narrower.

A difference of two shares of right answers has its own interval: the score interval of paired proportions (Tango
1998, "Equivalence test and confidence interval for the difference in proportions for the paired-sample design",
Stat. Med. 17, p. 891), which is to it what Wilson's is to one share. All checked 2026-11-21.
"""

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from bench.quality.f1 import Z95
from bench.quality.resample import FEWEST, RESAMPLES, tail

Array: TypeAlias = NDArray[np.float64]
# sums of counts, a row each (m, k) → the score of each (m,)
Compute: TypeAlias = Callable[[Array], Array]
Bounds: TypeAlias = tuple[float, float]
_AT_ONCE = 2_000_000  # numbers drawn at once: 16 MB
_HALVINGS = 60  # of an interval of 2, which is then narrower than a double tells
_STUDENTISED_FROM = 20  # questions
_BEYOND = 0.025  # the share of studentised draws beyond each bound
_LEAST_RATIO = 0.1  # chosen: of the pool's standard error, which no draw is taken to fall below
_DIGITS = 9  # in which two effects agree: what is equal but for rounding is one size


def paired_bounds(
    ones: Array,
    others: Array,
    compute: Compute,
    *,
    studentised: bool = False,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Bounds | None:
    """The 95 % bounds of `compute` of all `ones` less that of all `others`; None of fewer than FEWEST questions.

    `ones`, `others`: whole numbers, n questions by k counts that add up. The same counts and seed give the same
    bounds, which hold the difference itself; exchanged sides give them exchanged. Where no question tells the two
    apart both are 0: `equal_half` says what that leaves open. `studentised`: of scores of which one question can
    hold more than all others, word errors; from twenty questions on.
    """
    count = len(ones)
    if count < FEWEST:
        return None
    if np.array_equal(ones, others):
        return 0.0, 0.0
    value = _less(ones.sum(axis=0), others.sum(axis=0), compute)[0]
    most = _telling(ones, others, compute, value)
    pool = np.vstack([ones, ones[most], others[most]]), np.vstack([others, others[most], ones[most]])
    if studentised and count >= _STUDENTISED_FROM:
        whole = np.full((1, count + 2), count / (count + 2))
        centre, error = _less(*_sums(whole, pool), compute)[0], _errors(whole, pool, compute)[0]

        def ratio(times: Array) -> Array:
            least = np.maximum(_errors(times, pool, compute), _LEAST_RATIO * error)
            return np.asarray((_less(*_sums(times, pool), compute) - centre) / least)

        drawn = value - error * np.sort(_drawn(ratio, count, seed, resamples))[::-1]
        at = int(_BEYOND * resamples)
    else:
        drawn = np.sort(_drawn(lambda times: _less(*_sums(times, pool), compute), count, seed, resamples))
        at = int(tail(count) * resamples)
    return min(float(drawn[at]), float(value)), max(float(drawn[resamples - 1 - at]), float(value))


def share_bounds(ones: Sequence[bool], others: Sequence[bool]) -> Bounds:
    """The 95 % bounds of the share of right answers of one less that of the other, to at least one question.

    With b questions that the one alone has right, and c that the other has, of n, they are the differences d at
    which (b − c − n·d) / sqrt(n·(2·q + d·(1 − d))) is ±1.96, q being the likeliest share of c for that d.
    """
    alone = sum(a and not b for a, b in zip(ones, others, strict=True))
    against = sum(b and not a for a, b in zip(ones, others, strict=True))
    count = len(ones)
    low, high = _tango(alone, against, count), -_tango(against, alone, count)
    value = (alone - against) / count
    return min(low, value), max(high, value)


def equal_half(count: int) -> float:
    """How far two shares may lie apart, 95 %, after `count` questions on which they did not.

    z²/(n + z²), to which Tango's interval comes then, as Wilson's does of none in n. With 2.5 % on either side the
    rule of three (Hanley and Lippman-Hand 1983, "If nothing goes wrong, is everything all right?", JAMA 249,
    p. 1743) says 3.7/n.
    """
    return Z95**2 / (count + Z95**2)


def _less(ones: Array, others: Array, compute: Compute) -> Array:
    found: Array = compute(np.atleast_2d(ones)) - compute(np.atleast_2d(others))
    return found


def _telling(ones: Array, others: Array, compute: Compute, value: float) -> int:
    """The question without which the difference would move most; the first of several."""
    left = _less(ones.sum(axis=0) - ones, others.sum(axis=0) - others, compute)
    moved = np.where((ones != others).any(axis=1), np.abs(left - value), -1.0)
    return int(np.argmax(np.round(moved, _DIGITS)))


def _sums(times: Array, pool: tuple[Array, Array]) -> tuple[Array, Array]:
    """What each draw adds up to, for either; `times` (draws, questions): how often it holds each."""
    return times @ pool[0], times @ pool[1]


def _errors(times: Array, pool: tuple[Array, Array], compute: Compute) -> Array:
    """The standard error of the difference in each draw (draws,)."""
    one, other = (_slopes(sums, compute) @ rows.T for sums, rows in zip(_sums(times, pool), pool, strict=True))
    each, count = one - other, times.sum(axis=1)
    off = each - ((times * each).sum(axis=1) / count)[:, None]
    return np.asarray(np.sqrt((times * off**2).sum(axis=1) * count / (count - 1)))


def _slopes(sums: Array, compute: Compute) -> Array:
    """What one more of each count makes of the score (draws, k): whole numbers, as a score is of them alone."""
    before = compute(sums)
    more = [compute(sums + step) - before for step in np.eye(sums.shape[1])]
    return np.stack(more, axis=1)


def _drawn(made: Callable[[Array], Array], count: int, seed: int, resamples: int) -> Array:
    """What is `made` of `count` questions drawn from as many and two more, `resamples` times.

    RandomState's numbers are the same in every version of numpy, and sums of whole numbers on every processor.
    """
    rng, size = np.random.RandomState(seed), count + 2
    parts = []
    for start in range(0, resamples, step := max(1, _AT_ONCE // count)):
        rows = min(step, resamples - start)
        which = (rng.random_sample((rows, count)) * size).astype(np.intp) + size * np.arange(rows)[:, None]
        times = np.bincount(which.ravel(), minlength=rows * size).reshape(rows, size)
        parts.append(made(times.astype(np.float64)))
    return np.concatenate(parts)


def _tango(alone: int, against: int, count: int) -> float:
    """The lower bound: the statistic falls with d, and is z there."""
    low, high = -1.0, (alone - against) / count
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _statistic(middle, alone, against, count) > Z95 else (low, middle)
    return (low + high) / 2


def _statistic(d: float, alone: int, against: int, count: int) -> float:
    linear = (2 * count - alone + against) * d - alone - against
    free = -against * d * (1 - d)
    share = (math.sqrt(max(0.0, linear**2 - 8 * count * free)) - linear) / (4 * count)
    variance = count * (2 * share + d * (1 - d))
    gap = alone - against - count * d
    return gap / math.sqrt(variance) if variance > 0 else math.copysign(math.inf, gap)
