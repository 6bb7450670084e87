"""Which cells would show a term that a fit lacks: those that hold most of it beside what its own terms explain.

A fit that does not predict cells which it has not seen lacks a term, and the cells that narrow the terms it has do
not bring that out. What a window tells of an absent term is its amount, less what the fit's own terms could stand
for; over all rows, weighted as the fit weighs them, the length of that rest is one over the term's standard error,
up to the noise (D_S-optimality for one term: Atkinson, Donev, Tobias, Optimum Experimental Designs, with SAS,
2007, 10.3; checked 2026-11-21).
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bench.fit.design import AROUND_S, WINDOWS, Shape, amounts_of, closed, design_of, planned
from bench.fit.rows import Group, Row
from bench.fit.solve import CONDITION_LIMIT, Array, solve
from bench.fit.terms import SHOWN, Term
from bench.nouns import Cell, Coefficients
from bench.physics import phases
from bench.stats import median

# How far off a coefficient is to be at most, of cells that it has not seen: what a board's sensor may be off by
# (arXiv:2312.02741)
_TRUSTED_RATIO = 0.05
_LEAST_GAIN = 1.5  # chosen: a standard error that falls by less than a third shows nothing new


@dataclass(frozen=True, slots=True, kw_only=True)
class Revealing:
    """A cell that would show absent terms."""

    cell: Cell
    seconds: float  # about what it takes
    terms: Mapping[str, float]  # how many times as much of each it holds, a second, as the richest cell that ran


@dataclass(frozen=True, slots=True)
class _Offer:
    cell: Cell
    window_s: float
    present: Array  # (n_present,): amounts of a window
    absent: Array  # (n_absent,)


def untrue(found: Coefficients) -> bool:
    """Whether cells that were left out are predicted worse than a coefficient is to."""
    error = found.fit.get("held_out_error")
    return isinstance(error, float) and error > _TRUSTED_RATIO


def revealing(group: Group, present: Sequence[Term], shapes: Sequence[Shape]) -> tuple[Revealing, ...]:
    """For each term that could be shown and is not in `present` the cell that would show it best; the best first.

    (): there is none, or no declared workload whose requests fit into a window of the ones that ran tells more.
    """
    work = phases.work(group.rows)
    absent = [t for t in SHOWN.get(group.family, ()) if t not in present]
    counted = [t for t in absent if work and all(t.amount(r) is not None for r in work)]
    offers = list(_offers(group, present, counted, work, shapes)) if present and counted else []
    best: list[tuple[float, _Offer, Term, float]] = []
    for k, term in enumerate(counted):
        if found := _best(design_of(present, work), design_of([term], work)[:, 0], work, offers, k):
            gain, offer = found
            richest = max((term.amount(r) or 0.0) / r.duration_s for r in work)
            best.append(
                (gain, offer, term, float(offer.absent[k]) / offer.window_s / richest if richest else math.inf)
            )
    return tuple(_by_cell(sorted(best, key=lambda one: one[0], reverse=True)))


def _offers(
    group: Group, present: Sequence[Term], absent: Sequence[Term], work: Sequence[Row], shapes: Sequence[Shape]
) -> Iterator[_Offer]:
    """What a window of each declared cell holds that has not run."""
    weights = 1.0 / np.array([r.energy_j for r in work])
    seconds = solve(design_of(present, work), np.array([r.duration_s for r in work]), weights).terms
    window_s = median([r.duration_s for r in work])
    least_s = min(r.duration_s / max(1, r.usage.requests or 1) for r in work)
    for like in closed(group):
        for shape in shapes:
            cell = replace(like, workload=shape.name)
            if shape.family != group.family or cell in group.cells:
                continue
            one = planned(shape, like.concurrency, like.batch)
            mine = amounts_of(present, one)
            request_s = max(least_s, float(mine @ seconds))
            if like.batch * request_s <= window_s:
                scale = window_s / request_s
                yield _Offer(cell, window_s, mine * scale, amounts_of(absent, one) * scale)


def _best(
    design: Array, column: Array, work: Sequence[Row], offers: Sequence[_Offer], k: int
) -> tuple[float, _Offer] | None:
    """The offer that shows the term best, and how much narrower it makes it; None: none does."""
    energy_j, duration_s = (np.array([getattr(r, name) for r in work]) for name in ("energy_j", "duration_s"))
    power_w = float(energy_j.sum() / duration_s.sum())
    now = _told(design / energy_j[:, None], column / energy_j)
    found: tuple[float, _Offer] | None = None
    for offer in offers:
        new_j = np.append(energy_j, [power_w * offer.window_s] * WINDOWS)
        rows = np.vstack([design, *[offer.present] * WINDOWS]) / new_j[:, None]
        amounts = np.append(column, [offer.absent[k]] * WINDOWS) / new_j
        told, least = _told(rows, amounts), float(np.linalg.norm(amounts)) / CONDITION_LIMIT
        gain = told / max(now, least) if least else 0.0
        if told > least and gain > _LEAST_GAIN and (found is None or gain > found[0]):
            found = gain, offer
    return found


def _told(rows: Array, column: Array) -> float:
    """The length of what of a column is no sum of the others."""
    solved = np.linalg.lstsq(rows, column, rcond=None)[0]
    return float(np.linalg.norm(column - rows @ solved))


def _by_cell(best: Sequence[tuple[float, _Offer, Term, float]]) -> Iterator[Revealing]:
    cells = dict.fromkeys(offer.cell for _, offer, _, _ in best)
    for cell in cells:
        mine = [(offer, term, times) for _, offer, term, times in best if offer.cell == cell]
        seconds = WINDOWS * mine[0][0].window_s + AROUND_S
        yield Revealing(cell=cell, seconds=seconds, terms={term.name: times for _, term, times in mine})
