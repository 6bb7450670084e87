"""Any HTTP endpoint: a request from a template, and a reply that is right by its status."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bench.nouns import Request, Usage
from bench.wire.answer import Answer, refused
from bench.wire.cached import from_cache
from bench.wire.exchange import BUSY, Call, Reply
from bench.wire.form import NOTHING_SEEN, ReplyForm, unlike
from bench.wire.probe import said as said_of
from bench.wire.strict import strict_json
from bench.wire.template import NUMBER, TEXT, TOKENS, in_address, quoted
from bench.wire.wording import spelt

_WORDS = 12  # of a request that carries no text of its own: a sentence


def scores_of(body: bytes) -> dict[str, float] | None:
    """A JSON object of classes and finite scores; None: it is no such object."""
    found = _object(body)
    return found if found and all(map(_is_score, found.values())) else None


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        found = strict_json(body)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _is_score(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


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
    first: ReplyForm = NOTHING_SEEN
    classes: frozenset[str] = frozenset()  # of the first reply's scores; (): no scores are read
    cache_counts: bool = False  # whether an answer from a cache is the work that is meant

    def call(self, request: Request, serial: int) -> Call:
        """The request, its text as its place needs it. Raises BadInput for a text that can't stand there."""
        text = request.text or spelt(self.words, _WORDS, serial)
        path = in_address(_numbered(self.path, request, serial), text)
        body = None
        if self.body is not None:
            template = _numbered(self.body, request, serial)
            body = template.replace(TEXT, quoted(text, self.content_type)).encode()
        headers = {"Content-Type": self.content_type, **self.headers} if body is not None else dict(self.headers)
        return Call(method=self.method, url=self.url + path, body=body, headers=headers)

    def read(self, _: Request, reply: Reply) -> Answer:
        """One request done: the status is the one expected, and the reply is whole and of the first one's form."""
        if reply.status != self.status:
            busy = reply.status in BUSY
            return refused(
                "busy" if busy else "status", f"HTTP {reply.status}, expected {self.status}: {said_of(reply)}"
            )
        if not self.cache_counts and (hit := from_cache(reply.headers)):
            return refused("cached", f"a cache gave the answer ({hit}): --set cache=measured counts look-ups")
        body = reply.body
        declared = reply.headers.get("content-length")
        packed = reply.headers.get("content-encoding", "identity") != "identity"  # unpacked when it was read
        if declared is not None and declared.isdigit() and not packed and int(declared) != len(body):
            return refused("ended", f"{len(body)} bytes came of {declared}")
        if other := unlike(self.first, reply, keys=not self.classes):
            return refused(*other)
        scores = scores_of(body) if self.classes else None
        if self.classes and scores is None:
            return refused("malformed", f"expected a JSON object of classes and scores, found {said_of(reply)}")
        if scores and scores.keys() != self.classes:
            return refused(
                "malformed",
                f"other classes than the first reply's, {said_of(reply)}: --set answer=status measures without "
                "looking at the answers",
            )
        first_ns = reply.pieces[0][0] if reply.pieces else reply.headers_ns
        # of two classes that score alike the first
        said = max(scores, key=scores.__getitem__) if scores else None
        return Answer(achieved=Usage(requests=1), first_output_ns=first_ns, output_ns=(), said=said)


def _numbered(template: str, request: Request, serial: int) -> str:
    return template.replace(TOKENS, str(request.asked.output_tokens or 0)).replace(NUMBER, str(serial))
