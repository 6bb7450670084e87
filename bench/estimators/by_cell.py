"""The ladder's upper rungs: a model that our own coefficients hold, at its batch or at another.

Which of several cells answers: the one at the batch asked for, then the one with the fewest amounts outside what
was measured, then the first published. What was not said (engine, precision, hardware) is said in a note.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bench.errors import BadInput
from bench.estimators.answer import Answer
from bench.estimators.asked import Catalogue, plain_name
from bench.estimators.prior import Z90
from bench.estimators.published import WINDOW_S, Found, request_j
from bench.estimators.wanted import TokenRate, Wanted
from bench.nouns import Coefficients
from bench.nouns.estimates import Grade, Range, exactly
from bench.phrases import Phrase, joined

# What a power supply passes on: 80 PLUS Titanium 96 % at half load, Gold 87 % at full load; between them the value
# (tomshardware.com/reviews/80-plus-psu-efficiency,4848-2.html; checked 2026-11-22)
_SUPPLY = Range(low=1 / 0.96, value=1 / 0.91, high=1 / 0.87)
_INPUT: Mapping[str, str] = {"causal-lm": "prompt_token", "translation": "source_token"}
_OUTPUT: Mapping[str, str] = {"causal-lm": "output_token", "translation": "target_token", "speech": "output_token"}
_ONE: Mapping[str, str] = {"causal-lm": "output_token", "translation": "target_token", "speech": "audio_window"}
_NEAR_RATIO = 1.05  # batches that count as one


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """The amounts of one request at the least, as likely and at the most that its input may be."""

    low: Mapping[str, float]
    value: Mapping[str, float]
    high: Mapping[str, float]


def cells_of(wanted: Wanted, published: Sequence[Coefficients]) -> list[Coefficients]:
    """The coefficients of that model that nothing said speaks against."""
    return [one for one in published if _fits(wanted, one)]


def _fits(wanted: Wanted, one: Coefficients) -> bool:
    key = one.key
    said = (
        (wanted.model, key.model),
        (wanted.precision, key.precision),
        (wanted.engine, key.engine),
        (wanted.hardware, key.hardware),
    )
    if any(asked and plain_name(asked) != plain_name(found) for asked, found in said):
        return False
    # a host beside a busy board is a part of what a request takes, never the whole
    return one.boundary in ("wall", "gpu") or (one.boundary == "host" and key.device != "gpu")


def by_cell(
    wanted: Wanted,
    own: Sequence[Coefficients],
    family: str,
    tokens_in: Range | None,
    catalogue: Catalogue,
    rates: tuple[TokenRate, ...],
    notes: Sequence[str],
) -> Answer | None:
    """The answer of the best of these cells; None where none can bear it and the prior may. Raises BadInput."""
    reasons: list[BadInput] = []
    found: list[tuple[float, int, int, Answer]] = []
    for at, one in enumerate(own):
        if _ONE.get(family, "request") not in one.terms:
            continue
        told = list(notes)
        try:
            work = _work(wanted, one, family, tokens_in, catalogue, rates, told)
            parts = _priced(one, work)
        except BadInput as error:
            reasons.append(error)
            continue
        if _scope_missing(wanted, one):
            continue
        rank = (abs(math.log((wanted.batch or 1.0) / _level(one))), len(parts[1].outside), at)
        found.append((*rank, _answer(wanted, one, parts, told)))
    if not found:
        if reasons:  # the prior of another machine would be no answer to what this one takes
            raise reasons[0]
        return None
    best = min(found, key=lambda each: each[:3])[3]
    return _with_others(best, own)


def _priced(one: Coefficients, work: _Work) -> tuple[Found, Found, Found]:
    """The request at the least, as likely and at the most; priced once where they are one."""
    value = request_j(one, work.value)
    low = value if work.low == work.value else request_j(one, work.low)
    return low, value, value if work.high == work.value else request_j(one, work.high)


def _scope_missing(wanted: Wanted, one: Coefficients) -> bool:
    """Whether the boundary of these joules is less than the scope asked for, or more."""
    if one.boundary == "gpu":
        return wanted.scope in ("machine", "wall")
    return wanted.scope == "gpu"


def _level(one: Coefficients) -> float:
    return float(max(one.batch, one.concurrency, 1))


def _work(
    wanted: Wanted,
    one: Coefficients,
    family: str,
    tokens_in: Range | None,
    catalogue: Catalogue,
    rates: tuple[TokenRate, ...],
    notes: list[str],
) -> _Work:
    if family == "speech":
        return _sound(wanted, one, notes)
    if family not in _INPUT:
        if wanted.input_tokens or wanted.output_tokens or wanted.characters:
            notes.append(Phrase("energy of a request as measured, whatever its length"))
        return _Work(low={}, value={}, high={})
    name = _INPUT[family]
    given = tokens_in or _prompt(wanted, family, catalogue, notes)
    if wanted.output_tokens is not None:
        answer = exactly(wanted.output_tokens)
    elif family == "translation":
        answer = _translated(given, rates, notes)
    else:
        raise BadInput(
            Phrase("{model}: output_tokens is missing; needed is how long an answer is", model=wanted.model)
        )
    ends = zip(given, answer, strict=True)
    low, value, high = ({name: a, _OUTPUT[family]: b} for a, b in ends)
    return _Work(low=low, value=value, high=high)


def _prompt(wanted: Wanted, family: str, catalogue: Catalogue, notes: list[str]) -> Range:
    if family == "translation":
        raise BadInput(
            Phrase(
                "{model}: input_tokens or characters is missing; needed is how long a text is", model=wanted.model
            )
        )
    usual = next(one for one in catalogue.prompts if not one.task and not one.model)
    reach = math.exp(Z90 * usual.doubt)
    notes.append(Phrase("prompt of {tokens:g} tokens assumed", tokens=usual.tokens))
    return Range(low=usual.tokens / reach, value=usual.tokens, high=usual.tokens * reach)


def _translated(given: Range, rates: tuple[TokenRate, ...], notes: list[str]) -> Range:
    """A translation's tokens from its source's: the ratios of the same text's tokens from language to language."""
    by_tokenizer: dict[str, list[float]] = {}
    for rate in rates:
        by_tokenizer.setdefault(rate.tokenizer, []).append(rate.meaning)
    most = max((max(m) / min(m) for m in by_tokenizer.values()), default=4.0)
    notes.append(
        Phrase("a translation as long as its source assumed, a factor of {most:.3g} either way", most=most)
    )
    return Range(low=given.low / most, value=given.value, high=given.high * most)


def _sound(wanted: Wanted, one: Coefficients, notes: list[str]) -> _Work:
    seconds = wanted.audio_seconds
    if seconds is None:
        raise BadInput(
            Phrase("{model}: audio_seconds is missing; needed is how long the sound is", model=wanted.model)
        )
    windows = {"audio_window": float(max(1, math.ceil(seconds / WINDOW_S)))}
    if wanted.output_tokens is not None:
        every = {**windows, "output_token": wanted.output_tokens}
        return _Work(low=every, value=every, high=every)
    spans = [one.domain[name] for name in ("output_tokens", "audio_s") if name in one.domain]
    if len(spans) < 2 or spans[1][0] <= 0:
        raise BadInput(
            Phrase("{model}: output_tokens is missing, and no run tells how many a second has", model=wanted.model)
        )
    (low_n, high_n), (low_s, high_s) = spans
    ends = sorted((low_n / low_s, high_n / high_s))
    at = math.log(max(seconds, low_s) / low_s) / math.log(high_s / low_s) if high_s > low_s else 0.5
    middle = low_n / low_s * (high_n / high_s * low_s / low_n) ** min(1.0, at)  # from the shortest to the longest
    notes.append(
        Phrase(
            "{middle:.3g} ({low:.3g} to {high:.3g}) tokens a second of sound assumed, as in these runs",
            middle=middle,
            low=ends[0],
            high=ends[1],
        )
    )
    low, value, high = ({**windows, "output_token": rate * seconds} for rate in (ends[0], middle, ends[1]))
    return _Work(low=low, value=value, high=high)


def _answer(wanted: Wanted, one: Coefficients, parts: Sequence[Found], notes: list[str]) -> Answer:
    """The answer by one cell: its own batch, or carried to another as far as physics bounds it."""
    mid = parts[1]
    energy = Range(
        low=min(part.energy_j.low for part in parts),
        value=mid.energy_j.value,
        high=max(part.energy_j.high for part in parts),
    )
    notes += mid.outside
    energy, shrink, moved = _at_batch(energy, wanted, one, notes)
    scope = "gpu" if one.boundary == "gpu" else ("machine" if one.boundary == "host" else "wall")
    if wanted.scope == "wall" and one.boundary == "host":
        notes.append(Phrase("at the plug: times {range}, what power supplies lose", range=_SUPPLY.words))
        energy = Range(**{n: getattr(energy, n) * getattr(_SUPPLY, n) for n in ("low", "value", "high")})
        shrink, scope = shrink * _SUPPLY.value, "wall"
    if one.boundary == "gpu":
        notes.append(Phrase("the machine beside the cards is not inside: nothing measured it"))
    return Answer(
        wanted=wanted,
        energy_j=energy,
        terms_j={name: joules * shrink for name, joules in mid.terms_j.items()},
        basis=_basis(one, mid, moved),
        method=Phrase("same model, another batch") if moved else Phrase("measured cell"),
        scope=scope,
        rests_on=_rests_on(one),
        notes=tuple(dict.fromkeys([*notes, *one.notes])),
        explained=mid.explained,
    )


def _basis(one: Coefficients, found: Found, moved: bool) -> Grade:
    if moved:
        return "bounded"
    if found.outside:
        return "scaled"
    single = all(low == high for low, high in one.domain.values())
    measured = all(q.basis == "measured" for q in one.terms.values()) and not one.simulated
    return "measured" if single and measured else "fitted"


def _at_batch(energy: Range, wanted: Wanted, one: Coefficients, notes: list[str]) -> tuple[Range, float, bool]:
    """At another batch a request takes between all of its energy and its share: steps are shared, or not at all.

    n·E(1)/B ≤ E(B) ≤ n·E(1): a batch reads the weights once for all, and computes for each. The value is the mean
    of the two on the scale of logarithms.
    """
    asked, level = wanted.batch or _level(one), _level(one)
    ratio = asked / level
    if 1 / _NEAR_RATIO < ratio < _NEAR_RATIO:
        return energy, 1.0, False
    notes.append(
        Phrase(
            "measured at a batch of {level:g}; at {asked:g} a request takes between its share and all of it",
            level=level,
            asked=asked,
        )
    )
    shrink = 1 / math.sqrt(ratio)
    lowest, highest = min(1.0, 1 / ratio), max(1.0, 1 / ratio)
    return (
        Range(low=energy.low * lowest, value=energy.value * shrink, high=energy.high * highest),
        shrink,
        True,
    )


def _rests_on(one: Coefficients) -> tuple[str, ...]:
    key = one.key
    cell = Phrase(
        "{engine} {version}, {model}:{precision} on {hardware}, {boundary}",
        engine=key.engine,
        version=key.engine_version,
        model=key.model,
        precision=key.precision,
        hardware=key.hardware,
        boundary=Phrase(one.boundary),
    )
    kinds = [Phrase("{weights} weights", weights=Phrase(key.weights))]
    if any(q.basis == "modelled" for q in one.terms.values()):
        kinds.append(Phrase("modelled {boundary} power", boundary=Phrase(one.boundary)))
    if one.simulated:
        kinds.append(Phrase("simulated sensors"))
    return (
        Phrase("{cell}: {kinds}", cell=cell, kinds=joined(kinds)),
        *(Phrase("run {run}", run=run) for run in one.runs),
    )


def _with_others(best: Answer, own: Sequence[Coefficients]) -> Answer:
    """The answer, with what else it could have rested on."""
    cells = {f"{o.key.engine}/{o.key.precision} on {o.key.hardware}" for o in own}
    if len(cells) < 2:
        return best
    note = Phrase(
        "{n} cells of this model are measured; say --engine, --precision, --hardware to choose", n=len(cells)
    )
    return replace(best, notes=(*best.notes, note))
