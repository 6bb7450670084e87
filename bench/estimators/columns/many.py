"""Columns → Estimates: combinations resolved once, rows priced block by block in a core's own cache."""

from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.carbon.factors import Scope as GridScope
from bench.errors import JoulemarkError
from bench.estimators.answering import SHORT, Known, answer
from bench.estimators.columns.arrays import BLOCK, Rows
from bench.estimators.columns.asked import Columns, Floats, Numeric
from bench.estimators.columns.cells import Cell, alone, resolved
from bench.estimators.columns.combos import Codes, Combo, Found, found_in
from bench.estimators.columns.evaluating import WORK, farther, plain, whole
from bench.estimators.columns.measured_rows import Answers, answers
from bench.estimators.columns.numbers import Block, Column
from bench.estimators.columns.proof import proven
from bench.estimators.columns.sheet import Grid, PlaceOf, Reasons, Sheet, blank, fitting
from bench.estimators.columns.tables import Kinds, Tables
from bench.estimators.roofline import Scope
from bench.estimators.wanted import MOST_COUNT, MOST_SOUND_S, MOST_TOKENS
from bench.nouns.estimates import GRADES, Estimates
from bench.units import J_PER_KWH

_PRIORS_GRADE = GRADES.index("scaled")
_MOST_CELLS = 20_000  # kept: 40 MB or so


class Many:
    """Estimates of columns, by what is known; combinations that were asked before are not resolved again."""

    def __init__(
        self, known: Known, place: PlaceOf | None = None, *, grid_scope: GridScope = "life_cycle"
    ) -> None:
        self._known, self._place, self._grid_scope = known, place, grid_scope
        self._cells: dict[tuple[Combo, Scope | None], Cell] = {}
        self._last: tuple[Hashable, Kinds] | None = None

    def estimate(self, asked: Columns, out: Estimates | None = None) -> Estimates:
        """A row each, in the order asked; a row that cannot be answered is refused, and the others are not.

        `out`: columns of an earlier call to write into, as long or longer. Raises BadInput.
        """
        if not len(asked):
            return replace(blank(0, grams=asked.region != ""), reasons=("",))
        found = found_in(asked)
        reasons = Reasons()
        grid = Grid(asked.region, self._place, self._grid_scope, reasons)
        into = blank(len(asked), grams=grid.known) if out is None else fitting(out, asked, grams=grid.known)
        call = _Call(self._known, asked, found.codes, self._kinds(found, asked.scope), Sheet(into, grid), reasons)
        with np.errstate(all="ignore"):  # NaN is a row without an answer
            call.run()
        return replace(call.sheet.into, reasons=tuple(reasons.texts))

    def _kinds(self, found: Found, scope: Scope | None) -> Kinds:
        """The cells of these combinations; those of the last call as they were, for columns come in pieces."""
        last = self._last
        if last is None or last[0] != found.key:
            last = found.key, Kinds.of(self._resolved(found.combos(), scope), self._known)
            self._last = last  # whole at once: other threads may ask too
        return last[1]

    def _resolved(self, combos: Sequence[Combo], scope: Scope | None) -> list[Cell]:
        """A cell for each combination, those that were asked before as they were."""
        kept = self._cells if len(self._cells) <= _MOST_CELLS else {}
        new = [combo for combo in combos if (combo, scope) not in kept]
        cells = _proven([resolved(combo, self._known, scope) for combo in new], self._known)
        kept.update({(combo, scope): cell for combo, cell in zip(new, cells, strict=True)})
        self._cells = kept
        return [kept[combo, scope] for combo in combos]


def estimate_many(
    asked: Columns, known: Known, place: PlaceOf | None = None, *, grid_scope: GridScope = "life_cycle"
) -> Estimates:
    """Estimates of columns, once; hold a Many to ask again. Raises BadInput."""
    return Many(known, place, grid_scope=grid_scope).estimate(asked)


def _proven(cells: Sequence[Cell], known: Known) -> list[Cell]:
    """The cells, without a form that strays from the scalar estimator."""
    asked = [(cell.wanted, cell.form) for cell in cells if cell.wanted is not None and cell.form is not None]
    with np.errstate(all="ignore"):  # a form may be no number where it does not hold
        kept = iter(proven(asked, known))
    return [
        Cell(wanted=cell.wanted) if cell.wanted is not None and cell.form is not None and not next(kept) else cell
        for cell in cells
    ]


class _Call:
    """One call's columns, cells and sheet."""

    def __init__(
        self,
        known: Known,
        asked: Columns,
        codes: Codes | None,
        kinds: Kinds,
        sheet: Sheet,
        reasons: Reasons,
    ) -> None:
        self._known, self._codes, self._kinds, self.sheet, self._reasons = known, codes, kinds, sheet, reasons
        self._rows = len(asked)
        self._input = Column.of("in_tokens", asked.in_tokens, MOST_TOKENS, 0.0)
        self._output = Column.of("out_tokens", asked.out_tokens, MOST_TOKENS, 0.0)
        self._sound = Column.of("audio_seconds", asked.audio_seconds, MOST_SOUND_S, 0.0)
        self._count = Column.of("count", asked.count, MOST_COUNT, 1.0)
        self._tables = kinds.tables
        self._refusal = np.array([reasons.code(cell.reason) for cell in kinds.cells], np.int32)
        self._refuses, self._any_apart = bool(self._refusal.any()), bool(kinds.apart.any())
        self._scratch, self._index = np.empty((WORK + 1, min(BLOCK, self._rows))), np.empty(BLOCK, np.intp)
        self._later: list[npt.NDArray[np.intp]] = []
        self._put_apart: list[npt.NDArray[np.intp]] = []
        self._wrong: list[tuple[npt.NDArray[np.intp], str]] = []

    def run(self) -> None:
        """Fills the sheet."""
        told = self._refuses or self._any_apart or self.sheet.refuses_places
        for start in range(0, self._rows, BLOCK):
            part = slice(start, min(start + BLOCK, self._rows))
            at = self._at(part)
            blocks = [self._read(column, part) for column in (self._input, self._output, self._count, self._sound)]
            if self._tables is not None:
                self._price(self._tables, part, at, *blocks[:3])
            if told:
                self._grade(part, at)
        for each in _blocks(self._later):
            self._price_whole(each)
        for each in _blocks(self._put_apart):
            self._ask(each)
        if told or self._wrong:
            if not told:
                self._grade(slice(0, self._rows), 0)
            self._refuse()
        else:
            self.sheet.all_of(_PRIORS_GRADE)

    def _at(self, part: Any) -> Any:
        """Which cell each row is of."""
        if self._codes is None:
            return 0
        rows = part.stop - part.start if isinstance(part, slice) else len(part)
        return self._codes.at(part, self._index[:rows])

    def _read(self, column: Column, part: slice) -> Block:
        block = column.rows(part)
        if block.all_bad or block.bad is not None:
            bad = np.ones(part.stop - part.start, bool) if block.bad is None else block.bad
            self._wrong.append((np.flatnonzero(bad) + part.start, column.reason))
        return block

    def _grade(self, part: slice, at: Any) -> None:
        """What a row's cell says of it."""
        into = self.sheet.into
        into.grade[part] = _PRIORS_GRADE
        into.refusal[part] = self._refusal[at] if self._refuses else 0
        if self._any_apart:
            rows = np.broadcast_to(self._kinds.apart[at], part.stop - part.start)
            self._put_apart.append(np.flatnonzero(rows) + part.start)

    def _price(self, tables: Tables, part: slice, at: Any, prompt: Block, output: Block, count: Block) -> None:
        scratch = self._scratch[:, : part.stop - part.start]
        work, picked = scratch[:WORK], scratch[WORK]
        rows = Rows(tables.plain, at, picked)
        into = self.sheet.energies(part)
        if tables.any_later(prompt, output):
            self._later.append(_later(rows, prompt.values, output.values, work[0]) + part.start)
        asks = replace(tables.asks, empty=not output.lowest >= 1)  # NaN is not
        plain(rows, (prompt.values, output.values), into, work, tables.reaches, asks)
        if prompt.highest > SHORT or output.highest > SHORT:
            _widen(prompt.values, output.values, into)
        if tables.far:
            into[0] /= rows.pick("far")
            into[2] *= rows.pick("far")
        times: Numeric = 1 / J_PER_KWH
        if isinstance(count.values, float):
            times *= count.values
        else:
            times = np.multiply(count.values, times, out=work[0])
        self.sheet.settle(part, times, picked)

    def _price_whole(self, each: npt.NDArray[np.intp]) -> None:
        assert self._tables is not None  # which put these rows off
        at = self._at(each)
        rows, more = Rows(self._tables.whole, at), Rows(self._tables.plain, at)
        prompt, output, count = (one.rows(each).values for one in (self._input, self._output, self._count))
        usual = rows.pick("prompt_tokens")
        prompt = np.where(np.isnan(usual), prompt, usual) + np.zeros(len(each))
        output = output + np.zeros(len(each))
        low, value, high = whole(rows, more, prompt, output, self._tables.reaches)
        far = farther(prompt, output, SHORT) * more.pick("far")
        self.sheet.write(each, (low / far, value, high * far), np.asarray(count) / J_PER_KWH)

    def _ask(self, each: npt.NDArray[np.intp]) -> None:
        """Rows of cells that the prior does not answer, cell by cell."""
        at = np.array(np.broadcast_to(self._at(each), len(each)))
        columns = (self._input, self._output, self._sound, self._count)
        numbers = [np.broadcast_to(np.asarray(one.rows(each).values), len(each)) for one in columns]
        for code in np.unique(at):
            own = np.flatnonzero(at == code)
            prompt, output, sound, count = (column[own] for column in numbers)
            cell = self._kinds.cells[code]
            if cell.measured:
                found = answers(cell.measured, prompt, output, sound)
            else:
                found = self._alone_each(cell, np.stack([prompt, output, sound], axis=1), each[own])
            rows = each[own]
            self.sheet.write(rows, (found.low, found.value, found.high), count / J_PER_KWH)
            self.sheet.into.grade[rows] = found.grade
            if cell.measured:
                refused = self._reasons.code(cell.measured.reason)
                self.sheet.into.refusal[rows] = np.where(found.grade < 0, refused, 0)

    def _alone_each(self, cell: Cell, said: Floats, rows: npt.NDArray[np.intp]) -> Answers:
        """Rows of a cell that has no form, by the scalar estimator; like rows once."""
        distinct_, back = np.unique(said, axis=0, return_inverse=True)
        found = [self._one(cell, *(float(number) for number in one)) for one in distinct_]
        low, value, high, grade, refusal = (np.array(column)[back] for column in zip(*found, strict=True))
        self.sheet.into.refusal[rows] = refusal
        return Answers(low, value, high, grade.astype(np.int8))

    def _one(self, cell: Cell, prompt: float, output: float, sound: float) -> tuple[float, float, float, int, int]:
        assert cell.wanted is not None  # only cells that are refused have none
        said = {"input_tokens": prompt, "output_tokens": output, "audio_seconds": sound}
        try:
            found = answer(alone(cell.wanted, said), self._known)
        except JoulemarkError as error:
            return np.nan, np.nan, np.nan, -1, self._reasons.code(error.args[0])
        energy = found.energy_j
        return energy.low, energy.value, energy.high, GRADES.index(found.basis), 0

    def _refuse(self) -> None:
        """What is wrong in a row is said, and whatever stands in it taken out."""
        for at, reason in self._wrong:
            self.sheet.into.refusal[at] = self._reasons.code(reason)
        self.sheet.refuse_regions()
        if len(self._reasons.texts) > 1:
            self.sheet.empty_refused()


def _later(rows: Rows, prompt: Numeric, output: Numeric, context: Floats) -> npt.NDArray[np.intp]:
    """Rows that lie beyond their cell's plain form."""
    np.multiply(output, 0.5, out=context)
    context += prompt
    later = context > rows.pick("most_x")
    later |= prompt < rows.pick("least_p")
    return np.flatnonzero(later)


def _widen(prompt: Numeric, output: Numeric, into: Sequence[Floats]) -> None:
    """The bounds of those rows whose lengths the prior has not seen."""
    low, _, high = into
    beyond = np.logical_or(np.greater(prompt, SHORT), np.greater(output, SHORT))
    at = np.flatnonzero(np.broadcast_to(beyond, len(low)))
    if len(at):
        prompts, outputs = (one if isinstance(one, float) else one[at] for one in (prompt, output))
        far = farther(prompts, outputs, SHORT)
        low[at] /= far
        high[at] *= far


def _blocks(rows: Sequence[npt.NDArray[np.intp]]) -> Sequence[npt.NDArray[np.intp]]:
    every = np.concatenate(rows) if rows else np.empty(0, np.intp)
    return [every[start : start + BLOCK] for start in range(0, len(every), BLOCK)]
