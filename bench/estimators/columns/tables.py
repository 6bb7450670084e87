"""The numbers of a call's cells as columns, and which parts of the form they need at all."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.estimators.answering import Known
from bench.estimators.columns.arrays import Table
from bench.estimators.columns.asked import Bools
from bench.estimators.columns.cells import Cell, nowhere
from bench.estimators.columns.evaluating import Asks, Reaches
from bench.estimators.columns.numbers import Block
from bench.estimators.columns.prior_cells import PriorCell
from bench.estimators.prior import Prior


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """Cells of one prior; a cell of another kind has no number in its place."""

    plain: Table
    whole: Table
    reaches: Reaches
    asks: Asks
    far: bool
    most_x: float  # up to which no row lies beyond its cell's plain form
    least_p: float  # and from which on

    @staticmethod
    def of(cells: Sequence[PriorCell | None], prior: Prior) -> "Tables | None":
        """The tables; None where no cell is the prior's."""
        priors = [cell for cell in cells if cell is not None]
        if not priors:
            return None
        first = priors[0]
        gone = nowhere(first.plain)
        return Tables(
            plain=Table([gone if cell is None else cell.plain for cell in cells]),
            whole=Table([(cell or first).whole for cell in cells]),
            reaches=Reaches.of(prior),
            asks=Asks(felt=any(one.plain.felt for one in priors), routed=any(one.plain.missed for one in priors)),
            far=any(one.plain.far > 1 for one in priors),
            most_x=min(one.plain.most_x for one in priors),
            least_p=max(one.plain.least_p for one in priors),
        )

    def any_later(self, prompt: Block, output: Block) -> bool:
        """Whether a row of these may lie beyond its cell's plain form."""
        most_x = prompt.highest + output.highest / 2
        return most_x > self.most_x or (self.least_p > 0 and not prompt.lowest >= self.least_p)


@dataclass(frozen=True, slots=True)
class Kinds:
    """A call's cells, by how they are answered."""

    cells: Sequence[Cell]
    tables: Tables | None
    apart: Bools

    @staticmethod
    def of(cells: Sequence[Cell], known: Known) -> "Kinds":
        """The kinds of these cells."""
        return Kinds(
            cells, Tables.of([cell.prior for cell in cells], known.prior), np.array([c.apart for c in cells])
        )
