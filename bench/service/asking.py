"""A body → what is asked for: the command line's names with underscores; what is wrong is told by its path."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bench.errors import BadInput, MissingFactor, UnknownName
from bench.estimators.priced import Estimated, priced
from bench.estimators.wanted import MOST_COUNT, Wanted, wanted_of
from bench.phrases import Phrase
from bench.service import placing
from bench.service.knowledge import Knowledge
from bench.service.placing import Placed, placed
from bench.service.problems import Path, Refused, refused, unknown, words_of

NUMBERS = (
    "in_tokens", "out_tokens", "audio_seconds", "chars", "cards", "batch", "params_b", "active_params_b", "count",
)  # fmt: skip
TEXTS = ("model", "language", "hardware", "engine", "precision", "scope")
FLAGS = ("shadow", "explain")
ALIASES = {"in_tok": "in_tokens", "out_tok": "out_tokens"}
_OF_REQUEST = frozenset((*NUMBERS, *TEXTS, *ALIASES))
_OTHERS = (*placing.NUMBERS, *placing.TEXTS, *FLAGS)
FIELDS = (*TEXTS, *NUMBERS, *_OTHERS)
_SAID = {"input_tokens": "in_tokens", "output_tokens": "out_tokens", "characters": "chars"}  # a Wanted's → ours
_WHICH = re.compile(r"[a-z_]+")
_MISSING = re.compile(r".*?: ([a-z_]+)(?: or [a-z_]+)? is missing; ", re.DOTALL)
BODY: Path = ("body",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """One request with its place, and whether rivals and the chain are wanted."""

    wanted: Wanted
    where: Placed
    shadow: bool
    explain: bool


def asking_of(body: object, knowledge: Knowledge, at: Path = BODY) -> Asking:
    """What a body asks for. Raises Refused with the field's path."""
    if not isinstance(body, Mapping):
        raise refused(at, Phrase("{found!r:.60} stands there; needed is an object", found=body))
    for name in body:
        if name not in _OF_REQUEST and name not in _OTHERS:
            raise unknown((*at, name), UnknownName("field", str(name)[:60], FIELDS))
    try:
        wanted = wanted_of({name: _plain(value) for name, value in body.items() if name in _OF_REQUEST})
    except BadInput as error:
        raise _of_wanted(error, body, at) from error
    return Asking(
        wanted=wanted,
        where=placed(body, knowledge, at),
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
            place=asking.where.place,
            grid=asking.where.grid,
            market=asking.where.market,
            shadow=asking.shadow,
        )
    except UnknownName as error:
        if error.kind == "hardware" and error.name in {one.key.hardware for one in knowledge.known.published}:
            message = Phrase(
                "{name}: this model was not measured there, and it is no card that the prior knows",
                name=error.name,
            )
            raise refused((*at, "hardware"), message, "refused", 409) from error
        raise unknown((*at, error.kind), error) from error
    except MissingFactor as error:
        raise refused((*at, "grid"), words_of(error), "refused", 409) from error
    except BadInput as error:
        if missing := _MISSING.match(str(error)):
            said = _SAID.get(missing[1], missing[1])
            raise refused((*at, said), words_of(error).replace(missing[1], said, 1), "missing") from error
        raise refused(at, words_of(error), "refused", 409) from error


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


def _plain(value: object) -> object:
    """Whole numbers as the command line reads them, so that an answer repeats 1000.0, whoever asked."""
    return float(value) if type(value) is int and abs(value) <= MOST_COUNT else value


def _flag(body: Mapping[str, object], name: str, at: Path) -> bool:
    found = body.get(name)
    if found is not None and not isinstance(found, bool):
        raise refused(
            (*at, name), Phrase("{name} is {found!r:.60}; needed is true or false", name=name, found=found)
        )
    return bool(found)
