"""A model on a card at a batch → the few numbers that its energy is made of, read off bench.estimators.roofline.

What the prior says of a request depends on its lengths in a closed form; its coefficients are found by asking
`roofline.terms` at a few lengths, so that no physics stands here twice. `proved` asks the prior at more of them: a
form that does not give its answer back is not used, and the row is answered by bench.estimators.answering alone.

    steps = max(n − 1, 0)    x = p + n/2    p, n: tokens of the prompt and of the answer
    energy = step·steps + cache·steps·x + prompt·p + square·p² + fixed
    up² = up_step·steps² + up_cache·(cache·steps·x)² + up_prompt·(prompt·p + square·p²)² + up_fixed

of the squares that bench.estimators.prior.moves adds, and likewise down. A prompt that does not meet all experts
reads fewer weights: missed·exp(expert·p) less. That holds while the batch runs whole, and attention looks back at
all: x ≤ most_x, p ≥ least_p. Elsewhere `Whole` has what `Plain` sets fixed:

    running = batch, or what memory holds of caches    read = 1 − missed·exp(expert·running)
    energy = (read·read_step + shared_step)·steps/running + own_step·steps + … + first·(…)/running
"""

import math
from dataclasses import dataclass, replace

from bench.estimators.prior import TERMS, Z90, Prior
from bench.estimators.roofline import CACHE_BYTES, FULL_RATIO, Job, least_j, terms

_READ = ("weights", "unpack")  # each byte once for the batch
_SHARED = ("layer", "expert", "step", "exchange")  # each step once for the batch
_OWN = ("decode", "sequence", "exchange_token")
_CACHE = ("cache", "cache_unfused")
_STEPS, _FIXED = (*_READ, *_SHARED, *_OWN), ("first", "request")
_FORM = {*_STEPS, *_CACHE, *_FIXED, "prefill"}
NUDGE = 1.1  # how far bench.estimators.prior.felt moves a batch and a prompt
_LONG = 1e6  # tokens of a prompt that every expert meets
_NOTHING = 40.0  # exp(-40) is nothing beside 1 in 16 digits


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """Joules, and squares of joules, of a batch that runs whole."""

    step: float
    cache: float
    prompt: float
    square: float
    fixed: float
    up_step: float
    up_cache: float
    up_fixed: float
    down_step: float
    down_cache: float
    down_fixed: float
    rest: float  # squared: what no term explains
    least: float  # joules a step, below which no machine is
    felt_step: float  # what a batch a tenth larger adds
    felt_fixed: float
    felt: float  # how far that is felt
    most_x: float
    least_p: float
    missed: float  # joules of reading what a short prompt does not
    expert: float
    twice_first: float  # joules of reading all weights once for a prompt, twice
    far: float  # what a batch beyond those seen widens a bound by


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """The same at any lengths; `prompt_tokens` are NaN where they were said."""

    share: float  # 1 ÷ batch
    cache_bytes: float
    local_bytes: float
    window: float
    room: float  # 1 ÷ bytes that are free for caches; nought where the batch is known to fit
    missed: float
    expert: float
    read_step: float
    shared_step: float
    own_step: float
    cached: float  # joules a byte and step
    first: float
    request: float
    up_read: float
    up_shared: float
    up_own: float
    up_first: float
    up_request: float
    down_read: float
    down_shared: float
    down_own: float
    down_first: float
    down_request: float
    least_read: float
    felt_prompt: float
    prompt_tokens: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorCell:
    """A job whose lengths are open."""

    job: Job
    plain: Plain
    whole: Whole


@dataclass(frozen=True, slots=True)
class _Asked:
    """A prior's terms of one request: values, and squares of how far each may lie off."""

    prior: Prior
    found: dict[str, float]

    def value(self, *names: str) -> float:
        return math.fsum(self.prior.coefficients[name].value * self.found[name] for name in names)

    def square(self, side: int, *names: str) -> float:
        return math.fsum((self.value(name) * reach(self.prior, name, side)) ** 2 for name in names)


def reach(prior: Prior, name: str, side: int) -> float:
    """How far a term may lie above (1) or below (-1) its value, over its value."""
    return side * math.expm1(side * Z90 * prior.coefficients[name].spread)


def _asked(prior: Prior, job: Job, *, batch: float, prompt: float) -> _Asked:
    """Of a prompt and one decoding step."""
    alone = replace(job, fits=True, batch=batch, prompt_tokens=prompt, output_tokens=2.0)
    return _Asked(prior, terms(alone))


def cell_of(prior: Prior, job: Job, *, prompt_said: bool, far: float) -> PriorCell | None:
    """The numbers of that job at any lengths; None where its terms have another form."""
    if set(TERMS) != _FORM or not math.isfinite(far):
        return None
    whole = _whole(prior, job, prompt_said)
    if whole.request <= 0 or whole.read_step < whole.least_read:
        return None  # of no energy no share is told; below the least the form bends
    return PriorCell(job=job, plain=_plain(prior, job, whole, prompt_said, far), whole=whole)


def _plain(prior: Prior, job: Job, whole: Whole, prompt_said: bool, far: float) -> Plain:
    one, long = (_asked(prior, job, batch=job.batch, prompt=prompt) for prompt in (1.0, _LONG))
    near, apart = one.value("prefill"), long.value("prefill")
    square = (apart - _LONG * near) / (_LONG * _LONG - _LONG)
    cached = one.value(*_CACHE) / 2  # at one token of a prompt and two of an answer x is 2
    felt_step, felt_fixed = _more(prior, job, one, long)
    return Plain(
        step=one.value(*_STEPS),
        cache=cached,
        prompt=near - square,
        square=square,
        fixed=long.value(*_FIXED),
        up_step=one.square(1, *_STEPS),
        up_cache=one.square(1, *_CACHE) / (4 * cached * cached or 1.0),
        up_fixed=long.square(1, *_FIXED),
        down_step=one.square(-1, *_STEPS),
        down_cache=one.square(-1, *_CACHE) / (4 * cached * cached or 1.0),
        down_fixed=long.square(-1, *_FIXED),
        rest=Z90**2 * (prior.overall**2 + job.doubt**2),
        least=least_j(replace(job, fits=True, prompt_tokens=0.0, output_tokens=2.0)),
        felt_step=felt_step,
        felt_fixed=felt_fixed,
        felt=Z90 * job.batch_doubt / math.log(NUDGE),
        most_x=_most_x(job, whole) if prompt_said else -1.0,
        **_routed(job, whole),
        far=far,
    )


def _more(prior: Prior, job: Job, one: _Asked, long: _Asked) -> tuple[float, float]:
    """What a batch a tenth larger adds to a step and to what is fixed, where the batch is in doubt."""
    if not job.batch_doubt:
        return 0.0, 0.0
    more, more_long = (_asked(prior, job, batch=job.batch * NUDGE, prompt=prompt) for prompt in (1.0, _LONG))
    return more.value(*_STEPS) - one.value(*_STEPS), more_long.value(*_FIXED) - long.value(*_FIXED)


def _routed(job: Job, whole: Whole) -> dict[str, float]:
    """What experts add: nothing where there are none; where a batch is in doubt, prompts that meet them all."""
    missed = whole.first * whole.missed / job.batch
    if not missed:
        return {"least_p": 0.0, "missed": 0.0, "expert": 0.0, "twice_first": 0.0}
    expert = whole.expert * job.batch
    known = {"expert": expert, "twice_first": 2 * whole.first / job.batch}
    if job.batch_doubt:
        return {"least_p": -_NOTHING / expert, "missed": 0.0, **known}
    return {"least_p": 1 / job.batch, "missed": missed, **known}


def _most_x(job: Job, whole: Whole) -> float:
    """Up to how many tokens of context the batch runs whole, and a window of attention holds them all."""
    most = job.batch * (NUDGE if job.batch_doubt else 1.0)
    needed = (whole.cache_bytes + whole.local_bytes) * most * whole.room
    window = whole.window if whole.local_bytes else math.inf
    return min(window, 1 / needed if needed > 0 else math.inf) * (1 - 1e-12)


def _whole(prior: Prior, job: Job, prompt_said: bool) -> Whole:
    shape = job.shape
    one = _asked(prior, job, batch=1.0, prompt=0.0)
    missed, expert, read = 0.0, 0.0, job.touched_weights(math.inf)
    if shape.experts > 1:
        expert = math.log1p(-shape.experts_per_token / shape.experts)
        missed = (read - job.touched_weights(1.0)) / read / math.exp(expert)
    at_one = 1 - missed * math.exp(expert)
    free = FULL_RATIO * job.card.memory_b * job.cards - job.weight_bytes
    bytes_j = one.value(*_CACHE) / job.cache_bytes(1.0) if job.cache_bytes(1.0) else 0.0
    return Whole(
        share=1 / job.batch,
        cache_bytes=CACHE_BYTES * shape.cache_per_token,
        local_bytes=CACHE_BYTES * shape.local_cache_per_token,
        window=shape.window or math.inf,
        room=1 / free if free > 0 and not job.fits else 0.0,
        missed=missed,
        expert=expert,
        read_step=one.value(*_READ) / at_one,
        shared_step=one.value(*_SHARED),
        own_step=one.value(*_OWN),
        cached=bytes_j,
        first=one.value("first") / at_one,
        request=one.value("request"),
        up_read=one.square(1, *_READ) / at_one**2,
        up_shared=one.square(1, *_SHARED),
        up_own=one.square(1, *_OWN),
        up_first=one.square(1, "first") / at_one**2,
        up_request=one.square(1, "request"),
        down_read=one.square(-1, *_READ) / at_one**2,
        down_shared=one.square(-1, *_SHARED),
        down_own=one.square(-1, *_OWN),
        down_first=one.square(-1, "first") / at_one**2,
        down_request=one.square(-1, "request"),
        least_read=least_j(replace(job, fits=True, batch=1.0, output_tokens=2.0)) / at_one,
        felt_prompt=Z90 * job.prompt_doubt / math.log(NUDGE),
        prompt_tokens=math.nan if prompt_said else job.prompt_tokens,
    )
