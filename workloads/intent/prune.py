"""Smaller weights from the trained ones: cut, then with the LSTM and dense layer that retrain.py trained again.

Magnitude pruning sets the smallest weights to zero (Han et al. 2015, "Learning both weights and connections",
arXiv:1506.02626; checked 2026-11-21). The arrays keep their shape: without a sparse kernel nothing runs faster.
Structured pruning takes whole units or whole rows away: the arrays shrink, and so does the work.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from . import model, tokens
from .model import Array, Weights

HEADS = Path(__file__).resolve().parent / "pruned.npz"
"""The LSTM and dense layer of each of CUTS, trained again; `of` is the sha256 of the weights that were cut."""


def by_magnitude(weights: Weights, ratio: float, touched: NDArray[np.int64]) -> Weights:
    """`ratio` of each matrix's weights at zero: the smallest of LSTM, dense, and the table's touched rows.

    Rows that training never touched all go: they say nothing, and would fill any quota for free. Biases stay.
    """
    table = np.zeros_like(weights.table)
    table[touched] = _thinned(weights.table[touched], ratio)
    return replace(
        weights,
        table=table,
        input=_thinned(weights.input, ratio),
        recurrent=_thinned(weights.recurrent, ratio),
        dense=_thinned(weights.dense, ratio),
    )


def to_units(weights: Weights, units: int) -> Weights:
    """An LSTM of the `units` most important units: those with the largest norm of recurrent output × dense weight.

    A unit acts through what it sends to the dense layer and to the other units; its score is the product of the
    2-norm of its dense column and that of its recurrent column (a choice; after Li et al. 2017, arXiv:1608.08710,
    who rank filters by norm).
    """
    score = np.linalg.norm(weights.dense, axis=0) * np.linalg.norm(weights.recurrent, axis=0)
    kept = np.sort(np.argsort(-score, kind="stable")[:units])
    gates = np.concatenate([kept + gate * weights.hidden for gate in range(4)])
    return replace(
        weights,
        input=weights.input[gates],
        recurrent=weights.recurrent[np.ix_(gates, kept)],
        bias=weights.bias[gates],
        dense=np.ascontiguousarray(weights.dense[:, kept]),
    )


def to_rows(weights: Weights, touched: NDArray[np.int64]) -> tuple[Weights, NDArray[np.int64]]:
    """A table of the touched rows alone, and the map of all rows onto it; the others share a row of zeros."""
    remap = np.zeros(tokens.ROWS, np.int64)
    remap[touched] = np.arange(1, len(touched) + 1)
    table: Array = np.concatenate([np.zeros((1, weights.table.shape[1]), np.float32), weights.table[touched]])
    return replace(weights, table=table), remap


def retrained(name: str, weights: Weights, touched: NDArray[np.int64], heads: Path = HEADS) -> Weights:
    """The variant as it is used: cut, with its head trained again.

    Raises BrokenWeights where the heads were trained on other weights.
    """
    with np.load(heads) as kept:
        if str(kept["of"]) != (needed := model.manifest_sha256()):
            raise model.BrokenWeights(f"{heads}: found heads of {kept['of']}, needed {needed}: run retrain.py")
        parts = {part: kept[f"{name}/{part}"].astype(np.float32) for part in _HEAD}
    return replace(CUTS[name](weights, touched), **parts)


_HEAD = ("input", "recurrent", "bias", "dense", "dense_bias")
Cut = Callable[[Weights, NDArray[np.int64]], Weights]


def _share(ratio: float, weights: Weights, touched: NDArray[np.int64]) -> Weights:
    return by_magnitude(weights, ratio, touched)


def _units(units: int, weights: Weights, _: NDArray[np.int64]) -> Weights:
    return to_units(weights, units)


CUTS: Mapping[str, Cut] = {
    "pruned-50": partial(_share, 0.5),
    "pruned-80": partial(_share, 0.8),
    "pruned-90": partial(_share, 0.9),
    "units-50": partial(_units, 50),
}
"""The variants that are cut: name → weights and touched rows → weights."""


def _thinned(matrix: Array, ratio: float) -> Array:
    bound = np.quantile(np.abs(matrix), ratio)
    return np.where(np.abs(matrix) < bound, np.float32(0.0), matrix)
