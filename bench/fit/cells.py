"""Measured cells from rows: joules a prompt token and joules a gigabyte, prompts shared by a model's precisions.

Arithmetic of a prompt hardly depends on how many bits a weight has, so that a cell's joules a prompt token are
drawn to those of the same model on the same machine (a ridge), and its joules a gigabyte are its own.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from bench.estimators.ladder import CellKey, cell_key
from bench.estimators.measured import Cell, work
from bench.fit.prior import Row

Array = NDArray[np.float64]
_CUT, _ROUNDS = 0.03, 10  # residuals beyond it count less (Huber); refits until the weights stand
_RIDGE = 1.0  # of the shared prompt figure, in rows


def fit_cells(rows: Sequence[Row]) -> dict[CellKey, Cell]:
    """Every cell with two rows of different work or more."""
    models: dict[tuple[str, str], dict[CellKey, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        key = cell_key(row.machine, row.job)
        models[key[0], key[1]][key].append(row)
    found: dict[CellKey, Cell] = {}
    for cells in models.values():
        kept = {key: some for key, some in cells.items() if len({work(r.job) for r in some}) > 1}
        if kept:
            found.update(_fit_model(kept))
    return found


def _fit_model(cells: Mapping[CellKey, Sequence[Row]]) -> dict[CellKey, Cell]:
    every = [(i, row) for i, rows in enumerate(cells.values()) for row in rows]
    joint = np.zeros((len(every), len(cells) + 1))
    for at, (i, row) in enumerate(every):
        tokens, gigabytes = work(row.job)
        joint[at, i], joint[at, -1] = gigabytes / row.energy_j, tokens / row.energy_j
    shared = _robust(joint, None)[-1]
    found = {}
    for key, rows in cells.items():
        own = np.array([[gb / r.energy_j, t / r.energy_j] for r in rows for t, gb in [work(r.job)]])
        gigabyte_j, prompt_j = _robust(own, shared)
        found[key] = Cell(prompt_j=float(prompt_j), gigabyte_j=float(gigabyte_j))
    return found


def _robust(design: Array, shared: float | None) -> Array:
    """Coefficients ≥ 0 that make each row of `design` (joules over measured joules) one."""
    weights = np.ones(len(design))
    terms = np.zeros(design.shape[1])
    for _ in range(_ROUNDS):
        left, right = design * weights[:, None], weights
        if shared:
            left = np.vstack([left, [0.0, _RIDGE / shared]])
            right = np.append(right, _RIDGE)
        terms, _norm = nnls(left, right)
        off = np.abs(design @ terms - 1)
        weights = np.sqrt(np.minimum(1.0, _CUT / np.maximum(off, 1e-9)))
    return np.asarray(terms, dtype=np.float64)
