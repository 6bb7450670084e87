"""What a sensor may have missed: nothing, what folding or trains tell, or bounds with their reason."""

from dataclasses import replace

import pytest
from fakes import GPU, outcome, seconds, window

from bench.nouns import FieldPassport, Passport
from bench.physics.budget import VIEW
from bench.physics.folding import LEAST_SEEN_RATIO
from bench.physics.gauge import SLOWEST_UPDATE_S
from bench.physics.ticks import Ticks, energy_between
from bench.physics.view import SEES_PART, dither_s, sees_all, unseen

WHOLE = FieldPassport(update_s=0.1, window_s=0.1)
PART = FieldPassport(update_s=0.1, window_s=0.025)
FAST = FieldPassport(update_s=0.02, window_s=0.01)
UNKNOWN = FieldPassport()
WORK = window("work", "1", 0.0, 10.0)
LIMITED = replace(GPU, power_limit_w=400.0)


def told(passport, source=LIMITED, outcomes=(), *, power_w=100.0, highest_w=100.0):
    """What `unseen` says of 10 s at an even 100 W."""
    t_ns = tuple(seconds(0.1 * k) for k in range(101))
    marks = Ticks(t_ns, tuple(power_w * 0.1 * k for k in range(101)), (0.0,) * 101)
    between = energy_between(marks, WORK.start_ns, WORK.end_ns)
    return unseen(WORK, between, marks, passport, source, outcomes, highest_w=highest_w)


@pytest.mark.parametrize(
    ("passport", "whole"), [(WHOLE, True), (replace(WHOLE, window_s=0.096), True), (PART, False), (UNKNOWN, False)]
)
def test_a_sensor_sees_all_where_its_window_fills_its_period(passport, whole):
    """A window is known to a few per cent; one that nobody found out is not taken for whole."""
    assert sees_all(passport) is whole


def test_nothing_is_missed_by_a_sensor_that_sees_all():
    assert told(WHOLE) == told(replace(WHOLE, window_s=1.0))
    assert (told(WHOLE).low_j, told(WHOLE).high_j, told(WHOLE).flags) == (0.0, 0.0, ())


def test_a_foreign_load_is_bounded_by_nothing_and_by_the_boards_limit():
    """Seen: a quarter of 1000 J of at most 4000. The other three quarters drew between nothing and the limit."""
    found = told(PART)

    assert found.low_j == pytest.approx(0.75 * 1000)
    assert found.high_j == pytest.approx(0.75 * (4000 - 1000))
    assert found.flags[0].startswith(SEES_PART)
    assert "sees 25% of the time" in found.flags[0]


def test_the_bound_is_the_highest_power_seen_where_that_is_over_the_limit():
    """A limit that the board was seen to pass bounds nothing."""
    assert told(PART, highest_w=500.0).high_j == pytest.approx(0.75 * (5000 - 1000))


def test_an_unknown_board_is_taken_to_see_the_least_that_any_was_seen_to():
    found = told(UNKNOWN)

    assert found.low_j == pytest.approx((1 - LEAST_SEEN_RATIO) * 1000)
    assert f"may see as little as {LEAST_SEEN_RATIO:.0%}" in found.flags[0]


def test_without_a_limit_there_is_no_bound_and_no_number():
    found = told(PART, replace(GPU, power_limit_w=None))

    assert isinstance(found, str)
    assert "no power limit" in found


def test_only_of_graphics_boards_is_it_taken_that_a_sensor_may_not_look():
    """RAPL's counters add up all of the time; nothing says otherwise of them."""
    assert told(UNKNOWN, replace(LIMITED, boundary="cpu")).high_j == 0.0


def test_batches_that_reach_every_part_are_folded():
    """Steady power, batches of 70 ms in trains: nothing was missed, and by how much that may be wrong is told."""
    ran = [
        replace(outcome(0.0, 1.0), start_ns=seconds(0.077 * k), end_ns=seconds(0.077 * k + 0.07), batch_id=k,
                train_id=k // 5)
        for k in range(129)
    ]  # fmt: skip
    found = told(PART, outcomes=ran)

    assert found.missing_j == pytest.approx(0.0, abs=1.0)
    assert found.standard_j[VIEW] == pytest.approx(0.0, abs=1.0)
    assert found.freedom[VIEW] >= 3
    assert (found.low_j, found.high_j) == (0.0, 0.0)


def test_trains_whose_batches_fold_to_nothing_tell_by_their_scatter():
    """Batches that all begin at one phase can't be folded; sixteen trains are four blocks all the same."""
    ran = [
        replace(
            outcome(0.0, 1.0), start_ns=seconds(0.6 * k), end_ns=seconds(0.6 * k + 0.1), batch_id=k, train_id=k
        )
        for k in range(16)
    ]
    found = told(PART, outcomes=ran)

    assert found.standard_j[VIEW] == pytest.approx(0.0, abs=1e-6)
    assert found.freedom[VIEW] == 3
    assert not found.flags


@pytest.mark.parametrize(
    ("fields", "period_s"),
    [
        ({"counter": WHOLE, "instant": PART}, None),  # the counter has seen it all
        ({"counter": PART, "average": WHOLE}, 0.1),
        ({"instant": PART, "average": WHOLE}, None),  # no counter, and one field sees all
        ({"instant": PART}, 0.1),
        ({"instant": PART, "counter": FAST}, 0.1),  # of two periods the longer: four phases of it tile both
        ({"instant": FAST, "counter": UNKNOWN}, SLOWEST_UPDATE_S),
        ({"counter": UNKNOWN}, SLOWEST_UPDATE_S),
        ({"value": PART}, None),  # a model is no sensor
        ({}, None),
    ],
)
def test_work_is_spread_over_the_period_of_a_sensor_that_may_miss_some(fields, period_s):
    assert dither_s(Passport(fields=fields)) == period_s
