"""Any HTTP endpoint: a request from a template, and a reply that is right by its status."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from bench.nouns import Request, Usage
from bench.wire.exchange import Call, Reply
from bench.wire.probe import said as said_of
from bench.wire.served import Answer, refused
from bench.wire.wording import spelt

TEXT, TOKENS, NUMBER = "{text}", "{output_tokens}", "{serial}"
_WORDS = 12  # of a request that carries no text of its own: a sentence


def highest(body: bytes) -> str | None:
    """The class with the highest score in a JSON object of classes and finite scores; None: it is no such object.

    Of two that are equal the first.
    """
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not found or not all(map(_is_score, found.values())):
        return None
    return str(max(found, key=found.__getitem__))


def _is_score(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiDialect:
    """One method and address; `{text}` stands for the request's text in the path, the query or the body."""

    url: str
    method: str
    path: str  # with its query, as a template
    body: str | None
    content_type: str
    status: int
    headers: Mapping[str, str]
    words: tuple[str, ...]
    scored: bool = False  # whether a reply is to be an object of classes and scores

    def call(self, request: Request, serial: int) -> Call:
        """The request; quoted where the template stands in an address or inside JSON."""
        text = request.text or spelt(self.words, _WORDS, serial)
        path = self._filled(self.path, request, serial, quote(text, safe=""))
        body = None
        if self.body is not None:
            inside = json.dumps(text)[1:-1] if "json" in self.content_type else text
            body = self._filled(self.body, request, serial, inside).encode()
        headers = {"Content-Type": self.content_type, **self.headers} if body is not None else dict(self.headers)
        return Call(method=self.method, url=self.url + path, body=body, headers=headers)

    def read(self, _: Request, reply: Reply) -> Answer:
        """One request done, where the status is the one expected and something came with it."""
        if reply.status != self.status:
            busy = reply.status in (429, 503)
            return refused(
                "busy" if busy else "status", f"HTTP {reply.status}, expected {self.status}: {said_of(reply)}"
            )
        declared = reply.headers.get("content-length")
        if declared is not None and declared.isdigit() and int(declared) != len(reply.body):
            return refused("ended", f"{len(reply.body)} bytes came of {declared}")
        said = highest(reply.body) if self.scored else None
        if self.scored and said is None:
            return refused("malformed", f"expected a JSON object of classes and scores, found {said_of(reply)}")
        first_ns = reply.pieces[0][0] if reply.pieces else reply.headers_ns
        return Answer(achieved=Usage(requests=1), first_output_ns=first_ns, output_ns=(), said=said)

    def _filled(self, template: str, request: Request, serial: int, text: str) -> str:
        filled = template.replace(TOKENS, str(request.asked.output_tokens or 0)).replace(NUMBER, str(serial))
        return filled.replace(TEXT, text)
