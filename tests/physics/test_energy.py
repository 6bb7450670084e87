"""Readings with a known truth give that truth back, or a gap with its reason."""

import math
from dataclasses import replace

import pytest
from fakes import GPU, HOST, WHOLE, seconds, ticking, window

from bench.nouns import Condition, Fault, FieldPassport, Passport, Reading, Trace
from bench.physics.budget import COVERAGE_95
from bench.physics.energy import window_energies
from bench.physics.ticks import Ticks, smear_bound_j


def energy_of(readings, where, source=GPU):
    return window_energies(Trace(observations=tuple(readings), windows=(where,)), (source,))[0]


def test_constant_power_is_power_times_the_span_that_is_given():
    """100 W between two ticks is 100 J a second, exactly; the span stands beside the energy."""
    found = energy_of(ticking(lambda t: 100.0, 0, 13), window("work", "1", 1.03, 11.07))

    span_s = (found.end_ns - found.start_ns) * 1e-9
    assert found.method == "counter"
    assert found.energy_j == pytest.approx(100.0 * span_s, rel=1e-3)
    assert found.start_ns <= seconds(1.03)
    assert found.end_ns >= seconds(11.07)


@pytest.mark.parametrize("offset_s", [0.0, 0.013, 0.037, 0.051, 0.088])
def test_work_between_rests_keeps_all_its_energy(offset_s):
    """A block of 500 W between 50 W rests is not smeared by the tick, wherever its edges fall."""
    start, end = 1.0 + offset_s, 3.0 + offset_s
    found = energy_of(
        ticking(lambda t: 500.0 if start <= t < end else 50.0, 0, 5), window("work", "1", start, end)
    )

    span_s = (found.end_ns - found.start_ns) * 1e-9
    truth_j = 500.0 * 2.0 + 50.0 * (span_s - 2.0)
    assert found.energy_j == pytest.approx(truth_j, rel=2e-3)


def test_the_interval_holds_gain_and_tick_in_quadrature():
    """The half-width is 1.96 × the root of the squared components, and gain is 5 % at 95 %."""
    found = energy_of(ticking(lambda t: 100.0, 0, 13), window("work", "1", 1.0, 11.0))

    assert found.components["gain_j"] * COVERAGE_95 == pytest.approx(0.05 * found.energy_j)
    half_j = COVERAGE_95 * (found.components["gain_j"] ** 2 + found.components["tick_j"] ** 2) ** 0.5
    assert found.high_j - found.energy_j == pytest.approx(half_j)


def test_energy_is_additive_over_adjacent_windows():
    """Two windows that share a tick hold together what one window over both holds."""
    readings = ticking(lambda t: 100.0 + 50 * (t > 2), 0, 6)
    one = energy_of(readings, window("work", "1", 1.0, 3.0))
    cut_s = one.end_ns * 1e-9
    two = energy_of(readings, replace(window("work", "2", cut_s, 5.0), start_ns=one.end_ns))
    both = energy_of(readings, window("work", "3", 1.0, 5.0))

    assert both.energy_j == pytest.approx(one.energy_j + two.energy_j)


def test_a_counter_that_stands_still_is_a_gap_not_zero():
    """A frozen counter with no power field gives no energy and says why."""
    frozen = [Reading(seconds(i / 50), "gpu:0", "counter", "energy", 5.0) for i in range(200)]

    found = energy_of(frozen, window("work", "1", 1, 3))

    assert found.energy_j is None
    assert "did not tick" in found.reasons[0]


def test_a_counter_that_falls_is_void():
    """A driver reload in the middle is never bridged."""
    readings = list(ticking(lambda t: 100.0, 0, 5))
    readings = [replace(r, value=r.value - 150.0) if r.t_ns > seconds(2) else r for r in readings]

    found = energy_of(readings, window("work", "1", 1, 3))

    assert found.energy_j is None
    assert "fell by" in found.reasons[0]


def test_power_stands_in_where_no_counter_ticks():
    """A constant 70 W integrates to 70 J a second though the value never changes."""
    readings = [Reading(seconds(i / 10), "gpu:0", "instant", "power", 70.0) for i in range(80)]

    found = energy_of(readings, window("work", "1", 1, 6), replace(GPU, fields=("instant",)))

    assert found.method == "power"
    assert found.energy_j == pytest.approx(70.0 * (found.end_ns - found.start_ns) * 1e-9)
    assert "no energy counter" in found.flags[0]


def test_a_gap_in_power_readings_is_a_gap():
    """Two seconds without power readings are not integrated over."""
    times = [*range(20), *range(45, 80)]
    readings = [Reading(seconds(i / 10), "gpu:0", "instant", "power", 70.0) for i in times]

    found = energy_of(readings, window("work", "1", 1, 6), replace(GPU, fields=("instant",)))

    assert found.energy_j is None
    assert "gap of 2.70 s" in " ".join(found.reasons)


@pytest.mark.parametrize(
    ("off_ratio", "void", "flagged"), [(1.0, False, False), (1.03, False, True), (1.09, True, False)]
)
def test_counter_and_power_that_disagree_are_flagged_then_void(off_ratio, void, flagged):
    """Over 2 % apart is flagged and over 5 % void, in windows of ten seconds or more."""
    readings = list(ticking(lambda t: 300.0, 0, 14))
    readings += [Reading(seconds(i / 10), "gpu:0", "instant", "power", 300.0 * off_ratio) for i in range(140)]

    found = energy_of(readings, window("work", "1", 1, 12))

    assert found.witness_j == pytest.approx(found.method and 300.0 * off_ratio * 11.1, rel=0.02)
    assert (found.energy_j is None) is void
    assert any("apart" in f for f in found.flags) is flagged


def test_a_model_has_the_span_of_its_own_low_and_high():
    """Modelled energy is never narrower than the model's low and high series."""
    readings = [
        Reading(seconds(i / 20), "host", field, "energy", i / 20 * watts)
        for i in range(100)
        for field, watts in (("value", 4.0), ("low", 1.5), ("high", 9.0))
    ]

    found = energy_of(readings, window("work", "1", 1, 3), HOST)

    span_s = (found.end_ns - found.start_ns) * 1e-9
    assert found.basis == "modelled"
    assert found.energy_j == pytest.approx(4.0 * span_s)
    assert found.low_j <= 1.5 * span_s
    assert found.high_j >= 9.0 * span_s


@pytest.mark.parametrize(("low_w", "high_w"), [(1.5, 9.0), (0.01, 400.0)])
def test_a_models_ends_are_its_low_and_high_with_their_own_ticks(low_w, high_w):
    """Each edge is known to a jiffy of 10 ms, at the power of that series: √2 × P × 0.01 s / √12, at 95 %."""
    readings = [
        Reading(seconds(i / 20), "host", field, "energy", i / 20 * watts)
        for i in range(100)
        for field, watts in (("value", 1.2), ("low", low_w), ("high", high_w))
    ]

    found = energy_of(readings, window("work", "1", 1, 3), HOST)

    span_s = (found.end_ns - found.start_ns) * 1e-9
    edges_s = COVERAGE_95 * math.sqrt(2) * 0.01 / math.sqrt(12)
    assert found.low_j == pytest.approx(low_w * (span_s - edges_s), rel=1e-6)
    assert found.high_j == pytest.approx(high_w * (span_s + edges_s), rel=1e-6)


def test_an_excluded_domain_has_a_reason_and_no_energy():
    """A vGPU is never measured."""
    vgpu = replace(GPU, basis="excluded", reason="a vGPU slice has no power of its own")

    found = energy_of(ticking(lambda t: 100.0, 0, 5), window("work", "1", 1, 3), vgpu)

    assert (found.energy_j, found.basis, found.reasons) == (None, "excluded", (vgpu.reason,))


def test_a_short_window_says_how_much_is_not_its_own():
    """A window of 20 ms is widened to its ticks and flagged."""
    found = energy_of(ticking(lambda t: 100.0, 0, 5), window("work", "1", 1.03, 1.05))

    assert found.energy_j == pytest.approx(10.0, rel=0.05)
    assert "not the window's own" in found.flags[0]


def trailing_average(idle_w, busy_w, start_s, end_s, until_s):
    """`average`: the mean of the last second, renewed every 100 ms, looked at every 50 ms."""
    for i in range(round(until_s / 0.05)):
        t = i // 2 * 0.1
        busy_s = max(0.0, min(t, end_s) - max(t - 1.0, start_s))
        yield Reading(
            seconds(i * 0.05), "gpu:0", "average", "power", idle_w + (busy_w - idle_w) * busy_s + i // 2 % 2 * 1e-3
        )


@pytest.mark.parametrize("long_s", [0.3, 0.5, 1.0, 2.0, 5.0, 30.0])
def test_an_average_that_trails_holds_the_truth_in_its_interval(long_s):
    """A one-second mean leaves energy behind the end of a window: the span that is given holds it."""
    source = replace(GPU, fields=("average",))
    readings = trailing_average(100.0, 300.0, 2.0, 2.0 + long_s, long_s + 5)

    found = energy_of(readings, window("work", "1", 2.0, 2.0 + long_s), source)

    beside_s = (found.end_ns - found.start_ns) * 1e-9 - long_s
    assert found.energy_j == pytest.approx(300.0 * long_s + 100.0 * beside_s, rel=0.01)
    assert found.low_j <= 300.0 * long_s + 100.0 * beside_s <= found.high_j


@pytest.mark.parametrize(("held_s", "told"), [(4.9, True), (5.2, False)])
def test_power_that_stands_still_for_long_with_nothing_beside_it_is_no_number(held_s, told):
    """A load that is steady to the milliwatt for five seconds is a sensor that is stuck."""
    source = replace(GPU, fields=("instant",))
    moving = [Reading(seconds(i * 0.1), "gpu:0", "instant", "power", 100.0 + i % 2) for i in range(100)]
    stuck = [replace(r, value=100.0) if 2.0 <= r.t_ns * 1e-9 <= 2.0 + held_s else r for r in moving]

    found = energy_of(stuck, window("work", "1", 1.0, 9.0), source)

    assert (found.energy_j is not None) == told
    assert any("showed one value" in said for said in (*found.flags, *found.reasons))


def test_a_part_time_field_far_from_its_counter_is_said_though_it_may_be_excused():
    """Three times the counter's energy: the field saw the peaks alone, or the counter sees none of them."""
    part = FieldPassport(update_s=0.1, window_s=0.025, lag_s=0.0, origin="published")
    source = replace(GPU, passport=Passport(fields={"counter": WHOLE, "instant": part}))
    readings = [
        *(r for r in ticking(lambda t: 100.0, 0, 14) if r.field == "counter"),
        *(Reading(seconds(i * 0.1 + 0.003), "gpu:0", "instant", "power", 300.0 + i % 3) for i in range(140)),
    ]

    found = energy_of(readings, window("work", "1", 1.0, 12.0), source)

    assert found.energy_j == pytest.approx(1110, rel=0.01)
    assert any("apart" in flag for flag in found.flags)


def test_an_edge_inside_a_swinging_load_is_as_wide_as_the_swings():
    """Means of a square wave hardly move; an edge in the middle of it may be off by its swing × s / 8."""
    smeared = Ticks(
        tuple(seconds(0.1 * k) for k in range(40)), tuple(20.0 * k for k in range(40)), (0.0,) * 40, smear_s=1.0
    )
    swings = Ticks(
        tuple(seconds(0.1 * k) for k in range(40)),
        tuple(sum(30.0 if j % 4 < 2 else 10.0 for j in range(k)) for k in range(40)),
        (0.0,) * 40,
    )

    assert smear_bound_j(smeared, seconds(2.0)) == pytest.approx(0.0, abs=1e-9)
    assert smear_bound_j(replace(smeared, swings=swings), seconds(2.0)) == pytest.approx(200.0 / 8)


@pytest.mark.parametrize(("moved_at_s", "told"), [((1.5, 2.5), True), ((2.5, 2.8), False), ((1.2, 1.5), False)])
def test_a_mean_that_moves_before_and_after_an_edge_tells_of_a_step_near_it(moved_at_s, told):
    """A mean that moves by 10 W in a tenth of its second has exchanged power that is 100 W apart, in and out."""
    into_s, out_s = moved_at_s
    watts = [110.0 if into_s <= 0.1 * k < out_s else 100.0 for k in range(40)]
    marks = Ticks(
        tuple(seconds(0.1 * k) for k in range(41)), tuple(sum(watts[:k]) * 0.1 for k in range(41)), (0.0,) * 41,
        smear_s=1.0,
    )  # fmt: skip

    assert (smear_bound_j(marks, seconds(2.0)) >= 100.0 / 8) == told


def test_a_limit_that_was_raised_bounds_what_was_not_seen():
    """150 W when the run began, 400 W in its middle."""
    part = FieldPassport(update_s=0.1, window_s=0.025, lag_s=0.0, origin="published")
    source = replace(GPU, fields=("instant",), power_limit_w=150.0, passport=Passport(fields={"instant": part}))
    readings = [Reading(seconds(i * 0.1), "gpu:0", "instant", "power", 100.0 + i % 3) for i in range(140)]
    raised = Condition(seconds(5.0), "gpu:0", "power_limit_w", 400.0)

    before, after = (energy_of(r, window("work", "1", 1.0, 12.0), source) for r in (readings, [*readings, raised]))

    assert after.high_j - before.high_j == pytest.approx(0.75 * 250.0 * 11.0, rel=0.05)


def test_a_counter_that_leaps_beyond_its_board_is_no_number():
    """A megajoule in two seconds on a board of 700 W is a changed unit, not energy."""
    readings = [
        replace(r, value=r.value + 1e6) if r.t_ns > seconds(2) else r for r in ticking(lambda t: 100.0, 0, 5)
    ]

    found = energy_of(readings, window("work", "1", 1, 3))

    assert found.energy_j is None
    assert "limited to 700 W" in found.reasons[0]


def test_power_that_stands_in_says_what_the_counter_did():
    """Whoever reads a stand-in's figure is told why there is none of the counter."""
    fallen = [
        replace(r, value=r.value - 150.0) if r.t_ns > seconds(2) else r for r in ticking(lambda t: 100.0, 0, 5)
    ]
    power = [Reading(seconds(i / 10), "gpu:0", "instant", "power", 100.0) for i in range(50)]

    found = energy_of([*fallen, *power], window("work", "1", 1, 3))

    assert found.method == "power"
    assert "the counter fell" in found.flags[0]


def test_a_fault_takes_its_domain_away_and_no_other():
    """A sensor that died leaves no energy, whatever it had said before."""
    trace = Trace(observations=tuple(ticking(lambda t: 100.0, 0, 5)), windows=(window("work", "1", 1, 3),))
    other = replace(GPU, domain="gpu:1")

    lost = window_energies(trace, (GPU,), (Fault(domain="gpu:0", reason="GPU is lost"),))[0]
    elsewhere = window_energies(trace, (GPU, other), (Fault(domain="gpu:1", reason="GPU is lost"),))[0]
    dead = window_energies(trace, (GPU,), (Fault(domain=None, reason="the sampler died"),))[0]

    assert (lost.energy_j, lost.reasons) == (None, ("GPU is lost",))
    assert elsewhere.energy_j is not None
    assert (dead.energy_j, dead.reasons) == (None, ("the sampler died",))
