"""A request → its Answer by the ladder: our own measured cells, the same at another batch, the physical prior.

Values are handed in (Known); nothing is read here. What can be told from measured coefficients alone (speech,
translation, classification) is refused where there are none, with the nearest cell named.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial

from bench.errors import BadInput, UnknownName
from bench.estimators.answer import Answer, times
from bench.estimators.asked import Asked, Catalogue, job_of, plain_name
from bench.estimators.by_cell import by_cell, cells_of
from bench.estimators.ladder import Evidence, Seen, price
from bench.estimators.prior import TERMS, Book, Prior, seconds, split_j
from bench.estimators.roofline import FULL_RATIO, Job, Scope, pieces, terms
from bench.estimators.seen_cells import seen_cells
from bench.estimators.wanted import TokenRate, Wanted, input_of
from bench.nouns import Coefficients
from bench.nouns.estimates import Range
from bench.phrases import Phrase

_SPEECH = re.compile(r"whisper|wav2vec|parakeet|canary|voxtral", re.IGNORECASE)
_TRANSLATION = re.compile(r"nllb|m2m|opus-mt|marian|seamless|madlad", re.IGNORECASE)
_CLASSIFIER = re.compile(r"\bbert\b|lstm|intent", re.IGNORECASE)
SHORT, FARTHER = 2000.0, 0.25  # tokens that the prior has seen, and by what power a bound moves beyond: chosen
LARGE_BATCH = 1000.0
_WALL: Scope = "wall"
# what an answer calls a rung of the ladder, where it is carried to another batch as well as to another card
_CARRIED = {"same model, another card": Phrase("same model, another batch or card")}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Known:
    """What estimates rest on. `families`: of every declared model, by its name. Equal to itself alone."""

    catalogue: Catalogue
    book: Book
    published: Sequence[Coefficients] = ()
    token_rates: tuple[TokenRate, ...] = ()
    families: Mapping[str, str] = field(default_factory=dict)
    prior_sources: tuple[str, ...] = ()  # the files that fed the prior, each with its commit, licence and sha256

    @property
    def prior(self) -> Prior:
        """The prior fitted on every source."""
        return self.book.without(())

    @property
    def models(self) -> list[str]:
        """Every model that an estimate is known for."""
        names = {shape.name for _, shape in self.catalogue.shapes} | set(self.families)
        return sorted(names | {one.key.model for one in self.published})


def answer(wanted: Wanted, known: Known) -> Answer:
    """The energy of the requests. Raises BadInput, UnknownName: what is not known is refused."""
    notes: list[str] = []
    tokens_in = input_of(wanted, known.token_rates, notes)
    family = family_of(wanted, known)
    own = _cells(wanted.model, wanted.precision, wanted.engine, wanted.hardware, known)
    if own:
        found = by_cell(wanted, own, family, tokens_in, known.catalogue, known.token_rates, notes)
        if found is not None and not (
            found.scope == "gpu" and found.basis == "bounded" and _carried(wanted, known)
        ):
            return found
    if family != "causal-lm":
        raise BadInput(_nearest(wanted, family, known))
    return _by_prior(wanted, tokens_in, known, notes)


def family_of(wanted: Wanted, known: Known) -> str:
    """What kind of model it is: as measured, as declared, or as its name says; else a language model."""
    return _family(wanted.model, wanted.audio_seconds is not None, known)


@lru_cache(maxsize=1024)
def _family(model: str, sound: bool, known: Known) -> str:
    plain = plain_name(model)
    said = {plain_name(name): family for name, family in known.families.items()}
    for one in known.published:
        if plain_name(one.key.model) == plain:
            if "audio_window" in one.terms:
                return "speech"
            if "target_token" in one.terms:
                return "translation"
            if "output_token" not in one.terms:
                return "video" if "video_second" in one.terms else "classifier"
            return "causal-lm"
    if plain in said:
        return said[plain]
    for pattern, family in ((_SPEECH, "speech"), (_TRANSLATION, "translation"), (_CLASSIFIER, "classifier")):
        if pattern.search(model):
            return family
    return "speech" if sound else "causal-lm"


@lru_cache(maxsize=1024)
def _cells(model: str, precision: str, engine: str, hardware: str, known: Known) -> tuple[Coefficients, ...]:
    """The cells of these names: looked up once, for a service is asked for the same ones over and over."""
    said = Wanted(model=model, precision=precision, engine=engine, hardware=hardware)
    return tuple(cells_of(said, known.published))


def _nearest(wanted: Wanted, family: str, known: Known) -> str:
    alike = [one for one in known.published if family_of(replace(wanted, model=one.key.model), known) == family]
    plain = plain_name(wanted.model)
    own = [one for one in alike if plain_name(one.key.model) == plain] or alike
    cells = sorted({f"{o.key.engine}/{o.key.model}:{o.key.precision} on {o.key.hardware}" for o in own})
    near = (
        Phrase("the nearest measured is {cells}", cells=", ".join(cells[:3]))
        if cells
        else Phrase("none is measured")
    )
    return Phrase(
        "{model}: {family} is estimated from measured coefficients alone, and none fits what was "
        "asked; {near}; measure it, and give its folder with --results",
        model=wanted.model,
        family=Phrase(family),
        near=near,
    )


def _by_prior(wanted: Wanted, tokens_in: Range | None, known: Known, notes: list[str]) -> Answer:
    _model_known(wanted, known)
    scope = wanted.scope or _WALL
    job = _sized(_job(wanted, None if tokens_in is None else tokens_in.value, scope, known), wanted, notes)
    if wanted.hardware and job.card.name == "unknown":
        names = [name.replace(" ", "-") for name, _ in known.catalogue.cards]
        raise UnknownName(
            "hardware", wanted.hardware.lower(), [*names, *(one.key.hardware for one in known.published)]
        )
    evidence = Evidence(seen=_carried(wanted, known))
    prior = known.prior
    work = pieces(job)
    priced = price(job, "", prior, evidence, work)
    energy = _spread(priced.energy_j, job, tokens_in, prior, evidence)
    energy = _outside(energy, job, notes)
    value = energy.value
    parts = split_j(prior, job, work)
    whole = math.fsum(parts.values())
    taken = seconds(prior, job, work) * job.cards / value
    return Answer(
        wanted=wanted,
        energy_j=energy,
        terms_j={**{name: value * part / whole for name, part in parts.items()}, "idle_share": 0.0},
        basis=priced.basis,
        method=_CARRIED.get(priced.method, priced.method),
        scope=scope,
        rests_on=(
            *(() if priced.method == "prior" else (priced.rests_on,)),
            _fitted_on(prior.sources),
        ),
        notes=(
            *notes,
            *job.notes,
            Phrase(
                "on {cards:g} × {card}, {running:.4g} requests at once",
                cards=job.cards,
                card=job.card.name,
                running=job.running,
            ),
            _IDLE,
            *(() if scope == "gpu" else (_MODELLED,)),
        ),
        explained=partial(_chain, job, known),
        card=job.card,
        device_s=times(energy, taken),
        job=job,
    )


_IDLE = Phrase("what cards draw while they wait is inside input and output; hours that nobody used are not inside")
_MODELLED = Phrase("host power is modelled: watts beside a card, for as long as it works")


@lru_cache(maxsize=16)
def _fitted_on(sources: tuple[str, ...]) -> Phrase:
    listed = ", ".join(sources)
    return Phrase("the physical prior, bench/data/prior.json, fitted on {sources}", sources=listed)


def _carried(wanted: Wanted, known: Known) -> tuple[Seen, ...]:
    """What our own cards were measured at with this model, to be carried over."""
    return _seen(wanted.model, wanted.scope or _WALL, known)


@lru_cache(maxsize=1024)
def _seen(model: str, scope: Scope, known: Known) -> tuple[Seen, ...]:
    return tuple(seen_cells(model, known.published, known.catalogue, known.prior, scope))


def _model_known(wanted: Wanted, known: Known) -> None:
    if wanted.params_b is not None:
        return
    plain = plain_name(wanted.model)
    sized = re.search(r"\d\s*[bm](?![a-z0-9])", wanted.model, re.IGNORECASE)
    if not sized and not any(name in plain for name, _ in known.catalogue.shapes):
        raise UnknownName("model", wanted.model, known.models)


def _job(wanted: Wanted, tokens: float | None, scope: Scope, known: Known) -> Job:
    if wanted.output_tokens is None:
        raise BadInput(
            Phrase("{model}: output_tokens is missing; needed is how long an answer is", model=wanted.model)
        )
    asked = Asked(
        model=wanted.model,
        params_b=wanted.params_b,
        active_params_b=wanted.active_params_b,
        precision=wanted.precision,
        gpu=wanted.hardware,
        n_gpus=wanted.cards,
        batch=wanted.batch,
        input_tokens=tokens,
        output_tokens=wanted.output_tokens,
        engine=wanted.engine,
        scope=scope,
    )
    return job_of(asked, known.catalogue)


def _sized(job: Job, wanted: Wanted, notes: list[str]) -> Job:
    """The job on as many cards as hold its weights. Raises BadInput where those that were said do not."""
    cards = job.cards
    while job.weight_bytes > FULL_RATIO * job.card.memory_b * cards:
        cards *= 2
    if cards == job.cards:
        return job
    if wanted.cards is not None:
        raise BadInput(
            Phrase(
                "{shape}: {size:.3g} GB of weights do not fit {cards:g} of {card}; needed are "
                "{cards_2:g}, or fewer bits (--precision)",
                shape=job.shape.name,
                size=job.weight_bytes / 1000000000.0,
                cards=job.cards,
                card=job.card.name,
                cards_2=cards,
            )
        )
    notes.append(Phrase("{cards:g} cards assumed: its weights do not fit one", cards=cards))
    return replace(job, cards=cards)


def _spread(energy: Range, job: Job, tokens_in: Range | None, prior: Prior, evidence: Evidence) -> Range:
    """The interval of a prompt whose length is a range: the ends' ends."""
    if tokens_in is None or tokens_in.low == tokens_in.high:
        return energy
    ends = [
        price(replace(job, prompt_tokens=tokens), "", prior, evidence).energy_j
        for tokens in (tokens_in.low, tokens_in.high)
    ]
    return Range(low=min(ends[0].low, energy.low), value=energy.value, high=max(ends[1].high, energy.high))


_PROMPT, _OUTPUT, _AT_ONCE = Phrase("prompt tokens"), Phrase("output tokens"), Phrase("requests at once")


def _outside(energy: Range, job: Job, notes: list[str]) -> Range:
    """Widened where the prior has seen nothing of the kind, and said."""
    far = 0.0
    for what, found, most in (
        (_PROMPT, job.prompt_tokens, SHORT),
        (_OUTPUT, job.output_tokens, SHORT),
        (_AT_ONCE, job.batch, LARGE_BATCH),
    ):
        if found > most:
            far += FARTHER * math.log(found / most)
            notes.append(
                Phrase(
                    "{found:g} {what} lie outside what the prior has seen (up to {most:g}): widened",
                    found=found,
                    what=what,
                    most=most,
                )
            )
    return Range(low=energy.low * math.exp(-far), value=energy.value, high=energy.high * math.exp(far))


def _chain(job: Job, known: Known) -> tuple[str, ...]:
    found, prior = terms(job), known.prior
    lines = [
        Phrase(
            "{shape}: {parameters:.4g} B parameters, {active:.4g} B at work",
            shape=job.shape.name,
            parameters=job.shape.parameters / 1000000000.0,
            active=job.shape.active / 1000000000.0,
        ),
        Phrase("{bits:g} bits a weight", bits=job.bits),
        Phrase(
            "{cards:g} × {card}, {limit_w:g} W, {bandwidth_b_s:g} GB/s, {flops:g} TFLOPS, "
            "{running:.4g} requests at once",
            cards=job.cards,
            card=job.card.name,
            limit_w=job.card.limit_w,
            bandwidth_b_s=job.card.bandwidth_b_s / 1000000000.0,
            flops=job.flops / 1000000000000.0,
            running=job.running,
        ),
        Phrase("joules of a request = sum over terms of coefficient × joules at the roofline"),
    ]
    return (
        *lines,
        *(
            Phrase(
                "{name}: {value:.4g} × {joules:.4g} J ({means})",
                name=name,
                value=prior.coefficients[name].value,
                joules=joules,
                means=TERMS[name],
            )
            for name, joules in found.items()
            if joules > 0
        ),
        *(Phrase("the prior was fed by {one}", one=one) for one in known.prior_sources),
    )
