"""Rows → the distinct combinations of what is said by name, and which of them each row is."""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.estimators.columns.arrays import BLOCK
from bench.estimators.columns.asked import Columns, Ints, Names, Numbers
from bench.estimators.columns.numbers import distinct
from bench.phrases import Phrase

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


class Codes:
    """Which combination each row is: the codes of several columns joined to one, and what stands there."""

    def __init__(self, columns: Sequence[tuple[Ints, int]], rows: int) -> None:
        self._columns = columns
        size = math.prod(own for _, own in columns)
        self._wide = size > _MARKED
        self._joined: Ints = np.empty(BLOCK, np.int64 if self._wide else np.int32)
        self._index, self._places = np.empty(BLOCK, np.intp), np.empty(0, np.intp)
        if self._wide:
            self.found = [int(code) for code in np.unique(self._join(slice(0, rows), np.empty(rows, np.int64)))]
            return
        marked = np.zeros(size, bool)
        for start in range(0, rows, BLOCK):
            joined = self._join(slice(start, min(start + BLOCK, rows)), self._joined)
            index = self._index[: len(joined)]
            np.copyto(index, joined)  # a narrow index would be widened again, more slowly
            marked[index] = True
        found = np.flatnonzero(marked)
        self._places = np.zeros(size, np.intp)
        self._places[found] = np.arange(len(found))
        self.found = [int(code) for code in found]

    def _join(self, rows: Any, into: Ints) -> Ints:
        first = self._columns[0][0][rows]
        joined = into[: len(first)]
        np.copyto(joined, first, casting="unsafe")
        for codes, size in self._columns[1:]:
            np.multiply(joined, size, out=joined)
            np.add(joined, codes[rows], out=joined, casting="unsafe")
        return joined

    def at(self, rows: Any, into: Ints) -> Ints:
        """Where in `found` the combinations of a block's rows stand: written into a column of indices."""
        joined = self._join(rows, self._joined[: len(into)])
        if self._wide:
            return np.searchsorted(self.found, joined)
        index = self._index[: len(into)]
        np.copyto(index, joined)
        return self._places.take(index, out=into, mode="clip")


def unnamed(column: str) -> Phrase:
    """Why a row is refused whose code is none of its column's names."""
    return Phrase("{column}: a code that is none of its names; needed is one that counts in names", column=column)


def named(names: Names) -> tuple[Ints | None, list[str | None]]:
    """Codes that count in values; a code that is none of the names is the last, which is None."""
    if isinstance(names, str):
        return None, [names]
    codes, values = names.codes, names.names
    if len(codes) and (codes.min() < 0 or codes.max() >= len(values)):
        inside = (codes >= 0) & (codes < len(values))
        return np.where(inside, codes, len(values)), [*values, None]
    return codes, [*values]


@dataclass(frozen=True, slots=True)
class Found:
    """Which of the distinct combinations each row is (None: all are the one). `key` is equal where these are."""

    codes: Codes | None
    key: Hashable
    _dimensions: Mapping[str, _Dimension]

    def combos(self) -> list[Combo]:
        """The distinct combinations."""
        fixed = {name: one.values[0] for name, one in self._dimensions.items() if one.codes is None}
        varying = [(name, one.values) for name, one in self._dimensions.items() if one.codes is not None]
        combos = []
        for code in [0] if self.codes is None else self.codes.found:
            own = dict(fixed)
            for name, values in reversed(varying):
                code, at = divmod(code, len(values))
                own[name] = values[at]
            combos.append(_combo(own))
        return combos


def found_in(asked: Columns) -> Found:
    """The combinations of these columns."""
    found = {name: _Dimension(*named(getattr(asked, name))) for name in _NAMES}
    found |= {name: _numbered(getattr(asked, name)) for name in ("batch", "cards")}
    found |= {f"{name}_said": _said(getattr(asked, of)) for name, of in _SAID}
    varying = [(one.codes, len(one.values)) for one in found.values() if one.codes is not None]
    codes = Codes(varying, len(asked)) if varying else None
    told = tuple((one.codes is None, tuple(one.values)) for one in found.values())
    return Found(codes, (told, tuple(codes.found) if codes else (), asked.scope), found)


_NAMES = ("model", "hardware", "precision", "engine")
_SAID = (("in", "in_tokens"), ("out", "out_tokens"), ("audio", "audio_seconds"))


def _combo(values: dict[str, Any]) -> Combo:
    wrong = [name for name in _NAMES if values[name] is None]
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
