"""What a request to the simulated server asks, and what came of it, whatever the protocol."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

Counts = Mapping[str, Any]  # "prompt", "cached", "output": what the server says that it counted


class RefusedError(Exception):
    """A request that is answered with an HTTP error, and does no work."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A parsed request. The prompt has its template; text and token ids exclude each other."""

    route: str  # "completions", "chat", "generate", "ollama-chat"
    model: str
    text: str | None = None
    token_ids: tuple[int, ...] | None = None
    max_tokens: int | None = None  # None: as long as the reply gets by itself, or the context
    min_tokens: int = 0
    ignore_eos: bool = False
    stream: bool = False
    include_usage: bool = False
    seed: int = 0
    use_cache: bool = True
    num_ctx: int | None = None
    truncate: bool = False  # a prompt beyond the context is cut, not refused
    keep_alive_s: float | None = None  # below 0: for ever; None: nothing was said


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a request came to. Moments are ns of CLOCK_MONOTONIC on the device's clock."""

    finish: str  # "stop" or "length"
    prompt_tokens: int
    cached_tokens: int
    output_tokens: int
    received_ns: int
    start_ns: int
    first_ns: int
    end_ns: int
    load_ns: int = 0

    @property
    def counts(self) -> Counts:
        """The truth, which a fault may lie about."""
        return {"prompt": self.prompt_tokens, "cached": self.cached_tokens, "output": self.output_tokens}


class Reply(Protocol):
    """One reply's bytes in its protocol: messages of a stream, or a whole body."""

    content_type: str  # of the stream

    def opening(self) -> list[bytes]: ...
    def token(self, text: bytes) -> bytes: ...
    def closing(self, done: Done, counts: Counts | None) -> list[bytes]:
        """What ends the stream; counts are what is said, None where nothing is."""
        ...

    def whole(self, text: bytes, done: Done, counts: Counts | None) -> bytes: ...
    def broken_off(self, text: bytes) -> bytes:
        """The body of a reply whose work was aborted."""
        ...

    def failure(self, message: str) -> bytes:
        """An error in the middle of a stream."""
        ...


def whole_number(body: Mapping[str, Any], name: str, *, least: int = 0) -> int | None:
    """A field that is a whole number, or None where it is missing or null. Raises RefusedError."""
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise RefusedError(400, f"{name}: {value!r} was given, a whole number from {least} on is needed")
    return value


def text_of(content: Any) -> str:
    """A message's content: text, or a list of parts of text. Raises RefusedError."""
    if isinstance(content, str):
        return content
    if isinstance(content, list) and all(isinstance(p, dict) and isinstance(p.get("text"), str) for p in content):
        return "".join(p["text"] for p in content)
    if content is None:
        return ""
    raise RefusedError(400, f"content: {content!r:.60} was given, text is needed")


def templated(messages: Any) -> str:
    """Messages as the simulated model sees them. Raises RefusedError."""
    if not isinstance(messages, list) or not all(isinstance(one, dict) for one in messages):
        raise RefusedError(400, "messages: a list of objects is needed")
    turns = [f"<{one.get('role', 'user')}>\n{text_of(one.get('content'))}\n" for one in messages]
    return "".join(turns) + "<assistant>\n"


def packed(value: Any) -> bytes:
    """JSON without spaces."""
    return json.dumps(value, separators=(",", ":")).encode()
