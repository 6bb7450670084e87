"""What a simulated server makes of a request before it works: tokens in, tokens out, and in what words."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sim import vocabulary
from sim.protocol import Ask, RefusedError, Reply
from sim.protocols_ollama import OllamaReply
from sim.protocols_openai import OpenAIReply
from sim.scheduler import Work
from sim.server_faults import Fault, of_kind

OPENAI = {"/v1/completions": "completions", "/v1/chat/completions": "chat"}
OLLAMA = {"/api/generate": "generate", "/api/chat": "ollama-chat"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """What the server does beside the physics."""

    model: str = "simulated-model"
    context_tokens: int = 8192
    bundle: int = 1  # tokens in a message of a stream
    reply_tokens: int = 0  # where a reply ends by itself, on average; 0: never
    reply_spread: float = 0.0  # as a ratio of it, to either side
    timings: bool = False  # llama-server's block
    cache: bool = False
    keep_alive_s: float = 300.0  # Ollama's, where a request says nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request that was understood. An end-of-sequence token is counted and has no text, as in real engines."""

    id: int
    ask: Ask
    reply: Reply
    work: Work
    finish: str
    has_eos: bool  # the last token is the end of the sequence
    received_ns: int
    faults: tuple[Fault, ...] = ()
    name: str | None = None  # X-Request-Id

    def text(self, start: int, end: int) -> bytes:
        """The words of these tokens."""
        last = self.work.output_tokens - self.has_eos
        return vocabulary.reply_bytes(self.ask.seed, start, min(end, last)) if start < last else b""


def exchange_of(
    number: int, ask: Ask, habits: Habits, received_ns: int, faults: Sequence[Fault] = (), name: str | None = None
) -> Exchange:
    """The exchange that a request becomes. Raises RefusedError."""
    if of_kind(faults, "wrong_model"):
        ask = replace(ask, model="another-model")
    context = min(ask.num_ctx or habits.context_tokens, habits.context_tokens)
    ids, prompt = _prompt(ask, habits, context)
    natural = _natural(ask, habits, prompt)
    limit = min(ask.max_tokens or context, max(1, context - prompt))
    has_eos = bool(natural) and natural <= limit
    output = natural if has_eos else limit
    finish = "stop" if has_eos else "length"
    if (short := of_kind(faults, "stop_short", "length_short")) and output > 1:
        output, has_eos = max(1, min(output - 1, round(output * short.fraction))), False
        finish = "stop" if short.kind == "stop_short" else "length"
    reply_ids = vocabulary.reply_ids(ask.seed, output) if ids else ()
    work = Work(id=number, prompt_tokens=prompt, output_tokens=output, token_ids=ids, reply_ids=reply_ids)
    return Exchange(
        id=number, ask=ask, reply=reply_of(number, ask, habits), work=work, finish=finish, has_eos=has_eos,
        received_ns=received_ns, faults=tuple(faults), name=name,
    )  # fmt: skip


def reply_of(number: int, ask: Ask, habits: Habits) -> Reply:
    """The reply's bytes in the protocol of its route."""
    now = datetime.now(UTC)
    if ask.route in OLLAMA.values():
        return OllamaReply(chat=ask.route == "ollama-chat", model=ask.model, created_at=rfc3339(now))
    chat = ask.route == "chat"
    return OpenAIReply(
        chat=chat, id=f"{'chatcmpl' if chat else 'cmpl'}-simulated-{number}", model=ask.model,
        created=int(now.timestamp()), include_usage=ask.include_usage, timings=habits.timings,
    )  # fmt: skip


def rfc3339(moment: datetime) -> str:
    """As Ollama writes a moment."""
    return moment.isoformat().replace("+00:00", "Z")


def _prompt(ask: Ask, habits: Habits, context: int) -> tuple[tuple[int, ...] | None, int]:
    """Token ids, where the cache needs them, and how many there are."""
    cached, ids = habits.cache and ask.use_cache, ask.token_ids
    if cached and ids is None:
        ids = vocabulary.token_ids(ask.text or "")
    length = len(ids) if ids is not None else vocabulary.count(ask.text or "")
    if length < 1:
        raise RefusedError(400, "the prompt is empty")
    if length >= context:
        if not ask.truncate:
            raise RefusedError(400, f"the prompt has {length} tokens, the context {context}")
        length = context - 1
        ids = ids[-length:] if ids else None
    return (ids if cached else None), length


def _natural(ask: Ask, habits: Habits, prompt: int) -> int:
    """Where the reply ends by itself; 0: nowhere."""
    if ask.ignore_eos or not habits.reply_tokens:
        return 0
    length = vocabulary.natural_length(habits.reply_tokens, habits.reply_spread, ask.seed, prompt)
    return max(length, ask.min_tokens)
