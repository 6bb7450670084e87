"""The draws that schedules are made of: their distribution, their bounds, and that the seed alone decides."""

from itertools import islice, pairwise
from math import exp

import pytest

from bench.run.load.arrivals import poisson, rest_of_pause, thinking
from bench.stats import mean

RATE_PER_S, DURATION_S = 50.0, 400.0  # twenty thousand: the mean is known to 0.7 %, the variance to 2 %


def gaps_of(arrivals):
    return [after - before for before, after in pairwise((0.0, *arrivals))]


def variance(values):
    middle = mean(values)
    return mean([(value - middle) ** 2 for value in values])


def test_gaps_are_exponential():
    """Mean 1 ÷ rate, variance 1 ÷ rate², and a share of exp(-1) longer than their mean; even gaps have none."""
    gaps = gaps_of(poisson(RATE_PER_S, DURATION_S, 1))

    assert mean(gaps) == pytest.approx(1 / RATE_PER_S, rel=0.03)
    assert variance(gaps) == pytest.approx(1 / RATE_PER_S**2, rel=0.1)
    assert mean([float(gap > 1 / RATE_PER_S) for gap in gaps]) == pytest.approx(exp(-1), rel=0.03)


def test_gaps_do_not_remember():
    """The one after a long gap is as long as any."""
    gaps = gaps_of(poisson(RATE_PER_S, DURATION_S, 2))

    behind_long = [after for before, after in pairwise(gaps) if before > 1 / RATE_PER_S]
    assert mean(behind_long) == pytest.approx(1 / RATE_PER_S, rel=0.05)


def test_counts_of_windows_scatter_by_their_root():
    """A window's count has the rate × length as its mean and as its variance, over seeds."""
    counts = [float(len(poisson(20.0, 10.0, seed))) for seed in range(600)]

    assert mean(counts) == pytest.approx(200, rel=0.02)
    assert variance(counts) == pytest.approx(200, rel=0.25)


def test_arrivals_lie_in_their_window_in_order():
    arrivals = poisson(RATE_PER_S, 10.0, 3)

    assert 0.0 < arrivals[0] < arrivals[-1] < 10.0
    assert list(arrivals) == sorted(set(arrivals))


def test_a_window_that_none_would_meet_has_none():
    """One that is put there would be energy for a request that the schedule never made."""
    assert poisson(0.001, 1.0, 1) == ()


def test_a_user_is_found_somewhere_in_a_pause():
    """For pauses even over 0.5 to 1 s the rest of one has mean (a² + ab + b²) / 3(a + b) = 0.389 s."""
    found = [rest_of_pause(0.5, 1.0, seed) for seed in range(4000)]

    assert 0 <= min(found) < 0.01
    assert max(found) <= 1.0
    assert mean(found) == pytest.approx(0.389, rel=0.03)
    assert rest_of_pause(0.0, 0.0, 1) == 0.0


def test_the_seed_alone_decides_when_requests_come():
    of_seed = [poisson(RATE_PER_S, 10.0, seed) for seed in range(20)]

    assert [poisson(RATE_PER_S, 10.0, seed) for seed in range(20)] == of_seed
    assert len(set(of_seed)) == 20


def test_thinking_is_an_even_draw_between_its_bounds():
    """Of width w: variance w² ÷ 12 (that of the continuous uniform distribution)."""
    pauses_s = list(islice(thinking(0.5, 1.0, 1), 5000))

    assert min(pauses_s) == pytest.approx(0.5, abs=0.005)
    assert max(pauses_s) == pytest.approx(1.0, abs=0.005)
    assert min(pauses_s) >= 0.5
    assert max(pauses_s) <= 1.0
    assert mean(pauses_s) == pytest.approx(0.75, rel=0.02)
    assert variance(pauses_s) == pytest.approx(0.5**2 / 12, rel=0.1)


def test_the_seed_alone_decides_how_long_a_user_thinks():
    assert list(islice(thinking(0.5, 1.0, 1), 9)) == list(islice(thinking(0.5, 1.0, 1), 9))
    assert list(islice(thinking(0.5, 1.0, 1), 9)) != list(islice(thinking(0.5, 1.0, 2), 9))
