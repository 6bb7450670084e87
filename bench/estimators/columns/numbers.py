"""A column of numbers as blocks of float64, what is no such number found and set apart; distinct ones as codes."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.estimators.columns.arrays import BLOCK
from bench.estimators.columns.asked import Numbers, Numeric

_WHOLE_NUMBERS = 1 << 17  # up to here distinct whole numbers are found by marking them, else by sorting


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
        return f"{self.name}: no number in this row; needed is one of 0 to {self.most:g}"

    def rows(self, at: Any) -> "Block":
        """The numbers of these rows."""
        if isinstance(self.values, float):
            wrong = not 0.0 <= self.values <= self.most
            return Block(math.nan if wrong else self.values, None, 0.0 if wrong else self.values, wrong)
        found = np.asarray(self.values[at], float)
        if not len(found):
            return Block(found, None, 0.0)
        least, most = float(found.min()), float(found.max())  # a NaN is both of its block
        if least >= 0.0 and most <= self.most:
            return Block(found, None, most)
        bad = ~((found >= 0.0) & (found <= self.most))
        return Block(np.where(bad, np.nan, found), bad, self.most)


@dataclass(frozen=True, slots=True)
class Block:
    """Numbers of some rows: NaN for what is none, which those are (None: all are some), and what none is above."""

    values: Numeric
    bad: npt.NDArray[np.bool_] | None
    highest: float
    all_bad: bool = False


def distinct(numbers: npt.NDArray[Any]) -> tuple[npt.NDArray[np.intp], list[float]]:
    """Where each number stands among the distinct ones, and these."""
    found = _whole_numbers(numbers)
    if found is not None:
        return found
    values, codes = np.unique(np.asarray(numbers, float), return_inverse=True)
    return codes, [float(value) for value in values]


def _whole_numbers(numbers: npt.NDArray[Any]) -> tuple[npt.NDArray[np.intp], list[float]] | None:
    """The same for whole numbers of no great size, by marking them, block by block; None for others."""
    marked = np.zeros(_WHOLE_NUMBERS, bool)
    kept = np.empty(len(numbers), np.int32)
    for start in range(0, len(numbers), BLOCK):
        block = numbers[start : start + BLOCK]
        if not (block.min() >= 0 and block.max() < _WHOLE_NUMBERS):
            return None
        into = kept[start : start + BLOCK]
        np.copyto(into, block, casting="unsafe")
        if not np.array_equal(into, block):
            return None
        marked[into] = True
    values = np.flatnonzero(marked)
    places = np.zeros(_WHOLE_NUMBERS, np.intp)
    places[values] = np.arange(len(values))
    return np.take(places, kept, mode="clip"), [float(value) for value in values]
