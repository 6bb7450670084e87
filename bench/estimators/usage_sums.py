"""Sums of estimates over requests of many lengths, from the moments of the lengths alone; and sums of intervals.

    Σ E(x, y)  ≈  n · Σ_k w_k · E(x_k, y_k)        four points that have the group's means, variances, covariance

What E holds up to the second degree comes out exactly: every term of a decoder whose batch runs whole is that
(attention goes with the square of a prompt, a cache with x·y and y²). Requests that are all alike are one point.
Of bounds, and of what is no such polynomial, the third derivative remains; bench.run.log_cells tries it on rows.
Source of the rule: A. H. Stroud, Numerical quadrature and solution of ordinary differential equations (1974),
degree-2 formulas; S. Julier, J. Uhlmann, Proc. IEEE 92 (2004) 401, "sigma points". Checked 2026-11-22.

Intervals: estimates of one cause err alike, so that their lows add and their highs add (as in `answer`, where n
like requests have n times the interval); distances of several causes that have nothing to do with each other add
in quadrature (JCGM 100:2008, 5.1.2). A cause is what estimates rest on: the prior, or one measured machine's
meter. For grams a place's grid and building are one more cause each:

    high − value  =  √(Σ_causes (Σ (e⁺ − e)·f)²)  +  √(Σ_places (Σ e⁺·(f⁺ − f))²)

of energies e with high e⁺ and factors f with high f⁺, which for one cause and one place is e⁺·f⁺ − e·f. The first
sum runs over places within its cause. What single requests scatter by is in no interval: of n it falls with √n.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from bench.estimators.roofline import Job

Floats = npt.NDArray[np.float64]
_ALIKE = 1e-12  # a variance over the mean's square, below which only rounding made it
_LONGEST = 1e7  # tokens of a context


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """Lengths to ask for, and the weight of each: arrays of groups × 4. Weights of a group add up to 1."""

    x: Floats
    y: Floats
    weight: Floats


def points_of(x: Floats, y: Floats, xx: Floats, xy: Floats, yy: Floats) -> Points:
    """The points of groups with means x, y, variances xx, yy and covariance xy.

    No x is below nought and no y below 1 where the mean is not: an answer's first token comes of its prompt, so
    that energies bend at one token.
    """
    low_x, high_x, share_x = _two(x, _real(xx, x), np.zeros_like(x))
    slope = np.divide(xy, xx, out=np.zeros_like(x), where=_real(xx, x) > 0)
    slope = np.where(_real(yy, y) > 0, slope, 0.0)
    rest = np.maximum(_real(yy, y) - slope * xy, 0.0)
    floor = np.minimum(y, 1.0)
    found_x, found_y, weights = [], [], []
    for at, share in ((low_x, share_x), (high_x, 1 - share_x)):
        middle = np.maximum(y + slope * (at - x), floor)
        low_y, high_y, share_y = _two(middle, rest, floor)
        found_x += [at, at]
        found_y += [low_y, high_y]
        weights += [share * share_y, share * (1 - share_y)]
    return Points(x=np.stack(found_x, 1), y=np.stack(found_y, 1), weight=np.stack(weights, 1))


def bends(job: Job) -> tuple[float, ...]:
    """Contexts z = x + y/2 at which a model's energy goes over into another polynomial.

    Those at which memory holds no longer the whole batch, at which it holds one sequence, and where a window of
    attention ends.
    """
    found = [job.shape.window] if job.shape.window else []
    for least in (job.batch * (1 - 1e-9), 1 + 1e-9):
        low, high = 0.0, _LONGEST
        if least > 1 and _running(job, high) < least <= _running(job, low):
            while high - low > 0.25:
                middle = (low + high) / 2
                low, high = (middle, high) if _running(job, middle) >= least else (low, middle)
            found.append(low)
    return tuple(sorted(found))


def _running(job: Job, context: float) -> float:
    return replace(job, prompt_tokens=context, output_tokens=0.0).running


def _real(variance: Floats, mean: Floats) -> Floats:
    """The variance, nought where it is rounding."""
    return np.where(variance > _ALIKE * mean * mean, variance, 0.0)


def _two(mean: Floats, variance: Floats, least: Floats) -> tuple[Floats, Floats, Floats]:
    """Two numbers ≥ `least` of that mean and variance, and the lower's weight: alike far off, or one the least."""
    far, room = np.sqrt(variance), mean - least
    held = (far > room) & (room > 0)
    safe = np.where(held, room, 1.0)
    low = np.where(held, least, mean - np.minimum(far, room))
    high = np.where(held, mean + variance / safe, mean + np.minimum(far, room))
    share = np.where(held, variance / (variance + safe * safe), 0.5)
    return low, high, share


@dataclass(frozen=True, slots=True, kw_only=True)
class Spans:
    """Low, value and high of many sums, a number each."""

    low: Floats
    value: Floats
    high: Floats


def summed(values: Spans, row: npt.NDArray[np.intp], cause: npt.NDArray[np.intp], rows: int) -> Spans:
    """Sums of estimates by the row that each is of; `cause` says which err alike."""
    value = np.bincount(row, values.value, rows).astype(np.float64)
    low, high = (
        _across(_within(distance, row, cause, rows))
        for distance in (values.value - values.low, values.high - values.value)
    )
    return Spans(low=value - low, value=value, high=value + high)


def summed_grams(
    energy: Spans,
    factor: Spans,
    row: npt.NDArray[np.intp],
    cause: npt.NDArray[np.intp],
    place: npt.NDArray[np.intp],
    rows: int,
) -> Spans:
    """Sums of energies times the factors of their places, by row."""
    value = np.bincount(row, energy.value * factor.value, rows).astype(np.float64)
    high = _across(_within((energy.high - energy.value) * factor.value, row, cause, rows)) + _across(
        _within(energy.high * (factor.high - factor.value), row, place, rows)
    )
    low = _across(_within((energy.value - energy.low) * factor.value, row, cause, rows)) + _across(
        _within(energy.low * (factor.value - factor.low), row, place, rows)
    )
    return Spans(low=value - low, value=value, high=value + high)


def _within(distance: Floats, row: npt.NDArray[np.intp], cause: npt.NDArray[np.intp], rows: int) -> Floats:
    """Distances of one cause, which add: rows × causes."""
    causes = int(cause.max(initial=0)) + 1
    found = np.bincount(row * causes + cause, distance, rows * causes).astype(np.float64)
    return found.reshape(rows, causes)


def _across(distances: Floats) -> Floats:
    """Distances of causes that have nothing to do with each other, in quadrature; one cause's as it is."""
    if distances.shape[1] == 1:
        return distances[:, 0]
    found: Floats = np.sqrt((distances**2).sum(1))
    return found
