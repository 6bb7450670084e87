"""Renewals are put where a steady clock had them, as well as is claimed, or nowhere."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.physics.lattice import period_s, renewals

CLOSE_S, MARK_S = 0.005, 0.15  # as the sampler looks beside a window's edges


def looked_at(renewed_s, apart_s, rng, marks=(3, -4)):
    """(after, until] in ns of the last renewal before each look that sees one, and that renewal's moment (s)."""
    grid = [np.arange(renewed_s[0] - 0.2, renewed_s[-1] + 0.2, apart_s)]
    grid += [np.arange(renewed_s[i], renewed_s[i] + MARK_S, CLOSE_S) for i in marks]
    looks = np.unique(np.concatenate(grid) + rng.exponential(0.0001))
    seen = np.searchsorted(renewed_s, looks, side="right")
    changed = [i for i in range(1, len(looks)) if seen[i] > seen[i - 1]]
    bounds = [(round(looks[i - 1] * 1e9), round(looks[i] * 1e9)) for i in changed]
    return bounds, np.array([renewed_s[seen[i] - 1] for i in changed])


def clock(count, period, rng, jitter_s=0.0, wander_s=0.0):
    """The moments (s) of a sensor's renewals."""
    steps = period + wander_s * rng.normal(size=count)
    return 1000.0 + rng.uniform(0, period) + np.cumsum(steps) + jitter_s * rng.normal(size=count)


def errors_in_claims(found, truth_s):
    """Each renewal's error in units of the standard deviation that is claimed for it."""
    told_s = np.array([r.t_ns for r in found]) * 1e-9
    claimed_s = np.array([r.within_ns for r in found]) * 1e-9 / math.sqrt(12)
    return (told_s - truth_s) / claimed_s


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([(0.1, 0.019), (0.1, 0.05), (0.101, 0.019), (0.02, 0.0094), (0.05, 0.019)]),
    st.integers(20, 200),
    st.integers(0, 10_000),
)
def test_a_steady_clock_is_found_better_than_it_is_looked_at(clockwork, count, seed):
    """Every renewal lies within what is claimed, narrower than the looks, and the period is the clock's."""
    period, apart_s = clockwork
    rng = np.random.default_rng(seed)
    bounds, truth_s = looked_at(clock(count, period, rng), apart_s, rng)

    found = renewals(bounds, round(period, 2))

    assert len(found) == len(bounds)
    assert np.abs(errors_in_claims(found, truth_s)).max() < 3
    assert period_s(bounds, round(period, 2)) == pytest.approx(period, rel=3e-3)
    assert min(r.within_ns for r in found) <= min(b - a for a, b in bounds)


@pytest.mark.parametrize(("jitter_s", "wander_s"), [(0.001, 0.0), (0.005, 0.0), (0.0, 0.001), (0.0, 0.005)])
def test_an_unsteady_clock_is_claimed_no_better_than_it_is(jitter_s, wander_s):
    """Jitter and wander widen what is claimed until errors are as large as claims; or there is no lattice."""
    off = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        bounds, truth_s = looked_at(clock(100, 0.1, rng, jitter_s, wander_s), 0.019, rng)
        off += list(errors_in_claims(found, truth_s)) if (found := renewals(bounds, 0.1)) else []

    assert not off or math.sqrt(np.mean(np.square(off))) < 1.25


@pytest.mark.parametrize("seed", range(6))
def test_a_clock_without_step_has_no_lattice(seed):
    """Renewals at random moments keep no period, neither the asked one nor a shorter one."""
    rng = np.random.default_rng(seed)
    bounds, _ = looked_at(np.sort(1000.0 + rng.uniform(0, 10.0, 100)), 0.0094, rng)

    assert renewals(bounds, 0.1) == ()
    assert period_s(bounds, 0.02) is None


@pytest.mark.parametrize("apart_s", [0.019, 0.05])
@pytest.mark.parametrize("seed", range(4))
def test_looks_as_rare_as_renewals_tell_no_period(apart_s, seed):
    """Looks 19 ms apart put a renewal of any 20 ms clock into every bound: that proves nothing."""
    rng = np.random.default_rng(seed)
    bounds, _ = looked_at(clock(100, 0.1, rng, jitter_s=0.01), apart_s, rng)

    assert period_s(bounds, 0.02) is None


def test_changes_that_are_all_far_apart_tell_no_short_period():
    """A 100 ms clock keeps step with 20 ms too: five of them are no proof of one."""
    rng = np.random.default_rng(0)
    bounds, _ = looked_at(clock(60, 0.1, rng), 0.0094, rng)

    assert period_s(bounds, 0.02) is None
    assert period_s(bounds, 0.1) == pytest.approx(0.1, rel=1e-3)


def test_a_renewal_behind_a_gap_is_the_last_before_the_look():
    """Where the sampler slept for half a second, the value that it then found is less than a period old."""
    rng = np.random.default_rng(1)
    renewed_s = clock(60, 0.1, rng)
    looks = np.arange(renewed_s[0] - 0.1, renewed_s[-1] + 0.1, 0.019)
    looks = looks[(looks < renewed_s[30]) | (looks > renewed_s[30] + 0.52)]
    seen = np.searchsorted(renewed_s, looks, side="right")
    changed = [i for i in range(1, len(looks)) if seen[i] > seen[i - 1]]
    truth_s = np.array([renewed_s[seen[i] - 1] for i in changed])

    found = renewals([(round(looks[i - 1] * 1e9), round(looks[i] * 1e9)) for i in changed], 0.1)

    assert np.abs(np.array([r.t_ns for r in found]) * 1e-9 - truth_s).max() < 0.003


@pytest.mark.parametrize(
    ("bounds", "period"),
    [
        ([], 0.1),
        ([(0, 1), (10, 11), (20, 21)], 0.1),
        ([(0, 1)] * 20, 0.1),
        ([(5, 5)] * 20, 0.1),
        ([(i * 10, i * 10 + 5) for i in range(20)], None),
        ([(i * 10, i * 10 + 5) for i in range(20)], 0.0),
    ],
)
def test_too_few_or_no_renewals_and_no_period_give_no_lattice(bounds, period):
    """Nothing to go by: nothing said, and nothing raised."""
    assert renewals(bounds, period) == ()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 10**10), min_size=0, max_size=60), st.sampled_from([0.1, 0.02, 0.001, 1.0]))
def test_renewals_stay_inside_their_bounds_and_in_order(moments, period):
    """Whatever was seen: a renewal is told between the looks that bound it, later than the one before."""
    looks = sorted(moments)
    bounds = list(pairwise(looks))

    found = renewals(bounds, period)

    assert all(a - 1 <= r.t_ns <= b + 1 for r, (a, b) in zip(found, bounds, strict=False))
    assert all(one.number < other.number for one, other in pairwise(found))
