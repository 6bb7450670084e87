"""Columns → Estimates: combinations resolved once, rows priced block by block in a core's own cache."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.carbon.factors import Scope as GridScope
from bench.errors import JoulemarkError
from bench.estimators.answering import SHORT, Known, answer
from bench.estimators.columns.arrays import BLOCK, Rows, Scratch, Table
from bench.estimators.columns.asked import Columns
from bench.estimators.columns.cells import Cell, alone, nowhere, resolved
from bench.estimators.columns.combos import Combo, combos_of
from bench.estimators.columns.evaluating import Reaches, outside, plain, whole
from bench.estimators.columns.numbers import Column
from bench.estimators.columns.sheet import Grid, PlaceOf, Reasons, Sheet, blank, fitting
from bench.estimators.roofline import Scope
from bench.estimators.wanted import MOST_COUNT, MOST_SOUND_S, MOST_TOKENS
from bench.nouns.estimates import GRADES, Estimates
from bench.units import J_PER_KWH

_PRIORS_GRADE = GRADES.index("scaled")


class Many:
    """Estimates of columns, by what is known; combinations that were asked before are not resolved again."""

    def __init__(
        self, known: Known, place: PlaceOf | None = None, *, grid_scope: GridScope = "life_cycle"
    ) -> None:
        self._known, self._place, self._grid_scope = known, place, grid_scope
        self._cells: dict[tuple[Combo, Scope | None], Cell] = {}

    def estimate(self, asked: Columns, out: Estimates | None = None) -> Estimates:
        """A row each, in the order asked; a row that cannot be answered is refused, and the others are not.

        `out`: columns of an earlier call to write into, as long or longer. Raises BadInput.
        """
        codes, combos = combos_of(asked)
        cells = [self._cell(combo, asked.scope) for combo in combos]
        reasons = Reasons()
        grid = Grid(asked.region, self._place, self._grid_scope, reasons)
        into = blank(len(asked), grams=grid.known) if out is None else fitting(out, asked, grams=grid.known)
        call = _Call(self._known, asked, codes, cells, Sheet(into, grid), reasons)
        with np.errstate(all="ignore"):  # NaN is a row without an answer
            call.run()
        return Estimates(
            energy_kwh=into.energy_kwh,
            carbon_g=into.carbon_g,
            grade=into.grade,
            refusal=into.refusal,
            reasons=tuple(reasons.texts),
        )

    def _cell(self, combo: Combo, scope: Scope | None) -> Cell:
        key = (combo, scope)
        if key not in self._cells:
            self._cells[key] = resolved(combo, self._known, scope)
        return self._cells[key]


def estimate_many(
    asked: Columns, known: Known, place: PlaceOf | None = None, *, grid_scope: GridScope = "life_cycle"
) -> Estimates:
    """Estimates of columns, once; hold a Many to ask again. Raises BadInput."""
    return Many(known, place, grid_scope=grid_scope).estimate(asked)


class _Call:
    """One call's columns, cells and sheet."""

    def __init__(
        self,
        known: Known,
        asked: Columns,
        codes: npt.NDArray[Any] | None,
        cells: Sequence[Cell],
        sheet: Sheet,
        reasons: Reasons,
    ) -> None:
        self._known, self._codes, self._cells, self._sheet, self._reasons = known, codes, cells, sheet, reasons
        self._rows = len(asked)
        self._input = Column.of("in_tokens", asked.in_tokens, MOST_TOKENS, 0.0)
        self._output = Column.of("out_tokens", asked.out_tokens, MOST_TOKENS, 0.0)
        self._sound = Column.of("audio_seconds", asked.audio_seconds, MOST_SOUND_S, 0.0)
        self._count = Column.of("count", asked.count, MOST_COUNT, 1.0)
        self._reaches = Reaches.of(known.prior)
        priors = [cell.prior for cell in cells if cell.prior is not None]
        if priors:
            first = priors[0]
            gone = nowhere(first.plain)
            self._plain = Table([gone if cell.prior is None else cell.prior.plain for cell in cells])
            self._whole = Table([(cell.prior or first).whole for cell in cells])
        self._any_prior = bool(priors)
        self._felt = any(one.plain.felt for one in priors)
        self._widened = any(one.plain.far > 1 for one in priors)
        self._refusal = np.array([reasons.code(cell.reason) for cell in cells], np.int32)
        self._alone = np.array([cell.alone for cell in cells])
        self._scratch, self._index = Scratch(10), np.empty(BLOCK, np.intp)
        self._later: list[npt.NDArray[np.intp]] = []
        self._one_by_one: list[npt.NDArray[np.intp]] = []

    def run(self) -> None:
        """Fills the sheet."""
        for start in range(0, self._rows, BLOCK):
            part = slice(start, min(start + BLOCK, self._rows))
            at = self._at(part)
            self._grade(part, at)
            if self._any_prior:
                self._price(part, at)
        for each in _blocks(self._later):
            self._price_whole(each)
        if self._one_by_one:
            self._ask(np.concatenate(self._one_by_one))
        for start in range(0, self._rows, BLOCK):
            self._refuse(slice(start, min(start + BLOCK, self._rows)))

    def _at(self, part: Any) -> Any:
        """Which cell each row is of."""
        if self._codes is None:
            return 0
        if isinstance(part, slice):
            at = self._index[: part.stop - part.start]
            np.copyto(at, self._codes[part])
            return at
        return self._codes[part].astype(np.intp)

    def _grade(self, part: slice, at: Any) -> None:
        into = self._sheet.into
        into.grade[part] = _PRIORS_GRADE
        into.refusal[part] = (
            self._refusal[at] if len(self._cells) > 1 and self._refusal.any() else self._refusal[0]
        )
        if self._alone.any():
            rows = np.broadcast_to(self._alone[at], part.stop - part.start)
            self._one_by_one.append(np.flatnonzero(rows) + part.start)

    def _price(self, part: slice, at: Any) -> None:
        columns = self._scratch.of(part.stop - part.start)
        *into, picked = columns
        rows = Rows(self._plain, at, picked)
        prompt, output, count = (one.rows(part) for one in (self._input, self._output, self._count))
        context = into[0]
        np.multiply(output.values, 0.5, out=context)
        context += prompt.values
        later = context > rows.pick("most_x")
        least = rows.pick("least_p")
        if not isinstance(least, float) or least:
            later |= prompt.values < least
        if later.any():
            self._later.append(np.flatnonzero(later) + part.start)
        plain(rows, prompt.values, output.values, into, self._reaches, self._felt)
        value, low, high = into[:3]
        if self._widened or prompt.highest > SHORT or output.highest > SHORT:
            outside(rows, prompt.values, output.values, (low, high), into[3], SHORT)
        times = np.multiply(count.values, 1 / J_PER_KWH, out=into[4])
        self._sheet.write(part, (low, value, high), times, picked)

    def _price_whole(self, each: npt.NDArray[np.intp]) -> None:
        at = self._at(each)
        rows, more = Rows(self._whole, at), Rows(self._plain, at)
        prompt, output, count = (one.rows(each).values for one in (self._input, self._output, self._count))
        usual = rows.pick("prompt_tokens")
        prompt = np.where(np.isnan(usual), prompt, usual) + np.zeros(len(each))
        low, value, high = whole(rows, more, prompt, output + np.zeros(len(each)), self._reaches)
        outside(more, prompt, output, (low, high), np.empty(len(each)), SHORT)
        self._sheet.write(each, (low, value, high), np.asarray(count) / J_PER_KWH, None)

    def _ask(self, each: npt.NDArray[np.intp]) -> None:
        """Rows of cells that have no form, by the scalar estimator."""
        at = np.broadcast_to(self._at(each), len(each))
        numbers = [
            np.broadcast_to(np.asarray(one.rows(each).values), len(each))
            for one in (self._input, self._output, self._sound, self._count)
        ]
        known: dict[tuple[float, ...], tuple[float, float, float, int, int]] = {}
        for row, cell, *said, count in zip(each, at, *numbers, strict=True):
            key = (int(cell), *map(float, said))
            if key not in known:
                known[key] = self._one(self._cells[cell], *key[1:])
            *joules, grade, refusal = known[key]
            self._sheet.write(np.array([row]), [np.array([one]) for one in joules], count / J_PER_KWH, None)
            self._sheet.into.grade[row], self._sheet.into.refusal[row] = grade, refusal

    def _one(self, cell: Cell, prompt: float, output: float, sound: float) -> tuple[float, float, float, int, int]:
        assert cell.wanted is not None  # only cells that are refused have none
        said = {"input_tokens": prompt, "output_tokens": output, "audio_seconds": sound}
        try:
            found = answer(alone(cell.wanted, said), self._known)
        except JoulemarkError as error:
            return np.nan, np.nan, np.nan, -1, self._reasons.code(str(error))
        energy = found.energy_j
        return energy.low, energy.value, energy.high, GRADES.index(found.basis), 0

    def _refuse(self, part: slice) -> None:
        """What is wrong in a row is said, and whatever stands in it taken out."""
        into = self._sheet.into
        for column in (self._input, self._output, self._sound, self._count):
            found = column.rows(part)
            bad = np.arange(part.stop - part.start) if found.all_bad else found.bad
            if bad is not None:
                at = np.flatnonzero(bad) if bad.dtype == bool else bad
                self._sheet.refuse(at + part.start, self._reasons.code(column.reason))
        if self._refusal.any() or self._one_by_one:
            at = np.flatnonzero(into.refusal[part])
            self._sheet.refuse(at + part.start, into.refusal[part][at])
        self._sheet.refuse_regions(part)


def _blocks(rows: Sequence[npt.NDArray[np.intp]]) -> Sequence[npt.NDArray[np.intp]]:
    every = np.concatenate(rows) if rows else np.empty(0, np.intp)
    return [every[start : start + BLOCK] for start in range(0, len(every), BLOCK)]
