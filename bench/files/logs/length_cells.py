"""Cells of lengths in a large log: coarse, finer where a model needs it."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from bench.files.logs.opened import literal
from bench.files.logs.rows_sql import RowsSql

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
LEVELS = (0.0, 0.5, 1.0, 2.0, 4.0)  # cells an octave of a length; the first: two cells, up to the edge and beyond
_EDGE = 2000  # tokens beyond which bounds widen (bench.estimators.answering.SHORT)
_SIDE = 200  # cells of one length at most: 24 octaves of 4, each on either side of the edge
_SOUND_CELLS = 200  # of 30 s each, the windows that speech is read in


def cell_sql(sql: RowsSql, levels: Mapping[int, Sequence[str]]) -> str:
    """The cell of a row's lengths as SQL. `levels`: models by a place in LEVELS; any other has the finest."""
    x, y = (f"coalesce({one}, 0)" if one else "0" for one in (sql.x, sql.y))
    model = sql.keys.get("model")
    if model is None:
        found = _at_level(max(levels), x, y)
    else:
        whens = " ".join(
            f"WHEN {model} IN ({', '.join(map(literal, models))}) THEN {_at_level(level, x, y)}"
            for level, models in levels.items()
            if models
        )
        finest = _at_level(len(LEVELS) - 1, x, y)
        found = f"(CASE {whens} ELSE {finest} END)" if whens else finest
    if 1 not in sql.kinds:
        return found
    windows = f"least(ceil({x} / 30), {_SOUND_CELLS})::INTEGER"
    sound = f"{_SIDE * _SIDE} + {windows} * 32 + least(log2({y} + 1), 31)::INTEGER"
    return f"(CASE WHEN {sql.kind} = 1 THEN {sound} ELSE {found} END)"


def _at_level(level: int, x: str, y: str) -> str:
    if LEVELS[level] == 0:
        return f"(({x} > {_EDGE})::INTEGER * {_SIDE} + ({y} > {_EDGE})::INTEGER)"

    def side(one: str) -> str:
        return f"(least({LEVELS[level]!r} * log2({one} + 1), 98)::INTEGER * 2 + ({one} > {_EDGE})::INTEGER)"

    return f"({side(x)} * {_SIDE} + {side(y)})"


def cell_numbers(level: int, x: Floats, y: Floats, kinds: Ints) -> Ints:
    """The cells that SQL gives rows of these lengths, in numpy: to try on a sample."""
    x, y = np.nan_to_num(x), np.nan_to_num(y)
    if LEVELS[level] == 0:
        found = (x > _EDGE) * _SIDE + (y > _EDGE)
    else:
        sides = (np.rint(np.minimum(LEVELS[level] * np.log2(one + 1), 98)) * 2 + (one > _EDGE) for one in (x, y))
        found = next(sides) * _SIDE + next(sides)
    windows = np.minimum(np.ceil(x / 30), _SOUND_CELLS)
    sound = _SIDE * _SIDE + windows * 32 + np.rint(np.minimum(np.log2(y + 1), 31))
    return np.where(kinds == 1, sound, found).astype(np.int64)
