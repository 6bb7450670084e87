"""The client of OpenAI's protocol against llama.cpp's own server, with a synthetic GGUF: the server is real.

JOULEMARK_LLAMA_SERVER names the binary. Made from the source of llama-cpp-python (docs/how-to/llama-cpp.md).
"""

import asyncio
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from real_servers import asked, await_health, free_port
from real_servers import session as session_at
from tiny_models import tiny

from bench.engines import openai_http
from bench.errors import CannotRun, UnknownName
from bench.files.tokens import open_tokenizer
from bench.nouns import Endpoint, Outcome, Send, Served, Usage

pytestmark = pytest.mark.models
BINARY = os.environ.get("JOULEMARK_LLAMA_SERVER")
SLOTS, CONTEXT = 2, 4096
MODEL = tiny(
    "mistral",
    "causal-lm",
    {"vocab_size": 32768, "hidden_size": 256, "intermediate_size": 512, "num_hidden_layers": 4}
    | {"num_attention_heads": 4, "num_key_value_heads": 1, "head_dim": 64, "max_position_embeddings": 8192},
    tokenizer="mistral-common:v3",
)
TEXT = "The harvest was late that year, and nobody in the valley remembered such rain."


@dataclass(frozen=True, kw_only=True)
class Running:
    """A server that answers, and its process."""

    url: str
    process: "subprocess.Popen[bytes]"


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not BINARY:
        pytest.skip("no llama-server: name its binary in JOULEMARK_LLAMA_SERVER (docs/how-to/llama-cpp.md)")
    pytest.importorskip("aiohttp", reason="the client's library is an extra: pip install 'joulemark[endpoints]'")
    pytest.importorskip("gguf", reason="gguf is absent: pip install 'joulemark[llama_cpp]'")
    from bench.loading.gguf import write_gguf

    path = tmp_path_factory.mktemp("gguf") / "tiny.gguf"
    write_gguf(path, MODEL, "f16", seed=0)
    return path


@pytest.fixture(scope="module")
def server(weights: Path) -> Iterator[Running]:
    with started(weights) as running:
        yield running


@contextmanager
def started(weights: Path, *more: str) -> Iterator[Running]:
    """A server of its own process on a free port of this machine."""
    port = free_port()
    said = weights.with_name(f"{port}.log")
    options = ["--host", "127.0.0.1", "--port", str(port), "--alias", "tiny", "--threads", "1"]
    options += ["--ctx-size", str(SLOTS * CONTEXT), "--parallel", str(SLOTS), *more]
    with said.open("wb") as log:
        process = subprocess.Popen([str(BINARY), "--model", str(weights), *options], stdout=log, stderr=log)
    try:
        await_health(port, process, said, within_s=60)
        yield Running(url=f"http://127.0.0.1:{port}/v1", process=process)
    finally:
        process.kill()
        process.wait()


def session(running: Running, model: str = "tiny", **options: str) -> AbstractContextManager[Served]:
    return session_at(running.url, model, **options)


def test_the_server_says_who_it_is_and_what_it_runs(server: Running) -> None:
    """Version, precision, parameters, slots; and the context of one request, not that of the model."""
    found = openai_http.open_engine().identify(Endpoint(url=server.url), "tiny")

    assert found.version.startswith("llama-server ")
    assert found.precision == "f16"
    layer = 2 * 256 * 256 + 2 * 64 * 256 + 3 * 256 * 512 + 2 * 256
    assert found.parameters == 2 * 32768 * 256 + 4 * layer + 256
    assert (found.facts["context_tokens"], found.facts["slots"]) == (CONTEXT, SLOTS)


@pytest.mark.parametrize("api", ["completions", "chat"])
def test_every_token_is_counted_and_none_of_a_prompt_is_cached(server: Running, api: str) -> None:
    """More requests than slots: exactly the asked output, whole prompts, moments in order, the server's times."""
    with session(server, api=api) as opened:
        found = [*opened.run(asked(5)), *opened.run(asked(5))]
        loaded = opened.loaded

    assert [o.error for o in found] == [None] * 10
    assert {o.achieved.output_tokens for o in found} == {24}
    assert {o.achieved.cached_tokens for o in found} == {0}
    assert all(45 <= (o.achieved.prompt_tokens or 0) <= 90 for o in found)
    assert loaded.facts["exact_length"] is True
    assert loaded.facts["told_beside"] == "cache_prompt=false, Connection: close"
    assert any("equal to the tokens that it listed" in note for note in loaded.notes)
    for one in found:
        took_s = (one.end_ns - one.start_ns) * 1e-9
        assert one.start_ns <= (one.first_output_ns or 0) <= one.output_ns[-1] <= one.end_ns
        assert 0 < len(one.output_ns) <= 24
        assert 0 < one.server["prefill_s"] + one.server["decode_s"] <= took_s


def test_users_who_ask_again_at_once_are_never_dropped(server: Running) -> None:
    """The server closes a connection after a stream, and does not say so: the next request must not be on it."""

    async def user(send: Send) -> None:
        for request in asked(20, prompt=32, output=4):
            await send(request, time.monotonic_ns())

    async def together(send: Send) -> None:
        await asyncio.gather(user(send), user(send))

    with session(server) as opened:
        opened.drive(together)
        found = opened.take()

    assert [o.error for o in found] == [None] * 40


def test_a_prompt_of_the_users_own_is_read_again_each_time(server: Running) -> None:
    """The server would keep it, and the second answer would be for a prompt of one token."""
    with session(server, api="completions") as opened:
        found = [opened.run(asked(1, text=TEXT))[0] for _ in range(3)]
    tokenizer, _ = open_tokenizer(MODEL)
    assert tokenizer is not None
    whole = 1 + len(tokenizer.encode(TEXT))  # BOS before it, and three words of ours

    assert {o.achieved.cached_tokens for o in found} == {0}
    assert all(whole + 3 <= (o.achieved.prompt_tokens or 0) <= whole + 24 for o in found)


def test_a_prompt_that_is_too_long_is_the_servers_refusal(server: Running) -> None:
    """Its status and its own words; nothing is counted."""
    with session(server) as opened:
        (found,) = opened.run(asked(1, text=TEXT * 400))

    assert (found.cause, found.achieved) == ("status", Usage(requests=0))
    assert "HTTP 400" in str(found.error)
    assert "context size" in str(found.error)


def test_a_server_that_dies_in_mid_stream_is_named(weights: Path) -> None:
    """What had come counts for nothing."""
    with started(weights) as running, session(running) as opened:
        threading.Timer(1.0, running.process.kill).start()
        (found,) = opened.run(asked(1, output=4000))

    assert (found.cause, found.achieved) == ("dropped", Usage(requests=0)), found.error


def test_a_request_that_takes_too_long_is_given_up_and_the_next_one_is_whole(server: Running) -> None:
    """The server stops working for a client that has gone: its slot is free again."""
    with session(server, timeout_s="2") as opened:
        found: list[Outcome] = [*opened.run(asked(1, output=4000)), *opened.run(asked(1))]

    assert [o.cause for o in found] == ["timeout", None], [o.error for o in found]
    assert found[1].achieved.output_tokens == 24


def test_another_models_name_is_refused_though_the_server_would_answer(server: Running) -> None:
    """llama-server answers under any name."""
    with pytest.raises(UnknownName, match="tiny"), session(server, model="tinny"):
        pass


def test_a_key_that_is_missing_is_said(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And with it the same server answers."""
    monkeypatch.delenv("JOULEMARK_API_KEY", raising=False)
    with started(weights, "--api-key", "sesame") as running:
        with pytest.raises(CannotRun, match="401"), session(running):
            pass
        monkeypatch.setenv("JOULEMARK_API_KEY", "sesame")
        with session(running) as opened:
            (found,) = opened.run(asked(1))

    assert found.error is None


@pytest.mark.parametrize(
    ("said", "precision"),
    [
        ("Q4_K - Medium", "q4_k_m"),
        ("Q5_K - Small", "q5_k_s"),
        ("all F32", "f32"),
        ("Q8_0", "q8_0"),
        (None, "served"),
    ],
)
def test_file_types_are_spelt_as_the_quantiser_spells_them(said: str | None, precision: str) -> None:
    """So that a server's cell and the same file's in process have one name."""
    row = {"meta": {"ftype": said}} if said else {}

    assert openai_http._precision(row) == precision
