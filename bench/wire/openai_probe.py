"""What is asked of an OpenAI-compatible server before the first window.

Which page answers, which words fix the length, how long prompts are, and whether its counts are true.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bench.errors import CannotRun
from bench.nouns import Fact
from bench.units import S_PER_NS
from bench.wire.exchange import Reply
from bench.wire.openai import OpenAiDialect, body_of, usage_of
from bench.wire.probe import ask, authorised, json_of, post, said
from bench.wire.wording import fresh_serial, learn, own_words

_PROBE_TOKENS = 16
_TIMED = 3  # the quickest counts: a server that was slow once would make honest answers look like no work
_NO_SUCH_PAGE = (404, 405, 501)
_NOT_TAKEN = (400, 422)
_EXACT = {"ignore_eos": True}  # vLLM, llama-server, SGLang; with min_tokens where it is taken
_LISTED_NOTE = "output tokens: the server's own count, equal to the tokens that it listed one by one in a probe"
_WORD_NOTE = "output tokens: the server's own count; it lists no tokens, so that nothing checks it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What a known server must be told beside OpenAI's protocol, in every request."""

    words: Mapping[str, Any] = field(default_factory=dict)  # of the body
    headers: Mapping[str, str] = field(default_factory=dict)
    exactly: Mapping[str, Any] | None = None  # its own words for an exact length; None: those of most servers
    freely: Mapping[str, Any] = field(default_factory=dict)  # words in their place, where a length is a ceiling
    answers_as: str = ""  # the name that its answers give the model

    @property
    def told(self) -> str:
        """The same, for the record."""
        words = [f"{name}={json.dumps(value)}" for name, value in self.words.items()]
        return ", ".join([*words, *(f"{name}: {value}" for name, value in self.headers.items())])


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """What was found out before the first window."""

    dialect: OpenAiDialect
    alone_token_s: float
    notes: tuple[str, ...]
    facts: Mapping[str, Fact]


def probed(base: str, model: str, api: str, timeout_s: float, needs: Needs) -> Probed:
    """Which page answers, which words fix the length, how long prompts are, whether counts are true."""
    asking = _Asking(base, model, {**authorised(), **needs.headers}, timeout_s)
    chat = asking.chooses_chat(api)
    exactly = asking.accepted_extra(needs.exactly, chat=chat)
    extra = {**exactly, **needs.words}
    wording = learn(lambda text: asking.tokens(text, 1, extra, chat=chat)[0], own_words())
    listed = asking.listed_tokens(wording.text(32, fresh_serial()), extra, chat=chat)
    timed = [asking.timed(wording.text(32, fresh_serial()), extra, chat=chat) for _ in range(_TIMED)]
    output = min(tokens for _, tokens in timed)
    exact = output == _PROBE_TOKENS
    notes = [_WORD_NOTE if listed is None else _LISTED_NOTE]
    if not exact:
        notes.append(f"the length is a ceiling only: {output} tokens came where {_PROBE_TOKENS} were asked")
    return Probed(
        dialect=OpenAiDialect(
            url=asking.url(chat=chat), model=model, chat=chat, wording=wording, extra=extra,
            freely={**needs.freely, **needs.words}, headers=asking.headers, answers_as=needs.answers_as,
        ),
        alone_token_s=min(took_s / max(1, tokens) for took_s, tokens in timed),
        notes=tuple(notes),
        facts={
            "api": "chat" if chat else "completions",
            "exact_length": exact,
            "length_by": ", ".join(exactly) or "max_tokens alone",
            **({"told_beside": needs.told} if needs.told else {}),
            "tokens_per_word": round(wording.tokens_per_word, 4),
            "template_tokens": round(wording.fixed_tokens, 1),
        },
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Asking:
    """Probes of one model of one server."""

    base: str
    model: str
    headers: Mapping[str, str]
    timeout_s: float

    def url(self, *, chat: bool) -> str:
        return f"{self.base}/chat/completions" if chat else f"{self.base}/completions"

    def chooses_chat(self, asked: str) -> bool:
        """Completions take a prompt as it is; servers without them are asked by chat."""
        if asked:
            return asked == "chat"
        reply = self._post(body_of(self.model, "one", 1, {}, chat=False), chat=False)
        return reply.status in (*_NO_SUCH_PAGE, *_NOT_TAKEN)

    def accepted_extra(self, own: Mapping[str, Any] | None, *, chat: bool) -> Mapping[str, Any]:
        """The words for an exact length that this server does not refuse."""
        for extra in ({**_EXACT, "min_tokens": 1}, _EXACT) if own is None else (own,):
            if self._post(body_of(self.model, "one", 1, extra, chat=chat), chat=chat).status == 200:
                return extra
        return {}

    def tokens(self, text: str, most: int, extra: Mapping[str, Any], *, chat: bool) -> tuple[int, int]:
        """(prompt, output) tokens of a request, by the server's count. Raises CannotRun without one."""
        reply = self._post(body_of(self.model, text, most, extra, chat=chat), chat=chat)
        found = json_of(reply)
        usage = usage_of(found.get("usage") if isinstance(found, dict) else None)
        if reply.status != 200 or isinstance(usage, str):
            why = said(reply) if reply.status != 200 else usage
            raise CannotRun(f"{self.url(chat=chat)} answers {reply.status} ({why}): without counts no figure")
        return (usage.prompt_tokens or 0) + (usage.cached_tokens or 0), usage.output_tokens or 0

    def timed(self, text: str, extra: Mapping[str, Any], *, chat: bool) -> tuple[float, int]:
        """Seconds from asking to the whole answer, and its output tokens."""
        began_ns = time.monotonic_ns()
        _, output = self.tokens(text, _PROBE_TOKENS, extra, chat=chat)
        return (time.monotonic_ns() - began_ns) * S_PER_NS, output

    def listed_tokens(self, text: str, extra: Mapping[str, Any], *, chat: bool) -> int | None:
        """The tokens that the server lists with their probabilities; None: it lists none.

        Raises CannotRun where they are not as many as its usage says.
        """
        wanted = {"logprobs": True, "top_logprobs": 1} if chat else {"logprobs": 1}
        body = {**body_of(self.model, text, _PROBE_TOKENS, extra, chat=chat), **wanted}
        found = json_of(self._post(body, chat=chat))
        usage = usage_of(found.get("usage") if isinstance(found, dict) else None)
        listed = _listed(found)
        if listed is None or isinstance(usage, str):
            return None
        if listed != usage.output_tokens:
            raise CannotRun(
                f"{self.url(chat=chat)} lists {listed} tokens and counts {usage.output_tokens}: one of the two is "
                "wrong, so no figure per token could be true"
            )
        return listed

    def _post(self, body: Mapping[str, Any], *, chat: bool) -> Reply:
        return ask(post(self.url(chat=chat), body, self.headers), self.timeout_s)


def _listed(found: Any) -> int | None:
    """How many tokens a reply lists, in either of the two forms."""
    try:
        listed = found["choices"][0]["logprobs"]
        tokens = listed.get("tokens") or listed.get("content")
    except (KeyError, IndexError, TypeError, AttributeError):
        return None
    return len(tokens) if isinstance(tokens, list) else None
