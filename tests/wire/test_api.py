"""Any HTTP endpoint: the template is filled and quoted, and only the right status is an answer."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest

from bench.engines import http
from bench.errors import CannotRun, UnknownName
from bench.files.models import served_model
from bench.nouns import Cell, Endpoint, LoadSpec, Request, Usage

pytest.importorskip("aiohttp", reason="the client's library is an extra: pip install 'joulemark[endpoints]'")


class Answering(BaseHTTPRequestHandler):
    """Answers {"said": …} to GET and POST; 500 where the sentence asks for it."""

    protocol_version = "HTTP/1.1"
    heard: ClassVar[list] = []

    def do_GET(self):
        self._answer(parse_qs(urlsplit(self.path).query).get("sentence", [""])[0])

    def do_POST(self):
        self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["sentence"])

    def _answer(self, sentence):
        self.heard.append(sentence)
        body = json.dumps({"said": sentence}).encode()
        self.send_response(500 if sentence == "boom" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Says nothing."""


@pytest.fixture
def address():
    Answering.heard = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@contextmanager
def session(url, **options):
    cell = Cell(engine="http", model="intents", precision="served", workload="w")
    endpoint = Endpoint(url=url, options=options)
    load = LoadSpec(model=served_model(cell, "api"), precision="served", weights="served", endpoint=endpoint)
    with http.open_engine().load(load) as opened:
        yield opened


def asking(*sentences):
    return [Request(id=s, text=s, asked=Usage(requests=1)) for s in sentences]


HARD = 'où "est" l’hôtel & combien ? 50 % \\ {x}'


@pytest.mark.parametrize(
    "options",
    [{"path": "/api/intent?sentence={text}"}, {"path": "/api/intent", "body": '{"sentence": "{text}"}'}],
)
def test_a_sentence_arrives_as_it_is(address, options):
    """Quotes, percent signs and accents, in a query as in JSON."""
    with session(address, **options) as opened:
        found = opened.run(asking(HARD, "un train"))

    assert [o.error for o in found] == [None, None]
    assert {HARD, "un train"} <= set(Answering.heard)
    assert {o.achieved for o in found} == {Usage(requests=1)}


def test_another_status_is_no_answer(address):
    with session(address, path="/?sentence={text}") as opened:
        good, bad = opened.run(asking("fine"))[0], opened.run(asking("boom"))[0]

    assert good.error is None
    assert bad.cause == "status"
    assert "HTTP 500" in bad.error
    assert bad.achieved == Usage(requests=0)


def test_an_expected_status_that_does_not_come_is_said_before_any_window(address):
    with pytest.raises(CannotRun, match="expected 204"), session(address, path="/", status="204"):
        pass


def test_a_misspelt_option_is_named(address):
    with pytest.raises(UnknownName, match="path"), session(address, pth="/"):
        pass
