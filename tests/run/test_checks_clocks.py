"""`audit` on stamps of whole seconds: a run may have begun a second after its stamp, and no later."""

import pytest
from sound_run import case, folder, sound

from bench.run.checks.clocks import wall_clock

# The first run's readings begin at 100 s, its first window at 100.5 s, and it is stamped 10:00:00; the second's
# begin 90 s later. Each stamp was taken between the two, in whole seconds: the wall time of clock 0 is known to
# 1.5 s from either.
FIRST_S, SECOND_S = 100.0, 190.0


def at(run_id, stamp, at_s):
    run, published = sound(run_id, f"2026-11-21T{stamp}Z", at_s=at_s, work_s=2.0)
    return case(run, published)


def said(tmp_path, stamp):
    """What is said of the second run, stamped so."""
    cases = at("r1", "10:00:00", FIRST_S), at("r2", stamp, SECOND_S)
    lines = list(wall_clock(folder(tmp_path, *cases)))
    assert [line.where.run for line in lines] == ["r1", "r2"]
    return lines[1]


@pytest.mark.parametrize("stamp", ["10:01:28", "10:01:29", "10:01:30", "10:01:31", "10:01:32"])
def test_stamps_that_whole_seconds_allow_are_one_clock(tmp_path, stamp):
    """1.5 s of either clock's own, and 1 s that clocks may differ: two seconds off are no contradiction."""
    assert said(tmp_path, stamp).status == "pass"


@pytest.mark.parametrize("stamp", ["10:01:26", "10:01:27", "10:01:33", "10:01:34"])
def test_three_seconds_are_a_clock_that_was_set(tmp_path, stamp):
    """More than whole seconds explain."""
    line = said(tmp_path, stamp)

    assert line.status == "warn"
    assert "set by hand, or the machine slept" in line.found
