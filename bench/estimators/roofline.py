"""What a request costs at a card's roofline: the joules of each kind of work, done at full power and speed.

    joules of a term  =  power limit × time that the term's work takes at the card's peak × batch share

A real machine takes longer than that and draws less: a fitted coefficient per term (bench.estimators.prior) says
how the two multiply. Nothing here is fitted, and nothing is read from disk.

A request of p prompt and n output tokens, in a batch of B on g cards, makes n − 1 decoding steps: its prefill
yields the first token. The counts are those of LLM-Viewer (github.com/hahnyuan/LLM-Viewer at 472f71f,
model_analyzer.py; the tool of arXiv:2402.16363; checked 2026-11-22): a step reads each weight that it touches once
for all B sequences, and each sequence's own cache; a token costs two operations a weight. Of E experts of which a
token takes k, B tokens touch E·(1 − (1 − k/E)^B) on average (independent routing).
"""

from dataclasses import dataclass, field
from typing import Literal

from bench.physics import rules

Scope = Literal["gpu", "machine", "wall"]
Pieces = dict[str, tuple[float, float]]  # a term → its seconds, and its share of the power limit
CACHE_BYTES = 2.0  # of a cached number: 16 bits, what vLLM, TensorRT-LLM and llama.cpp keep unless told otherwise
FULL_RATIO = 0.9  # of a card's memory that a server fills: vLLM's own default
# What each kind of work draws as a share of the power limit. Decoding at one sequence: 222 to 234 of 400 W on an
# A100 and 363 to 414 of 700 W on an H100 (LLM-Inference-Bench, 4211f5d, BSD-3-Clause). That prompts are bound by
# arithmetic, and that tokens do with less power: Splitwise, arXiv:2311.18677, abstract (checked 2026-11-22); how
# much more prompts draw is chosen, and a quarter for a card that waits.
MEMORY_SHARE, COMPUTE_SHARE, WAIT_SHARE = 0.56, 0.85, 0.25
FLOAT_4 = 4.5  # bits of an NVFP4 weight, its share of a scale included
_COMPUTED = (32.0, 16.0, 8.0)  # bits that a card multiplies as they are; others are unpacked first


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A GPU as its maker declares it. `doubt` is the standard deviation of ln(joules) for what is not declared."""

    name: str
    bandwidth_b_s: float
    flops: float  # dense, 16 bits
    flops_8: float  # dense, 8 bits; that of 16 bits where it has no faster
    flops_4: float  # dense, floats of 4 bits; that of 16 bits where it has none
    limit_w: float
    memory_b: float
    host_w: float  # the machine beside one such card, at work
    supply_ratio: float  # what the power supply passes on
    doubt: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A model's architecture: bench/data/architectures.csv says it, or it is inferred from a number of weights."""

    name: str
    parameters: float
    active: float
    aside: float  # looked up by row (embeddings), or of an encoder: no decoding step reads them
    layers: int
    hidden: int
    experts: int = 1
    experts_per_token: int = 1
    cache_per_token: float = 0.0  # numbers, keys and values of all layers
    local_cache_per_token: float = 0.0  # of layers that look back `window` tokens only
    window: float = 0.0
    image_tokens: float = 0.0
    bits: float = 16.0  # of a weight, as published
    doubt: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One request among `batch` at once on `cards` cards; every field is an input, none an outcome."""

    shape: Shape
    card: Card
    bits: float  # of a weight
    cards: float = 1.0
    batch: float = 1.0
    prompt_tokens: float = 0.0
    output_tokens: float = 1.0
    scope: Scope = "gpu"
    fits: bool = False  # the batch is known to run at once, whatever the caches seem to need
    fused: bool = True  # attention in one kernel, as in servers; llama.cpp and what is built on it may do without
    # Standard deviations for what had to be filled in: of ln(joules), ln(prompt tokens) and ln(batch)
    doubt: float = 0.0
    prompt_doubt: float = 0.0
    batch_doubt: float = 0.0
    notes: tuple[str, ...] = field(default=())

    @property
    def flops(self) -> float:
        """The peak of one card at the precision it computes in: floats of 8 or 4 bits where weights are."""
        return {8.0: self.card.flops_8, FLOAT_4: self.card.flops_4}.get(self.bits, self.card.flops)

    @property
    def packed(self) -> bool:
        """Whether weights must be unpacked before a card can multiply them."""
        return self.bits not in _COMPUTED and self.flops <= self.card.flops

    @property
    def weight_bytes(self) -> float:
        """Every weight in memory."""
        return self.shape.parameters * self.bits / 8

    def touched_bytes(self, tokens: float) -> float:
        """The weights that one pass over `tokens` tokens reads, in bytes."""
        return self.touched_weights(tokens) * self.bits / 8

    def touched_weights(self, tokens: float) -> float:
        """The weights that one pass over `tokens` tokens reads."""
        shape = self.shape
        read = shape.parameters - shape.aside
        if shape.experts > 1:
            routed = (shape.parameters - shape.active) * shape.experts / (shape.experts - shape.experts_per_token)
            missed = (1 - shape.experts_per_token / shape.experts) ** max(1.0, tokens)
            read -= min(routed, read) * missed
        return read

    def cache_bytes(self, context: float) -> float:
        """The cache that one sequence of `context` tokens holds, and a step reads."""
        shape = self.shape
        local = shape.local_cache_per_token * min(context, shape.window or context)
        return CACHE_BYTES * (shape.cache_per_token * context + local)

    @property
    def running(self) -> float:
        """Sequences that run at once: the batch asked for, or as many as their caches leave room for."""
        if self.fits:
            return self.batch
        whole = self.cache_bytes(self.prompt_tokens + self.output_tokens / 2)
        room = FULL_RATIO * self.card.memory_b * self.cards - self.weight_bytes
        return max(1.0, min(self.batch, room / whole)) if whole > 0 and room > 0 else self.batch


def pieces(job: Job) -> Pieces:
    """Each term's seconds a request at the roofline, and the share of the power limit that its work draws.

    All but the first kinds of work are a time at no roofline: 10 µs a layer, 1 ms a step, 0.1 ms a sequence and
    10 ms a request are units, in which the coefficients say what a host adds.
    """
    shape, batch = job.shape, job.running
    steps = max(0.0, job.output_tokens - 1)
    active = shape.active - shape.aside
    attention = 2 * shape.layers * shape.hidden * job.prompt_tokens**2  # causal: half of 4·L·h·p²
    bandwidth, flops = job.cards * job.card.bandwidth_b_s, job.cards * job.flops
    cache_s = job.cache_bytes(job.prompt_tokens + job.output_tokens / 2) * steps / bandwidth
    packed = job.touched_weights(batch) if job.packed else 0.0
    many = 1.0 if job.cards > 1 else 0.0
    routed = 1.0 if shape.experts > 1 else 0.0
    return {
        "weights": (job.touched_bytes(batch) * steps / batch / bandwidth, MEMORY_SHARE),
        "unpack": (packed * steps / batch / bandwidth, MEMORY_SHARE),
        "cache": (cache_s * job.fused, MEMORY_SHARE),
        "cache_unfused": (cache_s * (not job.fused), MEMORY_SHARE),
        "decode": (2 * active * steps / flops, COMPUTE_SHARE),
        "prefill": ((2 * active * job.prompt_tokens + attention) / flops, COMPUTE_SHARE),
        "first": (job.touched_bytes(batch * job.prompt_tokens) / batch / bandwidth, MEMORY_SHARE),
        "layer": (1e-5 * shape.layers * steps / batch, WAIT_SHARE),
        "expert": (1e-5 * shape.layers * routed * steps / batch, WAIT_SHARE),
        "step": (1e-3 * steps / batch, WAIT_SHARE),
        "sequence": (1e-4 * steps, WAIT_SHARE),
        "request": (1e-2 / batch, WAIT_SHARE),
        "exchange": (1e-5 * shape.layers * many * steps / batch, WAIT_SHARE),
        "exchange_token": (2e-11 * shape.layers * shape.hidden * many * steps, WAIT_SHARE),
    }


def terms(job: Job) -> dict[str, float]:
    """The joules of each term of a request at the roofline and the full power limit, in the job's scope.

    A term's joules hold the host's for the same time where the scope is the machine, and the power supply's loss
    where it is the wall.
    """
    return joules_of(pieces(job), job, job.scope)


def joules_of(found: Pieces, job: Job, scope: Scope) -> dict[str, float]:
    """The joules of a job's pieces in a scope, which they do not depend on themselves."""
    watts = {share: _watts(job, scope, share) for share in (MEMORY_SHARE, COMPUTE_SHARE, WAIT_SHARE)}
    return {name: seconds * watts[share] for name, (seconds, share) in found.items()}


def least_j(job: Job) -> float:
    """What no machine can undercut: the weights that its steps read, at the lowest published energy of a byte."""
    steps = max(0.0, job.output_tokens - 1)
    batch = job.running
    return job.touched_bytes(batch) * steps / batch * rules.LEAST_J_PER_BYTE


def _watts(job: Job, scope: Scope, share: float) -> float:
    """Watts that bear a term's time: the cards' limit, and what else the scope holds, as if at that share."""
    limit_w = job.cards * job.card.limit_w
    if scope == "gpu":
        return limit_w
    host_w = job.cards * job.card.host_w / share
    return (limit_w + host_w) / (job.card.supply_ratio if scope == "wall" else 1.0)
