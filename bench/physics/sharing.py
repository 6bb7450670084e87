"""What requests did beside counting their tokens: context that was attended to, passes that were shared.

A decoding step yields one token of every sequence that decodes at that moment, so a token made beside k − 1 others
is 1/k of a step (iteration-level scheduling: Yu et al., Orca, OSDI 2022; checked 2026-11-21). Summed over
all tokens after the first of each request, these shares are the number of steps: nothing is scaled to make it so.
The first token comes of the pass over the prompt.
"""

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, pairwise

from bench.nouns import Outcome, Window
from bench.physics.passes import passes_of_each
from bench.units import S_PER_NS


def shared_work(outcomes: Sequence[Outcome]) -> Mapping[str, float]:
    """The amounts of `prompt_token_sq`, `context_token` and `decode_step` in outcomes; failures do not count.

    Passes alone (`bench.physics.passes`) where a request counts no prompt or no output tokens; without
    `decode_step` where an engine can't see when tokens came.

        prompt_token_sq = Σ p·(p + 2c)            p prompt tokens that were computed beside c from a cache
        context_token   = Σ (n − 1)·(p + c + n/2) each of the n − 1 decoded tokens attends to all before it
        decode_step     = Σ 1/k                   over the tokens after the first
    """
    each = work_of_each([o for o in outcomes if not o.error])
    names = set(each[0]).intersection(*each) if each else set()
    return {name: math.fsum(one[name] for one in each) for name in sorted(names)}


def work_of_each(outcomes: Sequence[Outcome]) -> tuple[Mapping[str, float], ...]:
    """The same for every outcome, in their order: what of it is each request's."""
    passes = passes_of_each(outcomes)
    if any(o.achieved.prompt_tokens is None or o.achieved.output_tokens is None for o in outcomes):
        return tuple(passes)
    steps = _steps_of_each(outcomes)
    return tuple(
        {**made, **_lengths(o)} if share is None else {**made, **_lengths(o), "decode_step": share}
        for o, made, share in zip(outcomes, passes, steps, strict=True)
    )


def _lengths(one: Outcome) -> dict[str, float]:
    computed, cached = float(one.achieved.prompt_tokens or 0), float(one.achieved.cached_tokens or 0)
    output = float(one.achieved.output_tokens or 0)
    return {
        "prompt_token_sq": computed * (computed + 2 * cached),
        "context_token": max(0.0, output - 1) * (computed + cached + output / 2),
    }


def _steps_of_each(outcomes: Sequence[Outcome]) -> list[float | None]:
    """Each request's share of the decoding steps; None where an engine can't see when its tokens came."""
    streamed = _shares([o for o in outcomes if o.output_ns])
    # requests that went through a model together stay together until the longest of them is done
    lengths: dict[int, list[int]] = defaultdict(list)
    for one in outcomes:
        lengths[one.batch_id].append(one.achieved.output_tokens or 1)
    found: list[float | None] = []
    for one in outcomes:
        if one.output_ns:
            found.append(next(streamed))
        elif not one.achieved.output_tokens:
            found.append(0.0)  # it decoded nothing
        elif one.due_ns is not None:  # of a server that does not stream
            found.append(None)
        else:
            beside = lengths[one.batch_id]
            own = one.achieved.output_tokens or 1
            found.append(math.fsum(1.0 / sum(n > step for n in beside) for step in range(1, own)))
    return found


def _shares(streams: Sequence[Outcome]) -> Iterator[float]:
    """Of each stream: Σ 1/k over its tokens after the first. A campaign holds millions of them: arrays."""
    if not streams:
        return iter(())
    import numpy as np

    moments = [_moments(o.output_ns, o.achieved.output_tokens or 1) for o in streams]
    counts = np.array([len(one) for one in moments], dtype=int)
    ends = np.cumsum(counts)
    starts = ends - counts
    # read as the whole numbers that they are: numpy takes these from Python in half the time of floats
    times = np.fromiter(chain.from_iterable(moments), dtype=np.int64, count=int(ends[-1])).astype(float)
    first, last = times[starts], times[ends - 1]
    # half a step early and half a step late: a moment's jitter between two streams puts no one out of a step
    half = (last - first) / np.maximum(1, counts - 1) / 2
    edges = np.concatenate((first + half, last + half))
    in_order = np.argsort(edges)
    # behind so many edges, each the start or the end of a stream, so many are under way; edges are far fewer than
    # tokens: 1/k is taken of them, and each token looked up among them once
    under_way = np.concatenate(([0], np.cumsum(np.where(in_order < len(streams), 1, -1))))
    each = (1.0 / np.maximum(1, under_way))[np.searchsorted(edges, times, sorter=in_order)]
    shares = np.concatenate(([0.0], np.cumsum(each)))
    return map(float, shares[ends] - shares[np.minimum(starts + 1, ends)])


def _moments(pieces_ns: Sequence[int], tokens: int) -> Sequence[int]:
    """When a stream's tokens came: those of a piece of several at the piece's moment."""
    count = len(pieces_ns)
    if count == tokens:
        return pieces_ns
    return [pieces_ns[min(count - 1, k * count // tokens)] for k in range(tokens)]


def idle_of_each(window: Window, outcomes: Sequence[Outcome]) -> tuple[tuple[float, ...], float]:
    """Each request's share of the window's time (s), and the time in which nobody asked for anything.

    A moment is shared evenly by the requests under way: together they are the window, to the nanosecond.
    """
    marks = sorted(
        {window.start_ns, window.end_ns, *(o.start_ns for o in outcomes), *(o.end_ns for o in outcomes)}
    )
    inside = [t for t in marks if window.start_ns <= t <= window.end_ns]
    begins, ends = sorted(o.start_ns for o in outcomes), sorted(o.end_ns for o in outcomes)
    # the integral of 1/k from the window's start on, at every mark
    shared, nobody_ns = [0.0], 0
    for before, after in pairwise(inside):
        under_way = bisect_right(begins, before) - bisect_right(ends, before)
        shared.append(shared[-1] + ((after - before) / under_way if under_way else 0.0))
        nobody_ns += 0 if under_way else after - before
    at = dict(zip(inside, shared, strict=True))
    edges = (window.start_ns, window.end_ns)
    spans = [(min(max(o.start_ns, edges[0]), edges[1]), min(max(o.end_ns, edges[0]), edges[1])) for o in outcomes]
    return tuple((at[end] - at[start]) * S_PER_NS for start, end in spans), nobody_ns * S_PER_NS
