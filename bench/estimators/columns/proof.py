"""Whether a form gives back what the scalar estimator answers: asked at a few lengths when a cell is resolved.

A form that strays is not used, and its rows are answered one by one: slower, never otherwise.
"""

import numpy as np
import numpy.typing as npt

from bench.errors import BadInput
from bench.estimators.answering import SHORT, Known, answer
from bench.estimators.columns.arrays import Rows, Scratch
from bench.estimators.columns.asked import Floats
from bench.estimators.columns.cells import alone
from bench.estimators.columns.evaluating import farther, plain, whole
from bench.estimators.columns.measured_cells import Answers, MeasuredCell, answers
from bench.estimators.columns.prior_cells import PriorCell
from bench.estimators.columns.tables import Tables
from bench.estimators.wanted import Wanted
from bench.nouns.estimates import GRADES

_PROMPTS, _OUTPUTS, _SOUNDS_S = (37.0, 9000.0), (211.0, 3000.0), (12.0, 95.0)
_CLOSE = 1e-10  # relative; nine digits are promised


def proven(wanted: Wanted, form: PriorCell | MeasuredCell, known: Known) -> bool:
    """Whether the form answers that combination as bench.estimators.answering.answer does."""
    prompts, outputs, sounds = (np.array(one) for one in (_PROMPTS, _OUTPUTS, _SOUNDS_S))
    if isinstance(form, MeasuredCell):
        return _same(answers(form, prompts, outputs, sounds), _expected(wanted, known))
    expected = _expected(wanted, known)
    tables = Tables.of([form], known.prior)
    assert tables is not None  # there is a cell
    usual = form.whole.prompt_tokens
    prompts = prompts if np.isnan(usual) else np.full(len(prompts), usual)
    within = (prompts + outputs / 2 <= form.plain.most_x) & (prompts >= form.plain.least_p)
    at_any = _priced(tables, prompts, outputs, everywhere=True)
    if not within.any():
        return _same(at_any, expected)
    return _same(at_any, expected) and _same(_priced(tables, prompts, outputs), expected, within)


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


def _priced(tables: Tables, prompts: Floats, outputs: Floats, *, everywhere: bool = False) -> Answers:
    """The prior's form at these lengths: that of batches that run whole, or that of any."""
    rows = len(prompts)
    more = Rows(tables.plain, 0)
    with np.errstate(all="ignore"):  # where the plain form does not hold it may be no number
        if everywhere:
            low, value, high = whole(Rows(tables.whole, 0), more, prompts, outputs, tables.reaches)
        else:
            low, value, high, *work = Scratch(9, rows).of(rows)
            plain(more, (prompts, outputs), (low, value, high), work, tables.reaches, tables.asks)
    far = farther(prompts, outputs, SHORT) * more.pick("far")
    return Answers(low / far, value, high * far, np.full(rows, GRADES.index("scaled"), np.int8))


def _same(found: Answers, expected: Answers, at: npt.NDArray[np.bool_] | None = None) -> bool:
    rows = slice(None) if at is None else at
    pairs = ((found.low, expected.low), (found.value, expected.value), (found.high, expected.high))
    return bool(np.array_equal(found.grade[rows], expected.grade[rows])) and all(
        np.allclose(own[rows], told[rows], rtol=_CLOSE, atol=0.0, equal_nan=True) for own, told in pairs
    )
