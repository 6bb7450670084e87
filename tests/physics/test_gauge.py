"""The values of a power gauge become energy: exactly, where each stands for all of its own period."""

import math
from itertools import pairwise

import numpy as np
import pytest
from fakes import seconds
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.nouns import FieldPassport
from bench.physics.counter import LATEST_S
from bench.physics.gauge import ticks
from bench.physics.series import Series
from bench.physics.ticks import energy_at, energy_between

WATTS = st.lists(st.integers(1, 400_000), min_size=6, max_size=60)


def whole(update_s=0.1, **more):
    """A gauge whose values are the means of their own periods, known from steps."""
    return FieldPassport(**{"update_s": update_s, "window_s": update_s, "lag_s": 0.0, "origin": "steps"} | more)


def looks_at(values_w, update_s=0.1, apart_s=0.01, first_s=0.003):
    """Looks at a gauge that shows `values_w[k]` from k × update_s on."""
    t_s = np.arange(first_s, len(values_w) * update_s, apart_s)
    shown = [values_w[min(int(t / update_s + 1e-9), len(values_w) - 1)] for t in t_s]
    return Series(tuple(seconds(t) for t in t_s), tuple(float(w) for w in shown))


@settings(max_examples=60, deadline=None)
@given(WATTS, st.sampled_from([0.02, 0.05, 0.1]))
def test_a_gauge_that_sees_all_of_each_period_gives_the_sum_of_values_times_the_period(milliwatts, update_s):
    """Looked at closely, with W = T: Σ v T from the second renewal to the last, to what the looks leave open."""
    values_w = [mw * 1e-3 for mw in milliwatts]
    if len({a == b for a, b in pairwise(values_w)}) > 1 or len(set(values_w)) < 2:
        values_w = [w + 0.001 * (k % 7) for k, w in enumerate(values_w)]  # every value is another than the last

    marks = ticks(looks_at(values_w, update_s, apart_s=update_s / 10, first_s=update_s / 50), whole(update_s))

    middle = [(k + 0.5) * update_s for k in (1, len(values_w) - 2)]
    told_j = energy_at(marks, seconds(middle[1])) - energy_at(marks, seconds(middle[0]))
    # a value shown from k T on is the mean of the period before: half of v[2], all between, half of v[n - 1]
    truth_j = update_s * (math.fsum(values_w[3:-1]) + (values_w[2] + values_w[-1]) / 2)
    steps_w = math.fsum(abs(b - a) for a, b in pairwise(values_w))
    assert told_j == pytest.approx(truth_j, abs=steps_w * update_s / 10 + 1e-6)


@pytest.mark.parametrize(
    ("window_s", "lag_s", "begins_s"), [(0.1, 0.0, 0.9), (0.1, 0.04, 0.86), (0.025, 0.0, 0.9375)]
)
def test_a_value_stands_for_the_period_around_the_middle_of_its_look(window_s, lag_s, begins_s):
    """300 W shown from 1.0 s on were drawn from T before, less the lag; a short look's period is around it."""
    values_w = [100.0 + k % 2 for k in range(30)]
    values_w[10] = 300.0

    marks = ticks(looks_at(values_w), whole(window_s=window_s, lag_s=lag_s))

    inside_j = energy_at(marks, seconds(begins_s + 0.1)) - energy_at(marks, seconds(begins_s))
    assert inside_j == pytest.approx(30.0, abs=0.6)


@pytest.mark.parametrize("power_w", [0.001, 70.0, 4000.0])
@pytest.mark.parametrize("apart_s", [0.01, 0.05, 0.1, 0.3])
def test_constant_power_is_power_times_time_though_no_value_changes(power_w, apart_s):
    """Renewals to the same value are not seen, and are not needed."""
    found = energy_between(ticks(looks_at([power_w] * 80, apart_s=apart_s), whole()), seconds(2.0), seconds(6.0))

    assert found.energy_j == pytest.approx(power_w * found.span_s)
    assert found.longest_silence_s <= 0.31


@settings(max_examples=30, deadline=None)
@given(st.floats(0.0, 0.1), st.floats(1.0, 3.0), st.integers(0, 1000))
def test_a_trailing_mean_keeps_the_energy_between_idle_stretches(phase_s, long_s, seed):
    """However a load of 300 W lies against the renewals, its joules are all there, a second's smear or not."""
    rng = np.random.default_rng(seed)
    start_s, end_s = 3.0, 3.0 + long_s

    def until_j(t):
        return 80.0 * t + 220.0 * np.clip(t - start_s, 0.0, long_s)

    looks = np.unique(np.arange(0.0, end_s + 4.0, 0.019) + rng.exponential(0.0001))
    at = np.floor((looks - phase_s) / 0.1) * 0.1 + phase_s
    series = Series(tuple(seconds(t) for t in looks), tuple(np.round(until_j(at) - until_j(at - 1.0), 3)))

    found = energy_between(
        ticks(series, whole(window_s=1.0, origin="published")), seconds(start_s), seconds(end_s)
    )

    truth_j = float(until_j(found.end_ns * 1e-9) - until_j(found.start_ns * 1e-9))
    assert found.energy_j == pytest.approx(truth_j, abs=max(3 * math.hypot(found.timing_j, found.smear_j), 0.5))
    assert found.start_ns <= seconds(start_s - 0.45)
    assert found.end_ns >= seconds(end_s + 0.45 + LATEST_S)


def test_a_lag_and_a_short_look_shift_the_moment_that_a_value_stands_for():
    """A mean of 25 ms, 40 ms late: the period around its middle ends 37.5 ms - 40 ms from where it was shown."""
    plain, shifted = (
        ticks(looks_at([100.0, 200.0] * 20), whole(window_s=w, lag_s=lag))
        for w, lag in ((0.1, 0.0), (0.025, 0.04))
    )

    assert [b - a for a, b in zip(plain.t_ns, shifted.t_ns, strict=True)] == [seconds(0.0375 - 0.04)] * len(
        plain.t_ns
    )


@pytest.mark.parametrize(("origin", "late_s"), [("steps", 0.0), ("published", LATEST_S), ("unknown", LATEST_S)])
def test_only_known_steps_tell_how_late_a_value_is(origin, late_s):
    """What a name says of a board's class says nothing of its lag."""
    assert ticks(looks_at([100.0, 200.0] * 20), whole(origin=origin)).late_s == late_s


def test_noise_of_the_values_is_in_the_energy():
    """100 values of 3 W noise, 0.1 s each: 3 W × 0.1 s × √100 = 3 J."""
    marks = ticks(looks_at([100.0] * 120), whole(noise_w=3.0))

    found = energy_between(marks, seconds(1.05), seconds(10.95))

    assert found.timing_j == pytest.approx(3.0, rel=0.05)


def unevenly(changes):
    """Looks every 10 ms at a gauge that goes from 100 to 200 W and back after 70 ms and 130 ms by turns."""
    at_s = np.cumsum([0.2, *(0.07 if k % 2 else 0.13 for k in range(changes - 1))])
    t_s = np.arange(0.005, at_s[-1] + 0.1, 0.01)
    shown = np.searchsorted(at_s, t_s) % 2
    return Series(tuple(seconds(t) for t in t_s), tuple(100.0 + 100.0 * float(one) for one in shown))


def test_uneven_steps_leave_twice_as_much_open():
    """Each change of 100 W is known to 10 ms, and so is the span of its value: 2 × ΔP² w² / 12."""
    marks = ticks(unevenly(41), whole())

    one_j2 = 100.0**2 * 0.01**2 / 12
    assert marks.wobble_j2[-1] - marks.wobble_j2[10] == pytest.approx((len(marks.t_ns) - 11) * 2 * one_j2)


def test_a_period_is_known_as_well_as_its_ends_are():
    """First and last renewal, each anywhere in 10 ms, over the span between them: w / (√3 × span)."""
    marks = ticks(unevenly(41), whole())

    span_s = (marks.t_ns[-1] - marks.t_ns[0]) * 1e-9
    assert marks.scale_ratio == pytest.approx(0.01 / (math.sqrt(3) * span_s))


def test_time_without_looks_is_not_held_to_be_as_before():
    """0.8 s unseen in a load that swings by ±100 W: at least half of 100 W × 0.7 s × √2 is left open."""
    rng = np.random.default_rng(0)
    values_w = 200.0 + 100.0 * rng.choice([-1.0, 1.0], 80)
    closely = looks_at(list(values_w), apart_s=0.019)
    kept = [i for i, t in enumerate(closely.t_ns) if not seconds(3.0) < t < seconds(3.8)]
    gappy = Series(tuple(closely.t_ns[i] for i in kept), tuple(closely.values[i] for i in kept))

    seen, unseen = (energy_between(ticks(s, whole()), seconds(2.0), seconds(5.0)) for s in (closely, gappy))

    assert seen.timing_j < 5.0
    assert unseen.timing_j > 0.5 * 100.0 * 0.7 * math.sqrt(2)


def test_a_silence_of_over_a_second_stays_one_step():
    """What was not looked at for 1.2 s is found as a gap, not filled with renewals."""
    closely = looks_at([70.0 + k % 3 for k in range(80)], apart_s=0.019)
    kept = [i for i, t in enumerate(closely.t_ns) if not seconds(3.0) < t < seconds(4.2)]
    marks = ticks(Series(tuple(closely.t_ns[i] for i in kept), tuple(closely.values[i] for i in kept)), whole())

    assert energy_between(marks, seconds(2.0), seconds(6.0)).longest_silence_s == pytest.approx(1.2, abs=0.12)


@pytest.mark.parametrize("strange", [math.nan, math.inf, -math.inf, 1e9])
def test_a_value_that_is_no_power_is_a_fault(strange):
    """Neither integrated nor passed over."""
    looks = looks_at([70.0] * 30)
    marks = ticks(Series(looks.t_ns, (*looks.values[:-3], strange, *looks.values[-2:])), whole())

    assert energy_between(marks, seconds(1.0), seconds(2.0)) == f"read {strange:g} W"


@pytest.mark.parametrize("t_s", [(), (1.0,), (1.0, 1.0), (1.0, 1.0, 1.0, 1.0, 1.0, 1.0)])
def test_one_moment_is_no_span(t_s):
    """One look, or many at one moment: ticks that bound no window."""
    if not t_s:
        return
    marks = ticks(Series(tuple(map(seconds, t_s)), tuple(float(i) for i in range(len(t_s)))), whole())

    assert isinstance(energy_between(marks, seconds(0.9), seconds(1.1)), str)


@pytest.mark.parametrize("update_s", [None, 0.0, 1e-9])
def test_a_period_that_no_sensor_has_is_not_believed(update_s):
    """Without a period, or with one of nanoseconds, renewals are a millisecond apart at least."""
    found = energy_between(ticks(looks_at([70.0] * 20), whole(update_s)), seconds(0.5), seconds(1.5))

    assert found.energy_j == pytest.approx(70.0 * found.span_s)
    assert found.ticks <= 2000
