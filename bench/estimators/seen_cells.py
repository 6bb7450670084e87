"""Measured cards of our own as evidence of the ladder: one request amid each cell's work, to be carried over."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from bench.errors import BadInput
from bench.estimators.asked import Asked, Catalogue, job_of, plain_name
from bench.estimators.ladder import Seen
from bench.estimators.prior import Prior, energy_j
from bench.estimators.published import request_j
from bench.estimators.roofline import Scope
from bench.nouns import Coefficients
from bench.phrases import Phrase

_DOMAINS = ("prompt_tokens", "output_tokens")


def seen_cells(
    model: str, published: Sequence[Coefficients], catalogue: Catalogue, prior: Prior, scope: Scope
) -> list[Seen]:
    """Requests of that model that cards were measured at, in `scope`; none of simulated sensors."""
    return [
        seen
        for one in published
        if one.boundary == "gpu" and not one.simulated and plain_name(one.key.model) == plain_name(model)
        for seen in _seen(one, catalogue, prior, scope)
    ]


def label(one: Coefficients) -> str:
    """A measured machine by its name, with what its weights were and its runs."""
    return Phrase(
        "{hardware} ({engine}, {weights} weights, runs {runs})",
        hardware=one.key.hardware,
        engine=one.key.engine,
        weights=one.key.weights,
        runs=", ".join(one.runs),
    )


def _seen(one: Coefficients, catalogue: Catalogue, prior: Prior, scope: Scope) -> Iterator[Seen]:
    """The request in the middle of its domain; the scope's other joules by the prior's ratio."""
    if "prompt_tokens" not in one.domain or "output_tokens" not in one.domain:
        return
    prompt, output = (math.sqrt(math.prod(max(end, 1.0) for end in one.domain[name])) for name in _DOMAINS)
    asked = Asked(
        model=one.key.model,
        precision=one.key.precision,
        gpu=one.key.hardware,
        engine=one.key.engine,
        batch=float(max(one.batch, one.concurrency)),
        input_tokens=prompt,
        output_tokens=output,
    )
    try:
        cards, whole = job_of(asked, catalogue), job_of(replace(asked, scope=scope), catalogue)
        joules = request_j(one, {"prompt_token": prompt, "output_token": output}).energy_j.value
    except BadInput:  # a cell that cannot be carried over is no evidence, and the others are
        return
    if cards.card.name != "unknown" and joules > 0:
        ratio = energy_j(prior, whole) / energy_j(prior, cards)
        yield Seen(machine=label(one), job=whole, energy_j=joules * ratio)
