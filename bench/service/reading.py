"""A request's body off the wire: of a kind, up to a size, within a time."""

import asyncio

from fastapi import Request

from bench.errors import BadInput
from bench.service.asking import BODY
from bench.service.problems import Refused, Type, refused, words_of
from bench.service.strict_json import read_json

LONGEST_S = 10.0  # that a body may take to come; chosen
MOST_BYTES = 64 * 1024  # of one request, which needs a few hundred; chosen
MOST_BATCH_BYTES = 16 * 1024 * 1024  # a hundred thousand rows of ten numbers of fifteen digits; chosen


async def json_of(request: Request, most_bytes: int = MOST_BYTES) -> object:
    """What the body says as JSON. Raises Refused: 415, 413, 408, 422."""
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise _refused(415, f"content-type is {kind!r:.60}; needed is application/json", "wrong_kind")
    try:
        async with asyncio.timeout(LONGEST_S):
            body = await _whole(request, most_bytes)
    except TimeoutError as error:
        raise _refused(408, f"no whole body within {LONGEST_S:g} s; send it at once", "too_slow") from error
    try:
        return read_json(body)
    except BadInput as error:
        raise _refused(422, words_of(error), "bad_json") from error


async def _whole(request: Request, most_bytes: int) -> bytes:
    said = request.headers.get("content-length", "")
    if said.isdecimal() and int(said[:20]) > most_bytes:
        raise _too_large(most_bytes)
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > most_bytes:
            raise _too_large(most_bytes)
        parts.append(part)
    return b"".join(parts)


def _too_large(most_bytes: int) -> Refused:
    return _refused(413, f"a body of more than {most_bytes} bytes; send less, or several requests", "too_large")


def _refused(status: int, message: str, type: Type) -> Refused:
    return refused(BODY, message, type, status)
