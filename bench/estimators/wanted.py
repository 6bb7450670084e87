"""What a person asks of an estimate, checked: usage, model, hardware, load; REST and logs share these fields."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields

from bench.errors import BadInput, UnknownName
from bench.estimators.rivals.figure import positive, within
from bench.estimators.roofline import Scope
from bench.nouns.estimates import Range, exactly
from bench.phrases import Phrase

MOST_TOKENS = 1e7  # of one request; chosen: ten times the longest context sold (a million; 2026-11-21)
MOST_SOUND_S = 1e6  # of one request: twelve days; chosen
MOST_BATCH, MOST_CARDS, MOST_COUNT, MOST_PARAMS_B, LONGEST_NAME = 1e5, 1e4, 1e15, 1e5, 200
SCOPES: tuple[Scope, ...] = ("gpu", "machine", "wall")
_NAME = re.compile(r"[\w .:/+()@-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """`count` like requests to one model. None or "": not said. `characters` are the input's; seconds of sound.

    `scope` is what the joules hold: cards, the machine, or the machine at its plug. Raises BadInput that begins
    with the field's name.
    """

    model: str
    input_tokens: float | None = None
    output_tokens: float | None = None
    audio_seconds: float | None = None
    characters: float | None = None
    language: str = ""
    hardware: str = ""
    cards: float | None = None
    engine: str = ""
    precision: str = ""
    batch: float | None = None
    params_b: float | None = None
    active_params_b: float | None = None
    count: float = 1.0
    scope: Scope | None = None

    def __post_init__(self) -> None:
        _named("model", self.model, needed=True)
        for name in ("language", "hardware", "engine", "precision"):
            _named(name, getattr(self, name), needed=False)
        for name, least, most in (
            ("input_tokens", 0.0, MOST_TOKENS),
            ("output_tokens", 0.0, MOST_TOKENS),
            ("characters", 0.0, 10 * MOST_TOKENS),
            ("audio_seconds", 0.0, MOST_SOUND_S),
            ("batch", 1.0, MOST_BATCH),
            ("cards", 1.0, MOST_CARDS),
        ):
            if (found := getattr(self, name)) is not None:
                within(name, found, least, most)
        for name in ("params_b", "active_params_b"):
            if (found := getattr(self, name)) is not None:
                within(name, positive(name, found), 0.0, MOST_PARAMS_B)
        within("count", self.count, 0.0, MOST_COUNT)
        if self.scope is not None and self.scope not in SCOPES:
            raise BadInput(
                Phrase(
                    "scope is {scope!r:.40}; needed is one of {known}", scope=self.scope, known=", ".join(SCOPES)
                )
            )
        if self.input_tokens is not None and self.characters is not None:
            raise BadInput(Phrase("input_tokens and characters are two counts of one input; give one of them"))


# The names of the command line and of REST, where they differ from the fields
_FIELDS: Mapping[str, str] = {
    "in_tokens": "input_tokens",
    "in_tok": "input_tokens",
    "out_tokens": "output_tokens",
    "out_tok": "output_tokens",
    "chars": "characters",
}


def wanted_of(said: Mapping[str, object]) -> Wanted:
    """A request by the command line's names with underscores, which REST takes too; None: not said.

    Raises BadInput that begins with the name: of a field unknown (with the nearest), of a wrong type or value.
    """
    found: dict[str, object] = {}
    for name, value in said.items():
        own = _FIELDS.get(name, name)
        kind = _KINDS.get(own)
        if kind is None:
            raise UnknownName("field", str(name)[:60], [*_KINDS, *_FIELDS])
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, kind):
            raise BadInput(
                Phrase(
                    "{name} is {value!r:.60}; needed is {kind}",
                    name=name,
                    value=value,
                    kind=Phrase("text") if kind is str else Phrase("a number"),
                )
            )
        if isinstance(value, int) and abs(value) > MOST_COUNT:
            raise BadInput(
                Phrase("{name} is an integer beyond any; needed is a number that a request can have", name=name)
            )
        if own in found:
            raise BadInput(Phrase("{name} is said twice; give it once", name=name))
        found[own] = value
    if "model" not in found:
        raise BadInput(Phrase("model is missing; needed is a model's name"))
    return Wanted(**found)  # type: ignore[arg-type]  # each was seen to


def number(name: str, text: str | None) -> float | None:
    """A number that somebody typed; None where nobody did. Raises BadInput that begins with its name."""
    if text is None:
        return None
    try:
        return float(text)
    except ValueError as error:
        raise BadInput(
            Phrase(
                "{name} is {text!r:.60}; needed is a number alone, without a unit, as 1155 or 0.5",
                name=name,
                text=text,
            )
        ) from error


def _named(name: str, found: str, *, needed: bool) -> None:
    if (needed and not found.strip()) or len(found) > LONGEST_NAME or (found and not _NAME.fullmatch(found)):
        raise BadInput(
            Phrase(
                "{name} is {found!r:.60}; needed is a name of up to {longest_name} plain characters",
                name=name,
                found=found,
                longest_name=LONGEST_NAME,
            )
        )


_TEXTS = ("model", "language", "hardware", "engine", "precision", "scope")
_KINDS: Mapping[str, type | tuple[type, ...]] = {
    one.name: str if one.name in _TEXTS else (int, float) for one in fields(Wanted)
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRate:
    """Tokens of a character that one tokenizer makes of one language; `meaning` is tokens over English ones."""

    tokenizer: str
    language: str
    ratio: float
    meaning: float


def input_of(wanted: Wanted, rates: tuple[TokenRate, ...], notes: list[str]) -> Range | None:
    """The input's tokens; of characters, the span of the tokenizers that were counted. None: not said.

    Raises BadInput. The value is the newest tokenizer's (the table's first); any language where none is named.
    """
    if wanted.characters is None:
        return None if wanted.input_tokens is None else exactly(wanted.input_tokens)
    said = wanted.language.strip().upper()[:2]
    own = [rate for rate in rates if rate.language == said]
    known = own or list(rates)
    if not known:
        raise BadInput(Phrase("characters: no table of tokens per character; give input_tokens"))
    first = known[0].ratio
    low, high = min(r.ratio for r in known), max(r.ratio for r in known)
    of = (
        Phrase("of {said}", said=said)
        if own
        else Phrase("of {languages}, none said or known", languages=", ".join(sorted({r.language for r in rates})))
    )
    notes.append(
        Phrase(
            "{characters:g} characters taken for {first:.3g} ({low:.3g} to {high:.3g}) tokens each, {of}",
            characters=wanted.characters,
            first=first,
            low=low,
            high=high,
            of=of,
        )
    )
    count = wanted.characters
    return Range(low=low * count, value=first * count, high=high * count)
