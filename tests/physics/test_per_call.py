"""The energy of one call: what flows beside the rounds is taken off, as far as it is known."""

from dataclasses import replace

import pytest
from fakes import seconds

from bench.nouns import WindowEnergy
from bench.physics.per_call import per_call


def energy(energy_j, low_j, high_j, start_s, end_s, phase="work"):
    return WindowEnergy(
        domain="gpu:0", device="GPU-1", boundary="gpu", basis="measured", energy_j=energy_j, low_j=low_j,
        high_j=high_j, start_ns=seconds(start_s), end_ns=seconds(end_s), method="counter", phase=phase,
    )  # fmt: skip


REST = energy(25.0, 24.0, 26.0, 0, 0.5, "idle")  # 50 W
SPAN = energy(850.0, 820.0, 880.0, 1, 4)  # 2 s of 400 W and 1 s of 50 W


def test_the_rest_s_power_is_taken_off_beside_the_rounds():
    """2 s of 400 W in 8 calls of 0.25 s are 100 J each, whatever idle the ticks have caught."""
    found = per_call(REST, SPAN, busy_s=2.0, calls=8)

    assert found.energy_j == pytest.approx(100.0)
    assert found.low_j == pytest.approx((820 - 52) / 8)  # the most that can have flowed beside them
    assert found.high_j == pytest.approx((880 - 48) / 8)
    assert found.components == {}


def test_without_a_rest_nothing_and_the_mean_bound_what_flowed_beside():
    """Between 0 and 850 / 3 W for 1 s."""
    found = per_call(replace(REST, energy_j=None, low_j=None, high_j=None), SPAN, busy_s=2.0, calls=1)

    assert (found.low_j, found.high_j) == (pytest.approx(820 - 850 / 3), pytest.approx(880.0))
    assert found.energy_j == pytest.approx(850 - 850 / 6)


def test_a_rest_that_draws_more_than_the_work_is_capped_at_the_mean():
    """Something else ran before: a call never comes out below zero for it."""
    found = per_call(replace(REST, energy_j=500.0, low_j=490.0, high_j=510.0), SPAN, busy_s=2.0, calls=1)

    assert found.energy_j == pytest.approx(850 * 2 / 3)
    assert found.low_j > 0


def test_a_void_span_stays_void():
    """With its reasons."""
    void = replace(SPAN, energy_j=None, low_j=None, high_j=None, reasons=("the counter stood still",))

    assert per_call(REST, void, busy_s=2.0, calls=8) == void


def test_calls_that_outlast_their_span_leave_nothing_to_take_off():
    """Edges may cut the span a little short: then no idle flows beside the calls, and none is added to them."""
    found = per_call(REST, SPAN, busy_s=3.5, calls=8)

    assert (found.energy_j, found.low_j, found.high_j) == pytest.approx((850 / 8, 820 / 8, 880 / 8))


def test_the_low_end_of_a_call_is_never_below_nothing():
    """What may have flowed beside the rounds can be more than the span's own low end."""
    found = per_call(REST, replace(SPAN, low_j=10.0), busy_s=2.0, calls=8)

    assert found.low_j == 0.0
