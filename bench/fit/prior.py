"""The physical prior's coefficients from measured energy: one fit over labs, machines and models.

ln(joules) is fitted, so that errors are relative; each coefficient's logarithm has an effect of the lab and one of
the machine, both normal around nought (a mixed model: Gelman and Hill 2007, chapter 13), so that no lab counts
more than one vote on what an unknown machine does. Residuals enter by Huber's loss (1964, k = 1.345). The centre
of each coefficient before any data is what rooflines say: a share of the power limit over a share of the peak.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bench.estimators.prior import TERMS, Coefficient, Prior
from bench.estimators.roofline import Job, terms

Array = NDArray[np.float64]
NAMES = tuple(TERMS)
# Before any data: the coefficient, the standard deviation of its logarithm, and its spread between labs.
# Memory: 0.56 of the limit at 0.8 of the bandwidth, 0.6 for scattered caches; arithmetic: 0.85 of the limit at
# 0.55 of the peak (in 16 bits the best single products reach 0.73 to 0.87 of it from A100 to GB200: stas00/
# ml-engineering at 744d01e, compute/accelerator, checked 2026-11-22; a model's many shapes less, chosen); a card
# that waits a quarter of the limit, its time what engines differ in most. Chosen, and wide, where nobody says.
CENTRES = {
    "weights": (0.70, 0.2, 0.2),
    "unpack": (0.25, 0.7, 0.3),
    "cache": (0.93, 0.3, 0.35),
    "cache_unfused": (1.8, 0.6, 0.5),
    "decode": (1.55, 0.3, 0.3),
    "prefill": (1.55, 0.3, 0.3),
    "first": (0.7, 0.3, 0.3),
    "layer": (0.4, 0.7, 0.7),
    "expert": (0.4, 0.7, 1.0),
    "step": (0.25, 0.7, 1.0),
    "sequence": (0.1, 0.8, 1.2),
    "request": (0.25, 0.7, 1.0),
    "exchange": (1.5, 0.7, 1.0),
    "exchange_token": (1.0, 0.7, 1.0),
}
_CENTRE = np.log([CENTRES[n][0] for n in NAMES])
_DOUBT = np.array([CENTRES[n][1] for n in NAMES])
SPREAD = np.array([CENTRES[n][2] for n in NAMES])
_MACHINE_SHARE = 0.5  # of a lab's spread, that machines of one lab differ by
_NOISE, _HUBER = 0.12, 1.345  # ln(joules) of a row around its machine's line: what the fits leave
_CLUSTER = 1.5  # rows that one model on one machine counts for, times the root of how many it has
OVERALL = 0.1
# A sum of log-normal terms has a median above the sum of their medians, and below that of their means, which lie
# e^(spread²/2) higher (Fenton 1960): half of the way. With 0, 0.5 and 1 of it the four labs, each left out and
# counted once, are off by 33, 31 and 31 % in the mean of their medians.
_TOWARDS_MEAN = 0.5
# Small enough that another processor's last digits, which end elsewhere, agree in the five that are published
_LEAST_STEP, _MOST_STEPS = 1e-9, 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A measured request: its lab, its machine, its model, its work and its joules."""

    source: str
    machine: str
    model: str
    job: Job
    energy_j: float


def design(rows: Sequence[Row]) -> Array:
    """The joules of each term at the roofline: (n_rows, n_terms)."""
    return np.array([_terms(row.job) for row in rows], dtype=np.float64)


@lru_cache(maxsize=1 << 16)
def _terms(job: Job) -> tuple[float, ...]:
    found = terms(job)
    return tuple(found[name] for name in NAMES)


def cluster_weights(rows: Sequence[Row]) -> Array:
    """What each row counts for, so that n rows of one model on one machine count for about √n: (n_rows,)."""
    keys = [(row.machine, row.model) for row in rows]
    counts: dict[tuple[str, str], int] = {}
    for key in keys:
        counts[key] = counts.get(key, 0) + 1
    return np.array([_CLUSTER / math.sqrt(counts[key]) for key in keys])


def minimise(problem: Callable[[Array], tuple[float, Array, Array]], start: Array) -> tuple[Array, Array]:
    """Levenberg and Marquardt's least cost from `start`: the place, and the Hessian there. Deterministic."""
    place, damping = start, 1e-3
    cost, gradient, hessian = problem(place)
    for _ in range(_MOST_STEPS):
        step = np.clip(np.linalg.solve(hessian + damping * np.diag(np.diag(hessian)), -gradient), -1.5, 1.5)
        found = problem(place + step)
        if found[0] <= cost:
            place, (cost, gradient, hessian) = place + step, found
            damping = max(damping / 4, 1e-12)
        else:
            damping *= 6
        if float(np.abs(step).max()) < _LEAST_STEP:
            break
    return place, hessian


def huber(residuals: Array, weights: Array) -> tuple[float, Array]:
    """Huber's loss of residuals in units of the noise, and the weights of the least squares that equal it."""
    size = np.abs(residuals)
    loss = np.where(size < _HUBER, residuals**2 / 2, _HUBER * size - _HUBER**2 / 2)
    return float(weights @ loss), weights * np.minimum(1.0, _HUBER / np.maximum(size, 1e-9))


def fit_population(rows: Sequence[Row]) -> tuple[Array, Array]:
    """ln(coefficients) of an unknown machine, and their covariance: (n_terms,), (n_terms, n_terms)."""
    if not rows:
        return _CENTRE.copy(), np.diag(_DOUBT**2)
    labs, machines = sorted({r.source for r in rows}), sorted({r.machine for r in rows})
    lab = np.array([labs.index(r.source) for r in rows])
    machine = np.array([machines.index(r.machine) for r in rows])
    x, aim, weight = design(rows), np.log([r.energy_j for r in rows]), cluster_weights(rows)
    p, at = len(NAMES), np.arange(len(rows))
    doubt = [max(r.job.card.doubt for r in rows if r.machine == m) for m in machines]
    size = p * (1 + len(labs) + len(machines))
    spreads = np.concatenate(
        [
            _DOUBT,
            np.tile(SPREAD, len(labs)),
            np.tile(SPREAD * _MACHINE_SHARE, len(machines)),
            np.hypot(OVERALL, doubt),
        ]
    )
    centres = np.concatenate([_CENTRE, np.zeros(len(spreads) - p)])

    def problem(place: Array) -> tuple[float, Array, Array]:
        of_lab = place[p : p * (1 + len(labs))].reshape(-1, p)
        of_machine = place[p * (1 + len(labs)) : size].reshape(-1, p)
        joules = x * np.exp(place[:p] + of_lab[lab] + of_machine[machine])
        total = joules.sum(axis=1)
        cost, counts = huber(residuals := (np.log(total) + place[size:][machine] - aim) / _NOISE, weight)
        shares = joules / total[:, None] / _NOISE
        slope = np.zeros((len(rows), len(place)))
        slope[:, :p] = shares
        for term in range(p):
            slope[at, p + lab * p + term] = shares[:, term]
            slope[at, p * (1 + len(labs)) + machine * p + term] = shares[:, term]
        slope[at, size + machine] = 1 / _NOISE
        off = (place - centres) / spreads
        hessian = (slope * counts[:, None]).T @ slope + np.diag(1 / spreads**2)
        return cost + float(off @ off) / 2, slope.T @ (counts * residuals) + off / spreads, hessian

    place, hessian = minimise(problem, centres.copy())
    covariance: Array = np.asarray(np.linalg.inv(hessian)[:p, :p], dtype=np.float64)
    return place[:p], covariance


def prior_of(rows: Sequence[Row], width: float) -> Prior:
    """The prior that those rows teach, its intervals stretched by `width`.

    A coefficient's value lies a little above its median, so that their sum is the median of what machines take.
    """
    logs, covariance = fit_population(rows)
    spreads = np.sqrt(np.diag(covariance) + SPREAD**2)
    return Prior(
        coefficients={
            name: Coefficient(
                value=float(math.exp(logs[i] + _TOWARDS_MEAN * spreads[i] ** 2 / 2)), spread=float(spreads[i])
            )
            for i, name in enumerate(NAMES)
        },
        width=width,
        overall=OVERALL,
        sources=tuple(sorted({row.source for row in rows})),
    )


def calibrate(prior: Prior, rows: Sequence[Row], scale: float = 1.0, overall: float = 0.15) -> Prior:
    """The prior moved to one machine's rows: each coefficient within its spread, and all of them together.

    `scale` shrinks the spreads; `overall` is the standard deviation of the factor common to all terms.
    """
    x, aim, weight = design(rows), np.log([r.energy_j for r in rows]), cluster_weights(rows)
    start = np.log([prior.coefficients[n].value for n in NAMES])
    common = math.hypot(overall, max(row.job.card.doubt for row in rows))
    spreads = np.append(np.array([prior.coefficients[n].spread for n in NAMES]) * scale, common)

    def problem(place: Array) -> tuple[float, Array, Array]:
        joules = x * np.exp(start + place[:-1])
        total = joules.sum(axis=1)
        cost, counts = huber(residuals := (np.log(total) + place[-1] - aim) / _NOISE, weight)
        slope = np.column_stack([joules / total[:, None], np.ones(len(rows))]) / _NOISE
        off = place / spreads
        hessian = (slope * counts[:, None]).T @ slope + np.diag(1 / spreads**2)
        return cost + float(off @ off) / 2, slope.T @ (counts * residuals) + off / spreads, hessian

    place, hessian = minimise(problem, np.zeros(len(NAMES) + 1))
    left = np.sqrt(np.diag(np.linalg.inv(hessian)))
    values = np.exp(start + place[:-1] + place[-1])
    return Prior(
        coefficients={
            name: Coefficient(value=float(values[i]), spread=float(left[i])) for i, name in enumerate(NAMES)
        },
        width=prior.width,
        overall=prior.overall,
        sources=tuple(sorted({*prior.sources, *(row.source for row in rows)})),
    )
