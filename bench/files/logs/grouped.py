"""A log → groups of like requests with the moments of their lengths: DuckDB reads the rows, Python the groups.

    per group: rows, requests n = Σw, means of x and y, and their variances and covariance, w-weighted

A group is a day, the names asked for and what an estimate depends on. In a small log it is also one pair of
lengths, so that nothing is approximated; in a large one it is a cell of lengths, coarse where a model's energy is
a polynomial of the second degree, finer where it is not (bench.estimators.usage_sums says what that may cost).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.files.logs.length_cells import CELLS, cell_sql
from bench.files.logs.opened import Relation
from bench.files.logs.rows_sql import RowsSql

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_DAYS = 1 << 16
_MOST_KEY = 1 << 62
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
    unseen: tuple[str, ...]  # columns with values that `keys` did not have


def grouped(relation: Relation, sql: RowsSql, levels: Mapping[int, Sequence[int]] | None) -> Grouped:
    """Every row's group. `levels`: codes of models by a place in LEVELS; None: one pair of lengths each."""
    if levels is None:
        return _ordered(_read(relation, sql, None, "", everything=True))
    whole = _read(relation, sql, levels, f"WHERE {sql.sound}", everything=False)
    rest = _read(relation, sql, levels, f"WHERE NOT coalesce({sql.sound}, false)", everything=True)
    return _ordered(_together(whole, rest))


def _ordered(found: Grouped) -> Grouped:
    """The groups in one order, whichever thread read them first: sums of them end in the same digits."""
    one = found.groups
    order = np.lexsort((one.y, one.x, one.kinds, *one.codes.values(), one.days))
    return replace(found, groups=one.cut(order))


def rows_of(relation: Relation, sql: RowsSql) -> Groups:
    """Rows one by one, as groups: for samples alone."""
    return _read(relation, sql, None, f"WHERE {sql.sound}", everything=False).groups


def _read(
    relation: Relation, sql: RowsSql, levels: Mapping[int, Sequence[int]] | None, where: str, *, everything: bool
) -> Grouped:
    packs = _packs(sql, levels)
    by = [f"{pack} AS k{at}" for at, (pack, _) in enumerate(packs)]
    if everything:
        by += [f"{sql.reason} AS reason", f"{_absent(sql.x)} AS no_x", f"{_absent(sql.y)} AS no_y"]
    if levels is None:
        by += [f"coalesce({sql.x or 0}, 0) AS gx", f"coalesce({sql.y or 0}, 0) AS gy"]
    found = relation.arrays(
        f"SELECT {', '.join([*by, *_sums(sql, exact=levels is None)])} FROM ({relation.sql}) {where} GROUP BY ALL"
    )
    return _decoded(found, packs, sql, everything=everything, exact=levels is None)


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
    for name, one in (("sx", x), ("sy", y)):
        sums += [f"sum({times}{one}) AS {name}"] if one else []
    for name, one, other in (("sxx", x, x), ("sxy", x, y), ("syy", y, y)):
        sums += [f"sum({times}{one} * {other}) AS {name}"] if one and other else []
    return sums


def _packs(sql: RowsSql, levels: Mapping[int, Sequence[int]] | None) -> list[tuple[str, list[tuple[str, int]]]]:
    """Keys as few whole numbers: each with the names and sizes of its parts, the last changing fastest."""
    parts: list[tuple[str, str, int]] = []
    if sql.day:
        parts.append(("day", f"coalesce({sql.day}, -1) + 1", _DAYS))
    parts += [(key.name, key.sql, key.size) for key in sql.keys]
    if len(sql.kinds) > 1:
        parts.append(("kind", sql.kind, 3))
    if levels is not None:
        parts.append(("cell", cell_sql(sql, levels), CELLS))
    packs: list[list[tuple[str, str, int]]] = [[]]
    size = 1
    for part in parts:
        if size * part[2] > _MOST_KEY:
            packs.append([])
            size = 1
        packs[-1].append(part)
        size *= part[2]
    return [(_packed(pack), [(name, size) for name, _, size in pack]) for pack in packs]


def _packed(parts: Sequence[tuple[str, str, int]]) -> str:
    found = "0::BIGINT"
    for _, one, size in parts:
        found = f"({found} * {size} + {one})" if found != "0::BIGINT" else f"({one})::BIGINT"
    return found


def _decoded(
    found: Mapping[str, Any],
    packs: Sequence[tuple[str, list[tuple[str, int]]]],
    sql: RowsSql,
    *,
    everything: bool,
    exact: bool,
) -> Grouped:
    plain = {name: _unmasked(column) for name, column in found.items()}
    total = len(plain["n"])
    keys: dict[str, Ints] = {}
    for at, (_, parts) in enumerate(packs):
        rest = plain[f"k{at}"].astype(np.int64)
        for name, size in reversed(parts):
            rest, keys[name] = np.divmod(rest, size)
    sound = np.ones(total, bool)
    faults: dict[int, int] = {}
    if everything:
        reason = plain["reason"].astype(np.int64)
        sound = reason == 0
        faults = {int(r): int(plain["n"][reason == r].sum()) for r in np.unique(reason) if r}
    lengths = _lengths(plain, sql, total, exact=exact)
    for name, said in (("x", sql.x), ("y", sql.y)):
        absent = plain[f"no_{name}"].astype(bool) if everything else np.full(total, said is None)
        lengths[name] = np.where(absent, np.nan, lengths[name])
    unseen = [key.name for key in sql.keys if (keys[key.name][sound] == key.size - 1).any()]
    zero = np.zeros(total, np.int64)
    kind = keys["kind"] if "kind" in keys else np.full(total, sql.kinds[0])
    groups = Groups(
        days=keys["day"] - 1 if "day" in keys else zero - 1,
        codes={key.name: keys[key.name] for key in sql.keys},
        names={key.name: ("", *key.values, "") for key in sql.keys},
        kinds=kind,
        rows=plain["n"].astype(np.int64),
        reported={name: np.nan_to_num(plain[name].astype(np.float64)) for name in sql.reported},
        exact=exact,
        **lengths,
    ).cut(sound)
    return Grouped(groups=groups, faults=faults, unseen=tuple(unseen))


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
    a, b = one.groups, other.groups

    def join(name: str) -> Any:
        return np.concatenate([getattr(a, name), getattr(b, name)])

    plain = {name: join(name) for name in _COLUMNS}
    groups = Groups(
        codes={name: np.concatenate([a.codes[name], b.codes[name]]) for name in a.codes},
        names=a.names,
        reported={name: np.concatenate([a.reported[name], b.reported[name]]) for name in a.reported},
        exact=False,
        **plain,
    )
    return Grouped(groups=groups, faults=other.faults, unseen=tuple(dict.fromkeys((*one.unseen, *other.unseen))))
