"""Trains leave from phases that tile the sensor's period, and their scatter tells what it missed."""

from dataclasses import replace
from itertools import islice, pairwise

import pytest
from fakes import outcome, seconds, window
from hypothesis import given
from hypothesis import strategies as st

from bench.physics.ticks import Ticks
from bench.physics.trains import PERIODS_A_TRAIN, TRAINS_A_BLOCK, Timetable, block_scatter, train_starts
from bench.stats import deviation

PERIODS = st.sampled_from([0.02, 0.1, 0.101])
SEEDS = st.integers(0, 2**31)


def departures(period_s, seed, count, busy_s=0.37, now_ns=10**12):
    """When `count` trains leave, one after another, each as soon as it may after the one before has ended."""
    timetable = Timetable(period_s, seed, 10.0)
    for _ in range(count):
        now_ns = timetable.departure_ns(now_ns)
        yield now_ns
        now_ns += seconds(busy_s)


@given(PERIODS, SEEDS, st.floats(0.0, 3.0))
def test_every_block_tiles_the_period(period_s, seed, busy_s):
    """Four departures in a row stand a quarter of the period apart, whatever happens in between."""
    period_ns = seconds(period_s)
    phases = [t % period_ns / period_ns for t in departures(period_s, seed, 5 * TRAINS_A_BLOCK, busy_s)]

    for block in range(0, len(phases), TRAINS_A_BLOCK):
        around = sorted(phases[block : block + TRAINS_A_BLOCK])
        gaps = [b - a for a, b in pairwise([*around, around[0] + 1])]
        assert gaps == pytest.approx([1 / TRAINS_A_BLOCK] * TRAINS_A_BLOCK, abs=1e-6)


@given(SEEDS)
def test_blocks_are_turned_by_angles_that_are_anywhere(seed):
    """Of 40 blocks some begin in every quarter of a quarter: their mean is no special phase."""
    first = list(islice(departures(0.1, seed, 160), 0, None, TRAINS_A_BLOCK))
    turned = [t % seconds(0.1) / seconds(0.1) * TRAINS_A_BLOCK % 1.0 for t in first]

    assert {int(4 * angle) for angle in turned} == {0, 1, 2, 3}


@given(PERIODS, SEEDS, st.integers(0, 10**15))
def test_a_train_leaves_within_a_period(period_s, seed, now_ns):
    """Never before now, and never later than one period on."""
    leaves_ns = Timetable(period_s, seed, 10.0).departure_ns(now_ns)

    assert now_ns <= leaves_ns < now_ns + seconds(period_s)


@given(PERIODS, SEEDS)
def test_a_timetable_is_reproduced_by_its_seed(period_s, seed):
    """The same seed, the same departures; another one, others."""
    assert list(departures(period_s, seed, 9)) == list(departures(period_s, seed, 9))
    assert list(departures(period_s, seed, 9)) != list(departures(period_s, seed + 1, 9))


def test_trains_are_long_in_long_windows_and_many_in_short_ones():
    """Five periods in ten seconds; in one second a twelfth of it, so that twelve leave."""
    assert Timetable(0.1, 0, 10.0).train_s == pytest.approx(PERIODS_A_TRAIN * 0.1)
    assert Timetable(0.1, 0, 1.0).train_s == pytest.approx(1 / 12)


def trains(starts_s, busy_s=0.5):
    """One outcome for each train that starts at these seconds."""
    return [replace(outcome(s, s + busy_s), train_id=k) for k, s in enumerate(starts_s)]


def counted(power_w, until_s):
    """Ticks every 10 ms; `power_w` is the power from each whole second on."""
    t_ns = tuple(seconds(i / 100) for i in range(round(until_s * 100) + 1))
    energy_j = [0.0]
    for t in t_ns[:-1]:
        energy_j.append(energy_j[-1] + power_w[min(t // seconds(1), len(power_w) - 1)] * 0.01)
    return Ticks(t_ns, tuple(energy_j), (0.0,) * len(t_ns))


def test_scatter_is_that_of_whole_blocks():
    """16 trains of a second: four blocks of four, u = 16 s × s(R) / √4."""
    power_w = [100 + 10 * (k // 4) + k % 4 for k in range(16)]

    found = block_scatter(window("work", "1", 0.0, 16.0), trains(range(16)), counted(power_w, 17))

    assert found.blocks == 4
    assert found.energy_j == pytest.approx(16.0 * deviation([101.5, 111.5, 121.5, 131.5]) / 2, rel=1e-6)


@pytest.mark.parametrize(
    ("count", "blocks"), [(3, None), (4, 4), (7, 7), (8, 4), (9, 4), (15, 7), (16, 4), (19, 4), (40, 10)]
)
def test_few_trains_make_smaller_blocks(count, blocks):
    """Blocks of four, of two, of one, whichever there are four of; a block that was not finished is left out."""
    found = block_scatter(
        window("work", "1", 0.0, float(count)), trains(range(count)), counted([100.0] * count, count + 1)
    )

    assert (found and found.blocks) == blocks
    assert found is None or found.energy_j == pytest.approx(0.0, abs=1e-6)


def test_trains_that_began_at_one_moment_are_no_spans():
    """Batches that overlap or take no time: nothing is divided by nothing."""
    same = [replace(one, train_id=k) for k, one in enumerate(trains([1.0] * 20, busy_s=0.0))]

    assert block_scatter(window("work", "1", 0.0, 2.0), same, counted([100.0] * 3, 3)) is None


def test_what_ran_outside_the_window_or_in_no_train_is_none_of_it():
    """Starts are the earliest of each train, in their order."""
    work = window("work", "1", 2.0, 9.0)
    ran = [
        *trains([1.0, 3.0, 5.0, 8.8]), replace(outcome(3.2, 3.4), train_id=1), outcome(6.0, 6.1)
    ]  # fmt: skip

    assert train_starts(work, ran) == [seconds(3.0), seconds(5.0)]
    assert block_scatter(work, ran, Ticks((), (), ())) is None
