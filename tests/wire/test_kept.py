"""A server that keeps its answers, and one that becomes another: no figure is built on either."""

import json
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest
from http_sessions import answering, send, session, silent

pytest.importorskip("aiohttp", reason="the client's library is an extra: pip install 'joulemark[endpoints]'")
from bench.errors import CannotRun, UnknownName
from bench.nouns import Request, Usage
from bench.units import NS_PER_S
from bench.wire.api import ApiDialect
from bench.wire.exchange import Reply
from bench.wire.kept import kept_answers

WORK_S = 0.03
TEXTS = tuple(Request(id=f"r{k}", asked=Usage(requests=1), text=f"a text, number {k}") for k in range(3))


class Working(BaseHTTPRequestHandler):
    """Works for 30 ms on every text."""

    protocol_version, log_message = "HTTP/1.1", silent
    known: frozenset[str] = frozenset()
    keeps = False

    def do_GET(self):
        kind = type(self)
        if self.path not in kind.known:
            time.sleep(WORK_S)
        if self.keeps:
            kind.known |= {self.path}
        send(self, b"done")


class Keeping(Working):
    """The same, but knows what it answered."""

    keeps = True


class KeepingTexts(Working):
    """Keeps the answers to a text, whatever number stands beside it."""

    def do_GET(self):
        kind, text = type(self), parse_qs(urlsplit(self.path).query).get("q", [""])[0]
        if text not in kind.known:
            time.sleep(WORK_S)
        kind.known |= {text}
        send(self, b"done")


class KeepingLater(Working):
    """Keeps an answer when it gave it twice, as nginx does with proxy_cache_min_uses 2 or 3."""

    came: ClassVar[Counter] = Counter()

    def do_GET(self):
        if self.came[self.path] < 2:
            time.sleep(WORK_S)
        self.came[self.path] += 1
        send(self, b"done")


class Changing(BaseHTTPRequestHandler):
    """Says another version from the third answer on."""

    protocol_version, log_message = "HTTP/1.1", silent
    answers = 0

    def version_string(self):
        return "one/1" if type(self).answers < 3 else "one/2"

    def do_GET(self):
        type(self).answers += 1
        send(self, b"done")


class Proxied(BaseHTTPRequestHandler):
    """A cache in front says that it gave the answer."""

    protocol_version, log_message = "HTTP/1.1", silent

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "4")
        self.send_header("Age", "7")
        self.end_headers()
        self.wfile.write(b"done")


def test_declared_texts_are_not_asked_of_a_server_that_keeps_its_answers():
    """They come again after the last of them, and would be looked up."""
    with (
        answering(Keeping) as url,
        session(url, path="/?q={text}") as opened,
        pytest.raises(CannotRun, match="keeps its answers"),
    ):
        opened.stage(TEXTS)


@pytest.mark.parametrize(
    ("handler", "path"), [(KeepingTexts, "/?q={text}&id={serial}"), (KeepingLater, "/?q={text}")]
)
def test_a_number_beside_the_text_or_a_second_time_hides_no_store(handler, path):
    """A JSON-RPC id is no part of the question; and some keep what is asked often."""
    with (
        answering(handler) as url,
        session(url, path=path) as opened,
        pytest.raises(CannotRun, match="keeps its answers"),
    ):
        opened.stage(TEXTS)


@pytest.mark.parametrize("path", ["/?q={text}&n={serial}", "/"])
def test_texts_that_never_come_again_are(path):
    with answering(Keeping) as url, session(url, path=path) as opened:
        assert opened.stage(TEXTS) == TEXTS


def test_look_ups_are_measured_where_they_are_meant():
    with answering(Keeping) as url, session(url, path="/?q={text}", cache="measured") as opened:
        assert opened.stage(TEXTS) == TEXTS
        assert "cache=measured" in opened.loaded.engine_version  # never averaged with the work itself


def test_a_server_that_works_each_time_is_measured():
    with answering(Working) as url, session(url, path="/?q={text}") as opened:
        assert opened.stage(TEXTS) == TEXTS
        assert [o.error for o in opened.run(TEXTS)] == [None] * 3
        assert opened.change() is None


def test_an_answer_from_a_cache_counts_for_nothing():
    with answering(Proxied) as url:
        with session(url) as opened:
            assert {o.cause for o in opened.run(TEXTS)} == {"cached"}
        with session(url, cache="measured") as opened:
            assert {o.cause for o in opened.run(TEXTS)} == {None}


class TwiceProxied(BaseHTTPRequestHandler):
    """Two caches, each with a header of its own: the nearer one had to ask the farther, which knew."""

    protocol_version, log_message = "HTTP/1.1", silent

    def do_GET(self):
        self.send_response(200)
        for word in ("HIT", "MISS"):
            self.send_header("X-Cache", word)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"done")


def test_of_two_caches_either_counts():
    with answering(TwiceProxied) as url, session(url) as opened:
        assert {o.cause for o in opened.run(TEXTS)} == {"cached"}


def test_an_unknown_way_to_take_a_cache_is_refused():
    with answering(Working) as url, pytest.raises(UnknownName, match="cache"), session(url, cache="yes"):
        pass


def test_a_server_that_becomes_another_is_seen():
    with answering(Changing) as url, session(url) as opened:
        assert opened.change() is None
        opened.run(TEXTS)
        assert "one/1" in str(opened.change())
        assert "one/2" in str(opened.change())


class Swapped(BaseHTTPRequestHandler):
    """Calls itself the same, and is another model from the third answer on; counts answers and tells when."""

    protocol_version, log_message = "HTTP/1.1", silent
    answers = asked = 0

    def do_GET(self):
        kind = type(self)
        if self.path != "/health":
            kind.answers += 1
            return send(self, b"done")
        kind.asked += 1
        page = {
            "model": "int8" if kind.answers < 3 else "fp32", "warm": True, "answers": kind.answers,
            "at": f"10:{kind.asked // 3:02}", "token": f"t{kind.asked}",
        }  # fmt: skip
        return send(self, json.dumps(page).encode())


def test_a_server_that_is_another_by_its_own_page_is_seen():
    """What it counts, what tells a time and what is another each time are no sign of it."""
    with answering(Swapped) as url, session(url, about="/health") as opened:
        assert opened.change() is None
        opened.run(TEXTS)
        assert opened.change() == "about.model int8 → fp32"


def test_a_server_that_is_gone_is_seen():
    with answering(Working) as url, session(url) as opened:
        gone = opened
    with answering(Changing):
        assert "no answer any more" in str(gone.change())


@pytest.mark.parametrize(("took_s", "asked"), [(0.99, 20), (1.01, 12)])
def test_a_slow_server_is_asked_fewer_texts(monkeypatch, took_s, asked):
    """Four times each: of five texts, or of three where an answer takes more than a second."""
    calls = []

    def ask(call, timeout_s):
        calls.append(call)
        return Reply(start_ns=0, sent_ns=0, headers_ns=None, end_ns=round(took_s * NS_PER_S), status=200)

    monkeypatch.setattr("bench.wire.kept.ask", ask)
    dialect = ApiDialect(
        url="http://127.0.0.1:1", method="GET", path="/?q={text}", body=None, content_type="application/json",
        status=200, headers={}, words=("one", "two"),
    )  # fmt: skip

    assert kept_answers(dialect, 5.0) is None
    assert len(calls) == asked
