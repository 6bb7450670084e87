"""A log → groups of like requests with the moments of their lengths: DuckDB reads the rows, Python the groups.

    per group: rows, requests n = Σw, means of x and y, and their variances and covariance, w-weighted

A group is a day, the names asked for and what an estimate depends on. In a small log it is also one pair of
lengths, so that nothing is approximated; in a large one it is a cell of lengths, coarse where a model's energy is
a polynomial of the second degree, finer where it is not (bench.estimators.usage_sums says what that may cost).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.files.logs.length_cells import CellsBy, cell_sql, unnamed_sql
from bench.files.logs.opened import Relation, literal
from bench.files.logs.rows_sql import MOST_LENGTH, RowsSql
from bench.files.logs.times import sensible

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_PLAIN = re.compile(r'\("[^"]+"\)')  # a whole-numbered column as it stands
_COLUMNS = ("days", "kinds", "rows", "requests", "x", "y", "xx", "xy", "yy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """Groups in columns of one length. `codes` count in `names`: "" is nothing said; days are since 1970, -1 none.

    `x`, `y` are NaN where a request says no such length. `reported`: kWh and kg that the log itself says.
    """

    days: Ints
    codes: Mapping[str, Ints]
    names: Mapping[str, tuple[str, ...]]
    kinds: Ints
    rows: Ints
    requests: Floats
    x: Floats
    y: Floats
    xx: Floats
    xy: Floats
    yy: Floats
    reported: Mapping[str, Floats]
    exact: bool

    def __len__(self) -> int:
        return len(self.rows)

    def cut(self, at: Any) -> "Groups":
        """The groups at these places, or where a mask is true."""
        plain = {name: getattr(self, name)[at] for name in _COLUMNS}
        return replace(
            self,
            codes={name: codes[at] for name, codes in self.codes.items()},
            reported={name: column[at] for name, column in self.reported.items()},
            **plain,
        )

    def codes_of(self, name: str) -> Ints:
        """The codes of a column of names, noughts where the log has none."""
        return self.codes.get(name, np.zeros(len(self), np.int64))


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouped:
    """Groups of rows without fault, and how many rows have which fault (an index of REASONS)."""

    groups: Groups
    faults: Mapping[int, int]
    celled: npt.NDArray[np.bool_] | None = None  # which groups have a cell with a number


def grouped(relation: Relation, sql: RowsSql, levels: CellsBy | None, total: int) -> Grouped:
    """Every row's group, of `total` rows. `levels` None: one pair of lengths each.

    Raises BadInput.
    """
    if levels is None:
        return _ordered(_read(relation, sql, None, "", everything=True))
    clean = replace(sql, whole=True) if _all_sound(relation, sql, total) else None
    known = _read(relation, clean or sql, levels, "" if clean else f"WHERE {sql.sound}", everything=False)
    if unnamed := unnamed_sql(sql, levels):
        known = _with_unnamed(relation, sql, levels, known, unnamed)
    if int(known.groups.rows.sum()) + sum(known.faults.values()) == total:
        return _ordered(known)
    rest = _read(relation, sql, levels, f"WHERE NOT coalesce({sql.sound}, false)", everything=True)
    return _ordered(_together(known, rest))


def _with_unnamed(relation: Relation, sql: RowsSql, by: CellsBy, found: Grouped, unnamed: str) -> Grouped:
    """The groups, with those of models that no sample had read again in the finest cells."""
    gone = found.celled
    if gone is None or gone.all():
        return found
    kept = replace(found, groups=found.groups.cut(gone), celled=None)
    again = _read(relation, sql, replace(by, models={}), f"WHERE {sql.sound} AND {unnamed}", everything=False)
    return _together(kept, replace(again, faults={}))


def rows_of(relation: Relation, sql: RowsSql) -> Groups:
    """Rows one by one, as groups: for samples alone."""
    return _ordered(_read(relation, sql, None, f"WHERE {sql.sound}", everything=False)).groups


def _all_sound(relation: Relation, sql: RowsSql, total: int) -> bool:
    """Whether the statistics of Parquet say that no length is missing, negative or absurd."""
    named = [one for one in (sql.x, sql.y) if one]
    if relation.files.kind != "parquet" or sql.weight or not all(_PLAIN.fullmatch(one) for one in named):
        return False
    asks = ", ".join(f"count({one}), min({one}), max({one})" for one in named)
    found = relation.rows(f"SELECT {asks} FROM ({relation.sql})")[0] if named else ()
    parts = zip(found[::3], found[1::3], found[2::3], strict=True)
    return all(count == total and low >= 0 and high <= MOST_LENGTH for count, low, high in parts)


def _ordered(found: Grouped) -> Grouped:
    """The groups in one order, whichever thread read them first: sums of them end in the same digits."""
    one = found.groups
    order = np.lexsort((one.y, one.x, one.kinds, *one.codes.values(), one.days))
    return replace(found, groups=one.cut(order))


def _read(relation: Relation, sql: RowsSql, levels: CellsBy | None, where: str, *, everything: bool) -> Grouped:
    """DuckDB groups by the columns as they are, by their dictionaries; then groups' names become codes."""
    by = {"day": sql.day.sql if sql.day else "0", **{f"k_{name}": text for name, text in sql.keys.items()}}
    if len(sql.kinds) > 1:
        by["kind"] = sql.kind
    if levels is not None:
        cell = cell_sql(relation, sql, levels)
        by["cell"] = f"(CASE WHEN {sql.reason} = 0 THEN {cell} ELSE 0 END)" if everything else cell
    if everything:
        by |= {"reason": sql.reason, "no_x": _absent(sql.x), "no_y": _absent(sql.y)}
    if levels is None:
        by |= {"gx": f"coalesce({sql.x or 0}, 0)", "gy": f"coalesce({sql.y or 0}, 0)"}
    columns = [*(f"{one} AS {name}" for name, one in by.items()), *_sums(sql, exact=levels is None)]
    query = f"SELECT {', '.join(columns)} FROM ({relation.sql}) {where} GROUP BY ALL"
    relation.run(f"CREATE OR REPLACE TEMP TABLE groups AS {query}")
    names = {name: _names(relation, name) for name in sql.keys}
    coded = [_code(name) if values else f"0 AS k_{name}" for name, values in names.items()]
    rest = ", ".join(f"k_{name}" for name in sql.keys)
    number = f"({sql.day.number})::DOUBLE AS days" if sql.day else "0 AS days"
    others = f"* EXCLUDE ({', '.join(filter(None, ('day', rest)))})"
    found = relation.arrays(f"SELECT {', '.join([others, number, *coded])} FROM groups")
    return _decoded(found, names, sql, everything=everything, exact=levels is None)


def _names(relation: Relation, name: str) -> tuple[str, ...]:
    """The values of a column of names among the groups, as a type of DuckDB's whose codes they are."""
    found = relation.rows(f"SELECT DISTINCT k_{name} FROM groups WHERE k_{name} <> '' ORDER BY 1")
    values = tuple(row[0] for row in found)
    if values:
        relation.run(f"DROP TYPE IF EXISTS of_{name}")
        relation.run(f"CREATE TYPE of_{name} AS ENUM ({', '.join(map(literal, values))})")
    return values


def _code(name: str) -> str:
    return f"coalesce(enum_code(try_cast(k_{name} AS of_{name}))::BIGINT + 1, 0) AS k_{name}"


def _absent(sql: str | None) -> str:
    return "true" if sql is None else f"(({sql}) IS NULL)"


def _sums(sql: RowsSql, *, exact: bool) -> list[str]:
    weight = sql.weight
    sums = ["count(*) AS n"]
    sums += [f"sum({weight}) AS w"] if weight else []
    sums += [f"sum({one}) AS {name}" for name, one in sql.reported.items()]
    if exact:
        return sums
    times = f"{weight} * " if weight else ""
    x, y = sql.x, sql.y
    x, y = (f"({one})::DOUBLE" if one else None for one in (x, y))
    for name, one in (("sx", x), ("sy", y)):
        sums += [f"sum({times}{one}) AS {name}"] if one else []
    for name, one, other in (("sxx", x, x), ("sxy", x, y), ("syy", y, y)):
        sums += [f"sum({times}{one} * {other}) AS {name}"] if one and other else []
    return sums


def _decoded(
    found: Mapping[str, Any],
    names: Mapping[str, tuple[str, ...]],
    sql: RowsSql,
    *,
    everything: bool,
    exact: bool,
) -> Grouped:
    plain = {name: _unmasked(column) for name, column in found.items()}
    total = len(plain["n"])
    sound = np.ones(total, bool)
    faults: dict[int, int] = {}
    if everything:
        reason = plain["reason"].astype(np.int64)
        sound = reason == 0
        faults = {int(r): int(plain["n"][reason == r].sum()) for r in np.unique(reason) if r}
    if sql.day:
        timeless = sound & ~sensible(plain["days"])
        sound &= ~timeless
        faults |= {1: int(plain["n"][timeless].sum())} if timeless.any() else {}
    lengths = _lengths(plain, sql, total, exact=exact)
    for name, said in (("x", sql.x), ("y", sql.y)):
        absent = plain[f"no_{name}"].astype(bool) if everything else np.full(total, said is None)
        lengths[name] = np.where(absent, np.nan, lengths[name])
    groups = Groups(
        days=np.nan_to_num(plain["days"]).astype(np.int64),
        codes={name: plain[f"k_{name}"].astype(np.int64) for name in sql.keys},
        names={name: ("", *values) for name, values in names.items()},
        kinds=plain["kind"].astype(np.int64) if "kind" in plain else np.full(total, sql.kinds[0]),
        rows=plain["n"].astype(np.int64),
        reported={name: np.nan_to_num(plain[name].astype(np.float64)) for name in sql.reported},
        exact=exact,
        **lengths,
    ).cut(sound)
    return Grouped(
        groups=groups, faults=faults, celled=~np.isnan(plain["cell"])[sound] if "cell" in plain else None
    )


def _unmasked(column: Any) -> Any:
    """A column as plain numbers, NaN where there is none."""
    if not isinstance(column, np.ma.MaskedArray):
        return column
    masked: Any = column
    return masked.astype(np.float64).filled(np.nan) if masked.mask.any() else masked.data


def _lengths(plain: Mapping[str, Any], sql: RowsSql, total: int, *, exact: bool) -> dict[str, Floats]:
    """Requests, means, variances."""
    zero = np.zeros(total)
    requests = np.asarray(plain["w"] if sql.weight else plain["n"], np.float64)
    if exact:
        return {
            "requests": requests, "x": plain["gx"].astype(float), "y": plain["gy"].astype(float),
            "xx": zero, "xy": zero, "yy": zero,
        }  # fmt: skip
    each = 1 / np.where(requests > 0, requests, 1.0)
    mean = {
        name: np.nan_to_num(np.asarray(plain.get(name, zero), np.float64)) * each
        for name in ("sx", "sy", "sxx", "sxy", "syy")
    }
    x, y = mean["sx"], mean["sy"]
    return {
        "requests": requests, "x": x, "y": y,
        "xx": mean["sxx"] - x * x, "xy": mean["sxy"] - x * y, "yy": mean["syy"] - y * y,
    }  # fmt: skip


def _together(one: Grouped, other: Grouped) -> Grouped:
    """Both, with one list of names for each column."""
    a, b = one.groups, other.groups
    names = {name: ("", *sorted({*a.names[name][1:], *b.names[name][1:]})) for name in a.names}

    def join(name: str) -> Any:
        return np.concatenate([getattr(a, name), getattr(b, name)])

    def codes(name: str) -> Ints:
        parts = (
            np.array([names[name].index(text) for text in each.names[name]])[each.codes[name]] for each in (a, b)
        )
        return np.concatenate(list(parts))

    plain = {name: join(name) for name in _COLUMNS}
    groups = Groups(
        codes={name: codes(name) for name in names},
        names=names,
        reported={name: np.concatenate([a.reported[name], b.reported[name]]) for name in a.reported},
        exact=False,
        **plain,
    )
    faults = {code: one.faults.get(code, 0) + other.faults.get(code, 0) for code in (*one.faults, *other.faults)}
    return Grouped(groups=groups, faults=faults)
