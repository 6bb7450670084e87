"""The trained model as numpy arrays, rebuilt from what is committed, and its forward pass in plain numpy.

Embedding 50 000 × 100, LSTM of 100, dense to 8: 5 081 608 parameters (the LSTM's two biases counted, as in torch).
A word is the mean of its rows; the LSTM reads words; its last state goes through the dense layer and a softmax.
What is committed: the seed of the initial table, and in `weights.npz` the rows that training touched, the LSTM and
the dense layer. All other rows are the initial ones, drawn again from the seed.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from . import INTENTS, tokens

WIDTH, HIDDEN = 100, 100
INITIAL_DEVIATION = 0.01
"""Of a row that training never touched: small beside a trained row, so that an unknown piece says little."""

WEIGHTS = Path(__file__).resolve().parent / "weights.npz"
MANIFEST = Path(__file__).resolve().parent / "weights.json"
Array = NDArray[np.float32]


class BrokenWeights(Exception):  # noqa: N818 - an error says what is wrong
    """The committed weights are not the ones that the manifest names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """All parameters, float32; gates in torch's order: input, forget, cell, output.

    Shapes: table (ROWS, WIDTH), row 0 zero; input (4·hidden, WIDTH); recurrent (4·hidden, hidden);
    bias (4·hidden,), both of torch's added; dense (8, hidden); dense_bias (8,).
    """

    table: Array
    input: Array
    recurrent: Array
    bias: Array
    dense: Array
    dense_bias: Array

    @property
    def hidden(self) -> int:
        """Units of the LSTM."""
        return self.recurrent.shape[1]


def initial_table(seed: int) -> Array:
    """The table before training: normal around 0, row 0 zero. The same bytes for the same seed (numpy's PCG64)."""
    table = np.random.Generator(np.random.PCG64(seed)).standard_normal((tokens.ROWS, WIDTH), dtype=np.float32)
    table *= np.float32(INITIAL_DEVIATION)
    table[0] = 0.0
    return table


def load(weights: Path = WEIGHTS, manifest: Path = MANIFEST) -> Weights:
    """The trained weights. Raises BrokenWeights where the file's sha256 is not the manifest's."""
    told = json.loads(manifest.read_text(encoding="utf-8"))
    found = hashlib.sha256(weights.read_bytes()).hexdigest()
    if found != told["sha256"]:
        raise BrokenWeights(f"{weights}: found sha256 {found}, needed {told['sha256']}: check the file out again")
    with np.load(weights) as kept:
        table = initial_table(told["table_seed"])
        table[kept["touched"]] = kept["rows"].astype(np.float32)
        rest = {name: kept[name].astype(np.float32) for name in _SMALL}
    return Weights(table=table, **rest)


def manifest_sha256(manifest: Path = MANIFEST) -> str:
    """The sha256 of the weights that are committed."""
    return str(json.loads(manifest.read_text(encoding="utf-8"))["sha256"])


def touched_rows(weights: Path = WEIGHTS) -> NDArray[np.int64]:
    """The rows that training changed, ascending."""
    with np.load(weights) as kept:
        return kept["touched"].astype(np.int64)


def probabilities(weights: Weights, sentences: Sequence[str]) -> Array:
    """Scores of shape (sentences, 8), each row's sum 1; numpy alone, one sentence after the other."""
    return np.stack([_softmax(_logits(weights, tokens.word_rows(one))) for one in sentences])


def intents(scores: Array) -> tuple[str, ...]:
    """The name of each row's highest score."""
    return tuple(INTENTS[k] for k in scores.argmax(axis=1))


_SMALL = ("input", "recurrent", "bias", "dense", "dense_bias")


def _logits(weights: Weights, rows: Sequence[Sequence[int]]) -> Array:
    state = cell = np.zeros(weights.hidden, np.float32)
    for one in rows:
        word = weights.table[list(one)].mean(axis=0)
        gates = weights.input @ word + weights.recurrent @ state + weights.bias
        enter, forget, fresh, leave = np.split(gates, 4)
        cell = _sigmoid(forget) * cell + _sigmoid(enter) * np.tanh(fresh)
        state = _sigmoid(leave) * np.tanh(cell)
    return weights.dense @ state + weights.dense_bias


def _sigmoid(x: Array) -> Array:
    return np.float32(1.0) / (np.float32(1.0) + np.exp(-x))


def _softmax(x: Array) -> Array:
    grown = np.exp(x - x.max())
    return grown / grown.sum()
