"""The client of OpenAI's protocol against `transformers serve`, a small synthetic checkpoint in a real server.

It needs: pip install -c constraints.txt 'transformers[serving]'.
"""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from real_servers import asked, await_health, free_port, session

from bench.errors import CannotRun
from bench.nouns import Send

pytestmark = [pytest.mark.models, pytest.mark.slow]
SERVE = "from transformers.cli.transformers import main; main()"
CONTEXT = 2048
TEXT = "The harvest was late that year, and nobody in the valley remembered such rain."


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Mistral's architecture in 0.3 M seeded numbers, and a tokenizer of bytes and common pairs, with a chat's."""
    for library in ("openai", "accelerate", "fastapi", "uvicorn", "aiohttp"):
        pytest.importorskip(library, reason=f"no {library}: pip install 'transformers[serving]'")
    import torch
    import transformers
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    folder = tmp_path_factory.mktemp("checkpoint")
    pieces = Tokenizer(models.BPE())
    pieces.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    pieces.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=["<s>", "</s>"], initial_alphabet=alphabet, show_progress=False
    )
    pieces.train_from_iterator([TEXT], trainer)
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=pieces, bos_token="<s>", eos_token="</s>")
    tokenizer.chat_template = "{% for one in messages %}<s>{{ one['role'] }}: {{ one['content'] }}{% endfor %}"
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = transformers.MistralConfig(
        vocab_size=len(tokenizer), hidden_size=64, intermediate_size=128, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, head_dim=16, max_position_embeddings=CONTEXT,
        sliding_window=None, bos_token_id=0, eos_token_id=1,
    )  # fmt: skip
    transformers.MistralForCausalLM(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module", params=["one-by-one", "continuous-batching"])
def server(request: pytest.FixtureRequest, checkpoint: Path) -> Iterator[str]:
    batching = ["--continuous-batching", "--cb-num-blocks", "32"] if request.param != "one-by-one" else []
    with started(checkpoint, *batching) as url:
        yield url


@contextmanager
def started(folder: Path, *more: str) -> Iterator[str]:
    """A server in a process of its own, on a free port of this machine; without a hub."""
    port = free_port()
    options = ["--host", "127.0.0.1", "--port", str(port), "--device", "cpu", "--log-level", "error", *more]
    said = folder.with_name(f"{port}.log")
    own = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(folder / "none"), "OMP_NUM_THREADS": "1"}
    with said.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", SERVE, "serve", str(folder), *options],
            stdout=log, stderr=log, env={**os.environ, **own},
        )  # fmt: skip
    try:
        await_health(port, process, said, within_s=120)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


@pytest.mark.parametrize("api", ["completions", "chat"])
def test_every_token_is_counted_and_the_length_is_exact(server: str, checkpoint: Path, api: str) -> None:
    """Its own words for the length; moments in order; what it does not say is not made up."""
    with session(server, str(checkpoint), api=api) as opened:
        found = [*opened.run(asked(3)), *opened.run(asked(3))]
        loaded = opened.loaded

    assert [o.error for o in found] == [None] * 6
    assert {o.achieved.output_tokens for o in found} == {24}
    assert {o.achieved.cached_tokens for o in found} == {None}
    assert all(30 <= (o.achieved.prompt_tokens or 0) <= 110 for o in found)
    assert loaded.engine_version == f"transformers serve, api={api}"
    assert (loaded.facts["exact_length"], loaded.facts["length_by"]) == (True, "generation_config")
    assert any("lists no tokens" in note for note in loaded.notes)
    assert any("neither its version nor a precision" in note for note in loaded.notes)
    for one in found:
        assert one.start_ns <= (one.first_output_ns or 0) <= one.output_ns[-1] <= one.end_ns
        assert 0 < len(one.output_ns) <= 24
        assert one.server == {}


def test_a_prompt_of_the_users_own_has_the_tokenizers_count(server: str, checkpoint: Path) -> None:
    """The server's count is that of the checkpoint's own tokenizer, and of three words of ours before it."""
    import transformers

    with session(server, str(checkpoint), api="completions") as opened:
        (found,) = opened.run(asked(1, text=TEXT))
    whole = len(transformers.AutoTokenizer.from_pretrained(checkpoint)(TEXT)["input_ids"])

    assert (found.error, found.achieved.output_tokens) == (None, 24)
    assert whole + 3 <= (found.achieved.prompt_tokens or 0) <= whole + 24


def test_users_who_ask_again_at_once_are_never_dropped(server: str, checkpoint: Path) -> None:
    """Its connections stay open from one answer to the next."""

    async def user(send: Send) -> None:
        for request in asked(5, prompt=32, output=4):
            await send(request, time.monotonic_ns())

    async def together(send: Send) -> None:
        await asyncio.gather(user(send), user(send))

    with session(server, str(checkpoint)) as opened:
        opened.drive(together)
        found = opened.take()

    assert [o.error for o in found] == [None] * 10


def test_a_request_that_takes_too_long_is_given_up_and_the_next_one_is_whole(
    server: str, checkpoint: Path
) -> None:
    """The server stops working for a client that has gone."""
    with session(server, str(checkpoint), timeout_s="3") as opened:
        found = [*opened.run(asked(1, output=CONTEXT - 100)), *opened.run(asked(1))]

    assert found[1].error is None, found[1].error
    assert found[1].achieved.output_tokens == 24
    assert found[0].cause == "timeout", found[0].error


def test_another_models_name_is_refused(server: str, checkpoint: Path) -> None:
    """A server that was started with one model says so."""
    with pytest.raises(CannotRun, match="pinned to"), session(server, str(checkpoint.with_name("other"))):
        pass
