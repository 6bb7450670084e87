"""A model that nobody measured: the physical prior, in pure Python.

    energy of a request  =  Σ coefficient × joules of its term at the roofline (bench.estimators.roofline)

Every coefficient is positive, and every term grows with tokens, weights and cards, so that the estimate does too;
a term's coefficient is the share of the power limit that its work draws, over the share of the peak that it
reaches. The coefficients are fitted by bench.fit.prior and lie in bench/data/prior.json.

The interval moves each coefficient by its own spread from machine to machine, one at a time, and adds what that
does in quadrature; `width` then stretches it, on the scale of logarithms, to what held-out machines needed.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bench.estimators.roofline import Job, Pieces, joules_of, least_j, pieces
from bench.nouns.estimates import Range
from bench.phrases import Phrase

# The terms, and what a coefficient of 1 means: full power at full speed, or full power for that time
TERMS: Mapping[str, str] = {
    "weights": Phrase("reading the weights, a decoding step, shared by its batch"),
    "unpack": Phrase("unpacking quantised weights, a byte's time each"),
    "cache": Phrase("reading a sequence's cached keys and values, attention in one kernel"),
    "cache_unfused": Phrase("the same, attention in several kernels"),
    "decode": Phrase("arithmetic of an output token"),
    "prefill": Phrase("arithmetic of a prompt"),
    "first": Phrase("reading the weights once for a prompt"),
    "layer": Phrase("10 µs a layer and step, shared by its batch: launches of kernels"),
    "expert": Phrase("10 µs a layer and step of a mixture of experts"),
    "step": Phrase("1 ms a step, shared by its batch: scheduling"),
    "sequence": Phrase("0.1 ms a sequence and step: sampling, text, sockets"),
    "request": Phrase("10 ms a request, shared by its batch"),
    "exchange": Phrase("10 µs a layer and step between several cards"),
    "exchange_token": Phrase("an activation's way between several cards, at 100 GB/s"),
}
_OF_INPUT = ("prefill", "first", "request")
Z90 = 1.6449  # of a normal distribution: the two-sided 90 %
_NUDGE = 1.1
LEAST_RATIO = 0.05  # of the value, below which no interval reaches


@dataclass(frozen=True, slots=True, kw_only=True)
class Coefficient:
    """Of a term: its value for a machine that was not measured, and the standard deviation of its logarithm."""

    value: float
    spread: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """Coefficients by term, how far the interval is stretched, and the sources behind them.

    `overall` is the standard deviation of ln(joules) that no single term explains.
    """

    coefficients: Mapping[str, Coefficient]
    width: float
    overall: float = 0.1
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """The prior with any of its sources left out: by the sources left in. `one_model` is the half-width of
    ln(joules) that a machine needs whose prior was moved to a single model's rows."""

    priors: Mapping[tuple[str, ...], Prior]
    sources: tuple[str, ...]
    one_model: float

    def without(self, left_out: Sequence[str]) -> Prior:
        """The prior fitted on every source but those."""
        return self.priors[tuple(s for s in self.sources if s not in left_out)]


def energy_j(prior: Prior, job: Job) -> float:
    """The joules of a request, in the job's scope; never below what its bytes cost at least."""
    return max(math.fsum(_joules(prior, job).values()), least_j(job))


def _joules(prior: Prior, job: Job, work: Pieces | None = None) -> dict[str, float]:
    """The joules of each term, its coefficient inside."""
    found = joules_of(work or pieces(job), job, job.scope)
    return {name: prior.coefficients[name].value * joules for name, joules in found.items()}


def split_j(prior: Prior, job: Job, work: Pieces | None = None) -> Mapping[str, float]:
    """The joules of a request apart: `input` and `output` of the cards, `host` of what else the scope holds.

    They add up to the sum of the terms; the power supply's loss lies with what it feeds. `work`: the job's pieces,
    where somebody has them.
    """
    work = work or pieces(job)
    cards, whole = joules_of(work, job, "gpu"), joules_of(work, job, job.scope)
    loss = job.card.supply_ratio if job.scope == "wall" else 1.0
    found = {"input": 0.0, "output": 0.0, "host": 0.0}
    for name, joules in whole.items():
        one = prior.coefficients[name].value
        found["input" if name in _OF_INPUT else "output"] += one * cards[name] / loss
        found["host"] += one * (joules - cards[name] / loss)
    return found


def seconds(prior: Prior, job: Job, work: Pieces | None = None) -> float:
    """How long a request holds its share of the cards: the prior's times, so that power is at most the limit."""
    work = work or pieces(job)
    return math.fsum(prior.coefficients[n].value * s / share for n, (s, share) in work.items())


def moves(prior: Prior, job: Job) -> tuple[float, float]:
    """How far ln(joules) may lie below and above the value, before `width`: both positive."""
    return _moves(prior, job, _joules(prior, job))


def _moves(prior: Prior, job: Job, found: Mapping[str, float]) -> tuple[float, float]:
    total = math.fsum(found.values())
    if total <= 0:
        return 0.0, 0.0
    down = up = 0.0
    for name, joules in found.items():
        reach = Z90 * prior.coefficients[name].spread
        up += (joules / total * math.expm1(reach)) ** 2
        down += (joules / total * -math.expm1(-reach)) ** 2
    rest = Z90 * math.hypot(prior.overall, job.doubt, _felt(prior, job, total))
    low = -math.log(max(LEAST_RATIO, 1 - math.sqrt(down)))
    return math.hypot(low, rest), math.hypot(math.log1p(math.sqrt(up)), rest)


def felt(prior: Prior, job: Job) -> float:
    """What doubts about a prompt and a batch that nobody gave do to ln(joules): size times the slope there."""
    return _felt(prior, job, math.fsum(_joules(prior, job).values()))


def _felt(prior: Prior, job: Job, total_j: float) -> float:
    if not job.prompt_doubt and not job.batch_doubt:
        return 0.0
    here = max(total_j, least_j(job))
    prompt = batch = 0.0  # what is known is not nudged: it would be multiplied by nought
    if job.prompt_doubt:
        prompt = math.log(energy_j(prior, replace(job, prompt_tokens=job.prompt_tokens * _NUDGE)) / here)
    if job.batch_doubt:
        batch = math.log(energy_j(prior, replace(job, batch=job.batch * _NUDGE)) / here)
    return math.hypot(job.prompt_doubt * prompt, job.batch_doubt * batch) / math.log(_NUDGE)


def estimate(prior: Prior, job: Job, work: Pieces | None = None) -> Range:
    """The joules of a request with their 90 % interval. `work`: the job's pieces, where somebody has them."""
    found, least = _joules(prior, job, work), least_j(job)
    value = max(math.fsum(found.values()), least)
    below, above = _moves(prior, job, found)
    low = max(min(value, least), value * math.exp(-prior.width * below))
    return Range(low=low, value=value, high=value * math.exp(prior.width * above))
