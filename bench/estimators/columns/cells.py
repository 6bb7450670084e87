"""What was resolved once and holds for every row of a combination: a cell, by the scalar estimator itself."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bench.errors import BadInput, JoulemarkError
from bench.estimators.answer import Answer
from bench.estimators.answering import FARTHER, LARGE_BATCH, Known, answer
from bench.estimators.by_cell import cells_of
from bench.estimators.columns.combos import Combo, unnamed
from bench.estimators.columns.measured_cells import MeasuredCell, measured_cell
from bench.estimators.columns.prior_cells import Plain, PriorCell, cell_of
from bench.estimators.roofline import Scope
from bench.estimators.seen_cells import seen_cells
from bench.estimators.wanted import Wanted

_PROMPT, _OUTPUT, _SOUND_S = 100.0, 100.0, 30.0  # what a combination is asked with; any would do


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A combination resolved: refused for a `reason`, by the prior's form, by measured coefficients, else row by
    row."""

    wanted: Wanted | None
    reason: str = ""
    prior: PriorCell | None = None
    measured: MeasuredCell | None = None

    @property
    def form(self) -> PriorCell | MeasuredCell | None:
        """The form that answers its rows."""
        return self.prior or self.measured

    @property
    def apart(self) -> bool:
        """Whether its rows are answered apart from those of the prior."""
        return not self.reason and self.prior is None


def resolved(combo: Combo, known: Known, scope: Scope | None) -> Cell:
    """The cell of a combination."""
    try:
        wanted = _wanted(combo, scope)
        carried = seen_cells(wanted.model, known.published, known.catalogue, known.prior, wanted.scope or "wall")
        if cells_of(wanted, known.published):
            found = measured_cell(wanted, known)
            return Cell(wanted=wanted, measured=None if found and carried and found.may_be_carried else found)
        if carried:
            return Cell(wanted=wanted)
        return Cell(wanted=wanted, prior=_by_prior(answer(wanted, known), known, combo))
    except JoulemarkError as error:
        return Cell(wanted=None, reason=error.args[0])


def _wanted(combo: Combo, scope: Scope | None) -> Wanted:
    if combo.unnamed:
        raise BadInput(unnamed(combo.unnamed))
    return Wanted(
        model=combo.model,
        hardware=combo.hardware,
        precision=combo.precision,
        engine=combo.engine,
        batch=combo.batch,
        cards=combo.cards,
        scope=scope,
        input_tokens=_PROMPT if combo.in_said else None,
        output_tokens=_OUTPUT if combo.out_said else None,
        audio_seconds=_SOUND_S if combo.audio_said else None,
    )


def _by_prior(found: Answer, known: Known, combo: Combo) -> PriorCell | None:
    if found.method != "prior" or found.job is None:
        return None
    job = found.job
    far = max(1.0, job.batch / LARGE_BATCH) ** FARTHER
    return cell_of(known.prior, job, prompt_said=combo.in_said, far=far)


def alone(wanted: Wanted, numbers: Mapping[str, float]) -> Wanted:
    """The request of one row, of the numbers that its combination says."""
    own = {name: value for name, value in numbers.items() if getattr(wanted, name) is not None}
    return replace(wanted, **own)  # type: ignore[arg-type]  # its own fields


def nowhere(one: Plain) -> Plain:
    """The same numbers with no answer in them, for a cell that is refused: columns of one number stay so."""
    return replace(one, fixed=float("nan"), most_x=float("inf"), least_p=0.0)
