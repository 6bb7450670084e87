"""Any HTTP endpoint, as users deploy them: what one request costs, whatever it does inside.

LoadSpec.endpoint.options:

    path           appended to the address; `{text}` stands for the request's text ("/api/intent?sentence={text}")
    method         GET; POST where there is a body
    body           a template: '{"sentence": "{text}"}'; `{serial}`, a number of its own, is known too
    content_type   application/json
    status         the one that is right (200)
    timeout_s      after which a request is given up (30)
    precision      what the model's weights are, for the record
    family         classifier, or api (the default)
    answer         of a classifier: argmax, the class with the highest score in an object of classes and scores;
                   or status, which looks at no answer. Without it argmax where the first reply is such an object
                   and half of the workload's labels at least are among its classes
    cache          refused (the default): an answer from a cache counts for nothing, and declared texts are not
                   sent again and again to a server that keeps its answers; measured: look-ups are what is meant
    about          a page that answers a JSON object, such as /health: its fields become facts of the record; texts
                   and truth values that are others after the last window void the run
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from bench.engines import library_check
from bench.errors import BadInput, CannotRun, UnknownName
from bench.nouns import Check, Endpoint, Fact, Family, Identity, LoadSpec, Request, Served, Usage

if TYPE_CHECKING:
    from bench.wire.api import ApiDialect
    from bench.wire.exchange import Reply

_OPTIONS = (
    "path", "method", "body", "content_type", "status", "timeout_s", "precision", "family", "answer", "about",
    "cache",
)  # fmt: skip
_TIMEOUT_S = 30.0
_TEMPLATES = ("path", "body")
_METHODS = ("GET", "POST", "PUT", "PATCH")
_ARGMAX, _STATUS = "argmax", "status"
_REFUSED, _MEASURED = "refused", "measured"
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
        return _identified(endpoint, model, _asked(endpoint))

    @contextmanager
    def load(self, spec: LoadSpec) -> Iterator[Served]:
        """A session with the endpoint. Raises CannotRun where it does not answer."""
        from bench.wire.about import steady_names
        from bench.wire.api import scores_of
        from bench.wire.form import form_of
        from bench.wire.kept import kept_answers
        from bench.wire.labels import prepared
        from bench.wire.same import Known
        from bench.wire.served import ServedSession, endpoint_of, served_record

        endpoint = endpoint_of(spec, "http")
        reply = _asked(endpoint)
        identity = _identified(endpoint, spec.model.name, reply)
        loaded = served_record("http", spec, identity)
        scored = identity.facts.get("answer") == _ARGMAX
        dialect = replace(
            _dialect(endpoint),
            first=form_of(reply, looked=endpoint.options.get("answer") != _STATUS),
            classes=frozenset(scores_of(reply.body) or ()) if scored else frozenset(),
        )
        timeout_s = _timeout_s(endpoint)
        steady = steady_names(identity.facts, _about(endpoint))
        known = Known(identity=identity, ask=lambda: self.identify(endpoint, spec.model.name), steady=steady)
        kept = None if dialect.cache_counts else kept_answers(dialect, timeout_s)
        prepare = partial(prepared, dialect, guessed="answer" not in endpoint.options)
        with ServedSession(loaded, dialect, timeout_s, known=known, repeats=kept, prepare=prepare) as session:
            yield session


def _asked(endpoint: Endpoint) -> "Reply":
    """The reply to one request, of the status that was expected. Raises CannotRun."""
    from bench.wire.probe import ask, said

    dialect = _dialect(endpoint)
    probe = Request(id="probe", asked=Usage(requests=1))
    reply = ask(dialect.call(probe, 0), _timeout_s(endpoint))
    if reply.status != dialect.status:
        raise CannotRun(
            f"{endpoint.url}{dialect.path} answers {reply.status} ({said(reply)}), expected {dialect.status}: "
            "check --set path=, method=, body= and status="
        )
    return reply


def _identified(endpoint: Endpoint, model: str, reply: "Reply") -> Identity:
    """What the first reply and the server's page about itself say."""
    from bench.wire.address import hidden

    read, about = _read_as(endpoint, reply), _about(endpoint)
    dialect = _dialect(endpoint)
    return Identity(
        version=hidden(reply.headers.get("server", "unknown server")),
        model=model,
        precision=endpoint.options.get("precision", "served"),
        family=_family(endpoint),
        templates=_TEMPLATES,
        facts={"method": dialect.method, "path": dialect.path, "reply_bytes": len(reply.body), **read, **about},
    )


def _about(endpoint: Endpoint) -> dict[str, Fact]:
    """What the server's page about itself says; {}: none was named. Raises BadInput or CannotRun."""
    from bench.wire.about import about_facts

    page = endpoint.options.get("about")
    return about_facts(endpoint.url, page, _timeout_s(endpoint)) if page else {}


def _dialect(endpoint: Endpoint) -> "ApiDialect":
    """The templates as they were typed. Raises BadInput or UnknownName."""
    from bench.wire.address import number
    from bench.wire.api import ApiDialect
    from bench.wire.probe import authorised
    from bench.wire.template import check_media, check_words
    from bench.wire.wording import own_words

    options = endpoint.options
    for name in options:
        if name not in _OPTIONS:
            raise UnknownName("option of http (--set)", name, _OPTIONS)
    body = options.get("body")
    method = options.get("method", "GET" if body is None else "POST").upper()
    if method not in _METHODS:
        raise UnknownName("method", method, _METHODS)
    path = options.get("path", "")
    if path and not path.startswith("/"):  # anything else would go on with the host's name
        raise BadInput(f"--set path={path}: expected a path of the server that begins with /, such as /api")
    content_type = options.get("content_type", "application/json")
    if not content_type.isprintable():
        raise BadInput(f"--set content_type={content_type!r}: it holds a character that no header may hold")
    check_words("path", path)
    check_words("body", body or "")
    check_media(content_type, body)
    status = number(options, "status", 200, least=100)
    if status not in range(100, 600):
        raise BadInput(f"--set status={status:g}: expected a whole number from 100 to 599")
    return ApiDialect(
        url=endpoint.url,
        method=method,
        path=path,
        body=body,
        content_type=content_type,
        status=int(status),
        headers=authorised(),
        words=own_words(),
        cache_counts=_cache_counts(endpoint),
    )


def _cache_counts(endpoint: Endpoint) -> bool:
    asked = endpoint.options.get("cache", _REFUSED)
    if asked not in (_REFUSED, _MEASURED):
        raise UnknownName("way to take answers from a cache", asked, (_REFUSED, _MEASURED))
    return asked == _MEASURED


def _family(endpoint: Endpoint) -> Family:
    asked = endpoint.options.get("family", "api")
    for known in _FAMILIES:
        if asked == known:
            return known
    raise UnknownName("family of an HTTP endpoint", asked, _FAMILIES)


def _read_as(endpoint: Endpoint, reply: "Reply") -> dict[str, Fact]:
    """How a classifier's answers are read, from what was asked and its first reply. Raises CannotRun, BadInput."""
    from bench.wire.api import scores_of
    from bench.wire.probe import said

    asked = endpoint.options.get("answer")
    if asked not in (None, _ARGMAX, _STATUS):
        raise UnknownName("way to read an answer", asked, (_ARGMAX, _STATUS))
    if _family(endpoint) != "classifier":
        if asked == _ARGMAX:
            raise BadInput("--set answer=argmax belongs to a classifier: add --set family=classifier")
        return {}
    readable = scores_of(reply.body) is not None
    if asked == _ARGMAX and not readable:
        raise CannotRun(
            f"{endpoint.url}: expected a JSON object of classes and scores, found {said(reply)}: "
            "--set answer=status measures without looking at the answers"
        )
    return {"answer": _ARGMAX if readable and asked != _STATUS else _STATUS}


def _timeout_s(endpoint: Endpoint) -> float:
    from bench.wire.address import number

    return number(endpoint.options, "timeout_s", _TIMEOUT_S)
