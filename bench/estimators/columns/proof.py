"""Whether a form gives back what the scalar estimator answers: asked at a few lengths when a cell is resolved.

A form that strays is not used, and its rows are answered one by one: slower, never otherwise.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from bench.errors import BadInput
from bench.estimators.answering import SHORT, Known, answer
from bench.estimators.columns.arrays import Rows
from bench.estimators.columns.cells import alone
from bench.estimators.columns.evaluating import WORK, farther, plain, whole
from bench.estimators.columns.measured_cells import Answers, MeasuredCell, answers
from bench.estimators.columns.prior_cells import PriorCell
from bench.estimators.columns.tables import Tables
from bench.estimators.wanted import Wanted
from bench.nouns.estimates import GRADES

_PROMPTS, _OUTPUTS, _SOUNDS_S = (37.0, 9000.0), (211.0, 3000.0), (12.0, 95.0)
_CLOSE = 1e-10  # relative; nine digits are promised


def proven(asked: Sequence[tuple[Wanted, PriorCell | MeasuredCell]], known: Known) -> list[bool]:
    """Whether each form answers its combination as bench.estimators.answering.answer does."""
    priors = [form for _, form in asked if isinstance(form, PriorCell)]
    found = iter(_priced(priors, known))
    prompts, outputs, sounds = (np.array(one) for one in (_PROMPTS, _OUTPUTS, _SOUNDS_S))
    return [
        _same(_expected(wanted, known), *next(found))
        if isinstance(form, PriorCell)
        else _same(_expected(wanted, known), answers(form, prompts, outputs, sounds))
        for wanted, form in asked
    ]


def _expected(wanted: Wanted, known: Known) -> Answers:
    """What the scalar estimator answers at these lengths."""
    found = []
    for numbers in zip(_PROMPTS, _OUTPUTS, _SOUNDS_S, strict=True):
        said = dict(zip(("input_tokens", "output_tokens", "audio_seconds"), numbers, strict=True))
        try:
            one = answer(alone(wanted, said), known)
            found.append((*one.energy_j, GRADES.index(one.basis)))
        except BadInput:
            found.append((np.nan, np.nan, np.nan, -1))
    low, value, high, grade = (np.array(column) for column in zip(*found, strict=True))
    return Answers(low, value, high, grade.astype(np.int8))


def _priced(cells: Sequence[PriorCell], known: Known) -> Iterator[tuple[Answers, Answers]]:
    """Each cell at these lengths: by the form for any, and by the plain one where it holds."""
    tables, lengths = Tables.of(cells, known.prior), len(_PROMPTS)
    if tables is None:
        return
    at = np.repeat(np.arange(len(cells)), lengths)
    rows, more = Rows(tables.whole, at), Rows(tables.plain, at)
    prompts, outputs = (np.tile(np.array(one), len(cells)) for one in (_PROMPTS, _OUTPUTS))
    usual = rows.pick("prompt_tokens")
    prompts = np.where(np.isnan(usual), prompts, usual)
    far = farther(prompts, outputs, SHORT) * more.pick("far")
    at_any = whole(rows, more, prompts, outputs, tables.reaches)
    (low, value, high), work = np.empty((3, len(at))), np.empty((WORK, len(at)))
    plain(more, (prompts, outputs), (low, value, high), work, tables.reaches, tables.asks)
    within = (prompts + outputs / 2 <= more.pick("most_x")) & (prompts >= more.pick("least_p"))
    where_plain = [np.where(within, one, other) for one, other in zip((low, value, high), at_any, strict=True)]
    grade = np.full(lengths, GRADES.index("scaled"), np.int8)
    for start in range(0, len(at), lengths):
        own = slice(start, start + lengths)
        first, second = (
            Answers(form[0][own] / far[own], form[1][own], form[2][own] * far[own], grade)
            for form in (at_any, where_plain)
        )
        yield first, second


def _same(expected: Answers, *found: Answers) -> bool:
    """Whether all of them are what was expected."""
    return all(
        np.array_equal(one.grade, expected.grade)
        and all(
            np.allclose(getattr(one, side), getattr(expected, side), rtol=_CLOSE, atol=0.0, equal_nan=True)
            for side in ("low", "value", "high")
        )
        for one in found
    )
