"""Cells of lengths in a large log: edges between them, few where a model's energy bends little, else more.

Edges lie where a log's own lengths do: at equal shares of all tokens of answers (y), and of prompts and answers
together (z = x + y/2, the context in the middle of an answer, beyond which caches leave no room for a batch).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bench.files.logs.opened import Relation, literal
from bench.files.logs.rows_sql import RowsSql

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_EDGE = 2000  # tokens beyond which bounds widen (bench.estimators.answering.SHORT)
# edges of y and z, from the coarsest; before those, none but where energies bend and bounds widen
_COUNTS = ((1, 0), (1, 3), (3, 7), (7, 15), (15, 31))
_SIDE = 64  # more than edges of any kind
_SOUND = 2 * _SIDE * _SIDE
_SOUND_CELLS = 200  # of 30 s each, the windows that speech is read in
_TYPE = "cells_of"  # of DuckDB: models, those without an edge first, so that one comparison tells them


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """Edges of one fineness: a length is beyond those that are smaller."""

    x: tuple[int, ...] = ()
    y: tuple[int, ...] = ()
    z: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CellsBy:
    """Which cells of lengths the rows of each model are parted into.

    A model that is not named has a cell without a number, to be read again with `finest`; without `models` every
    row has that. The model "" is that of a log without a column of models.
    """

    models: Mapping[str, Level]
    finest: Level


def levels_of(x: Floats, y: Floats, weight: Floats, bends: Sequence[float] = ()) -> list[Level]:
    """Levels from the coarsest to the finest, by a sample's lengths; with an edge of z at each of `bends`."""
    x, y = np.nan_to_num(x), np.nan_to_num(y)
    z = x + y / 2
    own = tuple(sorted({int(one) for one in bends if one < z.max(initial=0.0)}))
    far_x, far_y = ((_EDGE,) if one.max(initial=0.0) > _EDGE else () for one in (x, y))
    first = [Level(), Level(z=own), Level(x=far_x), Level(x=far_x, y=far_y), Level(x=far_x, z=own)]
    first.append(Level(x=far_x, y=far_y, z=own))
    finer = [
        Level(
            x=far_x,
            y=tuple(sorted({*far_y, *_shares(y, weight * y, of_y)})),
            z=tuple(sorted({*own, *_shares(z, weight * (x + y), of_z)})),
        )
        for of_y, of_z in _COUNTS
    ]
    return list(dict.fromkeys([*first, *finer]))


def _shares(values: Floats, weight: Floats, count: int) -> tuple[int, ...]:
    """Where `count` edges part the weight into equal shares."""
    if not count or not weight.sum() > 0:
        return ()
    order = np.argsort(values, kind="stable")
    run = np.cumsum(weight[order]) / weight.sum()
    at = np.searchsorted(run, np.arange(1, count + 1) / (count + 1))
    return tuple(sorted({int(values[order[min(place, len(order) - 1)]]) for place in at}))


def cell_sql(relation: Relation, sql: RowsSql, by: CellsBy) -> str:
    """The cell of a row's lengths as SQL: comparisons, the finer ones for the models that need them alone."""
    x, y = (f"coalesce({one}, 0)" if one and not sql.whole else one or "0" for one in (sql.x, sql.y))
    model = sql.keys.get("model")
    if model is None or not by.models:
        found = _at_level(by.models.get("", by.finest), x, y)
    else:
        levels = [by.models[name] for name in _named(by)]
        code = _code(relation, model, by)
        coarse = sum(1 for level in levels if level == Level())
        whens = "".join(
            f" WHEN {code} < {at + 1} THEN {_at_level(level, x, y)}"
            for at, level in enumerate(levels)
            if at >= coarse
        )
        found = f"(CASE WHEN {code} < {coarse} THEN 0::USMALLINT{whens} END)"
    if 1 not in sql.kinds:
        return found
    windows = f"least(ceil({x} / 30), {_SOUND_CELLS})::INTEGER"
    sound = f"{_SOUND} + {windows} * 32 + least(log2({y} + 1), 31)::INTEGER"
    return f"(CASE WHEN {sql.kind} = 1 THEN {sound} ELSE {found} END)"


def _at_level(level: Level, x: str, y: str) -> str:
    sides = ((x, level.x, 1, _SIDE * _SIDE), (y, level.y, 1, _SIDE), (f"({x} + {x} + {y})", level.z, 2, 1))
    parts = []
    for one, edges, unit, times in sides:
        beyond = " + ".join(f"({one} > {edge * unit})::USMALLINT" for edge in edges)
        parts += [f"{times}::USMALLINT * ({beyond})"] if beyond else []
    return " + ".join(parts) or "0::USMALLINT"


def _named(by: CellsBy) -> list[str]:
    return sorted((name for name in by.models if name), key=lambda name: (by.models[name] != Level(), name))


def _code(relation: Relation, model: str, by: CellsBy) -> str:
    """A model's place among those named, by a type of DuckDB's: it is told once a dictionary, not once a row."""
    relation.run(f"DROP TYPE IF EXISTS {_TYPE}")
    relation.run(f"CREATE TYPE {_TYPE} AS ENUM ({', '.join(map(literal, _named(by) or ['none']))})")
    return f"enum_code(try_cast({model} AS {_TYPE}))"


def unnamed_sql(sql: RowsSql, by: CellsBy) -> str:
    """A condition that rows of models that are not named meet."""
    return f"try_cast({sql.keys['model']} AS {_TYPE}) IS NULL" if by.models and "model" in sql.keys else "false"


def cell_numbers(level: Level, x: Floats, y: Floats, kinds: Ints) -> Ints:
    """The cells that SQL gives rows of these lengths, in numpy: to try on a sample."""
    x, y = np.nan_to_num(x), np.nan_to_num(y)

    def beyond(one: Floats, edges: Sequence[int]) -> Ints:
        return np.searchsorted(np.array(edges, np.float64), one, side="left").astype(np.int64)

    found = (beyond(x, level.x) * _SIDE + beyond(y, level.y)) * _SIDE + beyond(x + y / 2, level.z)
    windows = np.minimum(np.ceil(x / 30), _SOUND_CELLS)
    sound = _SOUND + windows * 32 + np.rint(np.minimum(np.log2(y + 1), 31))
    return np.where(kinds == 1, sound, found).astype(np.int64)
