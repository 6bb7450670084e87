"""Passes through a model that the requests of a batch share, where an engine takes batches in this process.

Requests of a batch enter together and leave together (request-level scheduling: Yu et al., Orca, OSDI 2022;
checked 2026-11-21): one pass over all that was given, then one for each token, until the longest is done. A pass
reads the weights once, however many rows are in it; each of k requests in it has 1/k.
Whisper takes the first audio windows of all requests, then the second ones, and so on (`bench.loading.speech`).
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence

from bench.nouns import Outcome


def passes_of_each(outcomes: Sequence[Outcome]) -> list[Mapping[str, float]]:
    """Each request's share, in their order; {} for those of a server, whose batches nobody here sees.

    batch_pass  = Σ 1/k   over the passes over what was given: one, of audio one for each of its windows
    decode_step = Σ 1/k   over the tokens of a decoder beside an encoder, the first included: none of them
                          comes of the pass over what was given (of a causal model: `bench.physics.sharing`)
    """
    batches: dict[int, list[int]] = defaultdict(list)
    for number, one in enumerate(outcomes):
        if one.due_ns is None and not one.output_ns:
            batches[one.batch_id].append(number)
    found: list[Mapping[str, float]] = [{}] * len(outcomes)
    for numbers in batches.values():
        turns = [outcomes[n].achieved.audio_windows or 1 for n in numbers]
        passes = _paid(turns)
        steps = _steps([outcomes[n] for n in numbers])
        for n, turn, step in zip(numbers, turns, steps, strict=True):
            found[n] = {"batch_pass": passes[turn]} | ({} if step is None else {"decode_step": step})
    return found


def _steps(batch: Sequence[Outcome]) -> list[float | None]:
    """Of each request its share of the decoder's steps; None where no decoder stands beside an encoder."""
    tokens = [_tokens_by_turn(one) for one in batch]
    if not all(tokens):
        return [None] * len(batch)
    shares = [_paid([each[turn] for each in tokens if turn < len(each)]) for turn in range(max(map(len, tokens)))]
    return [math.fsum(paid[count] for paid, count in zip(shares, each, strict=False)) for each in tokens]


def _tokens_by_turn(one: Outcome) -> tuple[int, ...]:
    """The decoded tokens of each turn; audio's are shared among its windows, the larger parts first."""
    done = one.achieved
    if done.target_tokens is not None:
        return (done.target_tokens,)
    if done.audio_windows and done.output_tokens is not None:
        least, more = divmod(done.output_tokens, done.audio_windows)
        return tuple(least + (turn < more) for turn in range(done.audio_windows))
    return ()


def _paid(lengths: Sequence[int]) -> Mapping[int, float]:
    """Of steps that go on until the longest is done, what one of each length pays: Σ 1/k."""
    found: dict[int, float] = {}
    paid, before = 0.0, 0
    for place, length in enumerate(sorted(lengths)):
        paid += (length - before) / (len(lengths) - place)
        found[length], before = paid, length
    return found
