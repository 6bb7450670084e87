"""Groups of several loads as one: the least certain of them bounds them all."""

from dataclasses import replace

import pytest
from sim.fast_line import Ask, measured
from sim.scheduler import Physics

from bench.fit.levels import merged
from bench.fit.rows import groups

GROUPS = groups(
    measured(Ask(prompt=p, output=8, users=n, requests=4), Physics(), index=10 * n + i, noise=0.0)
    for n in (1, 8)
    for i, p in enumerate((32, 256))
)


@pytest.mark.parametrize("gains", [(0.05, 0.10), (0.10, 0.05)])
def test_the_widest_gain_holds_for_all(gains):
    """Boards of one machine may be read by sensors of two classes: none is believed more than its own."""
    found = merged([replace(group, gain_ratio_95=gain) for group, gain in zip(GROUPS, gains, strict=True)])

    assert found.gain_ratio_95 == 0.10


def test_every_run_row_and_load_is_kept():
    """What the loads cover is the widest of each."""
    found = merged(GROUPS)

    assert found.levels == ("concurrency=1", "concurrency=8")
    assert len(found.rows) == sum(len(group.rows) for group in GROUPS)
    assert found.runs == tuple(sorted(run for group in GROUPS for run in group.runs))
    assert found.ranges["prompt_tokens"] == (32, 256)
