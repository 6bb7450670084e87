"""Rows → the distinct combinations of what is said by name, and which of them each row is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.estimators.columns.arrays import BLOCK
from bench.estimators.columns.asked import Columns, Ints, Names, Numbers
from bench.estimators.columns.numbers import distinct

_MARKED = 1 << 24  # combinations that are found by marking, else by sorting


@dataclass(frozen=True, slots=True, kw_only=True)
class Combo:
    """All that a row says but its lengths. `unnamed` is the column whose code is none of its names."""

    model: str = ""
    hardware: str = ""
    precision: str = ""
    engine: str = ""
    batch: float | None = None
    cards: float | None = None
    in_said: bool = True
    out_said: bool = True
    audio_said: bool = True
    unnamed: str = ""


@dataclass(frozen=True, slots=True)
class _Dimension:
    codes: Ints | None  # None: one value for all rows
    values: Sequence[Any]


class _Unnamed:
    """A name whose code is none of the column's."""


def named(names: Names) -> tuple[Ints | None, list[Any]]:
    """Codes that count in values; a code that is none of the names is the last, an _Unnamed."""
    if isinstance(names, str):
        return None, [names]
    codes, values = names.codes, list(names.names)
    if len(codes) and (codes.min() < 0 or codes.max() >= len(values)):
        inside = (codes >= 0) & (codes < len(values))
        return np.where(inside, codes, len(values)), [*values, _Unnamed()]
    return codes, values


def is_named(value: Any) -> bool:
    """Whether a code stood for a name."""
    return not isinstance(value, _Unnamed)


def combos_of(asked: Columns) -> tuple[Ints | None, list[Combo]]:
    """Which combination each row is, and the combinations; None: all rows are the one."""
    found = {name: _Dimension(*named(getattr(asked, name))) for name in _NAMES}
    found |= {name: _numbered(getattr(asked, name)) for name in ("batch", "cards")}
    found |= {f"{name}_said": _said(getattr(asked, of)) for name, of in _SAID}
    varying = {name: one for name, one in found.items() if one.codes is not None}
    fixed = {name: one.values[0] for name, one in found.items() if one.codes is None}
    if not varying:
        return None, [_combo(fixed)]
    codes, distinct_ = _joined(list(varying.values()), len(asked))
    combos = []
    for code in distinct_:
        own = dict(fixed)
        for name, one in reversed(varying.items()):
            code, at = divmod(code, len(one.values))
            own[name] = one.values[at]
        combos.append(_combo(own))
    return codes, combos


_NAMES = ("model", "hardware", "precision", "engine")
_SAID = (("in", "in_tokens"), ("out", "out_tokens"), ("audio", "audio_seconds"))


def _combo(values: dict[str, Any]) -> Combo:
    wrong = [name for name, value in values.items() if not is_named(value)]
    return Combo(**{**values, "unnamed": wrong[0], **dict.fromkeys(wrong, "")} if wrong else values)


def _numbered(numbers: Numbers) -> _Dimension:
    if numbers is None or not isinstance(numbers, np.ndarray):
        return _Dimension(None, [None if numbers is None else float(numbers)])
    masked = np.ma.getmask(numbers)
    if masked is np.ma.nomask:
        return _Dimension(*distinct(numbers))
    codes, values = distinct(np.ma.filled(numbers, 0))
    return _Dimension(np.where(masked, len(values), codes), [*values, None])


def _said(numbers: Numbers) -> _Dimension:
    masked = np.ma.getmask(numbers) if isinstance(numbers, np.ndarray) else np.ma.nomask
    if masked is np.ma.nomask:
        return _Dimension(None, [numbers is not None])
    return _Dimension(np.asarray(masked, np.int8), [True, False])


def _joined(dimensions: Sequence[_Dimension], rows: int) -> tuple[Ints, list[int]]:
    """One code a row out of several, and the distinct ones, in which the rows' codes count."""
    sizes = [len(one.values) for one in dimensions]
    size = 1
    for own in sizes:
        size *= own
    joined: Ints = np.empty(rows, np.int32 if size <= _MARKED else np.int64)
    marked = np.zeros(size if size <= _MARKED else 0, bool)
    for start in range(0, rows, BLOCK):
        part = slice(start, start + BLOCK)
        into: Ints = joined[part]
        into[:] = 0
        for one, own in zip(dimensions, sizes, strict=True):
            if one.codes is not None:
                np.multiply(into, own, out=into)
                np.add(into, one.codes[part], out=into, casting="unsafe")
        if len(marked):
            marked[into] = True
    if not len(marked):
        values, codes = np.unique(joined, return_inverse=True)
        return codes, [int(value) for value in values]
    found = np.flatnonzero(marked)
    places = np.zeros(size, np.int32)
    places[found] = np.arange(len(found))
    for start in range(0, rows, BLOCK):
        part = slice(start, start + BLOCK)
        joined[part] = places[joined[part]]
    return joined, [int(value) for value in found]
