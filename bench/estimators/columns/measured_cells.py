"""Models that our own coefficients hold, for columns: what holds for all rows of a combination.

What does not depend on lengths is asked of by_cell itself, at a request amid the measured ones: what another batch
or a power supply do to the joules, and the grade. Bounds of the terms are told from predict at one and two terms:

    half-width² = Σ_ij x_i x_j A_ij, and what a sensor never saw adds as it is (bench.estimators.predict)
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bench.errors import BadInput
from bench.estimators.answer import Answer
from bench.estimators.answering import Known, family_of
from bench.estimators.by_cell import by_cell, cells_of
from bench.estimators.columns.asked import Floats
from bench.estimators.predict import predict
from bench.estimators.published import (
    DOMAINS,
    FARTHEST,
    WINDOW_S,
    Edges,
    amounts_of,
    edges_of,
    idle_ratios,
    request_j,
)
from bench.estimators.wanted import Wanted
from bench.nouns import Coefficients
from bench.nouns.estimates import GRADES, Range, exactly
from bench.phrases import Phrase

# by family: the terms that a request's work is told in
WORK_TERMS: Mapping[str, tuple[str, ...]] = {
    "causal-lm": ("prompt_token", "output_token"),
    "translation": ("source_token", "target_token"),
    "speech": ("audio_window", "output_token"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The terms that a request's work has: joules of each, A, and the joules that add as they are."""

    names: tuple[str, ...]
    values: Floats
    square: Floats
    below: Floats
    above: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One set of coefficients as it answers a combination."""

    found: Coefficients
    terms: Terms
    ratios: Range
    edges: Edges
    times: tuple[float, float, float]  # what the batch and the plug make of low, value, high
    inside: int  # its grade, for work within what was measured
    outside: int
    rank: float  # how far the batch lies from the one asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredCell:
    """A combination that measured coefficients answer: the best of them for each row."""

    family: str
    candidates: tuple[Candidate, ...]
    output_said: bool
    reason: str

    @property
    def may_be_carried(self) -> bool:
        """Whether the ladder may prefer another rung: a card's joules at another batch."""
        bounded = GRADES.index("bounded")
        return any(one.found.boundary == "gpu" and one.inside == bounded for one in self.candidates)


def measured_cell(wanted: Wanted, known: Known) -> MeasuredCell | None:
    """The cell of a combination; None where rows of it must be asked one by one."""
    family = family_of(wanted, known)
    said = wanted.output_tokens is not None
    if family == "speech" and wanted.audio_seconds is None:
        return None
    if family in ("causal-lm", "translation") and (wanted.input_tokens is None or not said):
        return None
    every = [_candidate(wanted, one, family, known) for one in cells_of(wanted, known.published)]
    candidates = tuple(one for one in every if one is not None)
    if not candidates or len(candidates) < len(every):
        return None
    reason = Phrase(
        "{model}: this row's lengths lie more than {most:g} times outside those measured; measure such a request",
        model=wanted.model,
        most=FARTHEST,
    )
    return MeasuredCell(family=family, candidates=candidates, output_said=said, reason=reason)


def _candidate(wanted: Wanted, one: Coefficients, family: str, known: Known) -> Candidate | None:
    work = {name: float(math.ceil(math.sqrt(math.prod(_edge(one, name))))) for name in WORK_TERMS.get(family, ())}
    try:
        asked, alone = _asked(wanted, one, family, known, work), request_j(one, work).energy_j
    except BadInput:
        return None
    if asked is None or min(alone) <= 0:
        return None
    terms = _terms(one, work)
    untold = family == "speech" and wanted.output_tokens is None and not _tells_speech(one)
    if terms is None or untold:
        return None
    low, value, high = (joules / own for joules, own in zip(asked.energy_j, alone, strict=True))
    return Candidate(
        found=one,
        terms=terms,
        ratios=idle_ratios(one),
        edges=edges_of(one, idle_ratios(one)),
        times=(low, value, high),
        inside=GRADES.index(asked.basis),
        outside=GRADES.index("bounded" if asked.basis == "bounded" else "scaled"),
        rank=abs(math.log((wanted.batch or 1.0) / max(one.batch, one.concurrency, 1))),
    )


def _edge(one: Coefficients, name: str) -> tuple[float, float]:
    low, high = one.domain.get(DOMAINS[name], (1.0, 1.0))
    return max(low, 1.0), max(high, 1.0)


def _asked(
    wanted: Wanted, one: Coefficients, family: str, known: Known, work: Mapping[str, float]
) -> Answer | None:
    """That work, by these coefficients alone."""
    if not work:
        return by_cell(wanted, [one], family, None, known.catalogue, known.token_rates, [])
    first, second = work.values()
    if family == "speech":
        said = replace(wanted, audio_seconds=first * WINDOW_S, output_tokens=second)
        return by_cell(said, [one], family, None, known.catalogue, known.token_rates, [])
    said = replace(wanted, input_tokens=first, output_tokens=second)
    return by_cell(said, [one], family, exactly(first), known.catalogue, known.token_rates, [])


def _terms(one: Coefficients, work: Mapping[str, float]) -> Terms | None:
    """The terms of a request's work and their bounds; None where some are measured and others modelled."""
    names = tuple(name for name in amounts_of(one, work) if name in one.terms)
    if len({one.terms[name].basis == "modelled" for name in names}) != 1:
        return None
    alone = [predict(one, {name: 1.0}) for name in names]
    values = np.array([each.value for each in alone])
    if one.terms[names[0]].basis == "modelled":
        square = np.zeros((len(names), len(names)))
        below = np.array([each.value - each.low for each in alone])
        above = np.array([each.high - each.value for each in alone])
    else:
        below, above = (
            np.array([one.components.get(name, {}).get(side, 0.0) for name in names])
            for side in ("unseen_low", "unseen_high")
        )
        square = _squares(one, names, below)
    return Terms(names=names, values=values, square=square, below=below, above=above)


def _squares(one: Coefficients, names: Sequence[str], below: Floats) -> Floats:
    """A, from the widths of one term and of two."""

    def width(asked: Mapping[str, float], unseen: float) -> float:
        found = predict(one, asked)
        return (found.value - found.low - unseen) ** 2

    square = np.diag([width({name: 1.0}, below[at]) for at, name in enumerate(names)])
    for i in range(len(names)):
        for j in range(i):
            both = width({names[i]: 1.0, names[j]: 1.0}, below[i] + below[j])
            square[i, j] = square[j, i] = (both - square[i, i] - square[j, j]) / 2
    return square


def _tells_speech(one: Coefficients) -> bool:
    """Whether its runs tell how many tokens a second of sound has."""
    return "output_tokens" in one.domain and one.domain.get("audio_s", (0.0, 0.0))[0] > 0
