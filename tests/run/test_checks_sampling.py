"""`audit` on the sampler's lateness: one look in a hundred may be late, two may not."""

from dataclasses import replace

import pytest
from sound_run import POLL_S, case, sound

from bench.nouns import Condition
from bench.run.checks.sampling import sampler_lateness


def late_looks(one_in, late_s):
    """A sound run in which one look of so many was so late, the others 0.2 ms."""
    run, published = sound()
    made = [
        replace(o, value=late_s)
        if isinstance(o, Condition) and o.name == "lateness_s" and round(o.t_ns * 1e-9 / POLL_S) % one_in == 0
        else o
        for o in run.trace.observations
    ]
    return case(replace(run, trace=replace(run.trace, observations=tuple(made))), published)


@pytest.mark.parametrize(
    ("one_in", "late_s", "status"),
    [(200, 0.02, "pass"), (50, 0.02, "warn"), (50, 0.0051, "warn"), (50, 0.005, "pass"), (50, 0.0049, "pass")],
)
def test_the_hundredth_worst_look_decides(one_in, late_s, status):
    """The middle look is never late: it says nothing of an edge that a late one missed."""
    (line,) = sampler_lateness(late_looks(one_in, late_s))

    assert line.status == status
    assert f"the worst {late_s * 1000:.1f} ms" in line.found
