"""A request's body → what JSON says, by the letter: nothing that two readers could read differently gets through.

RFC 8259: text is UTF-8 (8.1), numbers are finite (6); names should be unique (4), and here they must be.
"""

import json
import re
from collections.abc import Mapping, Sequence

from bench.errors import BadInput

DEEPEST = 32  # a batch's columns stand four deep; chosen
_OPENING = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[{]|[\]}]')
_HALVES = re.compile(r"[\ud800-\udfff]")


def read_json(body: bytes) -> object:
    """What the body says. Raises BadInput: what was found, and at which character where that is known."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(f"byte {error.start} is not UTF-8; needed is JSON text in UTF-8") from error
    if body.count(b"[") + body.count(b"{") > DEEPEST:
        _shallow(body)
    try:
        found: object = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise BadInput(f"no JSON at character {error.pos}: {error.msg}; needed is one JSON object") from error
    except ValueError as error:  # an integer of more digits than Python reads
        raise BadInput("an integer of thousands of digits; needed is a number that a request can have") from error
    if b"\\ud" in body or b"\\uD" in body:
        _whole(found)
    return found


def _shallow(body: bytes) -> None:
    depth = 0
    for found in _OPENING.finditer(body):
        first = body[found.start()]
        depth += (first in b"[{") - (first in b"]}")
        if depth > DEEPEST:
            raise BadInput(f"more than {DEEPEST} objects and lists inside each other; needed is a flat request")


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise BadInput(f"{twice!r:.60} stands twice in one object; give it once")
    return found


def _no_number(text: str) -> object:
    raise BadInput(f"{text} is no number of JSON; needed is a finite one, or leave the field out")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_number)


def _whole(found: object) -> None:
    """Raises BadInput for half of a surrogate pair, which no UTF-8 can say."""
    if isinstance(found, str):
        if _HALVES.search(found):
            raise BadInput(f"{found!r:.60} holds half a character (a lone surrogate); needed is whole text")
    elif isinstance(found, Mapping):
        for name, value in found.items():
            _whole(name)
            _whole(value)
    elif isinstance(found, Sequence):
        for value in found:
            _whole(value)
