"""A body → what is asked for: the command line's names with underscores; what is wrong is told by its path."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bench.carbon import Place
from bench.carbon.factors import MOST_G_PER_KWH, Scope
from bench.errors import BadInput, MissingFactor, UnknownName
from bench.estimators.priced import Estimated, grid_of, priced
from bench.estimators.rivals.figure import within
from bench.estimators.wanted import Wanted, wanted_of
from bench.files.regions import place_asked
from bench.phrases import Phrase
from bench.service.knowledge import Knowledge
from bench.service.problems import Path, Problem, Refused, refused, words_of

NUMBERS = (
    "in_tokens", "out_tokens", "audio_seconds", "chars", "cards", "batch", "params_b", "active_params_b", "count",
)  # fmt: skip
TEXTS = ("model", "language", "hardware", "engine", "precision", "scope")
PLACE_NUMBERS = ("pue", "g_per_kwh")
PLACE_TEXTS = ("region", "grid")
FLAGS = ("shadow", "explain")
ALIASES = {"in_tok": "in_tokens", "out_tok": "out_tokens"}
_OF_REQUEST = frozenset((*NUMBERS, *TEXTS, *ALIASES))
_OTHERS = (*PLACE_NUMBERS, *PLACE_TEXTS, *FLAGS)
FIELDS = (*TEXTS, *NUMBERS, *_OTHERS)
_SAID = {"input_tokens": "in_tokens", "output_tokens": "out_tokens", "characters": "chars"}  # a Wanted's → ours
_WHICH = re.compile(r"[a-z_]+")
_MISSING = re.compile(r".*?: ([a-z_]+)(?: or [a-z_]+)? is missing; ", re.DOTALL)
BODY: Path = ("body",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """One request with its place, and whether rivals and the chain are wanted."""

    wanted: Wanted
    place: Place | None
    grid: Scope
    shadow: bool
    explain: bool


def asking_of(body: object, knowledge: Knowledge, at: Path = BODY) -> Asking:
    """What a body asks for. Raises Refused with the field's path."""
    if not isinstance(body, Mapping):
        raise refused(at, Phrase("{found!r:.60} stands there; needed is an object", found=body))
    for name in body:
        if name not in _OF_REQUEST and name not in _OTHERS:
            raise _unknown((*at, name), UnknownName("field", str(name)[:60], FIELDS))
    try:
        wanted = wanted_of({name: value for name, value in body.items() if name in _OF_REQUEST})
    except BadInput as error:
        raise _of_wanted(error, body, at) from error
    return Asking(
        wanted=wanted,
        place=_place(body, knowledge, at),
        grid=_grid(body, at),
        shadow=_flag(body, "shadow", at),
        explain=_flag(body, "explain", at),
    )


def estimated(asking: Asking, knowledge: Knowledge, at: Path = BODY) -> Estimated:
    """The estimate. Raises Refused: what is not known is never answered."""
    try:
        return priced(
            asking.wanted,
            knowledge.known,
            knowledge.embodied_of,
            place=asking.place,
            grid=asking.grid,
            shadow=asking.shadow,
        )
    except UnknownName as error:
        if error.kind == "hardware" and error.name in {one.key.hardware for one in knowledge.known.published}:
            message = Phrase(
                "{name}: this model was not measured there, and it is no card that the prior knows",
                name=error.name,
            )
            raise refused((*at, "hardware"), message, "refused", 409) from error
        raise _unknown((*at, error.kind), error) from error
    except MissingFactor as error:
        raise refused((*at, "grid"), words_of(error), "refused", 409) from error
    except BadInput as error:
        if missing := _MISSING.match(str(error)):
            said = _SAID.get(missing[1], missing[1])
            raise refused((*at, said), words_of(error).replace(missing[1], said, 1), "missing") from error
        raise refused(at, words_of(error), "refused", 409) from error


def _unknown(loc: Path, error: UnknownName) -> Refused:
    return Refused(422, Problem(loc=loc, message=words_of(error), type="unknown_name", near=error.near))


def _of_wanted(error: BadInput, body: Mapping[str, object], at: Path) -> Refused:
    """The refusal of a Wanted's error, which begins with the field's name: told by the name that was said."""
    message = words_of(error)
    begins = _WHICH.match(str(error))
    name = begins[0] if begins else ""
    said = _SAID.get(name, name)
    said = next((alias for alias, own in ALIASES.items() if own == said and alias in body), said)
    if name not in (*_SAID, *_OF_REQUEST):
        return refused(at, message)
    return refused(
        (*at, said), message.replace(name, said, 1), "bad_value" if name in body or said in body else "missing"
    )


def _place(body: Mapping[str, object], knowledge: Knowledge, at: Path) -> Place | None:
    region = body.get("region")
    if region is not None and not isinstance(region, str):
        raise refused(
            (*at, "region"), Phrase("{name} is {found!r:.60}; needed is text", name="region", found=region)
        )
    pue, g_per_kwh = (
        _number(body, name, least, most, at)
        for name, least, most in (("pue", 1.0, 10.0), ("g_per_kwh", 0.0, MOST_G_PER_KWH))
    )
    try:
        return place_asked(region or "", pue=pue, g_per_kwh=g_per_kwh, regions=lambda: knowledge.regions)
    except UnknownName as error:
        raise _unknown((*at, "region"), error) from error
    except BadInput as error:
        raise refused(
            (*at, "region" if region else "pue" if pue is None else "g_per_kwh"), words_of(error)
        ) from error


def _number(body: Mapping[str, object], name: str, least: float, most: float, at: Path) -> float | None:
    found = body.get(name)
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise refused((*at, name), Phrase("{name} is {found!r:.60}; needed is a number", name=name, found=found))
    try:
        return within(name, float(found), least, most)
    except (BadInput, OverflowError) as error:
        raise refused(
            (*at, name),
            Phrase(
                "{name} is {found!r:.20}; needed is {least:g} to {most:g}",
                name=name,
                found=found,
                least=least,
                most=most,
            ),
        ) from error


def _grid(body: Mapping[str, object], at: Path) -> Scope:
    found = body.get("grid")
    try:
        return grid_of("life_cycle" if found is None else found if isinstance(found, str) else repr(found)[:60])
    except UnknownName as error:
        raise _unknown((*at, "grid"), error) from error


def _flag(body: Mapping[str, object], name: str, at: Path) -> bool:
    found = body.get(name)
    if found is not None and not isinstance(found, bool):
        raise refused(
            (*at, name), Phrase("{name} is {found!r:.60}; needed is true or false", name=name, found=found)
        )
    return bool(found)
