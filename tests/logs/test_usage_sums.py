"""Points that have a group's moments, and sums of intervals by what errs alike."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.estimators.usage_sums import Spans, points_of, summed, summed_grams

lengths = st.lists(
    st.tuples(st.integers(0, 8000).map(float), st.integers(0, 3000).map(float)), min_size=1, max_size=30
)


def moments(rows):
    x, y = np.array(rows).T
    return x.mean(), y.mean(), x.var(), ((x - x.mean()) * (y - y.mean())).mean(), y.var()


def points(rows):
    return points_of(*(np.array([one]) for one in moments(rows)))


@given(lengths)
def test_points_are_lengths_and_weigh_one(rows):
    found = points(rows)

    assert (found.x >= 0).all()
    assert (found.y >= 0).all()
    assert found.weight.sum() == pytest.approx(1)
    assert (found.weight >= 0).all()


@given(lengths)
def test_points_have_the_means_and_the_variance_of_inputs(rows):
    found = points(rows)
    mean_x, _, xx, _, _ = moments(rows)
    x = (found.x * found.weight).sum()

    assert x == pytest.approx(mean_x, rel=1e-9, abs=1e-9)
    assert (found.weight * (found.x - x) ** 2).sum() == pytest.approx(xx, rel=1e-6, abs=1e-6 * (1 + mean_x**2))


def test_a_polynomial_of_the_second_degree_comes_out_exactly():
    rng = np.random.default_rng(1)
    x, y = rng.uniform(500, 900, 400), rng.uniform(100, 200, 400)
    rows = list(zip(x, y, strict=True))

    def energy(x, y):
        return 3 + 0.2 * x + 5 * y + 1e-4 * x * x + 2e-3 * x * y + 1e-3 * y * y

    found = points(rows)

    assert (energy(found.x, found.y) * found.weight).sum() == pytest.approx(energy(x, y).mean(), rel=1e-12)
    assert energy(np.array(moments(rows)[0]), np.array(moments(rows)[1])) != pytest.approx(
        energy(x, y).mean(), rel=1e-6
    )


def test_requests_that_are_alike_are_one_point():
    found = points([(1155.0, 211.0)] * 7)

    assert set(found.x.ravel()) == {1155.0}
    assert set(found.y.ravel()) == {211.0}


def spans(*three):
    low, value, high = (np.array(one, float) for one in zip(*three, strict=True))
    return Spans(low=low, value=value, high=high)


ROW = np.zeros(2, np.intp)


def test_what_errs_alike_adds_and_what_does_not_adds_in_quadrature():
    both = spans((6, 10, 14), (17, 20, 23))

    alike = summed(both, ROW, np.array([0, 0]), 1)
    apart = summed(both, ROW, np.array([0, 1]), 1)

    assert (alike.low[0], alike.value[0], alike.high[0]) == (23, 30, 37)
    assert (apart.low[0], apart.value[0], apart.high[0]) == (30 - 5, 30, 30 + 5)


def test_grams_of_one_place_are_bounds_times_bounds():
    both, factor = spans((6, 10, 14), (17, 20, 23)), spans((40, 50, 70), (40, 50, 70))

    found = summed_grams(both, factor, ROW, np.zeros(2, np.intp), np.zeros(2, np.intp), 1)

    assert found.low[0] == pytest.approx(23 * 40)
    assert found.value[0] == 30 * 50
    assert found.high[0] == pytest.approx(37 * 70)


def test_grids_of_two_places_do_not_err_alike_and_energies_do():
    energy, factor = spans((10, 10, 12), (10, 10, 12)), spans((40, 50, 80), (60, 100, 140))

    found = summed_grams(energy, factor, ROW, np.zeros(2, np.intp), np.array([0, 1]), 1)

    assert found.high[0] - found.value[0] == pytest.approx((2 * 50 + 2 * 100) + 12 * math.hypot(30, 40))
    assert found.value[0] - found.low[0] == pytest.approx(10 * math.hypot(10, 40))
