"""Published coefficients → the joules of one request of the work asked for.

    energy of a request  =  Σ term × amount  +  idle_resident × the seconds that such a request took

The seconds are read off the gross rates that stand beside the terms: at the least and at the most work that the
runs covered, gross joules less the terms' are those of idling meanwhile, and their share of the terms' joules
carries over. Bounds are never narrower than those of the gross rates.

Outside the work that was measured a bound moves by the power FARTHER of the ratio to the domain's edge; where no
term was told apart for an amount, by the ratio itself. Both are chosen; beyond FARTHEST nothing is said.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from bench.errors import BadInput
from bench.estimators.predict import predict
from bench.nouns import Coefficients
from bench.nouns.estimates import Range
from bench.phrases import Phrase

FARTHER, FARTHEST = 0.25, 100.0
DOMAINS: Mapping[str, str] = {
    "prompt_token": "prompt_tokens",
    "output_token": "output_tokens",
    "source_token": "source_tokens",
    "target_token": "target_tokens",
    "audio_window": "audio_windows",
}
_OUTPUT = ("output_token", "target_token", "context_token", "decode_step")
WINDOW_S = 30.0  # of sound, padded: Whisper's input (arXiv:2212.04356, section 2.2; checked 2026-11-21)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Joules of one request with their interval; `input`, `output`, `idle_share` add up to the value."""

    energy_j: Range
    terms_j: Mapping[str, float]
    outside: tuple[str, ...]  # which amounts lie outside what was measured, and how far
    explained: Callable[[], list[str]]  # the chain: each term times its amount


def amounts_of(found: Coefficients, work: Mapping[str, float]) -> dict[str, float]:
    """Amounts for every term that these coefficients hold, and for those of the work that none was found for."""
    prompt, output = work.get("prompt_token", 0.0), work.get("output_token", 0.0)
    derived = {
        "request": 1.0,
        "prompt_token_sq": prompt * prompt,
        "context_token": output * (prompt + output / 2),
        "decode_step": max(0.0, output - 1) / max(found.batch, 1),
    }
    return {**work, **{name: amount for name, amount in derived.items() if name in found.terms}}


def request_j(found: Coefficients, work: Mapping[str, float]) -> Found:
    """One request of that work. Raises BadInput where it lies too far outside what was measured."""
    far = {name: _distance(found, name, amount) for name, amount in work.items()}
    for name, one in far.items():
        if abs(one) > math.log(FARTHEST):
            low, high = found.domain[DOMAINS[name]]
            raise BadInput(
                Phrase(
                    "{model}: {amount:g} {what}, measured were {low:g} to {high:g}; needed is no more than "
                    "{most:g} times that far; measure such a request",
                    model=found.key.model,
                    amount=work[name],
                    what=DOMAINS[name],
                    low=low,
                    high=high,
                    most=FARTHEST,
                )
            )
    above = _above(found, amounts_of(found, work))
    ratios = idle_ratios(found)
    value = above.value * (1 + ratios.value)
    low, high = _bounds(found, above, ratios)
    down = math.fsum(-d * _power(found, n) for n, d in far.items() if d < 0)
    up = math.fsum(d * _power(found, n) for n, d in far.items() if d > 0)
    both = FARTHER * math.fsum(abs(d) for n, d in far.items() if n in found.terms)
    energy = Range(low=low * math.exp(-max(down, both)), value=value, high=high * math.exp(max(up, both)))
    return Found(
        energy_j=energy,
        terms_j=_apart(found, amounts_of(found, work), above.value, ratios.value),
        outside=tuple(_said(found, name, work[name]) for name, one in far.items() if one),
        explained=partial(_lines, found, amounts_of(found, work), above, ratios),
    )


def _above(found: Coefficients, amounts: Mapping[str, float]) -> Range:
    """Joules above the idle of the loaded model; a negative `request` never makes them less than its own tokens'
    smallest part: nothing below zero is an energy."""
    known = {name: amount for name, amount in amounts.items() if name in found.terms}
    if not known:
        raise BadInput(
            Phrase("{model}: no term of this work was told apart; measure more workloads", model=found.key.model)
        )
    sum_j = predict(found, known)
    own = {name: amount for name, amount in known.items() if found.terms[name].value > 0}
    least = LEAST_RATIO * (predict(found, own).value if own else 0.0)
    value = max(sum_j.value, least)
    return Range(low=min(max(sum_j.low, 0.0), value), value=value, high=max(sum_j.high, value))


LEAST_RATIO = 0.2  # of the positive terms' joules, where a negative `request` would take them all: chosen


def idle_ratios(found: Coefficients) -> Range:
    """Idle joules over the terms', at the ends of the measured work; nought where no gross rate says so."""
    level = f"@concurrency={found.concurrency}"
    rates = [
        q.value
        for name, q in found.rates.items()
        if name.startswith("request@") and (name.count("@") == 1 or name.endswith(level))
    ]
    if not rates or "idle_resident" not in found.terms:
        return Range(low=0.0, value=0.0, high=0.0)
    ends = []
    for side, gross in ((0, min(rates)), (1, max(rates))):
        work = {n: found.domain[d][side] for n, d in DOMAINS.items() if d in found.domain and n in found.terms}
        above = _above(found, amounts_of(found, work)).value
        ends.append(max(0.0, gross / above - 1) if above > 0 else 0.0)
    return Range(low=min(ends), value=math.sqrt(ends[0] * ends[1]), high=max(ends))


@dataclass(frozen=True, slots=True, kw_only=True)
class Edges:
    """What bounds are made of beside a request's terms: idle joules over these at the least and at the most, and
    the gross rates' own bounds over their values, never within 1."""

    idle_low: float
    idle_high: float
    low: float
    high: float


def edges_of(found: Coefficients, ratios: Range) -> Edges:
    """The edges of these coefficients."""
    idle = found.terms.get("idle_resident")
    down = idle.low / idle.value if idle and idle.value > 0 else 1.0
    up = idle.high / idle.value if idle and idle.value > 0 else 1.0
    gross = [rate for name, rate in found.rates.items() if name.startswith("request@") and rate.value > 0]
    return Edges(
        idle_low=ratios.low * max(0.0, down),
        idle_high=ratios.high * up,
        low=min([1.0, *(max(0.0, rate.low / rate.value) for rate in gross)]),
        high=max([1.0, *(rate.high / rate.value for rate in gross)]),
    )


def _bounds(found: Coefficients, above: Range, ratios: Range) -> tuple[float, float]:
    value = above.value * (1 + ratios.value)
    edges = edges_of(found, ratios)
    low = min(above.low + above.value * edges.idle_low, value * edges.low)
    return max(0.0, low), max(above.high + above.value * edges.idle_high, value * edges.high)


def _distance(found: Coefficients, name: str, amount: float) -> float:
    """ln of the amount over the domain's nearest edge: 0 inside, negative below it."""
    if DOMAINS.get(name) not in found.domain:
        return 0.0
    low, high = found.domain[DOMAINS[name]]
    held = max(amount, 1.0)  # nothing asked is as far as one token
    if held < low:
        return math.log(held / low)
    return math.log(held / high) if held > high > 0 else 0.0


def _power(found: Coefficients, name: str) -> float:
    return FARTHER if name in found.terms else 1.0


def _said(found: Coefficients, name: str, amount: float) -> str:
    low, high = found.domain[DOMAINS[name]]
    return Phrase(
        "{amount:.4g} {what} lie outside the {low:g} to {high:g} measured: widened",
        amount=amount,
        what=DOMAINS[name],
        low=low,
        high=high,
    )


def _apart(found: Coefficients, amounts: Mapping[str, float], above: float, idle: float) -> dict[str, float]:
    """Joules of input and output in proportion to their terms; what is not told apart counts as output."""
    output = math.fsum(
        max(0.0, found.terms[n].value) * x for n, x in amounts.items() if n in _OUTPUT and n in found.terms
    )
    other = math.fsum(
        max(0.0, found.terms[n].value) * x for n, x in amounts.items() if n not in _OUTPUT and n in found.terms
    )
    share = other / (other + output) if other + output > 0 else 0.0
    return {
        "input": above * share,
        "output": above * (1 - share),
        "host": 0.0,
        "idle_share": above * idle,
    }


def _lines(found: Coefficients, amounts: Mapping[str, float], above: Range, ratios: Range) -> list[str]:
    lines: list[str] = [
        Phrase(
            "{name}: {value:.4g} ({low:.3g} to {high:.3g}) {unit}, {basis} × {amount:g}",
            name=name,
            value=q.value,
            low=q.low,
            high=q.high,
            unit=q.unit,
            basis=Phrase(q.basis),
            amount=amounts[name],
        )
        for name, q in found.terms.items()
        if name in amounts
    ]
    lines.append(Phrase("above the idle of the loaded model: {above} J", above=above.words))
    lines.append(
        Phrase("idle meanwhile, by the gross rates of the same runs: × {ratios} of that", ratios=ratios.words)
    )
    return lines
