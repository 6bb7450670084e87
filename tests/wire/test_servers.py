"""The clients against a simulated server that nobody told to be kind: what is counted, and what is named."""

import time
from contextlib import contextmanager

import pytest

from bench.engines import ollama, openai_http
from bench.errors import CannotRun, UnknownName
from bench.files.models import served_model
from bench.nouns import Cell, Endpoint, LoadSpec, Request, Usage

pytest.importorskip("aiohttp", reason="the client's library is an extra: pip install 'joulemark[endpoints]'")
from sim.served import simulated_server

TIMEOUT_S = 1.0
ENGINES = {"openai_http": openai_http.open_engine, "ollama": ollama.open_engine}
FAST = ("--prefill-token-s", "0.00001", "--decode-step-s", "0.004", "--decode-sequence-s", "0.0001")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with simulated_server(tmp_path_factory.mktemp("server"), *FAST) as running:
        yield running


@contextmanager
def session(server, engine, *, model="simulated-model", **options):
    endpoint = Endpoint(url=server.url, options={"timeout_s": str(TIMEOUT_S), **options})
    cell = Cell(engine=engine, model=model, precision="served", workload="w")
    load = LoadSpec(model=served_model(cell, "causal-lm"), precision="served", weights="served", endpoint=endpoint)
    server.faults()
    with ENGINES[engine]().load(load) as opened:
        yield opened


def asked(count, prompt=64, output=16):
    return [
        Request(id=f"r{i}", asked=Usage(requests=1, prompt_tokens=prompt, output_tokens=output))
        for i in range(count)
    ]


def delivered(server):
    """The tokens that the server truly gave, by its own log."""
    return sum(served.output_tokens for served in server.truth().requests)


@pytest.mark.parametrize("engine", ENGINES)
def test_every_token_is_counted_once(server, engine):
    """Bundled or not, overlapping or not: what is achieved is what the server did."""
    with session(server, engine) as opened:
        found = opened.run(asked(12))

    assert [o.error for o in found] == [None] * 12
    assert {o.achieved.output_tokens for o in found} == {16}
    assert all(40 <= o.achieved.prompt_tokens <= 90 for o in found)
    assert all(o.start_ns <= o.sent_ns <= o.first_output_ns <= o.output_ns[-1] <= o.end_ns for o in found)
    assert all(o.due_ns <= o.start_ns for o in found)


# fault → what is said of the requests that it strikes; None: an honest difference, not an error
NAMED = {
    "status:code=500": "status",
    "status:code=429": "busy",
    "status:stage=mid": "malformed",
    "hang:stage=before": "timeout",
    "hang:stage=headers": "timeout",
    "hang:stage=mid": "timeout",
    "hang:stage=end": "timeout",
    "drop:stage=before": "dropped",
    "drop:stage=mid": "dropped",
    "reset:stage=mid": "dropped",
    "truncate:stage=mid": "malformed",
    "malform:stage=mid": "malformed",
    "silent:stage=mid": "ended",
    "usage:how=more": "usage",
    "usage:how=missing": "usage",
    "usage:how=text": "usage",
    "usage:how=float": "usage",
    "usage:how=null": "usage",
    "usage:how=negative": "usage",
    "usage:how=less": "usage",
    "usage:how=zero": "usage",
    "usage:how=more,of=prompt": "usage",
    "cached_reply": "cached",
    "after_done": "malformed",
    "wrong_model": "wrong-model",
    "stop_short": None,
    "length_short": None,
}


def fault_of(text):
    kind, _, tail = text.partition(":")
    pairs = dict(pair.split("=") for pair in tail.split(",") if pair)
    return {"kind": kind, "every": 2, **{k: int(v) if v.isdigit() else v for k, v in pairs.items()}}


@pytest.mark.parametrize("fault", NAMED)
@pytest.mark.parametrize("engine", ENGINES)
def test_a_fault_is_named_and_counts_for_nothing(server, engine, fault):
    """Every second request is struck; the others are whole, and nobody waits longer than the timeout."""
    with session(server, engine) as opened:
        server.faults(fault_of(fault))
        began = time.monotonic()
        found = [opened.run([one])[0] for one in asked(2)]
        took_s = time.monotonic() - began
        server.faults()

    struck, whole = found[1::2], found[::2]
    assert [o.error for o in whole] == [None]
    assert took_s < TIMEOUT_S + 2
    if NAMED[fault] is None:
        assert all(o.error is None and o.achieved.output_tokens < 16 for o in struck)
    else:
        assert [o.cause for o in struck] == [allowed(engine, fault)], [o.error for o in struck]
        assert all(o.achieved == Usage(requests=0) for o in struck)


def allowed(engine, fault):
    """Ollama's protocol says some things otherwise."""
    if engine == "ollama" and fault == "status:stage=mid":
        return "failed"
    return NAMED[fault]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_server_that_is_not_there_is_said_at_once(engine):
    endpoint = Endpoint(url="http://127.0.0.1:9")  # discard: nobody listens

    with pytest.raises(CannotRun, match="does not answer"):
        ENGINES[engine]().identify(endpoint, "m")


@pytest.mark.parametrize("engine", ENGINES)
def test_a_model_that_is_not_served_is_named_with_those_that_are(server, engine):
    with pytest.raises(UnknownName, match="simulated-model"), session(server, engine, model="simulated-mode"):
        pass


def test_prompts_never_meet_a_prefix_cache(tmp_path):
    """The same requests again and again: not one prompt token comes from the cache."""
    with simulated_server(tmp_path, *FAST, "--cache") as server, session(server, "openai_http") as opened:
        found = [o for _ in range(5) for o in opened.run(asked(6))]

    assert all((o.achieved.cached_tokens or 0) <= 2 for o in found)


def test_a_chat_server_and_bundled_pieces_are_counted_by_usage(tmp_path):
    """Four tokens a piece, in a chat with a template around it."""
    with (
        simulated_server(tmp_path, *FAST, "--bundle", "4") as server,
        session(server, "openai_http", api="chat") as opened,
    ):
        found = opened.run(asked(3))

    assert opened.loaded.facts["api"] == "chat"
    assert {o.achieved.output_tokens for o in found} == {16}
    assert {len(o.output_ns) for o in found} == {4}
