"""Ollama's own protocol: generate and chat, and what it says of its models.

Shapes: ollama's docs/api.md, and clients' copies of api/types.go; checked 2026-11-21.
Numbers that are 0 are absent (`omitempty`), durations are ns. `prompt_eval_count` counts cached tokens too, while
`prompt_eval_duration` is the others' alone. `created_at` is one moment for a reply's every line.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sim.protocol import Ask, Counts, Done, RefusedError, packed, templated, text_of, whole_number

VERSION = "0.33.0-simulated"
_UNITS_S = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_DETAILS = {
    "parent_model": "", "format": "gguf", "family": "simulated", "families": ["simulated"],
    "parameter_size": "1.0B", "quantization_level": "F16",
}  # fmt: skip
_DIGEST = "51" * 32
_SIZE_BYTES = 2_000_000_000


def named(wanted: Any, model: str) -> bool:
    """Whether a name means this model; a tag may be left out."""
    return wanted == model or f"{wanted}:latest" == model or wanted == f"{model}:latest"


def ask_of(route: str, body: Mapping[str, Any], model: str) -> Ask:
    """What a body asks of `generate` or `ollama-chat`. Raises RefusedError."""
    wanted = body.get("model")
    if not wanted:
        raise RefusedError(400, "model is required")
    if not named(wanted, model):
        raise RefusedError(404, f"model '{wanted}' not found")
    options = body.get("options") or {}
    limit = options.get("num_predict", -1)
    if isinstance(limit, bool) or not isinstance(limit, int):
        raise RefusedError(400, f"num_predict: {limit!r} was given, a whole number is needed")
    return Ask(
        route=route, model=wanted, text=_text(route, body), max_tokens=limit if limit > 0 else None,
        stream=body.get("stream", True) is not False, include_usage=True, seed=whole_number(options, "seed") or 0,
        num_ctx=whole_number(options, "num_ctx", least=1), truncate=body.get("truncate", True) is not False,
        keep_alive_s=keep_alive_s(body.get("keep_alive")),
    )  # fmt: skip


def _text(route: str, body: Mapping[str, Any]) -> str:
    """The prompt with its template; empty where the request only loads or unloads."""
    if route == "ollama-chat":
        messages = body.get("messages")
        return templated(messages) if messages else ""
    prompt = text_of(body.get("prompt"))
    if not prompt or body.get("raw"):
        return prompt
    turns = [{"role": "system", "content": body["system"]}] if body.get("system") else []
    return templated([*turns, {"role": "user", "content": prompt}])


def keep_alive_s(value: Any) -> float | None:
    """Seconds from a number, or from a text such as 10m or 1h30m; None: nothing was said. Raises RefusedError."""
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    parts = re.findall(r"([\d.]+)(ns|us|ms|s|m|h)", value) if isinstance(value, str) else []
    if value == "0":
        return 0.0
    if not parts or "".join(a + b for a, b in parts) != value.lstrip("-"):
        raise RefusedError(400, f"keep_alive: {value!r} was given, seconds or a duration such as 10m is needed")
    return sum(float(number) * _UNITS_S[unit] for number, unit in parts) * (-1 if value.startswith("-") else 1)


def error_body(status: int, message: str) -> bytes:
    """The body of an error."""
    return packed({"error": message})


def one_model(model: str, modified: str) -> dict[str, Any]:
    """The model, as lists show it."""
    full = model if ":" in model else f"{model}:latest"
    about = {"size": _SIZE_BYTES, "digest": _DIGEST, "details": _DETAILS}
    return {"name": full, "model": full, "modified_at": modified, **about}


def tags_body(model: str, modified: str) -> bytes:
    """GET /api/tags."""
    return packed({"models": [one_model(model, modified)]})


def ps_body(model: str, expires: str | None, context_tokens: int) -> bytes:
    """GET /api/ps; `expires` is None while nothing is loaded."""
    if expires is None:
        return packed({"models": []})
    one = {k: v for k, v in one_model(model, "").items() if k != "modified_at"}
    loaded = {"expires_at": expires, "size_vram": _SIZE_BYTES, "context_length": context_tokens}
    return packed({"models": [{**one, **loaded}]})


def show_body(model: str, modified: str, context_tokens: int) -> bytes:
    """POST /api/show."""
    info = {"general.architecture": "simulated", "simulated.context_length": context_tokens}
    return packed({
        "modelfile": f"# simulated\nFROM {model}\n", "parameters": "", "template": "{{ .Prompt }}",
        "details": _DETAILS, "model_info": info, "capabilities": ["completion"], "modified_at": modified,
    })  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class OllamaReply:
    """One reply."""

    chat: bool
    model: str
    created_at: str
    context: tuple[int, ...] = ()  # of /api/generate without `raw`
    content_type: str = "application/x-ndjson"
    _head: bytes = field(init=False)
    _tail: bytes = field(init=False)

    def __post_init__(self) -> None:
        head, _, tail = self._line(self._said("\x01"), done=False).partition(b"\\u0001")
        object.__setattr__(self, "_head", head)
        object.__setattr__(self, "_tail", tail)

    def opening(self) -> list[bytes]:
        """Nothing comes before the first token."""
        return []

    def token(self, text: bytes) -> bytes:
        """Some words."""
        return self._head + text + self._tail

    def closing(self, done: Done, counts: Counts | None) -> list[bytes]:
        """The final object."""
        return [self._line(self._said(""), done=True, done_reason=done.finish, **self._figures(done, counts))]

    def whole(self, text: bytes, done: Done, counts: Counts | None) -> bytes:
        """The one object of a reply that is not streamed."""
        said = self._said(text.decode())
        return self._line(said, done=True, done_reason=done.finish, **self._figures(done, counts))[:-1]

    def broken_off(self, text: bytes) -> bytes:
        """The one object of a reply that was aborted: not done, and without figures."""
        return self._line(self._said(text.decode()), done=False)[:-1]

    def without_work(self, reason: str) -> bytes:
        """The answer to a request that only loads or unloads."""
        return self._line(self._said(""), done=True, done_reason=reason)[:-1]

    def failure(self, message: str) -> bytes:
        """An error in the stream."""
        return error_body(500, message) + b"\n"

    def _figures(self, done: Done, counts: Counts | None) -> dict[str, Any]:
        figures: dict[str, Any] = {"context": list(self.context)} if self.context else {}
        figures |= {"total_duration": done.end_ns - done.received_ns, "load_duration": done.load_ns}
        said = counts or {}
        figures |= {
            "prompt_eval_count": said.get("prompt"), "prompt_eval_duration": done.first_ns - done.start_ns,
            "eval_count": said.get("output"), "eval_duration": done.end_ns - done.first_ns,
        }  # fmt: skip
        return {name: value for name, value in figures.items() if value is not None and value != 0}

    def _said(self, text: str) -> dict[str, Any]:
        return {"message": {"role": "assistant", "content": text}} if self.chat else {"response": text}

    def _line(self, said: Mapping[str, Any], **rest: Any) -> bytes:
        return packed({"model": self.model, "created_at": self.created_at, **said, **rest}) + b"\n"
