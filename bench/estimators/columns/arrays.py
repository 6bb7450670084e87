"""Blocks of rows, small enough for a core's own cache, and the columns of numbers that cells bring to them."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any

import numpy as np

from bench.estimators.columns.asked import Floats, Numeric

BLOCK = 24_576  # rows: larger ones leave a core's cache, smaller ones wait for the interpreter


class Table:
    """Numbers of cells, a column each; a column of one and the same number is that number."""

    def __init__(self, cells: Sequence[Any]) -> None:
        names = [one.name for one in fields(cells[0])]
        told = attrgetter(*names)
        rows = np.array([told(cell) for cell in cells], float)
        alike = ((rows == rows[0]) | (np.isnan(rows) & np.isnan(rows[0]))).all(axis=0)
        self.columns: Mapping[str, Numeric] = {
            name: float(rows[0, at]) if alike[at] else np.ascontiguousarray(rows[:, at])
            for at, name in enumerate(names)
        }
        self.alike = len(cells) == 1


class Rows:
    """A block's rows by their cells. What `pick` gives lasts until the next pick, or, without `into`, for good."""

    def __init__(self, table: Table, at: Any, into: Floats | None = None) -> None:
        self._table, self._at, self._into = table, at, into

    @property
    def alike(self) -> bool:
        """Whether all rows are of one cell."""
        return self._table.alike

    def pick(self, name: str) -> Numeric:
        """A number for every row, or one for all."""
        column = self._table.columns[name]
        if isinstance(column, float):
            return column
        return column.take(self._at, out=self._into, mode="clip")
