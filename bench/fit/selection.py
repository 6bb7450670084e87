"""Which further terms the data show: those with which windows that were left out are predicted better.

Whole workloads are left out, one after the other, as whoever uses a coefficient asks for work that was not
measured. Of the sets of terms the smallest is taken whose errors are not worse than the best one's by more than
a standard error of their difference, workload by workload (the one-standard-error rule: Hastie, Tibshirani,
Friedman, The Elements of Statistical Learning, 2nd ed., section 7.10; paired here, as all sets meet the same
workloads; checked 2026-11-21).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from bench.fit.solve import CONDITION_LIMIT, Array, condition_number, solve
from bench.stats import deviation, mean

_FEWEST_LEFT_OUT = 3  # of fewer workloads a difference has no standard error to speak of


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The windows that terms are judged by."""

    design: Array  # (n_rows, n_terms): every term that could be in the fit
    above_idle_j: Array  # (n_rows,)
    energy_j: Array
    weights: Array
    workloads: tuple[str, ...]  # of each row


def shown(evidence: Evidence, base: Sequence[int], further: Sequence[int]) -> list[int]:
    """The columns of `further` that belong beside `base`; [] where too few workloads could be left out."""
    alone = left_out(evidence, base)
    if len(alone) < _FEWEST_LEFT_OUT:
        return []
    squares: dict[tuple[int, ...], list[float]] = {(): [error**2 for error in alone.values()]}
    for size in range(1, len(further) + 1):
        for chosen in combinations(further, size):
            extra = tuple(chosen)
            found = left_out(evidence, [*base, *extra])
            if found.keys() >= alone.keys() and _adds(evidence, [*base, *extra], len(base)):
                squares[extra] = [found[workload] ** 2 for workload in alone]
    best = min(squares, key=lambda extra: mean(squares[extra]))
    as_good = [extra for extra in squares if _as_good(squares[extra], squares[best])]
    smallest = min(as_good, key=lambda extra: (len(extra), mean(squares[extra])))
    return list(smallest)


def left_out(evidence: Evidence, columns: Sequence[int]) -> dict[str, float]:
    """The relative error (root mean square over windows) of predicting each workload from all the others.

    A workload without which the terms can't be told apart is not in it.
    """
    found: dict[str, float] = {}
    chosen = evidence.design[:, list(columns)]
    kinds = sorted(set(evidence.workloads))
    if len(columns) >= len(kinds):
        return found
    for kind in kinds:
        out = np.array([w == kind for w in evidence.workloads])
        if not _told_apart(chosen[~out], evidence.weights[~out]):
            continue
        terms = solve(chosen[~out], evidence.above_idle_j[~out], evidence.weights[~out]).terms
        wrong_j = chosen[out] @ terms - evidence.above_idle_j[out]
        found[kind] = float(np.sqrt(np.mean((wrong_j / evidence.energy_j[out]) ** 2)))
    return found


def _told_apart(design: Array, weights: Array) -> bool:
    return len(design) >= design.shape[1] and condition_number(design, weights) <= CONDITION_LIMIT


def _adds(evidence: Evidence, columns: Sequence[int], base: int) -> bool:
    """Whether every further term costs energy: attention, steps and squares give none back."""
    found = solve(evidence.design[:, list(columns)], evidence.above_idle_j, evidence.weights)
    return bool(np.all(found.terms[base:] > 0.0))


def _as_good(squares: Sequence[float], best: Sequence[float]) -> bool:
    """Whether the mean of the differences is within its own standard error."""
    worse = [a - b for a, b in zip(squares, best, strict=True)]
    return mean(worse) <= deviation(worse) / math.sqrt(len(worse))
