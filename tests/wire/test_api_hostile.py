"""Any HTTP endpoint that answers otherwise than its first reply did, or is asked otherwise than it can be."""

import gzip
import json
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

import pytest
from http_sessions import answering, send, session, silent

pytest.importorskip("aiohttp", reason="the client's library is an extra: pip install 'joulemark[endpoints]'")
from bench.engines import openai_http
from bench.errors import BadInput, CannotRun
from bench.nouns import Endpoint, Request, Usage
from bench.wire.address import KEY_VARIABLE
from bench.wire.probe import get_json

SCORES = {"train": 0.7, "hotel": 0.3}
BODIES = {
    "empty": b"",
    "error": b'{"error": "overloaded"}',
    "code": b'{"code": 500, "status": 0}',
    "long": b'{"train": 1, "hotel": ' + b"9" * 400 + b"}",
    "deep": b"[" * 100_000,
    "half": rb'{"\ud800": 1}',
}


class Otherwise(BaseHTTPRequestHandler):
    """Scores, except for the sentences and pages that ask for something else."""

    protocol_version, log_message = "HTTP/1.1", silent

    def do_GET(self):
        parts = urlsplit(self.path)
        sentence = parse_qs(parts.query).get("sentence", [""])[0]
        if parts.path == "/dropped":
            self.close_connection = True
        elif parts.path == "/busy":
            send(self, b"{}", 503)
        elif parts.path == "/about":
            send(self, json.dumps({"auth": self.headers["Authorization"]}).encode())
        elif parts.path == "/v1/models":
            rows = [{"id": "m", "owned_by": f"for {self.headers['Authorization']}"}]
            send(self, json.dumps({"data": rows}).encode())
        elif parts.path == "/nothing":
            send(self, b"")
        elif parts.path == "/packed":
            send(self, gzip.compress(json.dumps(SCORES).encode()), encoding="gzip")
        elif parts.path == "/broken":
            send(self, b"no gzip", encoding="gzip")
        else:
            send(self, BODIES.get(sentence, json.dumps(SCORES).encode()))


@pytest.fixture
def address():
    with answering(Otherwise) as url:
        yield url


def outcome(opened, text):
    [found] = opened.run([Request(id="r", text=text, asked=Usage(requests=1), meant="train")])
    return found


@pytest.mark.parametrize(
    ("text", "family", "cause", "said"),
    [
        ("empty", "api", "malformed", "an empty body"),
        ("error", "api", "status", "overloaded"),
        ("error", "classifier", "status", "overloaded"),
        ("code", "classifier", "malformed", "other classes"),
        ("half", "classifier", "malformed", "other classes"),
        ("long", "classifier", "malformed", "classes and scores"),
        ("deep", "classifier", "malformed", "classes and scores"),
    ],
)
def test_a_reply_of_another_form_than_the_first_is_no_answer(address, text, family, cause, said):
    with session(address, path="/?sentence={text}", family=family) as opened:
        good, bad = outcome(opened, "train"), outcome(opened, text)

    assert (good.cause, good.said) == (None, "train" if family == "classifier" else None)
    assert (bad.cause, bad.achieved, bad.said) == (cause, Usage(requests=0), None)
    assert said in bad.error


@pytest.mark.parametrize("family", ["api", "classifier"])
def test_answers_that_nobody_looks_at_may_be_of_any_form(address, family):
    """answer=status: an object without a key of the first reply is an answer too, a bare error is none."""
    with session(address, path="/?sentence={text}", family=family, answer="status") as opened:
        assert [outcome(opened, text).cause for text in ("code", "error")] == [None, "status"]
    with session(address, path="/?sentence={text}", family="api") as opened:
        assert outcome(opened, "code").cause == "malformed"


def test_a_server_that_never_says_anything_is_measured(address):
    """Its first reply was empty too."""
    with session(address, path="/nothing") as opened:
        assert outcome(opened, "x").error is None


def test_a_reply_that_is_packed_in_spite_of_what_was_asked_is_read(address):
    """Its length is that of what was packed; one that cannot be unpacked is named."""
    with session(address, path="/packed", family="classifier") as opened:
        assert outcome(opened, "x").said == "train"
    with pytest.raises(CannotRun, match="gzip"), session(address, path="/broken"):
        pass


@pytest.mark.parametrize(
    "options",
    [
        {"path": "@127.0.0.1:7302/x"},
        {"path": "api/intent"},
        {"body": "x", "content_type": "a\nb"},
        {"status": "200.7"},
        {"status": "0"},
        {"status": "999"},
    ],
)
def test_what_cannot_be_asked_is_refused(address, options):
    """A path that goes on with the host's name would ask another server."""
    with pytest.raises(BadInput, match=f"--set {list(options)[-1]}="), session(address, **options):
        pass


def test_a_page_that_repeats_the_key_is_kept_without_it(address, monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, "sk-secret-0123")
    with session(address, path="/", about="/about") as opened:
        assert opened.loaded.facts["about.auth"] == "Bearer …"
    assert openai_http.open_engine().identify(Endpoint(url=address), "m").version == "for Bearer …"


@pytest.mark.parametrize("page", ["/dropped", "/busy"])
def test_an_optional_page_is_asked_for_once(address, page, monkeypatch):
    """Without it a run goes on, and waits for nothing."""
    monkeypatch.setattr("bench.wire.probe._PATIENCE_S", 1e9)

    assert get_json(address + page, {}, 5.0) is None
