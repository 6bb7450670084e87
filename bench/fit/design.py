"""Which cells to run next: those that tell apart what could not be, and those that narrow intervals most.

A cell that has not run is a row that is not there yet: its amounts follow from its shape, its joules and seconds
from what is known so far. Added to the rows that are there, it changes the covariance of the terms, (XᵀX)⁻¹σ² with
rows weighted by their energy. The best cell lowers Σ (share of the energy × relative error)² most; all cells take
the same time, windows of one length and what stands around them. It is an A-optimal design, one step ahead
(Atkinson, Donev, Tobias, Optimum Experimental Designs, with SAS, 2007, 10.1 and 11.1; checked 2026-11-21).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from bench.fit.rows import Group, Row
from bench.fit.solve import CONDITION_LIMIT, Array, condition_number, solve
from bench.fit.terms import SHOWN, TERMS, Term
from bench.nouns import Cell, Coefficients, Family, Usage
from bench.physics import phases
from bench.stats import median

WINDOWS = 2  # of a cell
_ALIKE = 1.5  # condition numbers that are taken for the same (chosen)
AROUND_S = 8.0  # idle, warm-up and rests beside its windows, about
_LEAST_RATIO = 1e-3  # relative error of a window: no meter repeats better (chosen)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A declared workload: what one of its requests asks for."""

    name: str
    family: Family
    usage: Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """A cell that is worth running: what it takes, and how far it narrows each term (relative standard error)."""

    cell: Cell
    seconds: float
    before: Mapping[str, float] = field(default_factory=dict)
    after: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Planned:
    """One request of a shape, beside so many others, as terms take it."""

    usage: Usage
    shared: Mapping[str, float]


def separating_cells(
    asked: Sequence[Term], group: Group, work: Sequence[Row], shapes: Sequence[Shape]
) -> tuple[Cell, ...]:
    """The cell of `separating`, of the model, engine and level that ran; (): no single one does."""
    name = separating(asked, work, [shape for shape in shapes if shape.family == group.family])
    return tuple(replace(cell, workload=name) for cell in group.cells[:1]) if name else ()


def separating(asked: Sequence[Term], work: Sequence[Row], shapes: Sequence[Shape]) -> str | None:
    """The workload that tells all of these terms apart beside those that ran; None: no single one does.

    Of those that do it about as well as the best one the one that asks for least.
    """
    here, ran = design_of(asked, work), {row.workload for row in work}
    found: list[tuple[float, float, str]] = []
    for shape in shapes:
        row = amounts_of(asked, planned(shape, 1, 1))
        if shape.name in ran or not row.any():
            continue
        trial = np.vstack([here, row])
        number = condition_number(trial, 1.0 / trial.sum(axis=1))
        found.append((number, float(row.sum()), shape.name))
    best = min(found, default=(math.inf, 0.0, ""))[0]
    if best > CONDITION_LIMIT:
        return None
    return min((tokens, name) for number, tokens, name in found if number <= _ALIKE * best)[1]


def next_cells(group: Group, found: Coefficients, shapes: Sequence[Shape], most: int = 3) -> tuple[Next, ...]:
    """The cells that narrow this entry's terms most, the best first; () without terms to narrow."""
    terms = [t for t in (*TERMS[group.family], *SHOWN.get(group.family, ())) if t.name in found.terms]
    work = phases.work(group.rows)
    if not terms or "idle_resident" not in found.terms or len(work) <= len(terms):
        return ()
    known = _Known(found, terms, work)
    offers = [known.offer(s, cell) for s in shapes if s.family == group.family for cell in closed(group)]
    worth = sorted((o for o in offers if o is not None), key=known.worth, reverse=True)
    return tuple(worth[:most])


def closed(group: Group) -> tuple[Cell, ...]:
    """A cell for each batch and number of users that ran, the smallest first.

    What an offered rate or a scenario would narrow is not known from here.
    """
    found = {(c.batch, c.concurrency): c for c in reversed(group.cells) if c.rate is None and c.load is None}
    return tuple(found[at] for at in sorted(found))


class _Known:
    """What is known of an entry: its rows, and what a request of any shape would take."""

    def __init__(self, found: Coefficients, terms: Sequence[Term], work: Sequence[Row]) -> None:
        self._terms, self._found = terms, found
        self._design = design_of(terms, work)
        self._weights = 1.0 / np.array([row.energy_j for row in work])
        self._window_s = median([row.duration_s for row in work])
        # seconds a request by the same amounts: a device that is busy takes time as it takes joules
        self._seconds = solve(self._design, np.array([r.duration_s for r in work]), self._weights).terms
        self._least_s = min(r.duration_s / max(1, r.usage.requests or 1) for r in work)
        self._ratio = max(float(found.fit.get("residual_ratio") or 0.0), _LEAST_RATIO)
        self._values = np.array([found.terms[t.name].value for t in terms])
        shares = self._design.sum(axis=0) * self._values / math.fsum(row.energy_j for row in work)
        self._shares = np.abs(shares)
        self._now = self._errors(self._design, self._weights)

    def offer(self, shape: Shape, like: Cell) -> Next | None:
        """This shape's cell with what it would change; None where a batch of it takes longer than a window."""
        one = amounts_of(self._terms, planned(shape, like.concurrency, like.batch))
        request_s = max(self._least_s, float(one @ self._seconds))
        if like.batch * request_s > self._window_s:
            return None
        row = one * (self._window_s / request_s)
        energy_j = float(row @ self._values) + self._found.terms["idle_resident"].value * self._window_s
        if energy_j <= 0.0:
            return None
        design = np.vstack([self._design, *[row] * WINDOWS])
        weights = np.append(self._weights, [1.0 / energy_j] * WINDOWS)
        names = [t.name for t in self._terms]
        return Next(
            cell=replace(like, workload=shape.name),
            seconds=WINDOWS * self._window_s + AROUND_S,
            before=dict(zip(names, map(float, self._now), strict=True)),
            after=dict(zip(names, map(float, self._errors(design, weights)), strict=True)),
        )

    def worth(self, offer: Next) -> float:
        """How much of Σ (share × relative error)² it takes away."""
        before, after = (
            float(np.sum((self._shares * np.array(list(errors.values()))) ** 2))
            for errors in (offer.before, offer.after)
        )
        return before - after

    def _errors(self, design: Array, weights: Array) -> Array:
        """The relative standard errors of the terms."""
        scaled = design * weights[:, None]
        covariance = np.linalg.pinv(scaled.T @ scaled) * self._ratio**2
        return np.asarray(np.sqrt(np.maximum(np.diag(covariance), 0.0)) / np.maximum(np.abs(self._values), 1e-30))


def planned(shape: Shape, users: int, batch: int) -> Planned:
    """A request of the shape as `bench.physics.sharing` would count it, beside others of its kind."""
    asked = shape.usage
    prompt, output = float(asked.prompt_tokens or 0), float(asked.output_tokens or 0)
    decoder = asked.target_tokens if asked.audio_windows is None else output  # beside an encoder
    shared = {
        "prompt_token_sq": prompt**2,
        "context_token": max(0.0, output - 1) * (prompt + output / 2),
        "decode_step": (max(0.0, output - 1) if decoder is None else float(decoder)) / (users * batch),
        "batch_pass": (asked.audio_windows or 1) / batch,
    }
    return Planned(asked, shared)


def amounts_of(terms: Sequence[Term], one: Planned) -> Array:
    """(n_terms,): how much of each term's work a request holds; 0 where it is not known."""
    return np.array([term.amount(one) or 0.0 for term in terms])


def design_of(terms: Sequence[Term], work: Sequence[Row]) -> Array:
    """(n_rows, n_terms): how much of each term's work the windows hold; 0 where it is not known."""
    return np.array([[term.amount(row) or 0.0 for term in terms] for row in work], dtype=float)
