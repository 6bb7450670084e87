"""Between two ticks energy is exact; what is not known about them is told."""

import math

import pytest
from fakes import seconds
from hypothesis import given
from hypothesis import strategies as st

from bench.physics.ticks import Between, Ticks, energy_at, energy_between, power_near, powers

STEPS = st.lists(st.tuples(st.integers(1, 400), st.floats(0.0, 100.0)), min_size=4, max_size=40)


def marks_of(steps, start_ns=0, **more):
    """Ticks after (milliseconds, joules) each."""
    t_ns, energy_j = [start_ns], [0.0]
    for took_ms, step_j in steps:
        t_ns.append(t_ns[-1] + took_ms * 1_000_000)
        energy_j.append(energy_j[-1] + step_j)
    return Ticks(tuple(t_ns), tuple(energy_j), (0.0,) * len(t_ns), **more)


def steady(power_w, until_s, tick_s=0.1, **more):
    """Ticks of a counter under constant power."""
    count = round(until_s / tick_s) + 1
    t_ns = tuple(seconds(i * tick_s) for i in range(count))
    return Ticks(t_ns, tuple(power_w * t * 1e-9 for t in t_ns), (0.002,) * count, **more)


@given(STEPS, st.data())
def test_energy_is_additive_over_spans_that_share_a_tick(steps, data):
    """What two adjacent spans hold is what both together hold, to rounding."""
    marks = marks_of(steps)
    i, j, k = sorted(data.draw(st.lists(st.integers(0, len(steps)), min_size=3, max_size=3, unique=True)))
    cut = [marks.t_ns[n] for n in (i, j, k)]

    one, two, both = (
        energy_between(marks, a, b) for a, b in ((cut[0], cut[1]), (cut[1], cut[2]), (cut[0], cut[2]))
    )

    assert both.energy_j == pytest.approx(one.energy_j + two.energy_j)
    assert both.ticks == one.ticks + two.ticks


@given(STEPS, st.integers(-(10**15), 10**15), st.integers(0, 2000), st.integers(1, 2000))
def test_a_clock_that_starts_elsewhere_changes_nothing(steps, shift_ns, start_ms, long_ms):
    """Ticks and window moved by the same time give the same energy, and the span moved by it."""
    start_ns, end_ns = seconds(start_ms / 1e3), seconds((start_ms + long_ms) / 1e3)

    here = energy_between(marks_of(steps), start_ns, end_ns)
    there = energy_between(marks_of(steps, shift_ns), start_ns + shift_ns, end_ns + shift_ns)

    if isinstance(here, str):
        assert there == here
    else:
        assert there.energy_j == here.energy_j
        assert (there.start_ns - shift_ns, there.end_ns - shift_ns) == (here.start_ns, here.end_ns)
        assert there.timing_j == pytest.approx(here.timing_j)


@pytest.mark.parametrize(("start_s", "end_s"), [(1.0, 2.0), (1.03, 2.01), (1.55, 1.56), (1.23, 1.23)])
def test_a_window_is_widened_to_the_ticks_around_it(start_s, end_s):
    """The span that is given contains the window and is less than a tick longer on either side."""
    found = energy_between(steady(100.0, 5.0), seconds(start_s), seconds(end_s))

    assert seconds(start_s) - seconds(0.1) < found.start_ns <= seconds(start_s)
    assert seconds(end_s) <= found.end_ns < seconds(end_s) + seconds(0.1)
    assert found.energy_j == pytest.approx(100.0 * found.span_s)


@pytest.mark.parametrize(
    ("smear_s", "late_s", "early", "later"), [(0.0, 0.0, 0.0, 0.0), (0.9, 0.0, 0.45, 0.45), (0.9, 0.1, 0.45, 0.55)]
)
def test_smear_widens_both_edges_and_lag_the_end(smear_s, late_s, early, later):
    """A trailing mean is waited for on both sides; what may come late is waited for at the end only."""
    found = energy_between(steady(100.0, 9.0, smear_s=smear_s, late_s=late_s), seconds(3.0), seconds(5.0))

    assert found.start_ns == pytest.approx(seconds(3.0 - early), abs=seconds(0.1))
    assert found.end_ns == pytest.approx(seconds(5.0 + later), abs=seconds(0.1))
    assert found.start_ns <= seconds(3.0 - early)
    assert found.end_ns >= seconds(5.0 + later)


def test_a_lag_costs_nothing_between_rests_and_its_power_at_an_open_edge():
    """Idle on both sides: a lag moves idle for idle. Cut at full power it may move ΔP × lag / √3."""
    t_ns = tuple(seconds(i / 100) for i in range(1001))
    energy_j = tuple(80.0 * t * 1e-9 + 220.0 * max(0.0, min(t * 1e-9, 6.0) - 3.0) for t in t_ns)
    marks = Ticks(t_ns, energy_j, (0.0,) * len(t_ns), late_s=0.1)

    rested = energy_between(marks, seconds(3.0), seconds(6.0))
    cut = energy_between(marks, seconds(2.5), seconds(5.0))

    assert rested.smear_j == pytest.approx(0.0, abs=220 * 0.011)
    assert cut.smear_j == pytest.approx(220.0 * 0.1 / math.sqrt(3), rel=1e-6)


def test_the_moments_of_the_edges_cost_their_power():
    """Two edges of ±2 ms (one sigma) at 100 W: √2 × 0.2 J."""
    found = energy_between(steady(100.0, 5.0), seconds(1.0), seconds(3.0))

    assert found.timing_j == pytest.approx(math.sqrt(2) * 0.2)


def test_what_wobbles_inside_counts_and_what_wobbles_outside_does_not():
    """Only the variance between the two ticks is in the energy's."""
    marks = steady(100.0, 5.0, wobble_j2=tuple(float(max(0, i - 20)) for i in range(51)))

    before, within = (energy_between(marks, seconds(a), seconds(a + 1.0)) for a in (1.0, 3.0))

    assert before.timing_j == pytest.approx(math.sqrt(2) * 0.2)
    assert within.timing_j == pytest.approx(math.hypot(0.2, 0.2, math.sqrt(10.0)))


@pytest.mark.parametrize(
    ("marks", "said"),
    [
        (Ticks((), (), ()), "did not tick in the 2 s before"),
        (Ticks((seconds(1.0),), (5.0,), (0.0,)), "did not tick in the 2 s after"),
        (Ticks((0, seconds(5.0)), (0.0, 5.0), (0.0, 0.0)), "before"),
        (Ticks((seconds(2.5), seconds(9.0)), (0.0, 5.0), (0.0, 0.0)), "after"),
        (Ticks((), (), (), fault="fell by 3 J"), "fell by 3 J"),
        (Ticks((seconds(2.9), seconds(4.1)), (0.0, 1e9), (0.0, 0.0)), "more than anything here can draw"),
        (Ticks((seconds(2.9), seconds(4.1)), (0.0, math.inf), (0.0, 0.0)), "more than anything"),
    ],
)
def test_what_does_not_bound_a_window_says_why(marks, said):
    """No ticks, ticks too far away, a fault, a leap: a reason, never a number."""
    found = energy_between(marks, seconds(3.0), seconds(4.0))

    assert isinstance(found, str)
    assert said in found


def test_a_silence_inside_is_told_with_its_length():
    """Two ticks 0.9 s apart inside a window are its longest silence."""
    marks = marks_of([(100, 10.0)] * 10 + [(900, 90.0)] + [(100, 10.0)] * 10)

    assert energy_between(marks, seconds(0.5), seconds(2.5)).longest_silence_s == pytest.approx(0.9)


@given(STEPS, st.integers(-500, 20_000), st.integers(-500, 20_000))
def test_energy_until_a_moment_never_falls(steps, one_ms, other_ms):
    """Linear between ticks, and beyond them at the power of the last step."""
    marks = marks_of(steps)
    early, late = sorted((one_ms, other_ms))

    assert energy_at(marks, early * 1_000_000) <= energy_at(marks, late * 1_000_000) + 1e-9


def test_energy_at_the_ticks_is_theirs():
    """No interpolation moves a joule that a tick shows."""
    marks = marks_of([(100, 1.0), (50, 7.0), (200, 0.0), (10, 3.0)])

    assert [energy_at(marks, t) for t in marks.t_ns] == pytest.approx(marks.energy_j)


def test_powers_are_those_of_the_steps_that_touch_the_span():
    """Steps of 10, 140 and 0 W; two ticks at one moment have no power."""
    marks = Ticks(
        (0, seconds(0.1), seconds(0.15), seconds(0.15), seconds(0.35)), (0.0, 1.0, 8.0, 8.0, 8.0), (0.0,) * 5
    )

    assert powers(marks, 0, seconds(0.35)) == pytest.approx((10.0, 140.0, 0.0))
    assert power_near(marks, 1) == pytest.approx(140.0)
    assert isinstance(energy_between(marks, seconds(0.01), seconds(0.3)), Between)


def test_a_period_that_is_not_quite_known_scales_all_of_the_energy():
    """Two edges of 0.2 J, and half a per cent of 200 J."""
    found = energy_between(steady(100.0, 5.0, scale_ratio=0.005), seconds(1.0), seconds(3.0))

    assert found.timing_j == pytest.approx(math.hypot(0.2, 0.2, 1.0))
