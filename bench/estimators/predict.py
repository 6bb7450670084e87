"""Coefficients and amounts of work → their energy, with an interval that knows how terms err together.

    E = Σ x_i θ_i        x: amounts of work, and seconds for idle_resident

    statistical   h² = Σ_ij x_i x_j h_i h_j ρ_ij       h: the terms' statistical half-widths, ρ their correlations
    gain          |Σ x_i g_i|                          one board's constant factor: it is in every term alike
    synthetic     |Σ x_i d_i|                          one cause, power that differs with the data, in every term

These three add in quadrature (GUM, JCGM 100:2008, 5.2.2 and 5.1.2; checked 2026-11-21). What a sensor never saw is
bounded and adds as it is. Terms that a design tells apart poorly err against each other: taken one by one their
bounds would say that nothing is known of work that was measured over and over.
A model's energies have a span of servers and no coverage: there the terms' bounds are taken one by one.
"""

import math
from collections.abc import Mapping

from bench.errors import BadInput
from bench.nouns import Basis, Coefficients, Quantity
from bench.phrases import Phrase


def predict(found: Coefficients, amounts: Mapping[str, float]) -> Quantity:
    """The energy (J) of these amounts: of each term its own unit, of `idle_resident` seconds.

    Raises BadInput where an amount belongs to a term that was not identified.
    """
    asked = {name: amount for name, amount in amounts.items() if amount}
    if absent := sorted(asked.keys() - found.terms.keys()):
        why = found.not_identified.get(absent[0], "no such term was fitted")
        raise BadInput(
            Phrase("{model}: {absent} is not known: {why}", model=found.key.model, absent=absent[0], why=why)
        )
    value = math.fsum(x * found.terms[name].value for name, x in asked.items())
    basis: Basis = "modelled" if any(found.terms[name].basis == "modelled" for name in asked) else "measured"
    below, above = _bounds(found, asked) if basis == "modelled" else _measured(found, asked)
    return Quantity(value=value, low=value - below, high=value + above, unit="J", basis=basis)


def _bounds(found: Coefficients, asked: Mapping[str, float]) -> tuple[float, float]:
    """How far below and above, the terms' own bounds one by one (J); a negative amount turns them round."""
    sides = [(x * (q.value - q.low), x * (q.high - q.value)) for x, q in _with_terms(found, asked)]
    turned = [(below, above) if below + above >= 0.0 else (-above, -below) for below, above in sides]
    return math.fsum(below for below, _ in turned), math.fsum(above for _, above in turned)


def _with_terms(found: Coefficients, asked: Mapping[str, float]) -> list[tuple[float, Quantity]]:
    return [(x, found.terms[name]) for name, x in asked.items()]


def _measured(found: Coefficients, asked: Mapping[str, float]) -> tuple[float, float]:
    """The half-widths (J) that the terms' components make, below and above."""
    part = {name: found.components.get(name, {}) for name in asked}
    widths = {name: max(p.get("statistical", 0.0), p.get("windows", 0.0)) for name, p in part.items()}
    square = math.fsum(
        asked[one] * widths[one] * asked[other] * widths[other] * _correlation(found, one, other)
        for one in asked
        for other in asked
    )
    signed = {name: x * math.copysign(1.0, found.terms[name].value) for name, x in asked.items()}
    common = [
        math.fsum(x * part[name].get(cause, 0.0) for name, x in signed.items())
        for cause in ("gain", "synthetic_data")
    ]
    half = math.hypot(math.sqrt(max(0.0, square)), *common)
    below = math.fsum(abs(x) * part[name].get("unseen_low", 0.0) for name, x in asked.items())
    above = math.fsum(abs(x) * part[name].get("unseen_high", 0.0) for name, x in asked.items())
    return half + below, half + above


def _correlation(found: Coefficients, one: str, other: str) -> float:
    """Of two terms' statistical errors; 1 of a term with itself, 0 where a file says nothing of a pair."""
    if one == other:
        return 1.0
    return found.correlations.get(one, {}).get(other, found.correlations.get(other, {}).get(one, 0.0))
