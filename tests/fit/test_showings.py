"""What a run shows to a comparison: joules and seconds of its batches, without the pauses that a sensor needs."""

from dataclasses import replace

import pytest
from fakes import outcome, run_of, window

from bench.fit.rows import Measured
from bench.fit.showings import showing
from bench.nouns import WindowEnergy

IDLE_W, BUSY_W = 70.0, 400.0


def measured(*, trains):
    """One work window of 10 s with two batches of 2 s at 400 W, 8 tokens each; the other 6 s at rest, at 70 W."""
    windows = (window("idle", "resident-1", 0.0, 4.0), window("work", "1", 10.0, 20.0))
    batches = [
        replace(outcome(11.0 + 4 * n, 13.0 + 4 * n, output_tokens=8), batch_id=n, train_id=n if trains else None)
        for n in range(2)
    ]

    def energy(one, joules):
        return WindowEnergy(
            domain="gpu:0", device="GPU-1", boundary="gpu", basis="measured", energy_j=joules, low_j=joules,
            high_j=joules, start_ns=one.start_ns, end_ns=one.end_ns, method="counter", phase=one.phase,
            label=one.label,
        )  # fmt: skip

    energies = (energy(windows[0], 4 * IDLE_W), energy(windows[1], 4 * BUSY_W + 6 * IDLE_W))
    return Measured(run=run_of(windows=windows, outcomes=batches), energies=energies, verdicts=())


def test_the_idle_of_pauses_between_trains_is_taken_out():
    """1600 J for 16 tokens: what the batches drew, whatever the sensor waited for."""
    found = showing(measured(trains=True), None, candidate=0, round_=1)

    assert found.joules["gpu"].value_j == pytest.approx(100.0)
    assert (found.idle_taken, found.paused_ratio) == (True, pytest.approx(0.6))


def test_what_lies_between_batches_that_nobody_spread_stays_in():
    """2020 J for 16 tokens: the gap is the engine's own, and the showing says how long it was."""
    found = showing(measured(trains=False), None, candidate=0, round_=1)

    assert found.joules["gpu"].value_j == pytest.approx(2020 / 16)
    assert (found.idle_taken, found.paused_ratio) == (False, pytest.approx(0.6))


def test_time_is_that_of_the_batches():
    """Two batches of 2 s for 16 tokens; each request took 2 s."""
    found = showing(measured(trains=True), None, candidate=0, round_=1)

    assert (found.time_s, found.e2e_s) == (pytest.approx(0.25), pytest.approx(2.0))
    assert (found.unit, found.per_request) == ("output_token", {"output_tokens": 8.0})


def test_a_run_without_work_shows_why():
    """No token was delivered in a work window."""
    one = measured(trains=False)
    empty = replace(one, run=replace(one.run, outcomes=()))

    assert showing(empty, None, candidate=0, round_=1) == "no output token was delivered in a work window"


def test_pauses_whose_idle_is_not_known_leave_no_figure():
    """At 0 W they would be charged to the candidate."""
    one = measured(trains=True)
    found = showing(replace(one, energies=one.energies[1:]), None, candidate=0, round_=1)

    assert not found.joules
    assert "that of its pauses is not known" in found.void["gpu"]
    assert not found.idle_taken
