"""Questions to a server outside every window: one at a time, with patience, and in plain JSON."""

import asyncio
import json
import time
from collections.abc import Mapping
from typing import Any

from bench.errors import CannotRun
from bench.files.config import environment
from bench.wire.address import KEY_VARIABLE, hidden
from bench.wire.exchange import BUSY, Call, Reply, Wire
from bench.wire.scheme import other_scheme
from bench.wire.strict import strict_json

_BAD_REQUEST = 400
_PATIENCE_S = 60.0  # a server may still be loading its model
_PAUSE_S = 1.0
_OPTIONAL_S = 10.0  # chosen: a page that any server gives at once
_SAID = 200


def ask(call: Call, timeout_s: float) -> Reply:
    """The reply, after waiting out a busy server. Raises CannotRun where nobody answers."""
    began = time.monotonic()
    while True:
        reply = asyncio.run(_once(call, timeout_s))
        if reply.failure or reply.status == _BAD_REQUEST:
            _check_scheme(call.url)
        if reply.failure:
            raise CannotRun(
                f"{call.url} does not answer: {reply.failure.said}; is the server up, and the address right?"
            )
        if reply.status not in BUSY or time.monotonic() - began > _PATIENCE_S:
            return reply
        time.sleep(_PAUSE_S)


def _check_scheme(url: str) -> None:
    """Raises CannotRun where the server speaks the other of http and https (some answer 400 to that)."""
    if other := other_scheme(url):
        said = f"{url.partition(':')[0]} was asked of a server that speaks {other.partition(':')[0]}"
        raise CannotRun(f"{url} does not answer: {said}; give its address as --endpoint {other}…")


async def _once(call: Call, timeout_s: float) -> Reply:
    async with Wire(timeout_s) as wire:
        return await wire.exchange(call)


def get_json(url: str, headers: Mapping[str, str], timeout_s: float) -> Any:
    """The JSON at a URL; None where there is none: an optional page of some servers, asked for once."""
    reply = asyncio.run(_once(Call(method="GET", url=url, headers=headers), min(timeout_s, _OPTIONAL_S)))
    return json_of(reply) if reply.status == 200 and not reply.failure else None


def post(url: str, body: object, headers: Mapping[str, str]) -> Call:
    """A call with a JSON body."""
    return Call(
        method="POST",
        url=url,
        body=json.dumps(body).encode(),
        headers={"Content-Type": "application/json", **headers},
    )


def json_of(reply: Reply) -> Any:
    """The body as JSON; None where it is none, or none that could be kept."""
    try:
        return strict_json(reply.body)
    except ValueError:
        return None


def said(reply: Reply) -> str:
    """What a server says of its refusal, in one line and without the user's key."""
    found = json_of(reply)
    if isinstance(found, dict):
        error = found.get("error", found.get("detail", found.get("message")))
        text = error.get("message") if isinstance(error, dict) else error
        if text:
            return _line(str(text))
    return _line(reply.body.decode("utf-8", "replace")) or "no word why"


def _line(text: str) -> str:
    return " ".join(hidden(text).split())[:_SAID]


def authorised() -> dict[str, str]:
    """The header that carries the user's key, from the environment alone; {}: there is none."""
    key = environment(KEY_VARIABLE)
    if key and not key.isprintable():
        raise CannotRun(f"{KEY_VARIABLE} holds a character that no header may hold (a line's end?): set it again")
    return {"Authorization": f"Bearer {key}"} if key else {}
