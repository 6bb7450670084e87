"""What no record could hold is refused by name, and a key that a server echoes is never repeated."""

import json

import pytest

pytest.importorskip("aiohttp", reason="the client's library is an extra: pip install 'joulemark[endpoints]'")
from bench.errors import BadInput
from bench.wire.address import KEY_VARIABLE, hidden, plain_url
from bench.wire.answer import refused
from bench.wire.exchange import Reply
from bench.wire.framing import json_lines, server_sent_events
from bench.wire.probe import json_of, said
from bench.wire.strict import strict_json


def reply(body, status=500):
    return Reply(start_ns=0, sent_ns=0, headers_ns=0, end_ns=1, status=status, pieces=((1, body),))


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"[" * 100_000, "nested"),
        (b"[" * 150 + b"]" * 150, "nested"),
        (b'{"a": ' + b"9" * 400 + b"}", "too long"),
        (b'{"a": ' + b"9" * 5000 + b"}", "Exceeds the limit"),
        (b'{"a": NaN}', "NaN is no number"),
        (b"[-Infinity]", "-Infinity is no number"),
        (b'{"a": 1e999}', "too large"),
        (b"\xff", "codec"),
    ],
)
def test_what_no_record_could_hold_is_refused_by_name(body, why):
    """By every reader: none of them ends a run with an error of its own."""
    with pytest.raises(ValueError, match=why):
        strict_json(body)
    assert json_of(reply(body)) is None
    assert said(reply(body))
    for read in (json_lines([(1, body)]), server_sent_events([(1, b"data: " + body + b"\n\n")])):
        assert "no JSON" in next(iter(read)).wrong


def test_half_a_pair_is_replaced():
    """In names and values; a whole pair is a character."""
    assert strict_json(rb'{"\ud800": ["\udfff x", "\ud83d\ude00", 1, 0.5, null]}') == {
        "\ufffd": ["\ufffd x", "\U0001f600", 1, 0.5, None]
    }
    said(reply(rb'{"error": "\ud800 bad"}')).encode()


@pytest.mark.parametrize("key", ["sk-secret-0123", 'sk"\\/é +0123'])
def test_a_key_that_is_echoed_is_not_repeated(monkeypatch, key):
    """As it is, inside JSON, in an address; nor is a part of it where a text is cut."""
    monkeypatch.setenv(KEY_VARIABLE, key)
    long = "x" * 190 + key
    bodies = [
        json.dumps({"error": {"message": f"bad key: Bearer {key}"}}).encode(),
        f"no JSON: {key}".encode(),
        json.dumps([key]).encode(),
        long.encode(),
        json.dumps({"detail": long}).encode(),
    ]

    texts = [said(reply(body)) for body in bodies]
    texts += [one.wrong for one in server_sent_events([(1, f"{'x' * 70} {key}\n".encode())])]
    texts += [one.wrong for one in json_lines([(1, f"{'x' * 70} {key}\n".encode())])]

    assert all("…" in text for text in texts)
    assert not [text for text in texts if key[:3] in text]


def test_no_refusal_repeats_a_key(monkeypatch):
    """Whoever words it: an error in mid-stream, a model's name."""
    monkeypatch.setenv(KEY_VARIABLE, "sk-secret-0123")

    assert refused("failed", "in mid-stream: no such key sk-secret-0123").error == "in mid-stream: no such key …"


def test_what_stands_for_no_key_is_left_alone(monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, "x")

    assert hidden("a box") == "a box"


@pytest.mark.parametrize(
    "url", ["http://h:0", "http://℀.com", "http://a..b", f"http://{'a' * 70}.com", "http://[::1"]
)
def test_an_address_that_nothing_can_have_is_refused(url):
    """Port 0 would be left out, and port 80 asked."""
    with pytest.raises(BadInput):
        plain_url(url)
