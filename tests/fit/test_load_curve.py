"""A server's load curve gives back the watts at rest and the joules of a request, as far as it keeps up."""

from dataclasses import replace
from random import Random

import pytest
from fakes import GPU, outcome, run_of, window

from bench.fit.load_curve import load_curves
from bench.fit.rows import Measured
from bench.nouns import Pace, WindowEnergy
from bench.stats import mean

IDLE_W, REQUEST_J = 70.0, 4.0


def energy(where, joules):
    return WindowEnergy(
        domain=GPU.domain, device=GPU.device, boundary="gpu", basis="measured", energy_j=joules, low_j=joules,
        high_j=joules, start_ns=where.start_ns, end_ns=where.end_ns, method="counter", phase=where.phase,
        label=where.label,
    )  # fmt: skip


def level(rate, *, answered=None, long_s=10.0, users=None, bend=0.0, off=lambda: 1.0):
    """Two idle windows and one of work at a rate; `answered`: what came back of it, over `long_s`.

    `off`: what each window's energy is off by, as a factor.
    """
    answered = answered or rate
    work = window("work", "1", 20.0, 20.0 + long_s)
    windows = [window("idle", "resident-1", 0, 5), window("idle", "resident-2", 6, 11), work]
    count = round(answered * long_s)
    joules = IDLE_W * long_s + REQUEST_J * count * (1 - bend * answered)
    energies = [energy(w, IDLE_W * 5 * off()) for w in windows[:2]] + [energy(work, joules * off())]
    run = run_of(
        (), windows, [outcome(20.0 + i / answered, 20.0 + i / answered + 0.05) for i in range(count)],
        sources=(GPU,), run_id=f"r{rate}-{users}",
    )  # fmt: skip
    pace = Pace(kind="closed", users=users) if users else Pace(kind="open", rate_per_s=rate)
    cell = replace(run.spec.cell, rate=None if users else rate, concurrency=users or 1)
    spec = replace(run.spec, pace=pace, cell=cell, timing=replace(run.spec.timing, window_s=10.0))
    return Measured(run=replace(run, spec=spec), energies=tuple(energies), verdicts=())


def test_watts_at_rest_and_joules_a_request_come_back():
    [curve] = load_curves([level(r) for r in (2, 5, 10, 20)])

    assert curve.idle.value == pytest.approx(IDLE_W, rel=1e-6)
    assert curve.request.value == pytest.approx(REQUEST_J, rel=1e-6)
    assert curve.request.unit == "J/request"
    assert curve.most_per_s == pytest.approx(20.0)
    assert [p.answered_per_s for p in curve.points] == pytest.approx([2, 5, 10, 20])
    assert not curve.bends


def test_windows_that_scatter_take_nothing_off_the_line():
    """Windows that came out low count for no more than others: by their own power, rest is 2 % low at 10 %."""
    random = Random(3)
    campaigns = [
        load_curves([level(r, off=lambda: random.gauss(1.0, 0.1)) for r in (2, 5, 10, 20, 40)])[0]
        for _ in range(120)
    ]

    assert mean([c.idle.value for c in campaigns]) == pytest.approx(IDLE_W, rel=0.01)
    assert mean([c.request.value for c in campaigns]) == pytest.approx(REQUEST_J, rel=0.02)


def test_a_level_that_was_not_kept_up_with_is_no_part_of_the_line():
    """Forty a second were offered, twenty-five answered, over sixteen seconds."""
    [curve] = load_curves([*(level(r) for r in (2, 5, 10)), level(40, answered=25, long_s=16.0, bend=0.02)])

    assert [p.saturated for p in curve.points] == [False, False, False, True]
    assert curve.request.value == pytest.approx(REQUEST_J, rel=1e-6)


def test_users_who_wait_are_shown_and_not_fitted():
    [curve] = load_curves([*(level(r) for r in (2, 5, 10)), level(30, users=8, bend=0.02)])

    assert [p.users for p in curve.points] == [None, None, None, 8]
    assert curve.at_most.value == pytest.approx(IDLE_W / 30 + REQUEST_J * (1 - 0.02 * 30), rel=0.005)
    assert curve.at_most.low < curve.at_most.value < curve.at_most.high  # the board's gain
    assert curve.request.value == pytest.approx(REQUEST_J, rel=1e-6)


def test_a_curve_that_bends_says_so():
    """A batch shares its steps: the more, the cheaper each."""
    [curve] = load_curves([level(r, bend=0.02) for r in (2, 5, 10, 20, 30)])

    assert curve.bends


def test_two_rates_are_no_line():
    [curve] = load_curves([level(r) for r in (2, 5)])

    assert curve.request is None
    assert "3 needed" in curve.missing


def test_without_an_open_rate_there_is_no_curve():
    assert load_curves([level(5, users=4)]) == ()


def test_the_highest_rate_is_a_level_s_and_not_its_luckiest_window_s():
    """Twice eight users: 24 and 36 a second; the figure is that of both."""
    slow, quick = (replace(level(r, users=8), run=replace(level(r, users=8).run, id=f"c{r}")) for r in (24, 36))
    [curve] = load_curves([*(level(r) for r in (2, 5, 10)), slow, quick])

    assert curve.most_per_s == pytest.approx(30.0, rel=0.01)
    assert curve.at_most.value == pytest.approx(IDLE_W / 30 + REQUEST_J, rel=0.01)
    assert curve.at_most.high > IDLE_W / 24 + REQUEST_J  # the scatter of its windows
