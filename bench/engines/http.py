"""Any HTTP endpoint, as users deploy them: what one request costs, whatever it does inside.

LoadSpec.endpoint.options:

    path           appended to the address; `{text}` stands for the request's text ("/api/intent?sentence={text}")
    method         GET; POST where there is a body
    body           a template: '{"sentence": "{text}"}'; `{output_tokens}` and `{serial}` are known too
    content_type   application/json
    status         the one that is right (200)
    timeout_s      after which a request is given up (30)
    precision      what the model's weights are, for the record
    family         classifier, or api (the default)
    answer         of a classifier: argmax, the class with the highest score in an object of classes and scores;
                   or status, which looks at no answer. Without it argmax where the first reply is such an object
    about          a page that answers a JSON object, such as /health: its fields become facts of the record
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from bench.engines import library_check
from bench.errors import BadInput, CannotRun, UnknownName
from bench.nouns import Check, Endpoint, Fact, Family, Identity, LoadSpec, Request, Served, Usage

if TYPE_CHECKING:
    from bench.wire.api import ApiDialect

_OPTIONS = (
    "path",
    "method",
    "body",
    "content_type",
    "status",
    "timeout_s",
    "precision",
    "family",
    "answer",
    "about",
)
_TIMEOUT_S = 30.0
_METHODS = ("GET", "POST", "PUT", "PATCH")
_ARGMAX, _STATUS = "argmax", "status"
_FAMILIES: tuple[Family, ...] = ("api", "classifier")


def open_engine() -> "HttpEngine":
    """The engine."""
    return HttpEngine()


class HttpEngine:
    """A client; what answers is the user's."""

    def check(self) -> Check:
        """Whether the client's library is here; the endpoint is asked when it is named."""
        return library_check("http", {"aiohttp": "aiohttp"}, "endpoints")

    def version(self) -> str:
        """The server's is not known before it is asked."""
        return "server"

    def identify(self, endpoint: Endpoint, model: str) -> Identity:
        """One request, which has to be answered rightly; `model` is the name that the user gives it."""
        from bench.wire.about import about_facts
        from bench.wire.probe import ask, said

        dialect = _dialect(endpoint)
        probe = Request(id="probe", asked=Usage(requests=1))
        reply = ask(dialect.call(probe, 0), _timeout_s(endpoint))
        if reply.status != dialect.status:
            raise CannotRun(
                f"{endpoint.url}{dialect.path} answers {reply.status} ({said(reply)}), expected {dialect.status}: "
                "check --set path=, method=, body= and status="
            )
        read = _read_as(endpoint, reply.body)
        page = endpoint.options.get("about")
        about = about_facts(endpoint.url, page, _timeout_s(endpoint)) if page else {}
        return Identity(
            version=reply.headers.get("server", "unknown server"),
            model=model,
            precision=endpoint.options.get("precision", "served"),
            family=_family(endpoint),
            facts={
                "method": dialect.method,
                "path": dialect.path,
                "reply_bytes": len(reply.body),
                **read,
                **about,
            },
        )

    @contextmanager
    def load(self, spec: LoadSpec) -> Iterator[Served]:
        """A session with the endpoint. Raises CannotRun where it does not answer."""
        from bench.wire.served import ServedSession, endpoint_of, served_record

        endpoint = endpoint_of(spec, "http")
        identity = self.identify(endpoint, spec.model.name)
        loaded = served_record("http", spec, identity)
        dialect = replace(_dialect(endpoint), scored=identity.facts.get("answer") == _ARGMAX)
        with ServedSession(loaded, dialect, _timeout_s(endpoint)) as session:
            yield session


def _dialect(endpoint: Endpoint) -> "ApiDialect":
    """The templates as they were typed. Raises BadInput or UnknownName."""
    from bench.wire.address import number
    from bench.wire.api import ApiDialect
    from bench.wire.probe import authorised
    from bench.wire.wording import own_words

    options = endpoint.options
    for name in options:
        if name not in _OPTIONS:
            raise UnknownName("option of http (--set)", name, _OPTIONS)
    body = options.get("body")
    method = options.get("method", "GET" if body is None else "POST").upper()
    if method not in _METHODS:
        raise UnknownName("method", method, _METHODS)
    return ApiDialect(
        url=endpoint.url,
        method=method,
        path=options.get("path", ""),
        body=body,
        content_type=options.get("content_type", "application/json"),
        status=int(number(options, "status", 200)),
        headers=authorised(),
        words=own_words(),
    )


def _family(endpoint: Endpoint) -> Family:
    asked = endpoint.options.get("family", "api")
    for known in _FAMILIES:
        if asked == known:
            return known
    raise UnknownName("family of an HTTP endpoint", asked, _FAMILIES)


def _read_as(endpoint: Endpoint, body: bytes) -> dict[str, Fact]:
    """How a classifier's answers are read, from what was asked and its first reply. Raises CannotRun, BadInput."""
    from bench.wire.api import highest

    asked = endpoint.options.get("answer")
    if asked not in (None, _ARGMAX, _STATUS):
        raise UnknownName("way to read an answer", asked, (_ARGMAX, _STATUS))
    if _family(endpoint) != "classifier":
        if asked == _ARGMAX:
            raise BadInput("--set answer=argmax belongs to a classifier: add --set family=classifier")
        return {}
    readable = highest(body) is not None
    if asked == _ARGMAX and not readable:
        raise CannotRun(
            f"{endpoint.url}: expected a JSON object of classes and scores, found {body[:200]!r}: "
            "--set answer=status measures without looking at the answers"
        )
    return {"answer": _ARGMAX if readable and asked != _STATUS else _STATUS}


def _timeout_s(endpoint: Endpoint) -> float:
    from bench.wire.address import number

    return number(endpoint.options, "timeout_s", _TIMEOUT_S)
