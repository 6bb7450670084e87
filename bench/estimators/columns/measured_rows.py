"""Rows of models that measured coefficients hold → joules: bench.estimators.published.request_j over arrays."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bench.estimators.columns.asked import Bools, Floats
from bench.estimators.columns.measured_cells import WORK_TERMS, Candidate, MeasuredCell
from bench.estimators.published import DOMAINS, FARTHER, FARTHEST, LEAST_RATIO, WINDOW_S
from bench.nouns import Coefficients

Amounts = Mapping[str, Floats]


@dataclass(frozen=True, slots=True)
class Answers:
    """Joules of rows; `grade` -1 where a row lies too far from what was measured."""

    low: Floats
    value: Floats
    high: Floats
    grade: npt.NDArray[np.int8]


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
    if cell.family not in WORK_TERMS:
        return [{}]
    first, second = WORK_TERMS[cell.family]
    if cell.family != "speech":
        return [{first: prompt, second: output}]
    windows = np.maximum(1.0, np.ceil(sound / WINDOW_S))
    if cell.output_said:
        return [{first: windows, second: output}]
    return [{first: windows, second: rate * sound} for rate in _spoken(one.found, sound)]


def _spoken(found: Coefficients, sound: Floats) -> tuple[float, Floats, float]:
    """Tokens of a second of sound, as bench.estimators.by_cell tells them from the runs' shortest and longest."""
    (low_n, high_n), (low_s, high_s) = found.domain["output_tokens"], found.domain["audio_s"]
    least, most = sorted((low_n / low_s, high_n / high_s))
    at: Floats = np.full(len(sound), 0.5)
    if high_s > low_s:
        at = np.minimum(1.0, np.log(np.maximum(sound, low_s) / low_s) / math.log(high_s / low_s))
    return least, low_n / low_s * (high_n / high_s * low_s / low_n) ** at, most


def _joules(one: Candidate, works: Sequence[Amounts]) -> tuple[Floats, Floats, Floats, Floats, Bools]:
    """Low, value, high of one request; how many amounts lie outside; whether one lies too far."""
    parts = [_request(one, work) for work in works]
    middle = parts[len(parts) // 2]
    low, high, far = parts[0][0], parts[0][2], parts[0][4]
    for part in parts[1:]:
        low, high, far = np.minimum(low, part[0]), np.maximum(high, part[2]), far | part[4]
    return low, middle[1], high, middle[3], far


def _request(one: Candidate, work: Amounts) -> tuple[Floats, Floats, Floats, Floats, Bools]:
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


def _distances(found: Coefficients, work: Amounts, rows: int) -> tuple[Floats, Floats, Floats, Bools]:
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
