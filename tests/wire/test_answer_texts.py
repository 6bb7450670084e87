"""What a server answered to labelled requests: its text, up to where its model ended it, as far as it says so."""

from dataclasses import replace

import pytest

pytest.importorskip("aiohttp", reason="the client's library is an extra: pip install 'joulemark[endpoints]'")
from sim.injected import FAST, asked, session_at
from sim.served import simulated_server

from bench.engines import openai_http
from bench.nouns import Identity, Request, Usage
from bench.wire.exchange import Reply
from bench.wire.ollama import OllamaDialect
from bench.wire.openai import OpenAiDialect
from bench.wire.wording import Wording

WORDING = Wording(words=("mot",), tokens_per_word=1.0, fixed_tokens=0.0)
ASKED = Request(id="q", text="mot", asked=Usage(requests=1, prompt_tokens=4, output_tokens=3), meant="Paris")


def labelled(count):
    return [replace(one, text="how much is it now", meant="Paris") for one in asked(count, prompt=64)]


@pytest.mark.parametrize("engine", ["openai_http", "ollama"])
def test_a_labelled_answer_stops_where_the_model_stops_and_is_told(tmp_path, engine):
    """The model ends after 5 tokens: labelled work ends there, whatever fixes the length of other work."""
    with (
        simulated_server(tmp_path, *FAST, "--reply-tokens", "5") as server,
        session_at(server.url, engine, timeout_s="20") as opened,
    ):
        plain, told = opened.run(asked(2, prompt=64)), opened.run(labelled(2))

    assert {o.said for o in plain} == {None}
    assert {o.achieved.output_tokens for o in plain} == {16 if engine == "openai_http" else 5}
    assert [o.error for o in told] == [None, None]
    assert {(o.achieved.output_tokens, o.meant, o.ended) for o in told} == {(5, "Paris", True)}
    assert all(o.said for o in told)


def reply(*lines, kind="data: "):
    body = [(n, f"{kind}{line}\n\n".encode()) for n, line in enumerate(lines, start=1)]
    return Reply(start_ns=0, sent_ns=0, headers_ns=0, end_ns=9, status=200, headers={}, pieces=tuple(body))


def chunk(delta, finish="null"):
    return f'{{"choices": [{{"delta": {delta}, "finish_reason": {finish}}}]}}'


USAGE = '{"choices": [], "usage": {"prompt_tokens": 4, "completion_tokens": 3}}'


@pytest.mark.parametrize(("finish", "ended"), [('"stop"', True), ('"length"', False), ('"tool"', None)])
def test_pieces_are_put_together_and_thoughts_left_out(finish, ended):
    """A reasoning model's thoughts are output, and no answer; the reason for the end is the server's own."""
    dialect = OpenAiDialect(url="", model="", chat=True, wording=WORDING, extra={}, headers={})
    whole = reply(
        chunk('{"reasoning_content": "Hm"}'), chunk('{"content": "Pa"}'), chunk('{"content": "ris"}'),
        chunk('{"content": ""}', finish), USAGE, "[DONE]",
    )  # fmt: skip

    found = dialect.read(ASKED, whole)
    assert (found.error, found.said, found.ended) == (None, "Paris", ended)
    unlabelled = dialect.read(replace(ASKED, meant=None), whole)
    assert (unlabelled.error, unlabelled.said, unlabelled.ended) == (None, None, None)


def test_ollamas_lines_are_put_together():
    """`response` is the answer, `thinking` is not."""
    dialect = OllamaDialect(url="", model="m", wording=WORDING, options={}, headers={})
    lines = (
        '{"thinking": "Hm", "done": false}', '{"response": "Paris", "done": false}',
        '{"done": true, "done_reason": "length", "prompt_eval_count": 4, "eval_count": 3}',
    )  # fmt: skip
    found = dialect.read(ASKED, reply(*lines, kind=""))

    assert (found.error, found.said, found.ended) == (None, "Paris", False)


def test_words_for_an_exact_length_are_left_out_of_labelled_requests():
    """All else that the server needs stays."""
    dialect = OpenAiDialect(
        url="", model="m", chat=False, wording=WORDING, extra={"ignore_eos": True, "cache_prompt": False},
        freely={"cache_prompt": False}, headers={},
    )  # fmt: skip
    free, exact = dialect.call(ASKED, 1).body, dialect.call(replace(ASKED, meant=None), 1).body

    assert b"ignore_eos" in exact
    assert b"ignore_eos" not in free
    assert b"cache_prompt" in free
    assert b'"max_tokens": 3' in free
    served = Identity(version="transformers serve", model="m", precision="served", family="causal-lm")
    assert "do_sample" in openai_http._needs(served).freely["generation_config"]
