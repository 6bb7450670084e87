"""Where answers go: columns of kWh, grams, grades and refusals, filled block by block."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from bench.carbon import Place
from bench.carbon.factors import Scope as GridScope
from bench.carbon.grams import grams_per_it_kwh
from bench.errors import BadInput, JoulemarkError
from bench.estimators.columns.arrays import Rows, Table
from bench.estimators.columns.asked import Columns, Floats, Ints, Names, Numeric
from bench.estimators.columns.combos import named, unnamed
from bench.nouns.estimates import Estimates, RangeColumns
from bench.phrases import Phrase

PlaceOf = Callable[[str], Place]
_SIDES = ("low", "value", "high")


@dataclass(slots=True)
class Reasons:
    """Why rows are refused, each said once; the first is that they are not."""

    texts: list[str] = field(default_factory=lambda: [""])
    _codes: dict[str, int] = field(default_factory=lambda: {"": 0})

    def code(self, text: str) -> int:
        """Where that reason stands."""
        if text not in self._codes:
            self._codes[text] = len(self.texts)
            self.texts.append(text)
        return self._codes[text]


@dataclass(frozen=True, slots=True)
class _Grams:
    low: float
    value: float
    high: float
    refusal: float


class Grid:
    """Grams a kWh of every row's place, PUE inside."""

    def __init__(self, region: Names, place: PlaceOf | None, scope: GridScope, reasons: Reasons) -> None:
        self._codes, names = named(region)
        self.table = Table([_grams(name, place, scope, reasons) for name in names])
        self.known = any(names)
        self.refuses = bool(np.any(self.table.columns["refusal"]))

    def rows(self, at: Any, into: Floats | None = None) -> Rows:
        """The factors of some rows."""
        return Rows(self.table, None if self._codes is None else self._codes[at].astype(np.intp), into)


def _grams(name: str | None, place: PlaceOf | None, scope: GridScope, reasons: Reasons) -> _Grams:
    nowhere = float("nan")
    if name is None:
        return _Grams(nowhere, nowhere, nowhere, reasons.code(unnamed("region")))
    if not name:
        return _Grams(nowhere, nowhere, nowhere, 0)
    try:
        if place is None:
            raise BadInput(
                Phrase("region {name!r}: no places were handed in; needed is read_regions().place", name=name)
            )
        low, value, high = grams_per_it_kwh(place(name), scope=scope)
        return _Grams(low, value, high, 0)
    except JoulemarkError as error:
        return _Grams(nowhere, nowhere, nowhere, reasons.code(error.args[0]))


def blank(rows: int, *, grams: bool) -> Estimates:
    """Columns of that length, nothing in them yet."""

    def three() -> RangeColumns:
        return RangeColumns(**{side: np.empty(rows) for side in _SIDES})

    return Estimates(
        energy_kwh=three(),
        carbon_g=three() if grams else None,
        grade=np.empty(rows, np.int8),
        refusal=np.empty(rows, np.int32),
        reasons=(),
    )


def fitting(out: Estimates, asked: Columns, *, grams: bool) -> Estimates:
    """The columns handed in, cut to the rows asked. Raises BadInput where they are too short, or lack grams."""
    rows = len(asked)
    if len(out) < rows or (out.carbon_g is None) is grams:
        raise BadInput(
            Phrase(
                "out: columns of {found} rows, {which}; needed are {rows} at least, {wanted}",
                found=len(out),
                which=Phrase("with grams") if out.carbon_g else Phrase("without grams"),
                rows=rows,
                wanted=Phrase("with grams") if grams else Phrase("without grams"),
            )
        )

    def cut(one: RangeColumns) -> RangeColumns:
        return RangeColumns(**{side: getattr(one, side)[:rows] for side in _SIDES})

    return Estimates(
        energy_kwh=cut(out.energy_kwh),
        carbon_g=None if out.carbon_g is None else cut(out.carbon_g),
        grade=out.grade[:rows] if out.grade.flags.writeable else np.empty(rows, np.int8),
        refusal=out.refusal[:rows] if out.refusal.flags.writeable else np.empty(rows, np.int32),
        reasons=(),
    )


class Sheet:
    """The columns in the making."""

    def __init__(self, into: Estimates, grid: Grid) -> None:
        self.into, self._grid = into, grid

    def energies(self, part: slice) -> list[Floats]:
        """The columns of a block's energies, to be worked in: low, value, high."""
        return [getattr(self.into.energy_kwh, side)[part] for side in _SIDES]

    def settle(self, part: slice, times: Numeric, spare: Floats) -> None:
        """Makes kWh of what stands there, `times` the kWh of a joule and request, and grams of them."""
        grams, energies = self.into.carbon_g, self.energies(part)
        for energy in energies:
            energy *= times
        if grams is not None:
            factors = self._grid.rows(part, spare)
            for side, energy in zip(_SIDES, energies, strict=True):
                np.multiply(energy, factors.pick(side), out=getattr(grams, side)[part])

    def write(self, at: Ints, ranges: Sequence[Numeric], times: Numeric) -> None:
        """Energies [J] of one request at single rows: low, value, high."""
        grams = self.into.carbon_g
        for side, joules in zip(_SIDES, ranges, strict=True):
            getattr(self.into.energy_kwh, side)[at] = kwh = joules * times
            if grams is not None:
                getattr(grams, side)[at] = kwh * self._grid.rows(at).pick(side)

    @property
    def refuses_places(self) -> bool:
        """Whether a row may lie at no known place."""
        return self._grid.refuses

    def all_of(self, grade: int) -> None:
        """Every row is answered, and of that grade: one number each, seen as a column."""
        rows = self.into.grade.shape
        self.into = replace(
            self.into,
            grade=np.broadcast_to(np.int8(grade), rows),
            refusal=np.broadcast_to(np.int32(0), rows),
        )

    def refuse_regions(self) -> None:
        """What lies at no known place, and is not refused for another reason."""
        if self._grid.refuses:
            rows = slice(0, len(self.into.grade))
            refusal = np.broadcast_to(self._grid.rows(rows).pick("refusal"), len(self.into.grade))
            at = np.flatnonzero((refusal > 0) & (self.into.refusal == 0))
            self.into.refusal[at] = refusal[at]

    def empty_refused(self) -> None:
        """Takes out what stands in rows that are refused."""
        at = np.flatnonzero(self.into.refusal)
        for ranges in (self.into.energy_kwh, self.into.carbon_g):
            if ranges is not None:
                for side in _SIDES:
                    getattr(ranges, side)[at] = np.nan
        self.into.grade[at] = -1
