"""Whether a form gives back what the scalar estimator answers: asked at a few lengths when a cell is resolved.

A form that strays is not used, and its rows are answered one by one: slower, never otherwise.
"""

import math
from collections.abc import Sequence

import numpy as np

from bench.errors import BadInput
from bench.estimators.answering import SHORT, Known, answer
from bench.estimators.columns.arrays import Rows
from bench.estimators.columns.asked import Bools, Floats
from bench.estimators.columns.cells import alone
from bench.estimators.columns.evaluating import WORK, farther, plain, whole
from bench.estimators.columns.measured_cells import MeasuredCell
from bench.estimators.columns.measured_rows import answers
from bench.estimators.columns.prior_cells import PriorCell
from bench.estimators.columns.tables import Tables
from bench.estimators.wanted import Wanted
from bench.nouns.estimates import GRADES

_PROMPTS, _OUTPUTS, _SOUNDS_S = (37.0, 9000.0), (211.0, 3000.0), (12.0, 95.0)
_CLOSE = 1e-10  # relative; nine digits are promised


def proven(asked: Sequence[tuple[Wanted, PriorCell | MeasuredCell]], known: Known) -> list[bool]:
    """Whether each form answers its combination as bench.estimators.answering.answer does."""
    expected = np.array([_expected(wanted, known) for wanted, _ in asked]).reshape(-1, len(_PROMPTS), 4)
    priors = [(at, form) for at, (_, form) in enumerate(asked) if isinstance(form, PriorCell)]
    good = np.zeros(len(asked), bool)
    if priors:
        at = [at for at, _ in priors]
        good[at] = _same(_by_prior([form for _, form in priors], known), expected[at])
    for one, (_, form) in enumerate(asked):
        if isinstance(form, MeasuredCell):
            good[one] = _same(_measured(form)[None, None], expected[one : one + 1])[0]
    return [bool(each) for each in good]


def _expected(wanted: Wanted, known: Known) -> list[tuple[float, ...]]:
    """What the scalar estimator answers at these lengths: low, value, high, grade."""
    found = []
    for numbers in zip(_PROMPTS, _OUTPUTS, _SOUNDS_S, strict=True):
        said = dict(zip(("input_tokens", "output_tokens", "audio_seconds"), numbers, strict=True))
        try:
            one = answer(alone(wanted, said), known)
            found.append((*one.energy_j, float(GRADES.index(one.basis))))
        except BadInput:
            found.append((math.nan, math.nan, math.nan, -1.0))
    return found


def _measured(form: MeasuredCell) -> Floats:
    found = answers(form, *(np.array(one) for one in (_PROMPTS, _OUTPUTS, _SOUNDS_S)))
    return np.stack([found.low, found.value, found.high, found.grade], axis=1)


def _by_prior(cells: Sequence[PriorCell], known: Known) -> Floats:
    """Each cell at these lengths: by the form for any, and by the plain one where it holds."""
    tables, lengths = Tables.of(cells, known.prior), len(_PROMPTS)
    assert tables is not None  # there are cells
    at = np.repeat(np.arange(len(cells)), lengths)
    rows, more = Rows(tables.whole, at), Rows(tables.plain, at)
    prompts, outputs = (np.tile(np.array(one), len(cells)) for one in (_PROMPTS, _OUTPUTS))
    usual = rows.pick("prompt_tokens")
    prompts = np.where(np.isnan(usual), prompts, usual)
    far = farther(prompts, outputs, SHORT) * more.pick("far")
    at_any = whole(rows, more, prompts, outputs, tables.reaches)
    ends, work = np.empty((3, len(at))), np.empty((WORK, len(at)))
    plain(more, (prompts, outputs), list(ends), work, tables.reaches, tables.asks)
    within = (prompts + outputs / 2 <= more.pick("most_x")) & (prompts >= more.pick("least_p"))
    grade = np.full(len(at), float(GRADES.index("scaled")))
    forms = (at_any, np.where(within, ends, at_any))
    told = [np.stack([low / far, value, high * far, grade], axis=1) for low, value, high in forms]
    return np.array(told).reshape(len(forms), len(cells), lengths, 4)


def _same(found: Floats, expected: Floats) -> Bools:
    """Of each cell whether all of its forms are what was expected, NaN for NaN."""
    off = np.abs(found - expected) <= _CLOSE * np.abs(expected)
    return np.asarray((off | (np.isnan(found) & np.isnan(expected))).all(axis=(0, 2, 3)))
