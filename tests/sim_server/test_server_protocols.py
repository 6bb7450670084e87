"""The simulated server in OpenAI's and Ollama's words: shapes, exact counts, and their traps."""

import time

import pytest
from sim import vocabulary
from sim_server.client import MODEL, ask, complete, generate


def test_a_streamed_completion(fast):
    """One word a message, usage in one more with no choice, then the end."""
    heard = complete(fast.url, 5, "Some English words")
    *chunks, last, usage = heard.events

    assert heard.headers["Content-Type"].startswith("text/event-stream")
    assert heard.body.endswith(b"data: [DONE]\n\n")
    assert len(heard.words) == len(chunks) == 5
    assert vocabulary.count("".join(heard.words)) == 5
    assert all(c["usage"] is None and c["object"] == "text_completion" for c in chunks)
    assert last["choices"][0]["finish_reason"] == "length"
    assert usage["choices"] == []
    assert usage["usage"] == {
        "prompt_tokens": vocabulary.count("Some English words"), "completion_tokens": 5, "total_tokens": 9,
        "prompt_tokens_details": {"cached_tokens": 0},
    }  # fmt: skip


def test_a_whole_completion_of_token_ids(fast):
    """Ids are counted as they are; nothing is said of usage in a stream that did not ask."""
    whole = ask(fast.url, "/v1/completions", {"prompt": [5, 6, 7], "max_tokens": 4, "stream": False}).json
    stream = ask(fast.url, "/v1/completions", {"prompt": [5, 6, 7], "max_tokens": 4, "stream": True})

    assert whole["usage"]["prompt_tokens"] == 3
    assert vocabulary.count(whole["choices"][0]["text"]) == whole["usage"]["completion_tokens"] == 4
    assert not any("usage" in event for event in stream.events)
    assert "timings" not in whole


def test_a_chat(fast):
    """The role comes first; `max_completion_tokens` counts, and the template's tokens are counted."""
    messages = [{"role": "user", "content": "Hello"}]
    body = {"model": MODEL, "messages": messages, "max_completion_tokens": 3}
    stream = ask(fast.url, "/v1/chat/completions", {**body, "stream": True})
    whole = ask(fast.url, "/v1/chat/completions", body).json
    parts = {**body, "messages": [{"role": "user", "content": [{"type": "text", "text": "Hello"}]}]}
    deltas = [e["choices"][0]["delta"] for e in stream.events]

    assert deltas[0] == {"role": "assistant", "content": ""}
    assert [bool(d.get("content")) for d in deltas[1:]] == [True, True, True, False]
    assert whole["choices"][0]["message"]["content"] == "".join(d.get("content", "") for d in deltas)
    assert whole["usage"]["completion_tokens"] == 3
    assert whole["usage"]["prompt_tokens"] > vocabulary.count("Hello")
    assert ask(fast.url, "/v1/chat/completions", parts).json["usage"] == whole["usage"]


def test_what_a_server_says_of_itself(fast):
    """Models, health, metrics, and Ollama's lists."""
    assert ask(fast.url, "/v1/models").json["data"][0]["id"] == MODEL
    assert ask(fast.url, "/health").json == {"status": "ok"}
    assert b"generation_tokens_total" in ask(fast.url, "/metrics").body
    assert ask(fast.url, "/api/tags").json["models"][0]["name"] == f"{MODEL}:latest"
    assert "simulated" in ask(fast.url, "/api/version").json["version"]
    assert ask(fast.url, "/api/show", {"model": MODEL}).json["details"]["family"] == "simulated"
    assert ask(fast.url, "/nowhere").status == 404


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/completions", {"model": "other", "prompt": "a"}, 404),
        ("/v1/completions", {"prompt": ["a", "b"]}, 400),
        ("/v1/completions", {"prompt": []}, 400),
        ("/v1/completions", {"prompt": "a", "max_tokens": 0}, 400),
        ("/v1/completions", {"prompt": "a", "max_tokens": "5"}, 400),
        ("/v1/completions", {"prompt": "a", "n": 2}, 400),
        ("/v1/completions", {"prompt": "word " * 9000}, 400),
        ("/v1/chat/completions", {"messages": "Hello"}, 400),
        ("/v1/chat/completions", b"{", 400),
        ("/api/generate", {"prompt": "a"}, 400),
        ("/api/generate", {"model": "other", "prompt": "a"}, 404),
        ("/api/chat", {"model": MODEL, "messages": [{"content": "a"}], "keep_alive": "soon"}, 400),
    ],
)
def test_wrong_requests_are_refused_in_their_protocol(fast, path, body, status):
    """An error's body is where a client looks for it."""
    heard = ask(fast.url, path, body)

    assert heard.status == status
    said = heard.json["error"]
    assert said if path.startswith("/api") else said["message"]


def test_ollama_streams_lines_and_its_figures_last(fast):
    """Durations are ns on the device's clock: the physics in closed form."""
    heard = generate(fast.url, 5, "Some English words")
    *words, final = heard.lines
    prompt = vocabulary.count("Some English words")

    assert heard.headers["Content-Type"].startswith("application/x-ndjson")
    assert [w["done"] for w in words] == [False] * 5
    assert vocabulary.count("".join(w["response"] for w in words)) == final["eval_count"] == 5
    assert (final["done"], final["done_reason"], final["prompt_eval_count"]) == (True, "length", prompt)
    assert final["prompt_eval_duration"] == round((1e-3 + prompt * 5e-5) * 1e9)
    contexts = sum(prompt + k for k in range(1, 5))
    assert final["eval_duration"] == pytest.approx(4 * 1.1e6 + contexts * 1e-7 * 1e9, abs=4)
    assert final["total_duration"] > final["prompt_eval_duration"] + final["eval_duration"]


def test_ollamas_chat_in_one_object(fast):
    """Not streamed; the model's tag may be left out."""
    body = {"model": f"{MODEL}:latest", "messages": [{"role": "user", "content": "Hi"}], "stream": False,
            "options": {"num_predict": 2}}  # fmt: skip
    said = ask(fast.url, "/api/chat", body).json

    assert said["message"]["role"] == "assistant"
    assert vocabulary.count(said["message"]["content"]) == said["eval_count"] == 2


def test_ollama_counts_cached_tokens_that_took_no_time(caching):
    """The trap: the same count the second time, a duration of one token, and no switch."""
    first = generate(caching.url, 3, "one two three four five").lines[-1]
    again = generate(caching.url, 3, "one two three four five").lines[-1]

    assert again["prompt_eval_count"] == first["prompt_eval_count"] == 5
    assert first["prompt_eval_duration"] == 1_000_000 + 5 * 50_000
    assert again["prompt_eval_duration"] == 1_000_000 + 50_000
    assert first["load_duration"] >= 50_000_000 > 5_000_000 > again["load_duration"]


def test_openai_says_what_was_cached_and_can_do_without(caching):
    """`cached_tokens`, llama-server's timings, and `cache_prompt`."""
    prompt = "six seven eight nine"
    complete(caching.url, 2, prompt)
    hit = complete(caching.url, 2, prompt).events[-1]
    longer = complete(caching.url, 2, prompt + " ten").events[-1]
    without = complete(caching.url, 2, prompt, cache_prompt=False).events[-1]

    cached = [e["usage"]["prompt_tokens_details"]["cached_tokens"] for e in (hit, longer, without)]
    assert cached == [3, 4, 0]
    assert (hit["timings"]["cache_n"], hit["timings"]["prompt_n"]) == (3, 1)
    assert hit["timings"]["prompt_ms"] == pytest.approx(1.05)
    assert without["timings"]["prompt_ms"] == pytest.approx(1.2)


def test_tokens_are_bundled_and_the_end_is_one_without_text(caching):
    """A reply of ten: three messages of three, and an end of sequence that is counted but not written."""
    heard = complete(caching.url, 30)
    usage, last = heard.events[-1]["usage"], heard.events[-2]

    assert [vocabulary.count(words) for words in heard.words] == [3, 3, 3]
    assert usage["completion_tokens"] == 10
    assert last["choices"][0]["finish_reason"] == "stop"


def test_a_length_can_be_forced(caching):
    """By `ignore_eos`, by `min_tokens`; Ollama knows neither, and stops."""
    assert complete(caching.url, 14, ignore_eos=True).events[-1]["usage"]["completion_tokens"] == 14
    assert complete(caching.url, 14, min_tokens=14).events[-1]["usage"]["completion_tokens"] == 14
    assert complete(caching.url, 14, min_tokens=13).events[-2]["choices"][0]["finish_reason"] == "stop"
    assert generate(caching.url, 14).lines[-1]["eval_count"] == 10
    assert generate(caching.url, 14).lines[-1]["done_reason"] == "stop"


def test_ollama_cuts_a_prompt_beyond_its_context(caching):
    """Silently, as `num_ctx` says, unless it is told not to."""
    prompt = "word " * 40
    cut = generate(caching.url, 2, prompt, options={"num_ctx": 20}).lines[-1]
    again = generate(caching.url, 2, prompt, options={"num_ctx": 20}).lines[-1]
    refused = generate(caching.url, 2, prompt, options={"num_ctx": 20}, truncate=False)

    assert (cut["prompt_eval_count"], cut["eval_count"]) == (19, 1)
    assert again["prompt_eval_duration"] == 1_000_000 + 50_000
    assert refused.status == 400


def test_ollama_loads_and_unloads(caching):
    """On first use, at an empty prompt, and away with keep_alive 0; what has loaded can be seen."""
    empty = {"model": MODEL}
    assert ask(caching.url, "/api/generate", empty).json["done_reason"] == "load"
    assert ask(caching.url, "/api/ps").json["models"][0]["context_length"] == 64
    assert ask(caching.url, "/api/generate", {**empty, "keep_alive": 0}).json["done_reason"] == "unload"
    for _ in range(100):
        if not ask(caching.url, "/api/ps").json["models"]:
            break
        time.sleep(0.01)
    assert ask(caching.url, "/api/ps").json["models"] == []
    assert ask(caching.url, "/health").status == 503
    after = generate(caching.url, 2, "one two three four five", keep_alive="10m").lines[-1]

    assert after["load_duration"] >= 50_000_000
    assert after["prompt_eval_duration"] == 1_000_000 + 5 * 50_000  # the cache has left too
