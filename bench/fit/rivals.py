"""The formulas of `bench.estimators.rivals` on measured rows: at a row's own cards and scope, never ours.

What they count by their own rules (the number of GPUs, PUE, a draw beside the tokens) is the row's here, or left
out: a row is the joules of these cards, not of a service.
"""

from collections.abc import Callable, Mapping

from bench.estimators.rivals import ecologits, flat, squared_input
from bench.estimators.roofline import Job
from bench.units import J_PER_KWH

_TOKENS_PER_S = 60.0  # the older calculators' own (rivals.squared_input)


def ecologits_j(job: Job, batch: float = ecologits.BATCH) -> float:
    """Joules a request by EcoLogits at its own batch of 64, on the cards of the row; the server off GPU scope."""
    billions = job.shape.active / 1e9
    cards_kwh = job.output_tokens * ecologits.token_wh(billions, batch) * job.cards / 1e3
    if job.scope == "gpu":
        return cards_kwh * J_PER_KWH
    seconds = job.output_tokens * ecologits.token_s(billions, batch)
    return (cards_kwh + ecologits.server_kwh_of(seconds, job.cards, batch)) * J_PER_KWH


def ecologits_at_batch_j(job: Job) -> float:
    """The same formula at the row's own batch, which EcoLogits itself never asks for."""
    return ecologits_j(job, job.batch)


def flat_j(job: Job) -> float:
    """Joules a request by the flat rate of a thousand tokens alone."""
    return (job.prompt_tokens + job.output_tokens) / 1e3 * flat.KWH_PER_1K_TOKENS * J_PER_KWH


def squared_j(job: Job) -> float:
    """Joules a request where the prompt is squared, at the cards' limit."""
    seconds = squared_input.duration_s(job.prompt_tokens, job.output_tokens, _TOKENS_PER_S)
    return seconds * job.card.limit_w * job.cards


RIVALS: Mapping[str, Callable[[Job], float]] = {
    "ecologits": ecologits_j,
    "ecologits_at_batch": ecologits_at_batch_j,
    "flat_wh_per_1k_tokens": flat_j,
    "squared_input": squared_j,
}
