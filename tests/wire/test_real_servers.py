"""`run endpoint` against servers that a user has: Ollama and vLLM, which are not everywhere to be had.

    JOULEMARK_OLLAMA_URL=http://127.0.0.1:11434 JOULEMARK_OLLAMA_MODEL=mistral:7b-instruct
    JOULEMARK_VLLM_URL=http://127.0.0.1:8000/v1 JOULEMARK_VLLM_MODEL=mistralai/Mistral-7B-Instruct-v0.3

and `.venv/bin/python -m pytest tests/wire/test_real_servers.py`. What is asserted holds for any server of the
protocol: these tests were run against the simulated one (docs/how-to/servers.md), where both variables named it.
No joule is looked at: the meter is a constant.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from bench.files.layout import run_folders
from bench.files.models import served_model
from bench.files.registry import load_engine
from bench.files.store import read_sealed
from bench.nouns import Cell, Endpoint, LoadSpec, Outcome, Request, Run, Served, Usage

pytestmark = [pytest.mark.models, pytest.mark.slow]
ENGINES = {"ollama": "OLLAMA", "openai_http": "VLLM"}
TEXT = "The harvest was late that year, and nobody in the valley remembered such rain."


@dataclass(frozen=True, kw_only=True)
class Named:
    """A server that a user named."""

    engine: str
    url: str
    model: str


@pytest.fixture(scope="module", params=ENGINES)
def named(request: pytest.FixtureRequest) -> Named:
    variables = [f"JOULEMARK_{ENGINES[request.param]}_{what}" for what in ("URL", "MODEL")]
    url, model = map(os.environ.get, variables)
    if not url or not model:
        pytest.skip(f"no server of this kind here: name one in {' and '.join(variables)}")
    pytest.importorskip("aiohttp", reason="the client's library is an extra: pip install 'joulemark[endpoints]'")
    return Named(engine=request.param, url=url, model=model)


@pytest.fixture(scope="module")
def runs(named: Named, tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    """What the command seals: one request at a time, and four at once."""
    out = tmp_path_factory.mktemp("out")
    where = ["--engine", named.engine, "--endpoint", named.url, "--model", named.model, "--out", str(out)]
    load = ["--workloads", "prompt-32-16", "--concurrency", "1", "--concurrency", "4"]
    brief = ["--window-s", "2", "--windows", "2", "--most-windows", "2", "--idle-s", "2", "--warmup-s", "1"]
    done = subprocess.run(
        [sys.executable, "-m", "bench", "run", "endpoint", *where, *load, *brief],
        env={**os.environ, "JOULEMARK_METERS": "constant:power_w=100"},
        capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr[-2000:]
    found = [read_sealed(folder).run for folder in run_folders(out)]
    assert len(found) == 2, done.stderr[-2000:]
    return found


@contextmanager
def session(named: Named) -> Iterator[Served]:
    endpoint = Endpoint(url=named.url)
    cell = Cell(engine=named.engine, model=named.model, precision="served", workload="w")
    load = LoadSpec(model=served_model(cell, "causal-lm"), precision="served", weights="served", endpoint=endpoint)
    with load_engine(named.engine).load(load) as opened:
        yield opened  # type: ignore[misc]


def outcomes(runs: list[Run]) -> list[Outcome]:
    return [one for run in runs for one in run.outcomes]


def test_every_request_is_answered_and_counted(runs: list[Run]) -> None:
    """The prompt is about as long as asked, and the answer exactly, or as long as the record says it may be."""
    found = outcomes(runs)

    assert [o.error for o in found] == [None] * len(found)
    assert len(found) >= 4
    for one in found:
        assert 0 < (one.achieved.output_tokens or 0) <= 16
        whole = (one.achieved.prompt_tokens or 0) + (one.achieved.cached_tokens or 0)
        assert 8 <= whole <= 128
    if runs[0].loaded.facts.get("exact_length"):
        assert {o.achieved.output_tokens for o in found} == {16}
    elif any(o.achieved.output_tokens != 16 for o in found):
        noted = " ".join(runs[0].loaded.notes)
        assert runs[0].loaded.engine == "ollama" or "the length is a ceiling only" in noted


def test_pieces_and_moments_fit_the_counts(runs: list[Run]) -> None:
    """No piece without a token, and everything between sending and the end."""
    for one in outcomes(runs):
        assert 0 < len(one.output_ns) <= (one.achieved.output_tokens or 0)
        assert (one.due_ns or 0) <= one.start_ns <= (one.sent_ns or 0) <= (one.first_output_ns or 0)
        assert one.first_output_ns == one.output_ns[0]
        assert list(one.output_ns) == sorted(one.output_ns)
        assert one.output_ns[-1] <= one.end_ns


def test_none_of_our_prompts_comes_from_a_cache(runs: list[Run]) -> None:
    """Where the server says how many: a mark at the beginning may be kept, no word of ours."""
    assert all((o.achieved.cached_tokens or 0) <= 4 for o in outcomes(runs))


def test_a_prompt_asked_again_has_as_many_tokens_cached_or_not(named: Named) -> None:
    """What a prefix cache gave stands apart; both together are the prompt."""
    usage = Usage(requests=1, prompt_tokens=16, output_tokens=4)
    with session(named) as opened:
        again = [opened.run([Request(id=f"r{i}", text=TEXT, asked=usage)])[0] for i in range(3)]

    # an answer from a cache may be too quick to count: then it says so, and counts for nothing
    done = [one.achieved for one in again if one.error is None]
    assert all(one.cause == "cached" for one in again if one.error)
    assert len({(one.prompt_tokens or 0) + (one.cached_tokens or 0) for one in done}) == 1


def test_the_record_says_who_served_and_what(named: Named, runs: list[Run]) -> None:
    """Name and version of the server; the model; where its context and length come from."""
    loaded = runs[0].loaded
    name, _, version = loaded.engine_version.partition(" ")

    assert name
    assert any(letter.isdigit() for letter in version)
    assert loaded.engine == named.engine
    assert loaded.weights == "served"
    assert int(str(loaded.facts["context_tokens"])) >= 256
    assert float(str(loaded.facts["tokens_per_word"])) > 0.5


def test_ollama_says_which_weights_where_they_lie_and_how_long_each_phase_took(
    named: Named, runs: list[Run]
) -> None:
    """Digest, quantisation, context, the part on a GPU; prefill and decode of each request."""
    if named.engine != "ollama":
        pytest.skip("only Ollama says so")
    loaded = runs[0].loaded

    assert len(str(loaded.facts["digest"]).removeprefix("sha256:")) == 64
    assert loaded.precision == str(loaded.facts["quantisation"]).lower()
    assert loaded.facts["num_ctx"] == 4096  # asked for; context_tokens is what the server gave
    on_gpu, size = int(str(loaded.facts["size_on_gpu_bytes"])), int(str(loaded.facts["size_bytes"]))
    assert 0 <= on_gpu <= size
    noted = " ".join(loaded.notes)
    assert ("none of the model lies on a GPU" in noted) == (on_gpu == 0)
    assert ("a part of the model lies in the host's memory" in noted) == (0 < on_gpu < size)
    for one in outcomes(runs):
        took_s = (one.end_ns - one.start_ns) * 1e-9
        assert 0 < one.server["prefill_s"] + one.server["decode_s"] <= one.server["total_s"] <= took_s * 1.05


def test_vllm_takes_the_words_for_an_exact_length(named: Named, runs: list[Run]) -> None:
    """So every answer is as long as asked; and the record says whether a second count stands behind the first."""
    if named.engine != "openai_http":
        pytest.skip("Ollama knows no exact length")
    loaded = runs[0].loaded

    assert loaded.facts["length_by"] == "ignore_eos, min_tokens"
    assert loaded.facts["exact_length"] is True
    assert any(note.startswith("output tokens: the server's own count") for note in loaded.notes)
