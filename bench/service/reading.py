"""A request's body off the wire: of a kind, up to a size, within a time."""

import asyncio
from collections.abc import Mapping

from starlette.types import Receive

from bench.errors import BadInput
from bench.service.asking import BODY
from bench.service.problems import Refused, Type, refused, words_of
from bench.service.strict_json import read_json

LONGEST_S = 10.0  # that a body may take to come; chosen
MOST_BYTES = 64 * 1024  # of one request, which needs a few hundred; chosen
MOST_BATCH_BYTES = 16 * 1024 * 1024  # a hundred thousand rows of ten numbers of fifteen digits; chosen
Headers = Mapping[bytes, bytes]  # names in small letters


async def body_of_request(headers: Headers, receive: Receive, most_bytes: int) -> bytes:
    """The whole body. Raises Refused: 415, 413, 408."""
    kind = headers.get(b"content-type", b"application/json")
    if kind != b"application/json":
        _check_kind(kind)
    said = headers.get(b"content-length", b"")
    if said.isdigit() and int(said[:20]) > most_bytes:
        raise _too_large(most_bytes)
    try:
        async with asyncio.timeout(LONGEST_S):
            return await _whole(receive, most_bytes)
    except TimeoutError as error:
        raise _refused(408, f"no whole body within {LONGEST_S:g} s; send it at once", "too_slow") from error


def json_of(body: bytes) -> object:
    """What a body says as JSON. Raises Refused."""
    try:
        return read_json(body)
    except BadInput as error:
        raise _refused(422, words_of(error), "bad_json") from error


def _check_kind(said: bytes) -> None:
    kind = said.partition(b";")[0].strip().lower()
    if kind != b"application/json" and not (kind.startswith(b"application/") and kind.endswith(b"+json")):
        shown = kind.decode("ascii", "replace")
        raise _refused(415, f"content-type is {shown!r:.60}; needed is application/json", "wrong_kind")


async def _whole(receive: Receive, most_bytes: int) -> bytes:
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _refused(400, "the client has gone before its body had come", "too_slow")
        part = message.get("body", b"")
        size += len(part)
        if size > most_bytes:
            raise _too_large(most_bytes)
        parts.append(part)
        more = message.get("more_body", False)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _too_large(most_bytes: int) -> Refused:
    return _refused(413, f"a body of more than {most_bytes} bytes; send less, or several requests", "too_large")


def _refused(status: int, message: str, type: Type) -> Refused:
    return refused(BODY, message, type, status)
