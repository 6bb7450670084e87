"""Cells of lengths in a large log: edges between them, few where a model's energy bends little, else more.

Edges lie where a log's own lengths do: at equal shares of all tokens of answers (y), and of prompts and answers
together (z = x + y/2, the context in the middle of an answer, beyond which caches leave no room for a batch).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bench.files.logs.opened import literal
from bench.files.logs.rows_sql import RowsSql

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_EDGE = 2000  # tokens beyond which bounds widen (bench.estimators.answering.SHORT)
_COUNTS = ((0, 0), (1, 0), (1, 2), (2, 4), (4, 8), (8, 16), (16, 32))  # edges of y and z, from the coarsest
_SIDE = 64  # more than edges of any kind
_SOUND = _SIDE * _SIDE * 2
_SOUND_CELLS = 200  # of 30 s each, the windows that speech is read in


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """Edges of one fineness: a length is beyond those that are smaller."""

    x: tuple[int, ...] = (_EDGE,)
    y: tuple[int, ...] = (_EDGE,)
    z: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CellsBy:
    """Which cells of lengths the rows of a model are parted into; a model that is not named, into the finest."""

    models: Mapping[Level, Sequence[str]]
    finest: Level


def levels_of(x: Floats, y: Floats, weight: Floats) -> list[Level]:
    """Levels from the coarsest to the finest, by the lengths of a sample."""
    x, y = np.nan_to_num(x), np.nan_to_num(y)
    return [
        Level(
            y=tuple(sorted({*_shares(y, weight * y, of_y), _EDGE})), z=_shares(x + y / 2, weight * (x + y), of_z)
        )
        for of_y, of_z in _COUNTS
    ]


def _shares(values: Floats, weight: Floats, count: int) -> tuple[int, ...]:
    """Where `count` edges part the weight into equal shares."""
    if not count or not weight.sum() > 0:
        return ()
    order = np.argsort(values, kind="stable")
    run = np.cumsum(weight[order]) / weight.sum()
    at = np.searchsorted(run, np.arange(1, count + 1) / (count + 1))
    return tuple(sorted({int(values[order[min(place, len(order) - 1)]]) for place in at}))


def cell_sql(sql: RowsSql, by: CellsBy) -> str:
    """The cell of a row's lengths as SQL."""
    levels, finest = by.models, by.finest
    x, y = (f"coalesce({one}, 0)" if one else "0" for one in (sql.x, sql.y))
    model = sql.keys.get("model")
    whens = " ".join(
        f"WHEN {model} IN ({', '.join(map(literal, models))}) THEN {_at_level(level, x, y)}"
        for level, models in levels.items()
        if models
    )
    if model is None:
        found = _at_level(next(iter(levels), finest), x, y)
    else:
        found = f"(CASE {whens} ELSE {_at_level(finest, x, y)} END)" if whens else _at_level(finest, x, y)
    if 1 not in sql.kinds:
        return found
    windows = f"least(ceil({x} / 30), {_SOUND_CELLS})::INTEGER"
    sound = f"{_SOUND} + {windows} * 32 + least(log2({y} + 1), 31)::INTEGER"
    return f"(CASE WHEN {sql.kind} = 1 THEN {sound} ELSE {found} END)"


def _at_level(level: Level, x: str, y: str) -> str:
    def beyond(one: str, edges: Sequence[int]) -> str:
        return " + ".join(f"({one} > {edge})::INTEGER" for edge in edges) or "0"

    z = f"({x} + {y} // 2)"
    parts = (beyond(x, level.x), beyond(y, level.y), beyond(z, level.z))
    return f"((({parts[0]}) * {_SIDE} + {parts[1]}) * {_SIDE} + {parts[2]})"


def cell_numbers(level: Level, x: Floats, y: Floats, kinds: Ints) -> Ints:
    """The cells that SQL gives rows of these lengths, in numpy: to try on a sample."""
    x, y = np.nan_to_num(x), np.nan_to_num(y)
    sides = ((x, level.x), (y, level.y), (x + y // 2, level.z))
    beyond = [
        sum(((one > edge).astype(np.int64) for edge in edges), np.zeros(len(x), np.int64)) for one, edges in sides
    ]
    found = (beyond[0] * _SIDE + beyond[1]) * _SIDE + beyond[2]
    windows = np.minimum(np.ceil(x / 30), _SOUND_CELLS)
    sound = _SOUND + windows * 32 + np.rint(np.minimum(np.log2(y + 1), 31))
    return np.where(kinds == 1, sound, found).astype(np.int64)
