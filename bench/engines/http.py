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
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bench.engines import library_check
from bench.errors import CannotRun, UnknownName
from bench.nouns import Check, Endpoint, Family, Identity, LoadSpec, Request, Served, Usage

if TYPE_CHECKING:
    from bench.wire.api import ApiDialect

_OPTIONS = ("path", "method", "body", "content_type", "status", "timeout_s", "precision", "family")
_TIMEOUT_S = 30.0
_METHODS = ("GET", "POST", "PUT", "PATCH")
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
        from bench.wire.probe import ask, said

        dialect = _dialect(endpoint)
        probe = Request(id="probe", asked=Usage(requests=1))
        reply = ask(dialect.call(probe, 0), _timeout_s(endpoint))
        if reply.status != dialect.status:
            raise CannotRun(
                f"{endpoint.url}{dialect.path} answers {reply.status} ({said(reply)}), expected {dialect.status}: "
                "check --set path=, method=, body= and status="
            )
        return Identity(
            version=reply.headers.get("server", "unknown server"),
            model=model,
            precision=endpoint.options.get("precision", "served"),
            family=_family(endpoint),
            facts={"method": dialect.method, "path": dialect.path, "reply_bytes": len(reply.body)},
        )

    @contextmanager
    def load(self, spec: LoadSpec) -> Iterator[Served]:
        """A session with the endpoint. Raises CannotRun where it does not answer."""
        from bench.wire.served import ServedSession, endpoint_of, served_record

        endpoint = endpoint_of(spec, "http")
        identity = self.identify(endpoint, spec.model.name)
        loaded = served_record("http", spec, identity)
        with ServedSession(loaded, _dialect(endpoint), _timeout_s(endpoint)) as session:
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


def _timeout_s(endpoint: Endpoint) -> float:
    from bench.wire.address import number

    return number(endpoint.options, "timeout_s", _TIMEOUT_S)
