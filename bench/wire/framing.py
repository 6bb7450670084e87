"""Pieces of a reply → its messages with their moments: server-sent events and lines of JSON.

A message is there when its last byte has come, however the bytes were cut. What is no message is kept as it is,
for whoever has to say what is wrong.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bench.wire.address import hidden
from bench.wire.strict import strict_json

Pieces = Sequence[tuple[int, bytes]]
DONE = "[DONE]"
_SHOWN = 80
_MARK = b"\xef\xbb\xbf"  # of UTF-8: it may stand before a text
_EVENT_ENDS, _LINE_ENDS = re.compile(rb"\r\n|\r|\n"), re.compile(rb"\n")
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
    for at_ns, raw in _lines(pieces, _EVENT_ENDS):
        line = raw.decode("utf-8", "replace")
        if line.startswith("data:"):
            data.append(line[5:].removeprefix(" "))
        elif not line and data:
            yield _event(at_ns, "\n".join(data))
            data = []
        elif (
            line and line != "data" and not line.startswith(_FIELDS)
        ):  # an error that a server wrote without framing, or half a line
            yield Message(at_ns=at_ns, wrong=f"a line that is no event: {_shown(line)}")
    if data:
        left = "\n".join(data)
        whole = _event(at_ns, left)
        yield (
            whole if whole.wrong is None else Message(at_ns=at_ns, wrong=f"cut inside an event: {_shown(left)}")
        )


def json_lines(pieces: Pieces) -> Iterator[Message]:
    """One JSON value a line."""
    for at_ns, raw in _lines(pieces, _LINE_ENDS):
        line = raw.strip()
        if line:
            yield _json(at_ns, line.decode("utf-8", "replace"))


def _event(at_ns: int, text: str) -> Message:
    return Message(at_ns=at_ns, done=True) if text.strip() == DONE else _json(at_ns, text)


def _json(at_ns: int, text: str) -> Message:
    try:
        return Message(at_ns=at_ns, data=strict_json(text))
    except ValueError as error:
        return Message(at_ns=at_ns, wrong=f"no JSON ({error}): {_shown(text)}")


def _shown(text: str) -> str:
    return repr(hidden(text)[:_SHOWN])


def _lines(pieces: Pieces, ends: re.Pattern[bytes]) -> Iterator[tuple[int, bytes]]:
    """Each line with the moment at which its end came; the last one may lack it. Every byte is looked at once."""
    left: list[bytes] = []
    at_ns, half, mark = 0, False, _MARK
    for at_ns, data in pieces:
        # the second half of an end that was cut in two
        fresh = data[1:] if half and data.startswith(b"\n") else data
        half = ends is _EVENT_ENDS and fresh.endswith(b"\r")
        for number, part in enumerate(ends.split(fresh)):
            if number:
                yield at_ns, b"".join(left).removeprefix(mark)
                left, mark = [], b""
            left.append(part)
    if last := b"".join(left).removeprefix(mark):
        yield at_ns, last
