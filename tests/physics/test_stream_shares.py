"""A window's streams all at once, against each token's share of its step counted by itself."""

import math
from dataclasses import replace

import pytest
from fakes import outcome
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.physics.sharing import work_of_each

NS = 1_000_000
# Coarse, so that moments of streams, and the edges half a step before and behind them, fall together.
STREAMS = st.lists(
    st.tuples(st.integers(0, 20), st.lists(st.sampled_from((0, 1, 2, 3, 8)), max_size=12)), min_size=1, max_size=8
)


def streams_of(drawn, since_ns):
    made = []
    for first, gaps in drawn:
        at = [since_ns + first * NS]
        for gap in gaps:
            at.append(at[-1] + gap * NS)
        one = outcome(0, 1, prompt_tokens=4, output_tokens=len(at))
        made.append(replace(one, output_ns=tuple(at), due_ns=at[0], start_ns=at[0], end_ns=at[-1]))
    return made


def token_by_token(streams):
    """Of each stream Σ 1/k, k the streams that are under way: from half a step before to half a step behind."""
    lives = []
    for one in streams:
        first, last = one.output_ns[0], one.output_ns[-1]
        half = (last - first) / max(1, len(one.output_ns) - 1) / 2
        lives.append((first + half, last + half))
    return [
        math.fsum(1 / max(1, sum(since < at <= until for since, until in lives)) for at in one.output_ns[1:])
        for one in streams
    ]


@settings(deadline=None)  # the first example imports numpy
@given(drawn=STREAMS, since_ns=st.sampled_from((0, 3 * 10**14)))
def test_every_token_has_its_share_of_its_step(drawn, since_ns):
    streams = streams_of(drawn, since_ns)
    found = [one["decode_step"] for one in work_of_each(streams)]

    assert found == pytest.approx(token_by_token(streams), rel=1e-12, abs=1e-12)
