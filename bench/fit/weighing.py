"""How much a work window counts for, and which idle is taken off it."""

from collections.abc import Sequence

import numpy as np

from bench.fit.intervals import row_powers_w
from bench.fit.repeats import squares
from bench.fit.rows import Row
from bench.fit.solve import Array, solve
from bench.stats import f95, mean

_ROUNDS, _LEAST_RATIO = 2, 0.5  # chosen


def own_idle_j(work: Sequence[Row], idle: Sequence[Row], which: str = "value") -> Array:
    """The idle energy (J) of each work window.

    At the mean idle power of all runs; at its own run's where these differ by more than their windows do (a board
    that warms idles higher). A run without an idle window of its own takes the mean.
    """
    every_w, own_w = mean(row_powers_w(idle, which)), own_idles_w(idle, which)
    return np.array([r.duration_s * own_w.get(r.run_id, every_w) for r in work])


def own_idles_w(idle: Sequence[Row], which: str) -> dict[str, float]:
    """The idle power of each run; {}: they are alike."""
    powers: dict[str, list[float]] = {}
    for row, power_w in zip(idle, row_powers_w(idle, which), strict=True):
        powers.setdefault(row.run_id, []).append(power_w)
    return {run: mean(found) for run, found in powers.items()} if _idles_apart(list(powers.values())) else {}


def _idles_apart(groups: Sequence[Sequence[float]]) -> bool:
    """Whether runs idle at powers that differ by more than their windows do (a test at 5 %)."""
    count = sum(map(len, groups))
    between, within = len(groups) - 1, count - len(groups)
    if between < 1 or within < 1:
        return False
    outer, inner = squares(groups, mean([value for group in groups for value in group]))
    return outer / between > f95(between, within) * inner / within


def weights_of(work: Sequence[Row]) -> Array:
    """A constant relative error: 1/E, of E what a window of its cell takes at the cell's mean power.

    Not its own energy: of two windows of one kind the one that came out low by chance would count for more, and
    all terms come out low by twice the squared scatter and more (3 % at 10 %).
    """
    energy_j: dict[str, float] = {}
    seconds: dict[str, float] = {}
    for r in work:
        energy_j[r.cell] = energy_j.get(r.cell, 0.0) + r.energy_j
        seconds[r.cell] = seconds.get(r.cell, 0.0) + r.duration_s
    return 1.0 / np.array([r.duration_s * energy_j[r.cell] / seconds[r.cell] for r in work], dtype=float)


def fitted_weights(design: Array, work: Sequence[Row], idle: Sequence[Row]) -> Array:
    """1/Ê, of Ê what the terms make of a window: iterated from the cells' means.

    Generalised least squares with a variance that is a function of the mean (Carroll, Ruppert, Transformation and
    Weighting in Regression, 1988, chapter 2; checked 2026-11-22). A window
    is taken for no less than half its cell's mean: terms that do not describe it can make it nothing.
    """
    from_cells = weights_of(work)
    idle_j = own_idle_j(work, idle)
    above_idle_j = np.array([r.energy_j for r in work]) - idle_j
    weights = from_cells
    for _ in range(_ROUNDS):
        fitted_j = idle_j + design @ solve(design, above_idle_j, weights).terms
        weights = np.asarray(1.0 / np.maximum(fitted_j, _LEAST_RATIO / from_cells))
    return weights
