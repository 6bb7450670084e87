"""What the first reply of an endpoint was like. Those after it are held to that: a 200 may be no answer at all.

A gateway's page, an error under 200, a reply that was cut where nothing tells its length, a stream that broke off:
each comes sooner and costs less than the work that was asked, and would count as a request done.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.nouns import Cause
from bench.wire.exchange import Reply
from bench.wire.framing import Message, json_lines, server_sent_events
from bench.wire.probe import said
from bench.wire.strict import strict_json

# Names by which objects tell an error: RFC 9457's detail, JSON-RPC 2.0's error, SOAP's Fault and what frameworks
# send beside them. "message" is left out: answers have one. Checked 2026-11-21.
_ERRORS = frozenset({
    "error", "errors", "err", "exception", "fault", "detail", "traceback", "errormessage", "error_message",
    "errorcode", "error_code", "errortype", "error_type",
})  # fmt: skip
_FLAGS = ("ok", "success")
_LINES = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"})
_EVENTS = "text/event-stream"
_NAMED = re.compile(rb"^event:(.*)$", re.MULTILINE)
_DEEPEST = 4  # levels of an event that are looked at: choices, their delta, its content

Found = tuple[Cause, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyForm:
    """Of one reply."""

    filled: bool = False  # whether there was a body
    looked: bool = True  # False: no more is held than that there is a body, and that it is no bare error
    media: str = ""  # Content-Type, without its parameters
    kind: str = ""  # object, list, value, stream or text
    keys: frozenset[str] = frozenset()  # of an object
    errors: frozenset[str] = frozenset()  # those of its keys that tell an error
    flags: frozenset[str] = frozenset()  # those of its keys that say that all is well
    ends: frozenset[str] = frozenset()  # what only the last event of a stream held
    sound: bool = True  # whether each event of a stream was one of JSON


NOTHING_SEEN = ReplyForm(looked=False)  # before the first reply


def form_of(reply: Reply, *, looked: bool = True) -> ReplyForm:
    """The form of a reply."""
    return _formed(reply, _json(reply.body), looked)


def _formed(reply: Reply, found: Any, looked: bool) -> ReplyForm:
    """`found`: its body as JSON, read once, for bodies may be long."""
    body, media = reply.body, media_of(reply.headers)
    kind = _kind(found, media)
    if kind == "stream":
        events = tuple(_events(reply, media))
        errors = frozenset[str]().union(*(_told(one.data) for one in events), _named_errors(body))
        return ReplyForm(
            filled=bool(body), looked=looked, media=media, kind=kind, errors=errors, ends=_ends(events, body),
            sound=not any(one.wrong for one in events),
        )  # fmt: skip
    if not isinstance(found, dict):
        return ReplyForm(filled=bool(body), looked=looked, media=media, kind=kind)
    flags = frozenset(name for name in _FLAGS if found.get(name) is True)
    return ReplyForm(
        filled=bool(body), looked=looked, media=media, kind=kind, keys=frozenset(found), errors=_told(found),
        flags=flags,
    )  # fmt: skip


def unlike(first: ReplyForm, reply: Reply, *, keys: bool = True) -> Found | None:
    """Why a reply is no answer, by what the first one was; None: it is like it.

    `keys`: whether an object has to share a key with the first; someone else looks at classes.
    """
    found = _json(reply.body)
    now = _formed(reply, found, looked=True)
    if first.filled and not now.filled:
        return "malformed", "an empty body, where the first reply had one"
    if not first.looked:
        bare = now.keys == {"error"} and first.keys != {"error"}
        return ("status", f"an error under HTTP {reply.status}: {said(reply)}") if bare else None
    if new := _new_errors(first, now, found):
        return "status", f"an error under HTTP {reply.status} ({', '.join(sorted(new))}): {said(reply)}"
    if now.media != first.media:
        return "malformed", f"{now.media or 'no media type'}, the first reply was {first.media or 'of none'}"
    if first.kind == "stream":
        return _cut(first, now)
    return _other(first, now, reply, found) if keys else None


def media_of(headers: Mapping[str, str]) -> str:
    """The media type of a reply in lower case, without parameters; '' where it names none."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def _other(first: ReplyForm, now: ReplyForm, reply: Reply, found: Any) -> Found | None:
    if first.kind == "text" or not first.filled:
        return None  # whatever a text is, it is one
    if now.kind != first.kind:
        return "malformed", f"no JSON {first.kind}, as the first reply was: {said(reply)}"
    if gone := first.flags - _still(first.flags, found):
        return "status", f"{', '.join(sorted(gone))} is no longer true: {said(reply)}"
    if first.keys and not first.keys & now.keys:
        return "malformed", f"none of the first reply's keys ({', '.join(sorted(first.keys))[:80]}): {said(reply)}"
    return None


def _still(flags: frozenset[str], found: Any) -> frozenset[str]:
    """The flags that are not denied: one that is left out says nothing."""
    return frozenset(name for name in flags if isinstance(found, dict) and found.get(name, True) is True)


def _cut(first: ReplyForm, now: ReplyForm) -> Found | None:
    if first.sound and not now.sound:
        return "malformed", "a stream with a part that is no event of JSON, as the first reply's were"
    if first.ends and not first.ends & now.ends:
        return "ended", f"the stream ended without what ended the first one: {', '.join(sorted(first.ends))[:80]}"
    return None


def _new_errors(first: ReplyForm, now: ReplyForm, found: Any) -> frozenset[str]:
    """Errors that the first reply had not told; of a key that it had, a number may be a measure or a score."""
    known = first.errors
    if isinstance(found, dict):
        known |= {name for name in first.keys if isinstance(found.get(name), int | float)}
    return now.errors - known


def _told(data: Any) -> frozenset[str]:
    """The keys of an object that tell an error; one that is null, false or empty tells none."""
    if not isinstance(data, dict):
        return frozenset()
    named = {name for name, value in data.items() if name.lower() in _ERRORS and value}
    words = {f"{key}={data[key]}" for key in ("type", "status") if data.get(key) in ("error", "fail", "failed")}
    return frozenset(named | words)


def _json(body: bytes) -> Any:
    try:
        return strict_json(body)
    except ValueError:
        return None


def _kind(found: Any, media: str) -> str:
    if media == _EVENTS or media in _LINES:
        return "stream"
    if isinstance(found, dict):
        return "object"
    if isinstance(found, list):
        return "list"
    # a text may happen to be a number
    return "value" if found is not None and media.endswith("json") else "text"


def _events(reply: Reply, media: str) -> Iterator[Message]:
    return server_sent_events(reply.pieces) if media == _EVENTS else json_lines(reply.pieces)


def _names(body: bytes) -> list[str]:
    return [name.strip().decode("utf-8", "replace") for name in _NAMED.findall(body)]


def _named_errors(body: bytes) -> frozenset[str]:
    return frozenset({"event: error"} & {f"event: {name}" for name in _names(body)})


def _ends(events: Sequence[Message], body: bytes) -> frozenset[str]:
    """What the last event held and none before it: the end mark, a finish reason, its usage, its name."""
    if not events:
        return frozenset()
    before = frozenset[str]().union(*(_marks(one) for one in events[:-1]))
    names = _names(body)
    named = {f"event: {names[-1]}"} if names and names[-1] not in names[:-1] else set()
    return frozenset((_marks(events[-1]) - before) | named)


def _marks(event: Message) -> frozenset[str]:
    return frozenset({"[DONE]"}) if event.done else frozenset(_paths(event.data, ""))


def _paths(value: Any, at: str, depth: int = 0) -> Iterator[str]:
    """The dotted names of what an event holds that is neither null, false nor empty; types with their word."""
    if isinstance(value, dict) and depth < _DEEPEST:
        for name, one in value.items():
            yield from _paths(one, f"{at}.{name}".lstrip("."), depth + 1)
    elif isinstance(value, list) and depth < _DEEPEST:
        for one in value:
            yield from _paths(one, at, depth + 1)
    elif value not in (None, False, "", [], {}):
        yield f"{at}={value}" if at.rpartition(".")[2] == "type" else at
