"""Looks at known parts of known batches give back what they left out, or nothing."""

from dataclasses import replace

import numpy as np
import pytest
from fakes import outcome, seconds, window
from hypothesis import given, settings
from hypothesis import strategies as st
from sim.board import Steps

from bench.nouns import FieldPassport
from bench.physics.folding import PARTS, _shares, fold
from bench.physics.ticks import Ticks

GATE = FieldPassport(update_s=0.1, window_s=0.025, lag_s=0.0, origin="steps")
IDLE_W = 80.0


def course(batches, pieces):
    """The power of batches in closed form: `pieces(length)` are the (seconds, watts) of one; idle in pauses."""
    t_s, power_w = [-10.0], [IDLE_W]
    for start_s, end_s in batches:
        now = start_s
        for length_s, watts in pieces(end_s - start_s):
            t_s.append(now)
            power_w.append(watts)
            now += length_s
        t_s.append(end_s)
        power_w.append(IDLE_W)
    return Steps(np.array(t_s), np.array(power_w))


def parts_of(*watts):
    """Equal parts of a batch."""
    return lambda length_s: [(length_s / len(watts), w) for w in watts]


def looks_of(power, long_s, field=GATE):
    """What a gate shows of a power: a mean over its look, standing for its period around it; and the truth (J)."""
    ends_s = np.arange(1, round(long_s / field.update_s) + 1) * field.update_s
    middles_s = ends_s - field.update_s / 2
    half_s = field.window_s / 2
    shown_w = (power.until_j(middles_s + half_s) - power.until_j(middles_s - half_s)) / field.window_s
    energy_j = np.concatenate(([0.0], np.cumsum(shown_w * field.update_s)))
    t_ns = (0, *(seconds(t) for t in ends_s))
    return Ticks(t_ns, tuple(map(float, energy_j)), (0.0,) * len(t_ns)), power.energy_j(0.0, float(ends_s[-1]))


def batches_of(length_s, long_s, rng, pause_s=0.02, every=5, spread=0.0):
    """Back to back, with a pause of a random part of the period after every fifth, until `long_s`."""
    found, now = [], 0.0
    while now + length_s * (1 + spread) < long_s:
        took_s = length_s * (1 + spread * float(rng.uniform(-1, 1)))
        found.append((now, now + took_s))
        now += took_s
        if len(found) % every == 0:
            now += pause_s + float(rng.uniform(0.0, 0.1))
    return found


def outcomes_of(batches, every=5):
    """One request each, a train every fifth."""
    return [replace(outcome(a, b), train_id=k // every) for k, (a, b) in enumerate(batches)]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.05, 0.15, 0.2]))
def test_fold_gives_back_what_the_looks_left_out_of_a_known_course(seed, length_s):
    """Busy for the first quarter of each batch: the looks miss some of it, fold adds it within its claim."""
    batches = batches_of(length_s, 12.0, np.random.default_rng(seed), every=3, spread=0.3)
    marks, truth_j = looks_of(course(batches, parts_of(300.0, 100.0, 100.0, 100.0)), 12.0)

    found = fold(window("work", "1", 0.0, 12.0), outcomes_of(batches, every=3), marks, GATE)

    left_out_j = truth_j - marks.energy_j[-1]
    assert found.missing_j == pytest.approx(left_out_j, abs=3.5 * found.standard_j)
    assert abs(left_out_j - found.missing_j) < max(0.5 * abs(left_out_j), 0.012 * truth_j)


def test_a_known_course_of_whole_parts_is_given_back_to_the_joule():
    """Power that is constant within eighths, looks that fall on all of them: nothing is left to chance."""
    rng = np.random.default_rng(4)
    batches = batches_of(0.2, 24.0, rng)
    eighths = (300.0, 120.0, 110.0, 260.0, 90.0, 90.0, 200.0, 140.0)
    marks, truth_j = looks_of(course(batches, parts_of(*eighths)), 24.0)

    found = fold(window("work", "1", 0.0, 24.0), outcomes_of(batches), marks, GATE)

    assert marks.energy_j[-1] + found.missing_j == pytest.approx(truth_j, rel=1e-3)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.05, 0.1]))
def test_what_keeps_in_step_inside_long_batches_is_given_back_too(seed, cycle_s):
    """Requests of 0.5 s made of cycles of 50 or 100 ms: eighths do not tell them, waves of the period do."""
    rng = np.random.default_rng(seed)
    batches = batches_of(0.5, 30.0, rng, every=1)
    cycles = parts_of(*(350.0, 100.0) * round(0.5 / cycle_s))
    marks, truth_j = looks_of(course(batches, cycles), 30.0)

    found = fold(window("work", "1", 0.0, 30.0), outcomes_of(batches, every=1), marks, GATE)

    assert marks.energy_j[-1] + found.missing_j == pytest.approx(truth_j, rel=0.02)
    assert abs(truth_j - marks.energy_j[-1] - found.missing_j) < 3 * found.standard_j


def test_a_constant_load_leaves_nothing_out():
    """Where every look says the same, all time does."""
    batches = batches_of(0.13, 12.0, np.random.default_rng(0), pause_s=0.0)
    marks, _ = looks_of(course([], parts_of(0.0)), 12.0)

    found = fold(window("work", "1", 0.0, 12.0), outcomes_of(batches), marks, GATE)

    assert found.missing_j == pytest.approx(0.0, abs=1e-6)
    assert found.standard_j == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize(
    ("batches", "why"),
    [
        ([(0.1 * k, 0.1 * k + 0.05) for k in range(120)], "in step: every look at one face"),
        ([(0.3 * k, 0.3 * k + 0.3) for k in range(40)], "in step, back to back"),
        ([], "nothing ran"),
        ([(0.0, 12.5)], "longer than the window"),
        ([(1.0, 1.01)], "one batch"),
    ],
)
def test_looks_that_cannot_tell_parts_apart_are_refused(batches, why):
    """A load in step shows one face of each part: the other is not made up."""
    marks, _ = looks_of(course(batches, parts_of(300.0, 100.0)), 12.0)

    assert fold(window("work", "1", 0.0, 12.0), outcomes_of(batches), marks, GATE) is None, why


@pytest.mark.parametrize("field", [FieldPassport(), replace(GATE, update_s=0.0), replace(GATE, update_s=None)])
def test_a_field_without_a_period_is_refused(field):
    """Looks at no known time tell nothing of known batches."""
    batches = batches_of(0.15, 12.0, np.random.default_rng(0))
    marks, _ = looks_of(course(batches, parts_of(110.0, 190.0)), 12.0)

    assert fold(window("work", "1", 0.0, 12.0), outcomes_of(batches), marks, field) is None


def test_few_looks_are_refused():
    """Seven looks are fewer than what they would be fitted with."""
    batches = batches_of(0.05, 0.7, np.random.default_rng(0))
    marks, _ = looks_of(course(batches, parts_of(110.0, 190.0)), 0.7)

    assert fold(window("work", "1", 0.0, 0.6), outcomes_of(batches), marks, GATE) is None


def test_looks_of_one_train_that_are_alike_widen_the_interval():
    """Trains that draw more or less than others: their looks are not independent of each other."""
    rng = np.random.default_rng(2)
    batches = batches_of(0.1, 20.0, rng, every=5)
    levels_w = iter(np.repeat(250.0 + 80.0 * rng.choice([-1.0, 1.0], len(batches)), 5))
    marks, _ = looks_of(course(batches, lambda length_s: [(length_s, next(levels_w))]), 20.0)
    ran = outcomes_of(batches)

    alike = fold(window("work", "1", 0.0, 20.0), ran, marks, GATE)
    apart = fold(window("work", "1", 0.0, 20.0), [replace(o, train_id=None) for o in ran], marks, GATE)

    assert alike.standard_j > 1.4 * apart.standard_j
    assert alike.freedom < apart.freedom


@given(st.lists(st.tuples(st.floats(0, 10), st.floats(0.001, 3)), min_size=1, max_size=30), st.integers(1, 8))
def test_shares_of_a_look_are_those_that_counting_gives(spans, parts):
    """Also where batches overlap: each share is the part of the look that lies in that part of any batch."""
    batches = [(a, a + long_s) for a, long_s in spans]
    looks = np.array([(0.5, 0.6), (2.0, 4.5), (9.99, 10.0)])

    found = _shares(looks, batches, parts)

    for row, (a, b) in zip(found, looks, strict=True):
        for part in range(parts):
            inside = 0.0
            for start, end in batches:
                begins, stops = (start + (end - start) * (part + i) / parts for i in (0, 1))
                inside += max(0.0, min(b, stops) - max(a, begins))
            assert row[part] == pytest.approx(inside / (b - a), abs=1e-9)


def test_many_short_requests_in_a_minute_cost_no_memory():
    """12 000 batches of 5 ms and 600 looks: shares of each look are counted, not laid out."""
    batches = [(0.005 * k, 0.005 * (k + 1)) for k in range(12_000)]
    looks = np.array([(0.1 * k, 0.1 * k + 0.025) for k in range(600)])

    shares = _shares(looks, batches, PARTS)

    assert shares.shape == (600, PARTS + 1)
    assert shares.sum(axis=1) == pytest.approx(np.ones(600))
