"""A drift is a change from work window to work window of the engine's own board, and nothing else."""

from dataclasses import replace

import pytest
from fakes import GPU, HOST, seconds, window
from sound_cell import COUNTER, GAUGE, at_work, cell, judged, looks, second_half

from bench.nouns import Condition
from bench.physics.drift import drifts
from bench.physics.series import series


@pytest.mark.parametrize(("per_minute_c", "levels"), [(0.9, []), (1.1, ["flag"]), (-1.1, ["flag"])])
def test_a_rise_is_a_drift_from_one_degree_a_minute_on(per_minute_c, levels):
    """A single long window is cut into halves, whose middles are two and a half minutes apart."""
    windows = (window("work", "1", 0, 300),)
    heat = [Condition(seconds(t), "gpu:0", "temperature_c", 60.0 + per_minute_c * t / 60) for t in range(301)]

    assert [v.level for v in drifts(GPU, series(heat), windows)] == levels


@pytest.mark.parametrize(("rise_c", "levels"), [(1.9, []), (-1.9, []), (2.1, ["flag"]), (-2.1, ["flag"])])
def test_a_slope_is_believed_from_two_degrees_on(rise_c, levels):
    """NVML tells whole degrees: over one and a half minutes 1.9 °C are 1.3 a minute, and may be one step."""
    heat = [Condition(seconds(t), "gpu:0", "temperature_c", 60.0 + rise_c * t / 90) for t in range(181)]

    assert [v.level for v in drifts(GPU, series(heat), (window("work", "1", 0, 180),))] == levels


def test_a_clock_that_boosts_for_a_moment_is_no_drift():
    """A look that falls on the ramp at a window's beginning is not the window's clock."""
    clock = looks("sm_clock_mhz", at_work(1980, 345))
    ramp = [replace(c, value=345.0) if c.t_ns == seconds(6.0) else c for c in clock]

    assert judged(cell(*ramp)) == ()


def test_a_clock_that_falls_inside_a_window_is_a_drift():
    """One window whose second half ran slower is not one operating point either."""
    clock = looks("sm_clock_mhz", lambda t: 1980.0 if t < 11.0 else 1600.0)

    assert [(v.name, v.level) for v in judged(cell(*clock))] == [("clock drift", "void")]


def test_too_few_looks_accuse_nobody():
    """A median of two looks is whatever fell on a boost."""
    clock = looks("sm_clock_mhz", second_half(1000.0, 2000.0), every_s=2.4)

    assert judged(cell(*clock)) == ()


def test_another_boards_drift_is_nobodys_business():
    """A board that did no work stands apart: its temperature voids nothing."""
    other = replace(GPU, domain="gpu:1", device="GPU-2")
    heat = looks("temperature_c", second_half(90.0, 40.0), "gpu:1")
    readings = [replace(r, domain="gpu:1") for r in (*COUNTER, *GAUGE)]

    assert judged(cell(*heat, *readings, sources=(GPU, other, HOST))) == ()


def test_a_limit_that_moved_during_idle_is_a_change():
    """The resident idle is subtracted from all work: it must have been measured under the same limit."""
    limit = looks("power_limit_w", lambda t: 600.0 if 3.0 < t < 5.0 else 700.0)

    assert [(v.name, v.domain) for v in judged(cell(*limit))] == [("power limit changed", "gpu:0")]


def test_a_limit_that_moved_before_the_run_is_no_change():
    """The limit in the key is the one that was found when the sensors were opened."""
    before = Condition(seconds(0.1), "gpu:0", "power_limit_w", 300.0)

    assert judged(cell(before, *looks("power_limit_w", lambda t: 700.0 if t > 0.2 else 300.0))) == ()
