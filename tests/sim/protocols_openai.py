"""OpenAI's completions and chat completions, as vLLM and llama-server speak them.

Shapes: the OpenAI API reference (streaming, `stream_options.include_usage`: one more chunk whose `choices` is
empty, `usage` null in the others); captured replies of llama-server for
`timings`; checked 2026-11-21. `created` is one moment for a reply's every chunk.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sim.protocol import Ask, Counts, Done, RefusedError, packed, templated, whole_number

DONE = b"data: [DONE]\n\n"
COMPLETION_TOKENS = 16  # max_tokens where /v1/completions gives none: OpenAI's and vLLM's default


def ask_of(route: str, body: Mapping[str, Any], model: str) -> Ask:
    """What a body asks of `completions` or `chat`. Raises RefusedError."""
    if (wanted := body.get("model") or model) != model:
        raise RefusedError(404, f"The model `{wanted}` does not exist.")
    if body.get("n", 1) != 1:
        raise RefusedError(400, f"n: {body['n']!r} was given; this simulated server gives one choice")
    limit = whole_number(body, "max_tokens", least=1)
    if route == "chat":
        limit = whole_number(body, "max_completion_tokens", least=1) or limit
        text, ids = templated(body.get("messages")), None
    else:
        limit = limit or COMPLETION_TOKENS
        text, ids = _prompt(body.get("prompt"))
    options = body.get("stream_options") or {}
    return Ask(
        route=route, model=model, text=text, token_ids=ids, max_tokens=limit,
        min_tokens=whole_number(body, "min_tokens") or 0, ignore_eos=bool(body.get("ignore_eos")),
        stream=bool(body.get("stream")), include_usage=bool(options.get("include_usage")),
        seed=whole_number(body, "seed") or 0, use_cache=body.get("cache_prompt", True) is not False,
    )  # fmt: skip


def _prompt(prompt: Any) -> tuple[str | None, tuple[int, ...] | None]:
    if isinstance(prompt, list) and len(prompt) == 1 and isinstance(prompt[0], str | list):
        [prompt] = prompt
    if isinstance(prompt, str):
        return prompt, None
    if isinstance(prompt, list) and prompt and all(type(one) is int and 0 <= one < 2**31 for one in prompt):
        return None, tuple(prompt)
    raise RefusedError(400, "prompt: one text, or one list of token ids, is needed")


def error_body(status: int, message: str) -> bytes:
    """The body of an error; 503 is llama-server's while it loads."""
    kinds = {
        404: "NotFoundError",
        429: "rate_limit_exceeded",
        500: "InternalServerError",
        503: "unavailable_error",
    }
    kind = kinds.get(status, "BadRequestError")
    return packed({"error": {"message": message, "type": kind, "param": None, "code": status}})


def models_body(model: str, created: int, context_tokens: int) -> bytes:
    """GET /v1/models."""
    one = {"id": model, "object": "model", "created": created, "owned_by": "simulated"}
    return packed({"object": "list", "data": [{**one, "max_model_len": context_tokens}]})


@dataclass(frozen=True, kw_only=True)
class OpenAIReply:
    """One reply."""

    chat: bool
    id: str
    model: str
    created: int
    include_usage: bool = False
    timings: bool = False
    content_type: str = "text/event-stream; charset=utf-8"
    _head: bytes = field(init=False)
    _tail: bytes = field(init=False)

    def __post_init__(self) -> None:
        mark = "\x01"
        delta = {"delta": {"content": mark}} if self.chat else {"text": mark}
        # every chunk is these bytes around its words: nothing is encoded a token
        head, _, tail = self._chunk({"index": 0, **delta, "logprobs": None, "finish_reason": None}).partition(
            b"\\u0001"
        )
        object.__setattr__(self, "_head", head)
        object.__setattr__(self, "_tail", tail)

    def opening(self) -> list[bytes]:
        """A chat's role; a completion has nothing before its first token."""
        delta = {"delta": {"role": "assistant", "content": ""}}
        return [self._chunk({"index": 0, **delta, "logprobs": None, "finish_reason": None})] if self.chat else []

    def token(self, text: bytes) -> bytes:
        """Some words; none is what an end-of-sequence token looks like."""
        return self._head + text + self._tail

    def closing(self, done: Done, counts: Counts | None) -> list[bytes]:
        """The reason, the usage where it was asked for, and the end."""
        delta: dict[str, Any] = {"delta": {}} if self.chat else {"text": ""}
        extra = {"timings": timings(done)} if self.timings else {}
        last = self._chunk({"index": 0, **delta, "logprobs": None, "finish_reason": done.finish}, **extra)
        if not self.include_usage or counts is None:
            return [last, DONE]
        return [last, _sse({**self._common(), "choices": [], "usage": usage_of(counts), **extra}), DONE]

    def whole(self, text: bytes, done: Done, counts: Counts | None) -> bytes:
        """The body of a reply that is not streamed."""
        said = (
            {"message": {"role": "assistant", "content": text.decode()}} if self.chat else {"text": text.decode()}
        )
        choice = {"index": 0, **said, "logprobs": None, "finish_reason": done.finish}
        kind = "chat.completion" if self.chat else "text_completion"
        extra = {"timings": timings(done)} if self.timings else {}
        usage = {} if counts is None else {"usage": usage_of(counts)}
        return packed({**self._common(), "object": kind, "choices": [choice], **usage, **extra})

    def broken_off(self, text: bytes) -> bytes:
        """The body of a reply that was aborted: no reason, no usage."""
        said = (
            {"message": {"role": "assistant", "content": text.decode()}} if self.chat else {"text": text.decode()}
        )
        kind = "chat.completion" if self.chat else "text_completion"
        choice = {"index": 0, **said, "logprobs": None, "finish_reason": None}
        return packed({**self._common(), "object": kind, "choices": [choice]})

    def failure(self, message: str) -> bytes:
        """An error in the stream, as vLLM writes one."""
        return b"data: " + error_body(500, message) + b"\n\n"

    def _common(self) -> dict[str, Any]:
        kind = "chat.completion.chunk" if self.chat else "text_completion"
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model}

    def _chunk(self, choice: Mapping[str, Any], **extra: Any) -> bytes:
        usage = {"usage": None} if self.include_usage else {}
        return _sse({**self._common(), "choices": [choice], **usage, **extra})


def usage_of(counts: Counts) -> dict[str, Any]:
    """OpenAI's usage of what is said."""
    prompt, output = counts["prompt"], counts["output"]
    total = prompt + output if isinstance(prompt, int) and isinstance(output, int) else output
    return {
        "prompt_tokens": prompt, "completion_tokens": output, "total_tokens": total,
        "prompt_tokens_details": {"cached_tokens": counts["cached"]},
    }  # fmt: skip


def timings(done: Done) -> dict[str, Any]:
    """llama-server's block: a prompt's own tokens from its first step on, then the tokens after it."""
    prompt_n = done.prompt_tokens - done.cached_tokens
    prompt_ms, predicted_ms = (done.first_ns - done.start_ns) * 1e-6, (done.end_ns - done.first_ns) * 1e-6
    return {
        "cache_n": done.cached_tokens, "prompt_n": prompt_n, "prompt_ms": prompt_ms,
        "prompt_per_token_ms": prompt_ms / prompt_n, "prompt_per_second": _rate(prompt_n, prompt_ms),
        "predicted_n": done.output_tokens, "predicted_ms": predicted_ms,
        "predicted_per_token_ms": predicted_ms / done.output_tokens,
        "predicted_per_second": _rate(done.output_tokens, predicted_ms),
    }  # fmt: skip


def _rate(tokens: int, duration_ms: float) -> float | None:
    return 1e3 * tokens / duration_ms if duration_ms else None


def _sse(value: Any) -> bytes:
    return b"data: " + packed(value) + b"\n\n"
