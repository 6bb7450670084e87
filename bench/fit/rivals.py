"""Formulas of others on the same rows: labelled rivals, never an estimate of ours.

EcoLogits 0.11.3 (ecologits/impacts/llm.py, MPL-2.0): Wh an output token and GPU a·e^(b·64)·P + g, and a server of
1.2 kW for 8 GPUs shared by 64 requests for its latency. Flat: 0.6 Wh for a thousand tokens, in and out. Squared:
(in² + out) ÷ 60 tokens a second on the whole GPU. All three as of 2026-11-20.
"""

import math
from collections.abc import Callable, Mapping

from bench.estimators.roofline import Job
from bench.units import J_PER_KWH

_J_PER_WH = J_PER_KWH / 1e3
_A, _B, _G = 1.1665273170451914e-06, -0.011205921025579175, 4.052928146734005e-05
_LATENCY = (6.785088094353663e-4, 3.119310311688259e-4, 0.019473717579473387)
_BATCH, _SERVER_KW = 64.0, 1.2


def ecologits_j(job: Job, batch: float = _BATCH) -> float:
    """Joules a request by EcoLogits at its own batch of 64, on the cards of the row; the server off GPU scope."""
    billions = job.shape.active / 1e9
    cards = job.output_tokens * (_A * math.exp(_B * batch) * billions + _G) * job.cards
    if job.scope == "gpu":
        return cards * _J_PER_WH
    seconds = job.output_tokens * (_LATENCY[0] * billions + _LATENCY[1] * batch + _LATENCY[2])
    return (cards + seconds / 3600 * _SERVER_KW * 1e3 * job.cards / 8 / batch) * _J_PER_WH


def ecologits_at_batch_j(job: Job) -> float:
    """The same formula at the row's own batch, which EcoLogits itself never asks for."""
    return ecologits_j(job, job.batch)


def flat_j(job: Job) -> float:
    """Joules a request at 0.6 Wh for a thousand tokens."""
    return (job.prompt_tokens + job.output_tokens) * 0.6e-3 * _J_PER_WH


def squared_j(job: Job) -> float:
    """Joules a request where the prompt is squared, at 60 tokens a second and the cards' limit."""
    return (job.prompt_tokens**2 + job.output_tokens) / 60 * job.card.limit_w * job.cards


RIVALS: Mapping[str, Callable[[Job], float]] = {
    "ecologits": ecologits_j,
    "ecologits_at_batch": ecologits_at_batch_j,
    "flat_wh_per_1k_tokens": flat_j,
    "squared_input": squared_j,
}
