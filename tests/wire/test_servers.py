"""The clients against a simulated server that nobody told to be kind: what is counted, and what is named."""

from dataclasses import replace

import pytest

from bench.errors import CannotRun, UnknownName
from bench.nouns import Endpoint

pytest.importorskip("aiohttp", reason="the client's library is an extra: pip install 'joulemark[endpoints]'")
from sim.injected import ENGINES as OPENED
from sim.injected import FAST, asked, session_at
from sim.served import simulated_server

ENGINES = ("openai_http", "ollama")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with simulated_server(tmp_path_factory.mktemp("server"), *FAST) as running:
        yield running


@pytest.mark.parametrize("engine", ENGINES)
def test_every_token_is_counted_once(server, engine):
    """Bundled or not, overlapping or not: what is achieved is what the server did."""
    with session_at(server.url, engine, timeout_s="20") as opened:
        found = opened.run(asked(12, prompt=64))

    assert [o.error for o in found] == [None] * 12
    assert {o.achieved.output_tokens for o in found} == {16}
    assert all(40 <= o.achieved.prompt_tokens <= 90 for o in found)
    assert all(o.start_ns <= o.sent_ns <= o.first_output_ns <= o.output_ns[-1] <= o.end_ns for o in found)
    assert all(o.due_ns <= o.start_ns for o in found)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_server_that_is_not_there_is_said_at_once(engine):
    endpoint = Endpoint(url="http://127.0.0.1:9")  # discard: nobody listens

    with pytest.raises(CannotRun, match="does not answer"):
        OPENED[engine]().identify(endpoint, "m")


@pytest.mark.parametrize("engine", ENGINES)
def test_a_model_that_is_not_served_is_named_with_those_that_are(server, engine):
    with (
        pytest.raises(UnknownName, match="simulated-model"),
        session_at(server.url, engine, timeout_s="20", model="simulated-mode"),
    ):
        pass


@pytest.mark.parametrize("engine", ENGINES)
def test_a_server_that_begins_to_lie_late_is_found_out(tmp_path, engine):
    """What was honest long ago speaks for nothing since."""
    half = ({"kind": "stop_short", "fraction": 0.5}, {"kind": "usage", "how": "double"})
    with simulated_server(tmp_path, *FAST) as server, session_at(server.url, engine, timeout_s="20") as opened:
        honest = [o for _ in range(4) for o in opened.run(asked(16, prompt=64))]
        server.faults(*half)
        found = opened.run(asked(16, prompt=64))

    assert {o.cause for o in honest} == {None}
    assert {o.cause for o in found} == {"usage"}


@pytest.mark.parametrize("engine", ENGINES)
def test_a_declared_text_never_meets_a_prefix_cache(tmp_path, engine):
    """The same article again and again: three words of its own stand before it each time."""
    text = "The harvest was late that year, and nobody in the valley remembered such rain. " * 8
    requests = [replace(one, text=text) for one in asked(6, prompt=64)]
    with (
        simulated_server(tmp_path, *FAST, "--cache") as server,
        session_at(server.url, engine, timeout_s="20") as opened,
    ):
        found = [o for _ in range(3) for o in opened.run(requests)]
        log = server.truth().requests[-18:]

    assert {o.error for o in found} == {None}
    assert all(r["cached_tokens"] <= 2 for r in log)


def test_prompts_never_meet_a_prefix_cache(tmp_path):
    """The same requests again and again: not one prompt token comes from the cache."""
    with (
        simulated_server(tmp_path, *FAST, "--cache") as server,
        session_at(server.url, "openai_http", timeout_s="20") as opened,
    ):
        found = [o for _ in range(5) for o in opened.run(asked(6, prompt=64))]

    assert [o.error for o in found] == [None] * 30
    assert {o.achieved.cached_tokens for o in found} <= {0, 1, 2}  # and None is no count


def test_a_chat_server_and_bundled_pieces_are_counted_by_usage(tmp_path):
    """Four tokens a piece, in a chat with a template around it."""
    with (
        simulated_server(tmp_path, *FAST, "--bundle", "4") as server,
        session_at(server.url, "openai_http", timeout_s="20", api="chat") as opened,
    ):
        found = opened.run(asked(3, prompt=64))

    assert opened.loaded.facts["api"] == "chat"
    assert {o.achieved.output_tokens for o in found} == {16}
    assert {len(o.output_ns) for o in found} == {4}


@pytest.mark.parametrize(("engine", "bundle"), [("openai_http", "1"), ("openai_http", "4"), ("ollama", "1")])
def test_a_server_that_stops_half_way_and_counts_the_whole_is_found_out(tmp_path, engine, bundle):
    """What it counts is what was asked, so that only what came can tell."""
    half = ({"kind": "stop_short", "fraction": 0.5}, {"kind": "usage", "how": "double"})
    with (
        simulated_server(tmp_path, *FAST, "--bundle", bundle) as server,
        session_at(server.url, engine, timeout_s="20") as opened,
    ):
        server.faults(*half)
        found = [o for _ in range(2) for o in opened.run(asked(8, prompt=64))]

    # the first eight are too few to tell; one such request leaves a cell without a figure
    assert [o.cause for o in found] == [None] * 8 + ["usage"] * 8
    assert "12 of 12 answers came in fewer pieces" in found[-1].error
