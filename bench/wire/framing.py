"""Pieces of a reply → its messages with their moments: server-sent events and lines of JSON.

A message is there when its last byte has come, however the bytes were cut. What is no message is kept as it is,
for whoever has to say what is wrong.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

Pieces = Sequence[tuple[int, bytes]]
DONE = "[DONE]"
_SHOWN = 80
_FIELDS = (":", "event:", "id:", "retry:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message: an object, or the end mark, or what was wrong with it."""

    at_ns: int
    data: Any = None  # the JSON value
    done: bool = False  # the protocol's mark that nothing comes after it
    wrong: str | None = None


def server_sent_events(pieces: Pieces) -> Iterator[Message]:
    """The `data` of each event (WHATWG HTML, 9.2 server-sent events; checked 2026-11-21); comments are skipped.

    A stream that ends inside an event gives a last message that says so.
    """
    data: list[str] = []
    at_ns = 0
    for at_ns, raw in _lines(pieces, b"\n"):
        line = raw.rstrip(b"\r").decode("utf-8", "replace")
        if line.startswith("data:"):
            data.append(line[5:].removeprefix(" "))
        elif not line and data:
            yield _event(at_ns, "\n".join(data))
            data = []
        elif (
            line and line != "data" and not line.startswith(_FIELDS)
        ):  # an error that a server wrote without framing, or half a line
            yield Message(at_ns=at_ns, wrong=f"a line that is no event: {line[:_SHOWN]!r}")
    if data:
        left = "\n".join(data)
        whole = _event(at_ns, left)
        yield (
            whole if whole.wrong is None else Message(at_ns=at_ns, wrong=f"cut inside an event: {left[:_SHOWN]!r}")
        )


def json_lines(pieces: Pieces) -> Iterator[Message]:
    """One JSON value a line."""
    for at_ns, raw in _lines(pieces, b"\n"):
        line = raw.strip()
        if line:
            yield _json(at_ns, line.decode("utf-8", "replace"))


def _event(at_ns: int, text: str) -> Message:
    return Message(at_ns=at_ns, done=True) if text.strip() == DONE else _json(at_ns, text)


def _json(at_ns: int, text: str) -> Message:
    try:
        return Message(at_ns=at_ns, data=json.loads(text))
    except ValueError:
        return Message(at_ns=at_ns, wrong=f"no JSON: {text[:_SHOWN]!r}")


def _lines(pieces: Pieces, end: bytes) -> Iterator[tuple[int, bytes]]:
    """Each line with the moment at which its end came; the last one may lack it."""
    left, at_ns = b"", 0
    for at_ns, data in pieces:
        *whole, left = (left + data).split(end)
        for line in whole:
            yield at_ns, line
    if left:
        yield at_ns, left
