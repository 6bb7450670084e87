"""Components make an interval as the Guide says: quadrature, Student's factor, bounds on their own side."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.physics.budget import COVERAGE_95, GAIN, UNSEEN_HIGH, UNSEEN_LOW, VIEW, Budget
from bench.stats import t95

JOULES = st.floats(1e-3, 1e6)
PARTS = st.dictionaries(st.sampled_from(["tick_j", "lag_j", VIEW, GAIN]), JOULES, min_size=1)


@given(PARTS)
def test_independent_parts_add_in_quadrature(parts):
    """Without few values behind any of them the factor is the normal one."""
    expected_j = COVERAGE_95 * math.sqrt(sum(u * u for u in parts.values()))

    assert Budget(standard_j=parts).half_width_j() == pytest.approx(expected_j)


def test_welch_and_satterthwaite_by_hand():
    """u = 3 from 5 values and 4 known well: ν = 5⁴ / (3⁴ / 4) = 30.86, t = 2.0399, half-width 10.20."""
    found = Budget(standard_j={VIEW: 3.0, "tick_j": 4.0}, freedom={VIEW: 4})

    assert found.half_width_j() == pytest.approx(10.1995, rel=1e-4)


def test_the_guides_own_example_of_effective_degrees_of_freedom():
    """JCGM 100:2008, G.4.1, example: relative parts of 0.25, 0.57 and 0.82 % with 9, 4 and 14: 19.0 degrees."""
    found = Budget(standard_j={"a": 0.25, "b": 0.57, "c": 0.82}, freedom={"a": 9, "b": 4, "c": 14})

    assert found.half_width_j() == pytest.approx(t95(19.0) * 1.03, rel=2e-3)


@given(PARTS, st.integers(1, 50), JOULES)
def test_few_values_widen_and_more_parts_never_narrow(parts, freedom, more_j):
    """Student's factor is never below the normal one, and another part of full knowledge adds."""
    few = Budget(standard_j={**parts, VIEW: 1.0}, freedom={VIEW: freedom})
    plain = Budget(standard_j={**parts, VIEW: 1.0})

    assert few.half_width_j() >= plain.half_width_j() * (1 - 1e-7)
    assert few.half_width_j() <= t95(freedom) / COVERAGE_95 * plain.half_width_j() * (1 + 1e-7)
    assert Budget(standard_j={**plain.standard_j, "more_j": more_j}).half_width_j() >= plain.half_width_j()


@given(PARTS)
def test_a_part_left_out_is_as_if_it_were_not(parts):
    """Same-board comparisons leave the common gain out."""
    rest = {name: u for name, u in parts.items() if name != GAIN}

    assert Budget(standard_j=parts).half_width_j(without=GAIN) == pytest.approx(
        Budget(standard_j=rest).half_width_j()
    )


@given(st.floats(0.0, 1e6), PARTS, st.floats(0.0, 1e6), st.floats(0.0, 1e6))
def test_bounds_widen_their_own_side_and_energy_is_never_below_zero(energy_j, parts, low_j, high_j):
    """What was never seen is no standard uncertainty."""
    plain = Budget(standard_j=parts).half_width_j()

    low, high = Budget(standard_j=parts, unseen_low_j=low_j, unseen_high_j=high_j).interval(energy_j)

    assert low == pytest.approx(max(0.0, energy_j - plain - low_j))
    assert high == pytest.approx(energy_j + plain + high_j)


def test_components_name_the_bounds_only_where_there_are_any():
    """Nothing is published that is nothing."""
    assert dict(Budget(standard_j={"tick_j": 1.0}).components) == {"tick_j": 1.0}
    assert dict(Budget(standard_j={"tick_j": 1.0}, unseen_low_j=2.0, unseen_high_j=3.0).components) == {
        "tick_j": 1.0, UNSEEN_LOW: 2.0, UNSEEN_HIGH: 3.0,
    }  # fmt: skip


def test_a_part_of_nothing_says_nothing_of_freedom():
    """A view that left nothing out has no degrees of freedom to lose."""
    assert Budget(standard_j={"tick_j": 2.0, VIEW: 0.0}, freedom={VIEW: 3}).half_width_j() == pytest.approx(
        2 * COVERAGE_95
    )
    assert Budget(standard_j={}).half_width_j() == 0.0
