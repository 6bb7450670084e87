"""Models that our own coefficients hold, for columns: bench.estimators.published and by_cell over arrays.

What does not depend on lengths is asked of by_cell itself, at a request amid the measured ones: what another batch
or a power supply do to the joules, and the grade. Bounds of the terms are told from predict at one and two terms:

    half-width² = Σ_ij x_i x_j A_ij, and what a sensor never saw adds as it is (bench.estimators.predict)
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from bench.errors import BadInput
from bench.estimators.answer import Answer
from bench.estimators.answering import Known, family_of
from bench.estimators.by_cell import by_cell, cells_of
from bench.estimators.columns.asked import Floats
from bench.estimators.predict import predict
from bench.estimators.published import (
    DOMAINS,
    FARTHER,
    FARTHEST,
    LEAST_RATIO,
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

_WORK: Mapping[str, tuple[str, ...]] = {
    "causal-lm": ("prompt_token", "output_token"),
    "translation": ("source_token", "target_token"),
    "speech": ("audio_window", "output_token"),
}
Amounts = Mapping[str, Floats]


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


@dataclass(frozen=True, slots=True)
class Answers:
    """Joules of rows; `grade` -1 where a row lies too far from what was measured."""

    low: Floats
    value: Floats
    high: Floats
    grade: npt.NDArray[np.int8]


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
    reason = (
        f"{wanted.model}: this row's lengths lie more than {FARTHEST:g} times outside those that were measured; "
        "needed is no more than that; measure such a request"
    )
    return MeasuredCell(family=family, candidates=candidates, output_said=said, reason=reason)


def _candidate(wanted: Wanted, one: Coefficients, family: str, known: Known) -> Candidate | None:
    work = {name: float(math.ceil(math.sqrt(math.prod(_edge(one, name))))) for name in _WORK.get(family, ())}
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


def answers(cell: MeasuredCell, prompt: Floats, output: Floats, sound: Floats) -> Answers:
    """Joules of rows by the best candidate of each: of the nearest batch, then of the fewest amounts outside."""
    rows = len(prompt)
    low, value, high = (np.full(rows, np.nan) for _ in range(3))
    best = Answers(low, value, high, np.full(rows, -1, np.int8))
    rank, fewest = np.full(rows, np.inf), np.full(rows, np.inf)
    for one in cell.candidates:
        low, value, high, outside, far = _joules(one, _works(cell, one, prompt, output, sound))
        at = ~far & ((one.rank < rank) | ((one.rank == rank) & (outside < fewest)))
        for into, joules, times in zip(
            (best.low, best.value, best.high), (low, value, high), one.times, strict=True
        ):
            np.copyto(into, joules * times, where=at)
        np.copyto(best.grade, np.where(outside > 0, one.outside, one.inside), where=at, casting="unsafe")
        rank, fewest = np.where(at, one.rank, rank), np.where(at, outside, fewest)
    return best


def _works(cell: MeasuredCell, one: Candidate, prompt: Floats, output: Floats, sound: Floats) -> list[Amounts]:
    """The work of rows at the least, as likely and at the most; one where they are the same."""
    if cell.family not in _WORK:
        return [{}]
    first, second = _WORK[cell.family]
    if cell.family != "speech":
        return [{first: prompt, second: output}]
    windows = np.maximum(1.0, np.ceil(sound / WINDOW_S))
    if cell.output_said:
        return [{first: windows, second: output}]
    return [{first: windows, second: rate * sound} for rate in _spoken(one.found, sound)]


def _tells_speech(one: Coefficients) -> bool:
    """Whether its runs tell how many tokens a second of sound has."""
    return "output_tokens" in one.domain and one.domain.get("audio_s", (0.0, 0.0))[0] > 0


def _spoken(found: Coefficients, sound: Floats) -> tuple[float, Floats, float]:
    """Tokens of a second of sound, as bench.estimators.by_cell tells them from the runs' shortest and longest."""
    (low_n, high_n), (low_s, high_s) = found.domain["output_tokens"], found.domain["audio_s"]
    least, most = sorted((low_n / low_s, high_n / high_s))
    at: Floats = np.full(len(sound), 0.5)
    if high_s > low_s:
        at = np.minimum(1.0, np.log(np.maximum(sound, low_s) / low_s) / math.log(high_s / low_s))
    return least, low_n / low_s * (high_n / high_s * low_s / low_n) ** at, most


def _joules(
    one: Candidate, works: Sequence[Amounts]
) -> tuple[Floats, Floats, Floats, Floats, npt.NDArray[np.bool_]]:
    """Low, value, high of one request; how many amounts lie outside; whether one lies too far."""
    parts = [_request(one, work) for work in works]
    middle = parts[len(parts) // 2]
    low, high, far = parts[0][0], parts[0][2], parts[0][4]
    for part in parts[1:]:
        low, high, far = np.minimum(low, part[0]), np.maximum(high, part[2]), far | part[4]
    return low, middle[1], high, middle[3], far


def _request(one: Candidate, work: Amounts) -> tuple[Floats, Floats, Floats, Floats, npt.NDArray[np.bool_]]:
    rows = len(next(iter(work.values()))) if work else 1
    terms, known = one.terms, _amounts(one.found, work)
    amounts = np.array([np.broadcast_to(known[name], rows) for name in terms.names])
    total = terms.values @ amounts
    half = np.sqrt(np.maximum(0.0, ((terms.square @ amounts) * amounts).sum(axis=0)))
    least = LEAST_RATIO * (np.maximum(terms.values, 0.0) @ amounts)
    above = np.maximum(total, least)
    below = np.minimum(np.maximum(total - half - terms.below @ amounts, 0.0), above)
    beyond = np.maximum(total + half + terms.above @ amounts, above)
    value = above * (1 + one.ratios.value)
    low = np.maximum(0.0, np.minimum(below + above * one.edges.idle_low, value * one.edges.low))
    high = np.maximum(beyond + above * one.edges.idle_high, value * one.edges.high)
    down, up, outside, far = _distances(one.found, work, rows)
    return low * np.exp(-down), value, high * np.exp(up), outside, far


def _amounts(found: Coefficients, work: Amounts) -> Mapping[str, Floats | float]:
    """bench.estimators.published.amounts_of over arrays."""
    prompt, output = work.get("prompt_token", np.zeros(1)), work.get("output_token", np.zeros(1))
    return {
        **work,
        "request": 1.0,
        "prompt_token_sq": prompt * prompt,
        "context_token": output * (prompt + output / 2),
        "decode_step": np.maximum(0.0, output - 1) / max(found.batch, 1),
    }


def _distances(
    found: Coefficients, work: Amounts, rows: int
) -> tuple[Floats, Floats, Floats, npt.NDArray[np.bool_]]:
    """How far the bounds move down and up, how many amounts lie outside, whether one lies too far."""
    down, up, both, outside = (np.zeros(rows) for _ in range(4))
    too_far = np.zeros(rows, bool)
    for name, amount in work.items():
        if DOMAINS.get(name) not in found.domain:
            continue
        low, high = found.domain[DOMAINS[name]]
        held = np.maximum(amount, 1.0)
        short = np.where(held < low, np.log(held / low) if low > 0 else 0.0, 0.0)
        far = np.where((held >= low) & (held > high), np.log(held / high), 0.0) if high > 0 else np.zeros(rows)
        power = FARTHER if name in found.terms else 1.0
        down, up = down - short * power, up + far * power
        both = both + FARTHER * (far - short) * (name in found.terms)
        outside += (short != 0) | (far != 0)
        too_far |= (far - short) > math.log(FARTHEST)
    return np.maximum(down, both), np.maximum(up, both), outside, too_far
