"""What requests did beside counting their tokens: context that was attended to, passes that were shared.

A decoding step yields one token of every sequence that decodes at that moment, so a token made beside k − 1 others
is 1/k of a step (continuous batching: Yu et al., Orca, OSDI 2022, section 4.1; checked 2026-11-21). Summed over
all tokens after the first of each request, these shares are the number of steps: nothing is scaled to make it so.
The first token comes of the pass over the prompt.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bench.nouns import Outcome


@dataclass(frozen=True, slots=True)
class _Decoding:
    """A request's tokens after the first, and the span in which it decoded (ns)."""

    times_ns: tuple[float, ...]
    from_ns: float
    to_ns: float


def shared_work(outcomes: Sequence[Outcome]) -> Mapping[str, float]:
    """The amounts of `prompt_token_sq`, `context_token` and `decode_step` in these outcomes.

    Empty where a request counts no prompt or no output tokens; without `decode_step` where an engine can't see
    when tokens came.

        prompt_token_sq = Σ p·(p + 2c)            p prompt tokens that were computed beside c from a cache
        context_token   = Σ (n − 1)·(p + c + n/2) each of the n − 1 decoded tokens attends to all before it
        decode_step     = Σ 1/k                   over the tokens after the first
    """
    done = [o for o in outcomes if not o.error]
    if not done or any(o.achieved.prompt_tokens is None or not o.achieved.output_tokens for o in done):
        return {}
    found = {"prompt_token_sq": 0.0, "context_token": 0.0}
    for o in done:
        computed, cached = float(o.achieved.prompt_tokens or 0), float(o.achieved.cached_tokens or 0)
        output = float(o.achieved.output_tokens or 0)
        found["prompt_token_sq"] += computed * (computed + 2 * cached)
        found["context_token"] += (output - 1) * (computed + cached + output / 2)
    steps = decode_steps(done)
    return found if steps is None else {**found, "decode_step": steps}


def decode_steps(outcomes: Iterable[Outcome]) -> float | None:
    """How many decoding steps made these outcomes' tokens; None where an engine can't see when they came."""
    batches: dict[int, list[Outcome]] = defaultdict(list)
    streams: list[_Decoding] = []
    for one in outcomes:
        if one.output_ns:
            streams.append(_decoding(one))
        elif one.due_ns is not None:  # of a server that does not stream
            return None
        else:
            batches[one.batch_id].append(one)
    # requests that went through a model together stay together until the longest of them is done
    together = sum(max(o.achieved.output_tokens or 1 for o in batch) - 1 for batch in batches.values())
    return together + _shares(streams)


def _decoding(one: Outcome) -> _Decoding:
    """When its tokens came: those of a piece of several at the piece's moment."""
    tokens, pieces = one.achieved.output_tokens or 1, one.output_ns
    times = [float(pieces[min(len(pieces) - 1, k * len(pieces) // tokens)]) for k in range(tokens)]
    # half a step early and half a step late: a moment's jitter between two streams puts no one out of a step
    half = (times[-1] - times[0]) / max(1, tokens - 1) / 2
    return _Decoding(tuple(times[1:]), times[0] + half, times[-1] + half)


def _shares(streams: Sequence[_Decoding]) -> float:
    begins = sorted(one.from_ns for one in streams)
    ends = sorted(one.to_ns for one in streams)
    total = 0.0
    for one in streams:
        for t in one.times_ns:
            total += 1.0 / max(1, bisect_left(begins, t) - bisect_left(ends, t))
    return total
