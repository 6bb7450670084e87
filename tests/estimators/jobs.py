"""Cards, models and jobs for tests of estimates: round numbers, no declaration."""

from typing import Any

from bench.estimators.prior import TERMS, Coefficient, Prior
from bench.estimators.roofline import Card, Job, Shape

CARD = Card(
    name="card",
    bandwidth_b_s=1e12,
    flops=200e12,
    flops_8=400e12,
    flops_4=800e12,
    limit_w=400.0,
    memory_b=40e9,
    host_w=100.0,
    supply_ratio=0.9,
)
DENSE = Shape(
    name="dense-7b",
    parameters=7e9,
    active=7e9,
    aside=0.0,
    layers=32,
    hidden=4096,
    cache_per_token=65536.0,
)
EXPERTS = Shape(
    name="experts",
    parameters=47e9,
    active=13e9,
    aside=0.0,
    layers=32,
    hidden=4096,
    experts=8,
    experts_per_token=2,
    cache_per_token=65536.0,
)
PRIOR = Prior(coefficients={name: Coefficient(value=0.7, spread=0.3) for name in TERMS}, width=1.0)


def job(**given: Any) -> Job:
    """A request of 100 tokens in and 100 out to a dense model alone on one card, but for what is given."""
    usual: dict[str, Any] = {"prompt_tokens": 100.0, "output_tokens": 100.0}
    return Job(**{"shape": DENSE, "card": CARD, "bits": 16.0, **usual, **given})
