"""Ollama's own protocol: a request as it is spelt, and what its lines add up to.

Sources: docs/api.md and llm/llama_server.go of ollama v0.33.0-rc2; checked 2026-11-21. `prompt_eval_count` holds
the tokens that the prefix cache gave as well, and `prompt_eval_duration` only the time of the others: no switch
turns that cache off, so every prompt has a beginning of its own. Fields that are 0 are left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from bench.nouns import Request, Usage
from bench.units import S_PER_NS
from bench.wire.answer import Answer, counted, labelled, refusal, refused
from bench.wire.exchange import Call, Reply
from bench.wire.framing import json_lines
from bench.wire.probe import post
from bench.wire.wording import Wording

# Ollama cuts generation off, without a last line, where one token repeats so often (llama_server.go; 2026-11-21)
_REPEATS = 30
_DURATIONS = {
    "load_duration": "load_s",
    "prompt_eval_duration": "prefill_s",
    "eval_duration": "decode_s",
    "total_duration": "total_s",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OllamaDialect:
    """Requests and replies of /api/generate, in raw mode: no template stands around the prompt."""

    url: str
    model: str
    wording: Wording
    options: Mapping[str, Any]  # num_ctx, num_predict and the like, sent with every request
    headers: Mapping[str, str]

    def call(self, request: Request, serial: int) -> Call:
        """A streamed request for at most the tokens asked: Ollama knows no exact length."""
        asked = request.asked
        text = self.wording.begun(request.text, asked.prompt_tokens or 1, serial)
        return generate(self.url, self.model, text, asked.output_tokens or 1, self.options, self.headers)

    def read(self, request: Request, reply: Reply) -> Answer:
        """The last line's counts and durations, and whether they fit what came."""
        if answer := refusal(reply):
            return answer
        output_ns: list[int] = []
        pieces = characters = 0
        said: list[str] = []
        last: Mapping[str, Any] = {}
        for line in json_lines(reply.pieces):
            if line.wrong or not isinstance(line.data, dict):
                return refused("malformed", line.wrong or "a line that is no object")
            if line.data.get("error"):
                return refused("failed", f"in mid-stream: {line.data['error']}")
            if last:
                return refused("malformed", "something came after the last line")
            if line.data.get("done"):
                last = line.data
            else:
                pieces += 1
                said.append(str(line.data.get("response") or ""))
                if text := line.data.get("response") or line.data.get("thinking"):
                    output_ns.append(line.at_ns)
                    characters += len(str(text))
        if not last:
            hint = f" (Ollama does so where one token repeats more than {_REPEATS} times)" if output_ns else ""
            return refused("ended", f"the stream stopped after {len(output_ns)} pieces, without its end{hint}")
        if last.get("model") not in (None, self.model):
            return refused("wrong-model", f"{last.get('model')!r} answered, {self.model!r} was asked")
        answer = counted(request, usage_of(last), output_ns, (pieces, characters), self.wording)
        if answer.error:
            return answer
        return labelled(replace(answer, server=durations_of(last)), request, said, last.get("done_reason"))


def generate(
    url: str, model: str, text: str, most: int, options: Mapping[str, Any], headers: Mapping[str, str]
) -> Call:
    """One request of /api/generate, raw and streamed."""
    # what does not fit is an error, and never cut in silence (both true by default: api/types.go; 2026-11-21)
    whole = {"truncate": False, "shift": False}
    exact = {"temperature": 0, "draft_num_predict": 0, **options, "num_predict": most}
    body = {"model": model, "prompt": text, "raw": True, "stream": True, "keep_alive": -1, "options": exact,
            **whole}  # fmt: skip
    return post(f"{url}/api/generate", body, headers)


def usage_of(last: Mapping[str, Any]) -> Usage | str:
    """The counts of the last line; or what is wrong with them.

    How many of the prompt's tokens the cache gave is not said. A count that is left out is 0.
    """
    prompt, output = last.get("prompt_eval_count", 0), last.get("eval_count", 0)
    if type(prompt) is not int or type(output) is not int or prompt < 0 or output < 0:
        return f"prompt_eval_count {prompt!r}, eval_count {output!r}: expected counts"
    if output == 0:
        return "no output token is counted"
    return Usage(requests=1, prompt_tokens=prompt, output_tokens=output)


def durations_of(last: Mapping[str, Any]) -> dict[str, float]:
    """The server's own times of the request (s); what it leaves out is not there."""
    found = {}
    for theirs, ours in _DURATIONS.items():
        value = last.get(theirs)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            found[ours] = value * S_PER_NS
    return found
