"""The training half: sentences drawn from the templates in data/, on demand and from a seed."""

import csv
import random
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from . import INTENTS, LANGUAGES, noise
from .grammar import Reach, Sequence_, Slots, draw, parse, squashed

DATA = Path(__file__).resolve().parent / "data"
MIXED_RATIO, FRAMED_RATIO, TEXTED_RATIO, SLIPPED_RATIO, THINNED_RATIO = 0.25, 0.3, 0.15, 0.3, 0.15
"""How often a sentence mixes languages, is framed by politeness, texted, misspelt, or loses words (chosen)."""

CONTEXT_RATIO, BESIDE_RATIO = 0.25, 0.2
"""How often it tells circumstances, and how often it mentions another service beside its own (chosen)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """A sentence, what it asks for, its (main) language, and the kind it was written as."""

    sentence: str
    intent: str
    language: str
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frames:
    """What is said around a request in one language, and how it is texted; `beside` by the intent it recalls."""

    before: tuple[Sequence_, ...]
    after: tuple[Sequence_, ...]
    context: tuple[Sequence_, ...]
    beside: Mapping[str, tuple[Sequence_, ...]]
    texted: Mapping[str, str]

    def all(self) -> tuple[Sequence_, ...]:
        """Every frame, wherever it may stand."""
        return (*self.before, *self.after, *self.context, *(one for some in self.beside.values() for one in some))


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Everything that sentences are drawn from, by language and by (intent, language)."""

    slots: Mapping[str, Slots]
    frames: Mapping[str, Frames]
    templates: Mapping[tuple[str, str], tuple[Sequence_, ...]]


def read_labelled(name: str) -> tuple[Labelled, ...]:
    """The sentences written by hand in data/NAME.csv: `heldout` or `dev`."""
    with (DATA / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return tuple(Labelled(**line) for line in csv.DictReader(file))


@cache
def read_source() -> Source:
    """The templates, word lists and frames of data/, parsed."""
    slots, templates, frames = {}, {}, {}
    told = _toml(DATA / "frames.toml")
    for language in LANGUAGES:
        lists = _toml(DATA / "slots" / f"{language}.toml")
        slots[language] = {name: tuple(map(parse, entries)) for name, entries in lists.items()}
        frames[language] = _frames(told[language], told["sms"][language])
        for intent in INTENTS:
            lines = _toml(DATA / "templates" / f"{intent}.toml")[language]
            templates[intent, language] = tuple(map(parse, lines))
    return Source(slots=slots, frames=frames, templates=templates)


def generated(seed: int, each: int) -> Iterator[Labelled]:
    """`each` sentences of every intent and language in turn, with noise; the same seed, the same sentences."""
    rng = random.Random(seed)
    for _ in range(each):
        for intent in INTENTS:
            for language in LANGUAGES:
                yield Labelled(sentence=_noisy(intent, language, rng), intent=intent, language=language)


def clean(seed: int, each: int) -> Iterator[Labelled]:
    """The same without noise and without mixing: what the templates say themselves."""
    rng = random.Random(seed)
    source = read_source()
    for _ in range(each):
        for intent in INTENTS:
            for language in LANGUAGES:
                template = rng.choice(source.templates[intent, language])
                sentence = draw(template, (source.slots[language],), 0.0, rng)
                yield Labelled(sentence=" ".join(sentence.split()), intent=intent, language=language)


def producers(sentence: str) -> tuple[tuple[str, str], ...]:
    """The (intent, language) pairs whose templates can say this sentence: with word lists of both languages and up
    to two frames at either end; spaces, case, accents and punctuation do not count."""
    source = read_source()
    reach = Reach(text=squashed(sentence), slots=_both_lists())
    frames = tuple(one for some in source.frames.values() for one in some.all())
    starts = _framed(reach, frames, frozenset((0,)))
    found = []
    for key, templates in source.templates.items():
        ends = frozenset[int]().union(*(reach.ends(template, starts) for template in templates))
        if len(reach.text) in _framed(reach, frames, ends):
            found.append(key)
    return tuple(found)


def _framed(reach: Reach, frames: tuple[Sequence_, ...], starts: frozenset[int]) -> frozenset[int]:
    for _ in range(2):
        starts = starts.union(*(reach.ends(frame, starts) for frame in frames))
    return starts


@cache
def _both_lists() -> Slots:
    slots = read_source().slots
    return {name: tuple(entry for lists in slots.values() for entry in lists[name]) for name in slots["fr"]}


def _noisy(intent: str, language: str, rng: random.Random) -> str:
    source = read_source()
    other = next(one for one in LANGUAGES if one != language)
    mixing = 0.4 if rng.random() < MIXED_RATIO else 0.0
    template = rng.choice(source.templates[intent, language])
    sentence = draw(template, (source.slots[language], source.slots[other]), mixing, rng)
    for frame, leads in _around(intent, source.frames[other if mixing and rng.random() < 0.3 else language], rng):
        said = draw(frame, (source.slots[language],), 0.0, rng)
        sentence = f"{said}, {sentence}" if leads else f"{sentence}, {said}"
    if rng.random() < TEXTED_RATIO:
        sentence = noise.texted(sentence, source.frames[language].texted, 0.7, rng)
    if rng.random() < THINNED_RATIO:
        sentence = noise.thinned(sentence, 0.2, rng)
    if rng.random() < SLIPPED_RATIO:
        sentence = noise.slipped(sentence, 0.35, rng)
    return " ".join(sentence.split())


def _around(intent: str, frames: Frames, rng: random.Random) -> Iterator[tuple[Sequence_, bool]]:
    """The frames of one sentence from the inside out, and whether each leads."""
    if intent != "irrelevant" and rng.random() < BESIDE_RATIO:
        others = [one for name, some in frames.beside.items() if name != intent for one in some]
        yield rng.choice(others), rng.random() < 0.5
    while rng.random() < CONTEXT_RATIO:
        yield rng.choice(frames.context), rng.random() < 0.5
    if rng.random() < FRAMED_RATIO:
        yield rng.choice(frames.before), True
    if rng.random() < FRAMED_RATIO:
        yield rng.choice(frames.after), False


def _frames(told: dict[str, Any], texted: Mapping[str, str]) -> Frames:
    before, after, context = (tuple(map(parse, told[name])) for name in ("before", "after", "context"))
    beside = {intent: tuple(map(parse, some)) for intent, some in told["beside"].items()}
    return Frames(before=before, after=after, context=context, beside=beside, texted=texted)


def _toml(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return tomllib.load(file)
