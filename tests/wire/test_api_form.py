"""A 200 that is no answer: a page, an error, a cut reply or a broken stream, by what the first reply was."""

import json
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

import pytest
from http_sessions import answering, session, silent

pytest.importorskip("aiohttp", reason="the client's library is an extra: pip install 'joulemark[endpoints]'")
from bench.nouns import Request, Usage
from bench.wire.exchange import Reply
from bench.wire.form import form_of, unlike

PAGE = b"<html><title>We will be back soon</title></html>"
DELTA = b'data: {"choices": [{"delta": {"content": "a"}, "finish_reason": null}]}\n\n'
LAST = b'data: {"choices": [{"delta": {}, "finish_reason": "stop"}]}\n\n'
FULL = b'data: {"choices": [{"delta": {"content": "a"}, "finish_reason": "stop"}]}\n\n'
DONE = b"data: [DONE]\n\n"
NAMED = b'event: delta\ndata: {"text": "a"}\n\n'
LINE, ENDED = b'{"response": "a", "done": false}\n', b'{"response": "", "done": true, "eval_count": 2}\n'
EVENTS, LINES = "text/event-stream; charset=utf-8", "application/x-ndjson"


def reply(body, media="application/json"):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"content-type": media} if media else {}
    pieces = ((1, data),) if data else ()
    return Reply(start_ns=0, sent_ns=0, headers_ns=1, end_ns=2, status=200, headers=headers, pieces=pieces)


def cause(first, later, media="application/json", later_media=None, **options):
    found = unlike(form_of(reply(first, media), **options), reply(later, later_media or media))
    return found and found[0]


@pytest.mark.parametrize(
    ("first", "later", "expected"),
    [
        ({"summary": "so", "request_id": 1}, {"error": "overloaded", "request_id": 2}, "status"),
        ({"summary": "so"}, {"summary": "", "detail": "out of memory"}, "status"),
        ({"summary": "so", "error": None}, {"summary": None, "error": {"message": "busy"}}, "status"),
        ({"summary": "so"}, {"summary": "", "status": "error"}, "status"),
        ({"summary": "so", "ok": True}, {"summary": "", "ok": False}, "status"),
        ({"summary": "so"}, {"message": "Internal server error"}, "malformed"),
        ({"summary": "so"}, {}, "malformed"),
        ({"summary": "so"}, ["so"], "malformed"),
        ({"summary": "so"}, b'{"summ', "malformed"),
        ([1, 2], b"[1,", "malformed"),
        ("so", b'"s', "malformed"),
        ({"summary": "so"}, b"", "malformed"),
    ],
)
def test_a_reply_that_is_no_answer_is_told_from_the_first(first, later, expected):
    assert cause(first, later) == expected


@pytest.mark.parametrize(
    ("first", "later"),
    [
        ({"summary": "so", "error": None}, {"summary": "and so", "error": None}),
        ({"summary": "so", "note": "x"}, {"summary": "and so"}),
        ({"summary": "so"}, {"summary": "and so", "warnings": ["long"], "errors": []}),
        ({"error": 0.1, "train": 0.9}, {"error": 0.7, "train": 0.3}),  # a class, or a measure, of that name
        ({"error": 0, "train": 1}, {"error": 0.7, "train": 0.3}),
        ({"detail": "a"}, {"detail": "b"}),
        ({"ok": True, "n": 1}, {"n": 2}),
        ([1, 2], []),
        ("so", 5),
        (b"", b"anything"),
    ],
)
def test_fields_that_come_and_go_are_no_fault(first, later):
    assert cause(first, later) is None


def test_a_text_may_be_any_text():
    """2024 is JSON too; an object with an error in it is none, and neither is a page of another type."""
    assert cause(b"2024", b"so it is", "text/plain") is None
    assert cause(b"so it is", b'{"title": "x"}', "text/plain") is None
    assert cause(b"so it is", b'{"error": "x", "id": 1}', "text/plain") == "status"
    assert cause(b"so it is", PAGE, "text/plain", "text/html") == "malformed"
    assert cause({"a": 1}, PAGE, later_media="text/html") == "malformed"
    assert cause({"a": 1}, {"a": 2}, "application/json", "Application/JSON; charset=utf-8") is None


@pytest.mark.parametrize(
    ("first", "later", "media", "expected"),
    [
        (DELTA * 3 + LAST + DONE, DELTA + LAST + DONE, EVENTS, None),
        (DELTA * 3 + LAST + DONE, DELTA + b'data: {"error": {"message": "out of memory"}}\n\n', EVENTS, "status"),
        (DELTA * 3 + LAST + DONE, DELTA * 2, EVENTS, "ended"),
        (DELTA * 3 + LAST, DELTA * 2 + LAST, EVENTS, None),
        (DELTA * 3 + LAST, DELTA * 2, EVENTS, "ended"),
        (DELTA * 3 + FULL, DELTA * 2, EVENTS, "ended"),
        (DELTA * 3 + FULL, DELTA * 2 + FULL, EVENTS, None),
        (DELTA * 3 + DONE, DELTA + b"data: {not", EVENTS, "malformed"),
        (NAMED + b"event: stop\ndata: {}\n\n", NAMED, EVENTS, "ended"),
        (NAMED + b"event: stop\ndata: {}\n\n", NAMED + b"event: error\ndata: {}\n\n", EVENTS, "status"),
        (NAMED + b"event: stop\ndata: {}\n\n", NAMED * 3 + b"event: stop\ndata: {}\n\n", EVENTS, None),
        (b"data: some\n\ndata: words\n\n", b"data: others\n\n", EVENTS, None),
        (LINE * 2 + ENDED, LINE + ENDED, LINES, None),
        (LINE * 2 + ENDED, LINE, LINES, "ended"),
        (LINE * 2 + ENDED, LINE + b'{"error": "unexpected EOF"}\n', LINES, "status"),
    ],
)
def test_a_stream_ends_as_the_first_one_did(first, later, media, expected):
    assert cause(first, later, media) == expected


def test_answers_that_are_not_looked_at_are_only_no_bare_errors():
    """answer=status says so; an empty body is none even then."""
    assert cause({"so": "x"}, {"thus": "y"}, looked=False) is None
    assert cause({"so": "x"}, {"error": "y"}, looked=False) == "status"
    assert cause({"so": "x"}, b"", looked=False) == "malformed"


class Cutting(BaseHTTPRequestHandler):
    """HTTP/1.0 and no length: the end of the connection is the reply's; cut where the text asks for it."""

    log_message = silent

    def do_GET(self):
        text = parse_qs(urlsplit(self.path).query)["t"][0]
        body = json.dumps({"summary": text}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body[:7] if text == "cut" else body)


@pytest.mark.parametrize("options", [{}, {"family": "classifier"}])
def test_a_reply_that_is_cut_where_nothing_tells_its_length_is_no_answer(options):
    requests = [Request(id=t, text=t, asked=Usage(requests=1)) for t in ("whole", "cut")]
    with answering(Cutting) as url, session(url, path="/?t={text}", **options) as opened:
        found = {o.request_id: o for o in opened.run(requests)}

    assert (found["whole"].cause, found["cut"].cause) == (None, "malformed")
    assert found["cut"].achieved == Usage(requests=0)
