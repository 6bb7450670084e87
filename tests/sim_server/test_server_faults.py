"""Every fault of the simulated server is what it says, at every stage it knows, and is written down."""

import http.client
import json
import time
from urllib.parse import urlsplit

import pytest
from sim.server_faults import KINDS, LIES, Fault, FaultPlan, of_mapping, parsed
from sim_server.client import MODEL, ask, complete, generate

TOKENS = 8


@pytest.fixture
def faulty(fast):
    """A server whose faults are taken away afterwards."""
    yield fast
    fast.control("DELETE", "/faults")


def struck(served):
    return [one["struck"] for one in served.control("GET", "/faults")]


@pytest.mark.parametrize("code", [500, 429, 503])
def test_an_error_before_the_headers(faulty, code):
    """With Retry-After where a client is to wait, and in the protocol's shape; no work is done."""
    faulty.faults({"kind": "status", "code": code, "seconds": 2})
    before = len(faulty.truth().steps)
    openai, ollama = complete(faulty.url), generate(faulty.url)

    assert (openai.status, ollama.status) == (code, code)
    assert openai.headers.get("Retry-After") == ("2" if code == 429 else None)
    assert openai.json["error"]["code"] == code
    assert isinstance(ollama.json["error"], str)
    assert len(faulty.truth().steps) == before


@pytest.mark.parametrize(("stage", "words"), [("first", 0), ("mid", 4), ("end", 8)])
def test_an_error_in_the_stream(faulty, stage, words):
    """The stream ends in order, after an error in the place of what was to come."""
    faulty.faults({"kind": "status", "stage": stage})
    heard, lines = complete(faulty.url), generate(faulty.url).lines

    assert heard.ended
    assert [bool(e.get("error")) for e in heard.events] == [False] * words + [True]
    assert [bool(one.get("error")) for one in lines] == [False] * words + [True]


@pytest.mark.parametrize("kind", ["drop", "reset"])
@pytest.mark.parametrize(
    ("stage", "words"), [("before", None), ("headers", 0), ("first", 0), ("mid", 4), ("end", 8)]
)
def test_a_cut_connection(faulty, kind, stage, words):
    """So many tokens, and then nothing, not even the end of the transfer."""
    faulty.faults({"kind": kind, "stage": stage})
    heard = complete(faulty.url, TOKENS)

    assert not heard.ended
    assert heard.status == (0 if words is None else 200)
    if words is None:
        assert heard.error == ("RemoteDisconnected" if kind == "drop" else "ConnectionResetError")
    elif kind == "drop":  # a reset may take along what lies in buffers
        assert heard.body.count(b'"text":" sim') == words
    assert struck(faulty) == [1]


def test_a_cut_body(faulty):
    """Without a stream: half of what Content-Length promised."""
    faulty.faults({"kind": "drop", "stage": "mid"})
    heard = complete(faulty.url, stream=False, stream_options=None)

    assert not heard.ended
    assert len(heard.body) == int(heard.headers["Content-Length"]) // 2


@pytest.mark.parametrize("stage", ["before", "headers", "first", "mid", "end"])
def test_a_pause(faulty, stage):
    """Nothing for so long, and then the rest, whole."""
    faulty.faults({"kind": "hang", "stage": stage, "seconds": 0.15})
    heard = complete(faulty.url, TOKENS)

    assert heard.duration_s > 0.15
    assert heard.ended
    assert len(heard.words) == TOKENS


def test_a_hang_for_ever(faulty):
    """Until the client gives up; the server goes on with others."""
    faulty.faults({"kind": "hang", "stage": "mid", "ids": ["stuck"]})
    body = {"prompt": "a b c", "max_tokens": TOKENS, "stream": True}
    stuck = ask(faulty.url, "/v1/completions", body, timeout_s=0.25, name="stuck")

    assert (stuck.status, stuck.ended) == (200, False)
    assert len(stuck.words) == TOKENS // 2
    assert complete(faulty.url).ended


@pytest.mark.parametrize("kind", ["truncate", "malform"])
@pytest.mark.parametrize("stage", ["first", "mid", "end"])
def test_a_message_that_cannot_be_read(faulty, kind, stage):
    """One of them; and a whole body just so."""
    faulty.faults({"kind": kind, "stage": stage})
    heard, body = complete(faulty.url), complete(faulty.url, stream=False, stream_options=None)
    lines = generate(faulty.url)

    assert heard.ended
    assert body.ended
    for broken in (lambda: heard.events, lambda: body.json, lambda: lines.lines):
        with pytest.raises(ValueError, match=r"not an event|Expecting|Unterminated|Invalid|delimiter"):
            broken()
    assert struck(faulty) == [3]


def test_a_silent_abort(faulty):
    """Ollama's: the stream ends in order without `done`, and the work has stopped."""
    faulty.faults({"kind": "silent"})
    lines = generate(faulty.url, 50).lines
    steps = len(faulty.truth().steps)
    time.sleep(0.05)

    assert [one["done"] for one in lines] == [False] * 25
    assert len(faulty.truth().steps) == steps
    whole = generate(faulty.url, stream=False).json
    assert whole["done"] is False
    assert "eval_count" not in whole
    heard = complete(faulty.url)
    assert heard.ended
    assert b"[DONE]" not in heard.body


def test_lies_about_usage(faulty):
    """More, less, nothing, another type: of the output alone, and in both protocols."""
    said, ollama = {}, {}
    for how in LIES:
        faulty.faults({"kind": "usage", "how": how})
        heard = complete(faulty.url, TOKENS)
        assert len(heard.words) == TOKENS
        said[how] = heard.events[-1].get("usage") or {}
        ollama[how] = generate(faulty.url, TOKENS).lines[-1].get("eval_count")

    counts = {how: usage.get("completion_tokens", "absent") for how, usage in said.items()}
    assert counts == {"more": 17, "double": 16, "less": 4, "zero": 0, "missing": "absent", "text": "8",
                      "float": 8.5, "null": None, "negative": -8}  # fmt: skip
    faulty.faults({"kind": "usage", "how": "less", "of": "prompt"})
    assert complete(faulty.url).events[-1]["usage"]["prompt_tokens"] == 2
    assert ollama == {"more": 17, "double": 16, "less": 4, "zero": None, "missing": None, "text": "8",
                      "float": 8.5, "null": None, "negative": -8}  # fmt: skip


def test_a_reply_from_a_cache(faulty):
    """At once, with full usage, and without a joule."""
    faulty.faults({"kind": "cached_reply"})
    before = len(faulty.truth().steps)
    heard, whole = complete(faulty.url, 500), complete(faulty.url, 500, stream=False, stream_options=None)

    assert len(heard.words) == heard.events[-1]["usage"]["completion_tokens"] == 500
    assert whole.json["usage"]["completion_tokens"] == 500
    assert heard.duration_s < 0.4  # 500 tokens take more than half a second
    assert len(faulty.truth().steps) == before


@pytest.mark.parametrize(("kind", "finish"), [("stop_short", "stop"), ("length_short", "length")])
def test_a_reply_that_stops_short(faulty, kind, finish):
    """A quarter of the tokens, in work and in usage; only the reason may be a lie."""
    faulty.faults({"kind": kind, "fraction": 0.25})
    heard = complete(faulty.url, TOKENS, ignore_eos=True)
    *_, last, usage = heard.events

    assert len(heard.words) == usage["usage"]["completion_tokens"] == 2
    assert last["choices"][0]["finish_reason"] == finish
    assert faulty.truth().requests[-1]["output_tokens"] == 2


def test_a_message_twice_and_one_too_many(faulty):
    """More messages than tokens: before the end, and after it."""
    faulty.faults({"kind": "duplicate"})
    assert len(complete(faulty.url, TOKENS).words) == TOKENS + 1
    faulty.faults({"kind": "after_done"})
    heard = complete(faulty.url, TOKENS)

    assert len(heard.words) == TOKENS + 1
    assert heard.body.index(b"[DONE]") < heard.body.rindex(b'"text":" sim')
    assert generate(faulty.url, TOKENS).lines[-2]["done"] is True


def test_another_models_name(faulty):
    """Everywhere in the reply."""
    faulty.faults({"kind": "wrong_model"})

    assert {e["model"] for e in complete(faulty.url).events} == {"another-model"}
    assert {one["model"] for one in generate(faulty.url).lines} == {"another-model"}
    assert MODEL != "another-model"


def test_a_dribble(faulty):
    """The same bytes, a few at a time."""
    plain = complete(faulty.url, 2)
    faulty.faults({"kind": "dribble", "size": 40, "seconds": 0.002})
    slow = complete(faulty.url, 2)

    assert slow.words == plain.words
    assert slow.duration_s > len(plain.body) / 40 * 0.002


def test_a_kept_connection_that_is_closed(faulty):
    """The reply is whole, and says nothing of it; the next request finds the connection gone."""

    faulty.faults({"kind": "close_idle"})
    connection = http.client.HTTPConnection(urlsplit(faulty.url).hostname, urlsplit(faulty.url).port, timeout=5)
    body = json.dumps({"prompt": "a", "max_tokens": 2})
    connection.request("POST", "/v1/completions", body)
    response = connection.getresponse()
    assert response.read().endswith(b"}")
    assert response.headers.get("Connection") != "close"
    time.sleep(0.05)
    with pytest.raises(ConnectionError):  # at the request or at its answer, as the kernel has it
        _asked_again(connection, body)
    connection.close()


def _asked_again(connection, body):
    connection.request("POST", "/v1/completions", body)
    return connection.getresponse()


def test_nobody_listens_for_a_while(faulty):
    """New connections are refused, then taken again."""
    faulty.faults({"kind": "refuse", "seconds": 0.3, "times": 1})
    assert complete(faulty.url).ended
    time.sleep(0.05)
    refused = ask(faulty.url, "/health")
    time.sleep(0.4)

    assert (refused.status, refused.ended) == (0, False)
    assert refused.duration_s < 0.2
    assert ask(faulty.url, "/health").status == 200


def test_what_strikes_is_written_down(faulty):
    """Which request, and which fault."""
    faulty.faults({"kind": "duplicate", "every": 2})
    for name in ("a", "b", "c", "d"):
        complete(faulty.url, 2, name=name)

    assert [f["name"] for f in faulty.truth().faults if f["kind"] == "duplicate"][-2:] == ["b", "d"]
    assert struck(faulty) == [2]


def test_which_requests_are_struck():
    """Every n-th, a rate by a seed, ids, so often at most: the same again for the same plan."""

    def numbers(**which):
        plan = FaultPlan([Fault(kind="drop", **which)])
        return [n for n in range(1, 201) if plan.chosen(f"name-{n}")]

    assert numbers(every=50) == [50, 100, 150, 200]
    assert numbers(every=50, times=2) == [50, 100]
    assert numbers(ids=("7", "name-9")) == [7, 9]
    assert numbers(rate=0.25, seed=3) == numbers(rate=0.25, seed=3)
    assert 30 < len(numbers(rate=0.25, seed=3)) < 70


def test_faults_are_said_in_two_ways():
    """As an option and as JSON; what is not known is refused."""
    said = parsed("hang:stage=end,every=3,seconds=2.5,ids=4+b")

    assert said == Fault(kind="hang", stage="end", every=3, seconds=2.5, ids=("4", "b"))
    assert of_mapping({"kind": "hang", "stage": "end", "every": 3, "seconds": 2.5, "ids": [4, "b"]}) == said
    assert all(Fault(kind=kind).stage == stages[0] for kind, (stages, _) in KINDS.items())
    for wrong in (
        "hung",
        "hang:stage=soon",
        "status:stage=headers",
        "usage:how=odd",
        "hang:evry=2",
        "usage:of=joules",
        "drop:every=0",
    ):
        with pytest.raises(ValueError, match="fault"):
            parsed(wrong)
