"""A measured request carried to another batch, length or card by the roofline's ratio of the two.

    energy = measured energy × prior(asked) ÷ prior(measured)

What both have in common cancels, so that the interval holds only the coefficients in whose share they differ: it
shrinks to the measurement's own spread as the two become one, and widens with what is scaled.
"""

import math

from bench.estimators.prior import TERMS, Z90, Prior, energy_j
from bench.estimators.roofline import Job, least_j, terms
from bench.nouns.estimates import Range

_AGAIN = 0.05  # of ln(joules) between two runs of one cell on two days: chosen


def carried(prior: Prior, measured: Job, measured_j: float, asked: Job) -> Range:
    """The joules of `asked`, from what `measured` was found to cost; both in one scope."""
    value = max(measured_j * energy_j(prior, asked) / energy_j(prior, measured), least_j(asked))
    half = prior.width * apart(prior, measured, asked)
    low = max(min(value, least_j(asked)), value * math.exp(-half))
    return Range(low=low, value=value, high=value * math.exp(half))


def apart(prior: Prior, one: Job, other: Job) -> float:
    """How far ln of the ratio of two requests may be off, at 90 %: spreads times differences of shares."""
    first, second = _shares(prior, one), _shares(prior, other)
    moved = (prior.coefficients[name].spread * (first[name] - second[name]) for name in TERMS)
    own = 0.0 if one.card == other.card else math.hypot(prior.overall, one.card.doubt, other.card.doubt)
    return Z90 * math.hypot(_AGAIN, own, one.doubt, other.doubt, *moved)


def _shares(prior: Prior, job: Job) -> dict[str, float]:
    found = {name: prior.coefficients[name].value * joules for name, joules in terms(job).items()}
    total = math.fsum(found.values())
    return {name: joules / total if total > 0 else 0.0 for name, joules in found.items()}
