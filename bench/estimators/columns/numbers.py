"""A column of numbers as blocks of float64, what is no such number found and set apart; distinct ones as codes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.estimators.columns.arrays import BLOCK
from bench.estimators.columns.asked import Ints, Numbers, Numeric
from bench.phrases import Phrase

_CODES, _MARKED = 1 << 10, 1 << 17  # below these, whole numbers are codes as they are, or are marked; else sorted


@dataclass(frozen=True, slots=True)
class Column:
    """Numbers of a name, with what they may be; `held` where none are said."""

    name: str
    most: float
    values: npt.NDArray[Any] | float

    @staticmethod
    def of(name: str, numbers: Numbers, most: float, held: float) -> "Column":
        """The column of a field of Columns."""
        if numbers is None:
            return Column(name, most, held)
        if not isinstance(numbers, np.ndarray):
            return Column(name, most, float(numbers))
        return Column(
            name, most, np.ma.filled(numbers, held) if isinstance(numbers, np.ma.MaskedArray) else numbers
        )

    @property
    def reason(self) -> str:
        """Why a row of it is refused."""
        return Phrase(
            "{name}: no number in this row; needed is one of 0 to {most:g}", name=self.name, most=self.most
        )

    def rows(self, at: Any) -> "Block":
        """The numbers of these rows."""
        if isinstance(self.values, float):
            wrong = not 0.0 <= self.values <= self.most
            return Block(math.nan if wrong else self.values, None, 0.0 if wrong else self.values, wrong)
        found = np.asarray(self.values[at], float)
        if not len(found):
            return Block(found, None, 0.0)
        # bits of floats from nought on count as the floats do; those of less, and of NaN, are above all
        highest = found.view(np.uint64).max()
        if highest <= np.float64(self.most).view(np.uint64):
            return Block(found, None, float(highest.view(np.float64)))
        bad = ~((found >= 0.0) & (found <= self.most))
        return Block(np.where(bad, np.nan, found), bad, self.most)


@dataclass(frozen=True, slots=True)
class Block:
    """Numbers of some rows: NaN for what is none, which those are (None: all are some), and what none is above."""

    values: Numeric
    bad: npt.NDArray[np.bool_] | None
    highest: float
    all_bad: bool = False

    @property
    def lowest(self) -> float:
        """What none is below; NaN where one is."""
        return float(np.min(self.values))


def distinct(numbers: npt.NDArray[Any]) -> tuple[Ints, Sequence[float]]:
    """Where each number stands among values that hold every distinct one."""
    found = _whole_numbers(numbers)
    if found is not None:
        return found
    values, codes = np.unique(np.asarray(numbers, float), return_inverse=True)
    return codes, [float(value) for value in values]


def _whole_numbers(numbers: npt.NDArray[Any]) -> tuple[Ints, Sequence[float]] | None:
    """The same for whole numbers of no great size, small ones as their own codes; None for others."""
    kept = np.empty(len(numbers), np.int32)
    most = 0
    for start in range(0, len(numbers), BLOCK):
        block = numbers[start : start + BLOCK]
        highest = block.max()
        if not (block.min() >= 0 and highest < _MARKED):
            return None
        into = kept[start : start + BLOCK]
        np.copyto(into, block, casting="unsafe")
        if not (into == block).all():
            return None
        most = max(most, int(highest))
    if most < _CODES:
        return kept, [float(value) for value in range(most + 1)]
    marked = np.zeros(most + 1, bool)
    marked[kept] = True
    values = np.flatnonzero(marked)
    places = np.zeros(most + 1, np.int32)
    places[values] = np.arange(len(values))
    return places[kept], [float(value) for value in values]
