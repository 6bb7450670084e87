"""The fields of a request, as OpenAPI describes them: what each means, and what it may be."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bench.carbon import CONTRACTS
from bench.carbon.factors import MOST_G_PER_KWH
from bench.carbon.places import MOST_PUE
from bench.estimators import wanted
from bench.estimators.answering import family_of
from bench.estimators.priced import GRIDS
from bench.estimators.wanted import Wanted
from bench.service.knowledge import Knowledge

Schema = dict[str, Any]
# what bench.estimators.wanted reads as a name, of ASCII alone: patterns of JSON Schema have no letters beyond it
_TEXT = "^[A-Za-z0-9_ .:/+()@-]*$"
_NAME = "^ *[A-Za-z0-9_.:/+()@-][A-Za-z0-9_ .:/+()@-]*$"


def field_schemas(knowledge: Knowledge) -> dict[str, Schema]:
    """Each field's own schema, whatever stands beside it; null and "" are as if it were not said."""
    known = knowledge.known
    cards = [name.replace(" ", "-") for name, _ in known.catalogue.cards]
    machines = sorted({one.key.hardware for one in known.published} - set(cards))
    places = sorted(name.lower() for name in knowledge.regions.places)
    tokens, sound = wanted.MOST_TOKENS, wanted.MOST_SOUND_S
    return {
        "model": {
            "type": "string",
            "maxLength": wanted.LONGEST_NAME,
            "description": "A model's name, as GET /v1/models has it or near it; any name where params_b is said.",
        },
        "in_tokens": _number("Tokens of the prompt; a usual prompt is assumed where none are said.", 0, tokens),
        "out_tokens": _number("Tokens of the answer.", 0, tokens),
        "audio_seconds": _number("Seconds of sound, for speech.", 0, sound),
        "chars": _number("Characters of the input, in place of in_tokens.", 0, 10 * tokens),
        "language": _text("Of these characters: fr, en, es, ar."),
        "hardware": _one_of("A card or a machine, as GET /v1/hardware has it.", [*cards, *machines]),
        "cards": _number("How many cards.", 1, wanted.MOST_CARDS),
        "engine": _text("vllm, llama_cpp, transformers …"),
        "precision": _text("bf16, fp8, q4_k_m …"),
        "batch": _number("Requests that run at once.", 1, wanted.MOST_BATCH),
        "params_b": _above_nought("Billions of parameters, of a model unknown."),
        "active_params_b": _above_nought("Billions at work for a token."),
        "count": _number("How many such requests.", 0, wanted.MOST_COUNT) | {"default": 1},
        "scope": _one_of("What joules hold: cards, the machine, or that at its plug.", wanted.SCOPES, empty=False),
        "region": _one_of("An Azure region, a country, or a mixture, as GET /v1/regions has it.", places),
        "pue": _number("Power usage effectiveness of a place of your own, with g_per_kwh.", 1, MOST_PUE),
        "g_per_kwh": _number("Grams CO2e a kWh of a place of your own, with pue.", 0, MOST_G_PER_KWH),
        "grid": _one_of("What a grid's figure counts; direct where an open one is known.", GRIDS, empty=False),
        "market_factor": _number("Grams CO2e a kWh that a contract states, with market_kind.", 0, MOST_G_PER_KWH),
        "market_kind": _one_of("What kind of contract.", CONTRACTS),
        "market_scope": _one_of("What the contract's figure counts; direct unless said.", GRIDS, empty=False),
        "shadow": _flag("Others' formulas beside it, labelled as rivals; they count tokens alone."),
        "explain": _flag("The chain down to runs, sources and formulas."),
    }


def request_schema(knowledge: Knowledge) -> Schema:
    """One request: its fields, and what kinds of model need."""
    kinds: dict[str, list[str]] = {}
    for name in knowledge.known.models:
        kinds.setdefault(family_of(Wanted(model=name), knowledge.known), []).append(name)
    others = sorted(name for kind, names in kinds.items() if kind != "causal-lm" for name in names)
    any_name: Schema = {"pattern": _NAME, "not": {"enum": others}}
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["model"],
        "properties": field_schemas(knowledge),
        "allOf": [
            {"anyOf": [*_kinds(kinds), _kind("a model of your own", any_name, "params_b", "out_tokens")]},
            {"not": _all_of("in_tokens", "chars")},
            {"anyOf": [_none_of("market_factor", "market_kind"), _contract("region"), _contract("pue")]},
            {
                "anyOf": [
                    _none_of("pue", "g_per_kwh"),
                    {"allOf": [_all_of("pue", "g_per_kwh"), _none_of("region")]},
                ]
            },
        ],
    }


_NEEDED: Mapping[str, Sequence[str]] = {  # each of these alone
    "causal-lm": ("out_tokens",),
    "speech": ("audio_seconds",),
    "translation": ("in_tokens", "chars"),
}


def _kinds(models: Mapping[str, list[str]]) -> Iterator[Schema]:
    for kind, names in models.items():
        for needed in _NEEDED.get(kind, ()):
            yield _kind(f"{kind}, by {needed}", {"enum": names}, needed)
        if kind not in _NEEDED:
            yield _kind(kind, {"enum": names})


def _kind(title: str, model: Schema, *needed: str) -> Schema:
    numbers: dict[str, object] = {name: {"type": "number"} for name in needed}
    return {"title": title, "required": ["model", *needed], "properties": {"model": model, **numbers}}


def _all_of(*names: str) -> Schema:
    return {"required": list(names), "properties": {name: {"type": "number"} for name in names}}


def _contract(place: str) -> Schema:
    said: Schema = {"type": "number"} if place == "pue" else {"type": "string", "minLength": 1}
    kind: Schema = {"type": "string", "minLength": 1}
    names = {"market_factor": {"type": "number"}, "market_kind": kind, place: said}
    return {"required": list(names), "properties": names}


def _none_of(*names: str) -> Schema:
    return {"properties": {name: {"enum": [None, ""]} for name in names}}


def _number(description: str, least: float, most: float) -> Schema:
    return {"type": ["number", "null"], "minimum": least, "maximum": most, "description": description}


def _above_nought(description: str) -> Schema:
    return {
        "type": ["number", "null"],
        "exclusiveMinimum": 0,
        "maximum": wanted.MOST_PARAMS_B,
        "description": description,
    }


def _text(description: str) -> Schema:
    longest = wanted.LONGEST_NAME
    return {"type": ["string", "null"], "maxLength": longest, "pattern": _TEXT, "description": description}


def _one_of(description: str, names: Sequence[str], *, empty: bool = True) -> Schema:
    return {"enum": [*names, *([""] if empty else []), None], "description": description}


def _flag(description: str) -> Schema:
    return {"type": ["boolean", "null"], "description": description}
