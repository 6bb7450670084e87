"""What a reply of a server counts for: its counts, its moments, its text, or why it counts for nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bench.nouns import Cause, Request, Usage
from bench.wire.address import hidden
from bench.wire.cached import from_cache
from bench.wire.exchange import BUSY, Reply
from bench.wire.probe import said
from bench.wire.wording import Wording

# No load makes an answer faster than the same server gave it alone: less than this share of that time, for as
# many tokens, is no work done. (Chosen: far below what speculative decoding gains, far above a look-up.)
CACHED_RATIO = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a dialect read in a reply. With an error, `achieved` holds nothing that could be counted."""

    achieved: Usage
    first_output_ns: int | None = None
    output_ns: tuple[int, ...] = ()
    pieces: int = 0  # that came, those without a text among them
    characters: int = 0  # of the output, in all its pieces
    error: str | None = None
    cause: Cause | None = None
    server: dict[str, float] = field(default_factory=dict)
    said: str | None = None  # the class that a classifier named, or the text of a labelled request's answer
    ended: bool | None = None  # whether such a text came to its end, or to the tokens asked; None: not said


def refused(cause: Cause, error: str) -> Answer:
    """A reply that counts for nothing, and why: often in the server's words, less the user's key."""
    return Answer(achieved=Usage(requests=0), cause=cause, error=hidden(error))


def labelled(answer: Answer, request: Request, said: Sequence[str], finish: Any) -> Answer:
    """The same answer; of a labelled request with its text, and whether it came to its end.

    `finish`: why the server says that it ended, "stop", or "length" where the tokens did. A refused one has none.
    """
    if request.meant is None or answer.error:
        return answer
    return replace(answer, said="".join(said), ended={"stop": True, "length": False}.get(str(finish)))


def refusal(reply: Reply) -> Answer | None:
    """What a reply of another status than 200, or of a cache, counts for; None: it is neither."""
    if reply.status == 200:
        hit = from_cache(reply.headers)
        return refused("cached", f"a cache gave the answer ({hit})") if hit else None
    return refused("busy" if reply.status in BUSY else "status", f"HTTP {reply.status}: {said(reply)}")


def counted(
    request: Request, usage: Usage | str, output_ns: Sequence[int], came: tuple[int, int], wording: Wording
) -> Answer:
    """An answer whose counts hold against what was asked and what came; or why they can't be true.

    `came`: pieces, those without a text among them, and the characters in them.
    """
    wrong = usage if isinstance(usage, str) else _contradiction(request, usage, len(output_ns), wording)
    if wrong or isinstance(usage, str):
        return refused("usage", str(wrong))
    first_ns = output_ns[0] if output_ns else None
    return Answer(
        achieved=usage, first_output_ns=first_ns, output_ns=tuple(output_ns), pieces=came[0], characters=came[1]
    )


def _contradiction(request: Request, usage: Usage, pieces: int, wording: Wording) -> str | None:
    """What the server says it delivered, against what was asked and what came."""
    output, asked = usage.output_tokens or 0, request.asked
    if output > (asked.output_tokens or 1):
        return f"{output} output tokens, at most {asked.output_tokens} were asked"
    if output == 0:
        return "no output token is counted"
    if pieces > output:
        return f"{output} output tokens in {pieces} pieces, each of one at least"
    low, high = wording.likely_of(request.text) if request.text else wording.likely(asked.prompt_tokens or 1)
    whole = (usage.prompt_tokens or 0) + (usage.cached_tokens or 0)
    if not low <= whole <= high:
        return f"{whole} prompt tokens, a prompt of that length has {low:.0f} to {high:.0f}"
    return None


def without_cached(answer: Answer, took_s: float, alone_token_s: float) -> Answer:
    """The same answer; one that came in a fifth of the time that its tokens take alone is no work done."""
    least_s = CACHED_RATIO * alone_token_s * (answer.achieved.output_tokens or 0)
    if took_s >= least_s:
        return answer
    said_ = f"answered in {took_s * 1e3:.1f} ms, {least_s / CACHED_RATIO * 1e3:.1f} ms are its work alone"
    return refused("cached", said_)
