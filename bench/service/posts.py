"""The POST routes as plain ASGI, in front of FastAPI's own: half of the time would go to layers in between.

An answer is kept by the bytes that asked for it: nothing else that it depends on changes while the service runs.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from starlette.types import ASGIApp, Receive, Scope, Send

from bench.phrases import speaking
from bench.service.answers import BATCH, PATHS, Answers, encoded
from bench.service.problems import Path, Problem, Refused, body_of
from bench.service.reading import MOST_BATCH_BYTES, MOST_BYTES, body_of_request, json_of
from bench.service.speaking import language_of

_MOST_BYTES: Mapping[str, int] = {BATCH: MOST_BATCH_BYTES}
_KEPT, _LARGEST = 2048, 16 * 1024  # answers, and bytes of each with its question: 32 MiB at most; chosen
_JSON = (b"content-type", b"application/json")


@dataclass(slots=True)
class Kept:
    """The newest answers by path, language and body."""

    answers: OrderedDict[tuple[str, str, bytes], bytes] = field(default_factory=OrderedDict)

    def get(self, key: tuple[str, str, bytes]) -> bytes | None:
        """The answer, None where there is none."""
        found = self.answers.get(key)
        if found is not None:
            self.answers.move_to_end(key)
        return found

    def put(self, key: tuple[str, str, bytes], answer: bytes) -> None:
        """Keeps an answer, and lets the one go that was not asked for the longest."""
        if len(key[2]) + len(answer) <= _LARGEST:
            self.answers[key] = answer
            if len(self.answers) > _KEPT:
                self.answers.popitem(last=False)


class Posts:
    """Answers the POST routes; whatever else is asked goes on to `app`."""

    def __init__(self, app: ASGIApp, answers: Answers) -> None:
        self._app, self._answers, self._kept = app, answers, Kept()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One ASGI connection."""
        path = scope.get("path", "")
        if scope["type"] != "http" or path not in PATHS:
            await self._app(scope, receive, send)
            return
        try:
            code, body = await self._answer(path, scope, receive)
            await _send(send, 200, body, ((b"content-language", code),))
        except Refused as error:
            # of a body that is not read to its end nothing else can follow
            closing = error.status in (400, 408, 413, 415)
            await _send(
                send,
                error.status,
                body_of(error.problems),
                ((b"connection", b"close"),) if closing else error.headers,
            )

    async def _answer(self, path: str, scope: Scope, receive: Receive) -> tuple[bytes, bytes]:
        method = scope["method"]
        if method != "POST":
            raise _not_allowed(method, path)
        headers = dict(scope["headers"])
        query = scope["query_string"]
        language = language_of(
            _lang(query) if query else None, headers.get(b"accept-language", b"").decode("latin-1")
        )
        with speaking(language):
            body = await body_of_request(headers, receive, _MOST_BYTES.get(path, MOST_BYTES))
            key = (path, language.code, body)
            found = self._kept.get(key)
            if found is None:
                found = encoded(await self._answers.answer(path, json_of(body)))
                self._kept.put(key, found)
        return language.code.encode("ascii"), found


def _lang(query: bytes) -> str | None:
    """The last ?lang= of a query."""
    said = parse_qs(query.decode("latin-1"), keep_blank_values=True, max_num_fields=100).get("lang")
    return said[-1] if said else None


def _not_allowed(method: str, path: str) -> Refused:
    at: Path = ("path",)
    problem = Problem(loc=at, message=f"{method[:20]} {path}: needed is POST", type="refused")
    return Refused(405, problem, headers=((b"allow", b"POST"),))


async def _send(send: Send, status: int, body: bytes, headers: tuple[tuple[bytes, bytes], ...]) -> None:
    length = (b"content-length", str(len(body)).encode("ascii"))
    await send({"type": "http.response.start", "status": status, "headers": [_JSON, length, *headers]})
    await send({"type": "http.response.body", "body": body})
