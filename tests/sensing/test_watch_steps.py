"""Sixteen spans of load between pauses: what is asked of sampler and load, and what a passport makes of it."""

from itertools import pairwise

import pytest
from fakes import seconds
from sim.classes import CLASSES
from sim.stepped import BEGINS_S, Stepped

from bench.physics.series import series
from bench.physics.steps import LEAST_STEP_S, Busy, from_steps
from bench.sensing.passport import POLL_S, STEPS, WATCH_S, watch, watch_steps

BY_NAME = {one.name: one for one in CLASSES}  # all of them: tests/physics/test_steps.py
SLOWEST_S, LONGEST_MEAN_S = 0.1, 1.0  # of every sensor known (arXiv:2312.02741, table 2)


def stepped(name="hopper", **flaws):
    made = Stepped(of=BY_NAME[name], flaws={"counter": "gated", "phase_s": 0.0137, **flaws})
    return made, watch_steps(made, made, sleep=made.clock.sleep)


def test_every_span_and_every_pause_outlasts_the_longest_mean():
    """So that both levels of each step are seen; each has a length of its own, spread over several periods."""
    made, watched = stepped()

    assert [(w.phase, w.label) for w in watched.windows] == [("work", f"step-{i + 1}") for i in range(STEPS)]
    assert [(w.start_ns, w.end_ns) for w in watched.windows] == [
        (seconds(a), seconds(b)) for a, b in made.spans_s
    ]  # fmt: skip
    edges_s = [BEGINS_S, *(t for span in made.spans_s for t in span), made.clock.now_ns * 1e-9]
    lengths_s = [b - a for a, b in pairwise(edges_s)]
    assert min(lengths_s) >= LEAST_STEP_S > LONGEST_MEAN_S + 0.25  # and a quarter of a second to tell the level
    assert max(lengths_s[:-1]) - min(lengths_s) > 3 * SLOWEST_S


def test_steps_fall_on_all_phases_of_every_period():
    """32 moments reach nearly every eighth of 20 ms and of 100 ms; all at one phase would draw no ramp."""
    made, _ = stepped()

    for period_s in (0.02, 0.1):
        eighths = {int(t / period_s % 1.0 * 8) for span in made.spans_s for t in span}
        assert len(eighths) >= 7


def test_looks_are_close_and_without_a_hole_from_the_first_pause_to_the_last():
    """Every 4.7 ms: no burst ends before the next one begins, and the last fall is followed to its end."""
    made, watched = stepped()

    times_ns = sorted({one.t_ns for one in watched.observations})
    assert max(b - a for a, b in pairwise(times_ns)) < seconds(2 * POLL_S)
    assert times_ns[0] < seconds(BEGINS_S + POLL_S)
    assert times_ns[-1] > watched.windows[-1].end_ns + seconds(LEAST_STEP_S)
    assert {p for _, _, p in made.bursts_s} == {POLL_S}


def test_another_seed_is_another_sequence_and_the_same_seed_the_same():
    """Reproducible, and not one fixed rhythm."""
    spans = []
    for seed in (0, 0, 1):
        made = Stepped(of=BY_NAME["turing"], flaws={"counter": "none"})
        watch_steps(made, made, seed=seed, sleep=made.clock.sleep)
        spans.append(made.spans_s)

    assert spans[0] == spans[1] != spans[2]


@pytest.mark.parametrize("name", ["volta", "ada", "hopper"])
def test_what_was_watched_tells_window_and_lag(name):
    """20 ms late: to 5 ms, in every field, a counter that adds up looks among them."""
    made, watched = stepped(name, lag_s=0.02)

    found = from_steps(
        made.sources[0], series(watched.observations), [Busy(w.start_ns, w.end_ns) for w in watched.windows]
    )

    of = BY_NAME[name]
    windows_s = {"instant": of.instant_s, "average": of.average_s, "counter": of.gate_s}
    assert set(found.fields) == {field for field, window_s in windows_s.items() if window_s}
    for field, one in found.fields.items():
        assert (one.window_s, one.lag_s) == (
            pytest.approx(windows_s[field], abs=0.005), pytest.approx(0.02, abs=0.005),
        )  # fmt: skip


def test_watching_alone_takes_six_seconds_and_makes_nothing_busy():
    """Where no load can be made."""
    made = Stepped(of=BY_NAME["turing"], flaws={"counter": "none"})
    watched = watch(made, sleep=made.clock.sleep)

    assert (watched.windows, made.spans_s) == ((), [])
    assert made.clock.now_ns == seconds(BEGINS_S + WATCH_S)
    assert len(watched.observations) == pytest.approx(WATCH_S / POLL_S, rel=0.01)
