"""OpenAI's protocol: a request as it is spelt, and what a stream of events adds up to."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bench.nouns import Request, Usage
from bench.units import S_PER_MS
from bench.wire.answer import Answer, counted, labelled, refusal, refused
from bench.wire.exchange import Call, Reply
from bench.wire.framing import server_sent_events
from bench.wire.probe import post
from bench.wire.wording import Wording


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAiDialect:
    """Requests and replies of /v1/completions or /v1/chat/completions."""

    url: str
    model: str
    chat: bool
    wording: Wording
    extra: Mapping[str, Any]
    headers: Mapping[str, str]
    freely: Mapping[str, Any] = field(default_factory=dict)  # the same without those that fix a length
    answers_as: str = ""  # the name under which the server answers for the model, where it is another

    def call(self, request: Request, serial: int) -> Call:
        """A streamed request for exactly the tokens asked.

        An answer that is to be judged may end before, where the model ends it: a server that goes on past its end
        leaves no trace of it in the text, or takes what it would have said less gladly.
        """
        asked = request.asked
        extra = self.extra if request.meant is None else self.freely
        text = self.wording.begun(request.text, asked.prompt_tokens or 1, serial)
        body = body_of(self.model, text, asked.output_tokens or 1, extra, chat=self.chat)
        return post(self.url, {**body, "stream": True, "stream_options": {"include_usage": True}}, self.headers)

    def read(self, request: Request, reply: Reply) -> Answer:
        """Usage, the moments of output, and whether they fit each other."""
        if answer := refusal(reply):
            return answer
        stream = _Stream()
        if wrong := stream.follow(reply):
            return refused("malformed", wrong)
        if not stream.ended:
            return refused("ended", f"the stream stopped after {len(stream.output_ns)} pieces, without its end")
        if stream.model not in ("", self.model, self.answers_as):
            return refused("wrong-model", f"{stream.model!r} answered, {self.model!r} was asked")
        came = (stream.pieces, stream.characters)
        answer = counted(request, usage_of(stream.usage), stream.output_ns, came, self.wording)
        if answer.error:
            return answer
        return labelled(replace(answer, server=stream.timings), request, stream.said, stream.finish)


class _Stream:
    """What the events of one reply add up to."""

    def __init__(self) -> None:
        self.output_ns: list[int] = []
        self.pieces = 0
        self.characters = 0
        self.usage: Any = None
        self.model = ""
        self.ended = False
        self.timings: dict[str, float] = {}
        self.said: list[str] = []
        self.finish: Any = None

    def follow(self, reply: Reply) -> str | None:
        """Reads every event; what is wrong with the stream, or None."""
        done = finished = False
        for event in server_sent_events(reply.pieces):
            if done:
                return "something came after the end mark"
            if event.wrong:
                return event.wrong
            done = event.done
            if not done:
                finished = self._take(event.at_ns, event.data) or finished
                if isinstance(event.data, dict) and event.data.get("error"):
                    return f"an error in mid-stream: {event.data['error']}"
        self.ended = done or (finished and self.usage is not None)
        return None

    def _take(self, at_ns: int, data: Any) -> bool:
        """One event; whether it ends the answer."""
        if not isinstance(data, dict):
            return False
        self.model = str(data.get("model") or self.model)
        self.usage = data.get("usage") or self.usage
        self.timings = _timings(data.get("timings")) or self.timings
        finished = False
        for choice in data.get("choices") or ():
            if isinstance(choice, dict):
                self.finish = choice.get("finish_reason") or self.finish
                finished = finished or choice.get("finish_reason") is not None
                self.said.append(_answer(choice))
                self.pieces += _holds_text(choice)
                if text := _text(choice):
                    self.output_ns.append(at_ns)
                    self.characters += len(text)
        return finished


def _answer(choice: Mapping[str, Any]) -> str:
    """What a piece says of the answer itself: of thoughts nothing."""
    delta = choice.get("delta")
    return str((delta.get("content") if isinstance(delta, dict) else choice.get("text")) or "")


def _text(choice: Mapping[str, Any]) -> str:
    """What a piece says: an answer, or the thoughts before it."""
    delta = choice.get("delta")
    if isinstance(delta, dict):
        return str(delta.get("content") or delta.get("reasoning_content") or delta.get("reasoning") or "")
    return str(choice.get("text") or "")


def _holds_text(choice: Mapping[str, Any]) -> bool:
    """Whether a piece has a place for text, even an empty one: a token may have none, an end's mark for one."""
    delta = choice.get("delta")
    if not isinstance(delta, dict):
        return "text" in choice
    return isinstance(delta.get("content"), str) or bool(_text(choice))


def usage_of(found: Any) -> Usage | str:
    """OpenAI's usage as ours: prompt tokens less those that a cache gave; or what is wrong with it."""
    if not isinstance(found, dict):
        return "the stream carries no usage"
    prompt, output = found.get("prompt_tokens"), found.get("completion_tokens")
    if type(prompt) is not int or type(output) is not int or prompt < 1 or output < 0:
        return f"prompt_tokens {prompt!r}, completion_tokens {output!r}: expected counts"
    total = found.get("total_tokens")
    if type(total) is int and total != prompt + output:
        return f"total_tokens {total}, with {prompt} prompt and {output} completion tokens"
    details = found.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, dict) else None
    if cached is not None and (type(cached) is not int or not 0 <= cached <= prompt):
        return f"{cached!r} cached of {prompt} prompt tokens"
    return Usage(requests=1, prompt_tokens=prompt - (cached or 0), cached_tokens=cached, output_tokens=output)


def _timings(found: Any) -> dict[str, float]:
    """llama-server's own times of a request, in seconds (tools/server/README.md, "timings"; 2026-11-21)."""
    if not isinstance(found, dict):
        return {}
    names = {"prompt_ms": "prefill_s", "predicted_ms": "decode_s"}
    return {
        ours: float(found[theirs]) * S_PER_MS for theirs, ours in names.items() if _is_number(found.get(theirs))
    }


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def body_of(model: str, text: str, most: int, extra: Mapping[str, Any], *, chat: bool) -> dict[str, Any]:
    """A request for at most so many tokens, as JSON holds it."""
    prompt = {"messages": [{"role": "user", "content": text}]} if chat else {"prompt": text}
    exact = {name: most if name == "min_tokens" else value for name, value in extra.items()}
    return {"model": model, **prompt, "max_tokens": most, "temperature": 0, **exact}
