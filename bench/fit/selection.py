"""Which further terms the data show: those with which windows that were left out are predicted better.

Whole workloads are left out, one after the other, as whoever uses a coefficient asks for work that was not
measured. Of the sets of terms the smallest is taken whose errors are not worse than the best one's by more than
a standard error of their difference, workload by workload (the one-standard-error rule: Hastie, Tibshirani,
Friedman, The Elements of Statistical Learning, 2nd ed., section 7.10; paired here, as all sets meet the same
workloads; checked 2026-11-21).

Every set of terms is fitted once for each workload that is left out: thousands of small fits, told by the sums of
products of the rows that stay (XᵀX) and solved together.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from bench.fit.solve import CONDITION_LIMIT, Array, solve
from bench.stats import deviation, mean

_FEWEST_LEFT_OUT = 3  # of fewer workloads a difference has no standard error to speak of
_ROUNDING_RATIO = 1e-6  # errors that differ by less are rounding: no term is shown by them
_PASSES = 2  # the second takes off what squaring the rows has cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The windows that terms are judged by."""

    design: Array  # (n_rows, n_terms): every term that could be in the fit
    above_idle_j: Array  # (n_rows,)
    energy_j: Array
    weights: Array
    workloads: tuple[str, ...]  # of each row


@dataclass(frozen=True, slots=True, kw_only=True)
class _Folds:
    """The weighted rows, and for each workload which of them stay when it is left out."""

    kinds: tuple[str, ...]
    rows: Array  # (n_rows, n_terms), weighted
    above_idle: Array  # (n_rows,), weighted
    unweighted: Array  # (n_rows,): what makes a weighted error one of the window's energy
    stays: Array  # (n_kinds, n_rows): 1 where a row is of another workload, else 0
    products: Array  # (n_kinds, n_terms, n_terms): XᵀX of the rows that stay


def shown(evidence: Evidence, base: Sequence[int], further: Sequence[int]) -> list[int]:
    """The columns of `further` that belong beside `base`; [] where too few workloads could be left out."""
    folds = _folds(evidence)
    alone = _errors(folds, base)
    if len(alone) < _FEWEST_LEFT_OUT:
        return []
    squares: dict[tuple[int, ...], list[float]] = {(): [error**2 for error in alone.values()]}
    for size in range(1, len(further) + 1):
        for chosen in combinations(further, size):
            extra = tuple(chosen)
            found = _errors(folds, [*base, *extra])
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
    return _errors(_folds(evidence), columns)


def _folds(evidence: Evidence) -> _Folds:
    kinds = sorted(set(evidence.workloads))
    numbers = {kind: n for n, kind in enumerate(kinds)}
    of = np.array([numbers[workload] for workload in evidence.workloads])
    stays = (of[None, :] != np.arange(len(kinds))[:, None]).astype(float)
    rows = evidence.design * evidence.weights[:, None]
    count, terms = rows.shape
    # Summed over the rows that stay, not the sum of all less those that go: beside one workload whose amounts are
    # far larger the others' would be what rounding leaves of them.
    each = (rows[:, :, None] * rows[:, None, :]).reshape(count, terms * terms)
    return _Folds(
        kinds=tuple(kinds),
        rows=rows,
        above_idle=evidence.above_idle_j * evidence.weights,
        unweighted=1.0 / (evidence.weights * evidence.energy_j),
        stays=stays,
        products=(stays @ each).reshape(len(kinds), terms, terms),
    )


def _errors(folds: _Folds, columns: Sequence[int]) -> dict[str, float]:
    """What `left_out` says of these columns."""
    if len(columns) >= len(folds.kinds):
        return {}
    chosen = list(columns)
    told, inverse = _inverses(folds.products[:, chosen][:, :, chosen])
    rows, stays = folds.rows[:, chosen], folds.stays[told]
    terms = np.zeros((len(told), len(chosen)))
    for _ in range(_PASSES):
        wrong = folds.above_idle - terms @ rows.T
        terms += np.einsum("kab,kb->ka", inverse, (wrong * stays) @ rows)
    squares = ((folds.above_idle - terms @ rows.T) * folds.unweighted) ** 2 * (1.0 - stays)
    found = np.sqrt(squares.sum(axis=1) / (1.0 - stays).sum(axis=1))
    return {folds.kinds[k]: float(error) for k, error in zip(told, found, strict=True)}


def _inverses(products: Array) -> tuple[NDArray[np.intp], Array]:
    """The numbers of the workloads without which terms can be told apart, and for each the inverse of its XᵀX.

    Eigenvalues of XᵀX, columns scaled to length 1, are squares of the singular values of X: up to the limit of the
    condition number, 1e3, they are known to 1e-10, and so is a solution. Solving once more for what it leaves of
    the rows themselves gives it the digits of a solution from X (as of corrected semi-normal equations: Björck,
    Linear Algebra and its Applications 88/89, 1987, pages 31 to 48; checked 2026-11-21).
    """
    lengths = np.sqrt(np.einsum("kaa->ka", products))
    lengths = np.where(lengths, lengths, 1.0)  # a column of zeros has an eigenvalue of zero, and is not told apart
    scales = lengths[:, :, None] * lengths[:, None, :]
    values, vectors = np.linalg.eigh(products / scales)
    told = np.flatnonzero(values[:, 0] > values[:, -1] / CONDITION_LIMIT**2)
    vectors = vectors[told]
    inverse = (vectors / values[told][:, None, :]) @ vectors.transpose(0, 2, 1)
    return told, inverse / scales[told]


def _adds(evidence: Evidence, columns: Sequence[int], base: int) -> bool:
    """Whether every further term costs energy: attention, steps and squares give none back."""
    found = solve(evidence.design[:, list(columns)], evidence.above_idle_j, evidence.weights)
    return bool(np.all(found.terms[base:] > 0.0))


def _as_good(squares: Sequence[float], best: Sequence[float]) -> bool:
    """Whether the mean of the differences is within its own standard error."""
    worse = [a - b for a, b in zip(squares, best, strict=True)]
    return mean(worse) <= deviation(worse) / math.sqrt(len(worse)) + _ROUNDING_RATIO**2
