"""What was typed after `joulemark logs`, as what is asked of a log."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from bench.errors import BadInput, UnknownName
from bench.estimators.roofline import Scope
from bench.estimators.wanted import SCOPES, number
from bench.phrases import Phrase, joined
from bench.run.log_pricing import LENGTHS, NAMES, Filling
from bench.run.logged import LogAsked


def asked_of(said: Mapping[str, Any]) -> LogAsked:
    """The options by their names with underscores. Raises BadInput, UnknownName."""
    scope = said.get("scope") or None
    if scope is not None and scope not in SCOPES:
        raise UnknownName("--scope", scope, SCOPES)
    usual = _filling({name: str(said[name]) for name in (*NAMES, *LENGTHS) if said.get(name)})
    return LogAsked(
        files=tuple(said["files"]),
        by=tuple(part.strip() for part in said.get("by", "").split(",") if part.strip()),
        columns=tuple(said.get("columns") or ()),
        filling=Filling(
            names=usual.names,
            lengths=usual.lengths,
            services=dict(_service(text) for text in said.get("of") or ()),
            stand_ins=dict(_pair("--as", text) for text in said.get("as_") or ()),
        ),
        zone=said.get("tz", ""),
        region=said.get("region", ""),
        pue=number("pue", said.get("pue")),
        g_per_kwh=number("g_per_kwh", said.get("g_per_kwh")),
        grid=said.get("grid", "life_cycle"),
        scope=cast("Scope | None", scope),
        results=tuple(Path(path) for path in said.get("results") or ()),
        per_request=bool(said.get("per_request")),
        threads=int(said.get("threads", 0)),
    )


def _filling(said: Mapping[str, str]) -> Filling:
    lengths = {name: number(name, said[name]) for name in LENGTHS if name in said}
    for name, length in lengths.items():
        if length is not None and not 0 <= length <= 1e8:
            raise BadInput(
                Phrase(
                    "{name} is {length:g}; needed is a length from 0 on that a request can have",
                    name=name,
                    length=length,
                )
            )
    inputs = [name for name in LENGTHS[:3] if name in lengths]
    if len(inputs) > 1:
        raise BadInput(
            Phrase(
                "{inputs} are two counts of one input; give one of them", inputs=joined(inputs, Phrase(" and "))
            )
        )
    for name in ("batch", "cards"):
        if name in said:
            number(name, said[name])
    names = {name: said[name] for name in NAMES if name in said}
    return Filling(names=names, lengths={name: found for name, found in lengths.items() if found is not None})


def _service(text: str) -> tuple[str, Filling]:
    """`chatbots:model=llama-3.1-8b,in_tokens=1155` as the endpoint and what holds for it."""
    name, colon, rest = text.partition(":")
    if not colon or not name.strip():
        raise BadInput(
            Phrase(
                "--of {text!r:.80}; needed is ENDPOINT:KEY=VALUE,…, as chatbots:model=llama-3.1-8b,out_tokens=211",
                text=text,
            )
        )
    pairs = dict(_pair("--of", part) for part in rest.split(","))
    keys: Sequence[str] = (*NAMES, *LENGTHS)
    for key in pairs:
        if key not in keys:
            raise UnknownName("key of --of", key, keys)
    return name.strip(), _filling(pairs)


def _pair(option: str, text: str) -> tuple[str, str]:
    left, equals, right = (part.strip() for part in text.partition("="))
    if not equals or not left or not right:
        raise BadInput(Phrase("{option} {text!r:.80}; needed is NAME=VALUE", option=option, text=text))
    return left, right
