"""Numbers are shown with the digits that their interval carries, in units for people, and never as 0."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import BrokenResults
from bench.nouns import Quantity, WindowEnergy
from bench.report.numbers import energy, interval, published, quantity, shown, spoken


@pytest.mark.parametrize(
    ("value", "low", "high", "unit", "text"),
    [
        (0.455, 0.430, 0.480, "J/token", "0.455 (0.43 to 0.48) J/token"),
        (1.8713, 1.757, 1.985, "J/token", "1.87 (1.76 to 1.99) J/token"),
        (634.02, 601.7, 666.4, "J", "634 (600 to 670) J"),
        (-0.41, -1.03, 0.21, "J", "−0.41 (−1.0 to 0.21) J"),
        (0.0731, 0.0702, 0.0760, "J/token", "73.1 (70 to 76) mJ/token"),
        (12.0, 3.0, 90.0, "W", "12 (3.0 to 90) W"),
        (123456.0, 120000.0, 127000.0, "tokens", "123\u202f500 (120\u202f000 to 127\u202f000) tokens"),
        (5.0e6, 4.9e6, 5.1e6, "J", "5.00 (4.90 to 5.10) MJ"),
    ],
)
def test_digits_follow_the_interval(value, low, high, unit, text):
    """A bound ends where the half-width has its first digit; the value shows one digit more."""
    assert interval(value, low, high, unit) == text


def test_neighbours_share_one_prefix():
    """A value beside a larger one of its column keeps that one's unit, so that they compare at a glance."""
    assert spoken(0.0455, 0.043, 0.048, "J/token").unit == "mJ/token"
    assert spoken(0.0455, 0.043, 0.048, "J/token", reference=2.9).unit == "J/token"
    assert spoken(0.0455, 0.043, 0.048, "J/token", reference=2.9).value == "0.0455"
    assert spoken(0.0005, 0.0004, 0.0006, "J/token", reference=2.9).unit == "µJ/token"


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0, "J", "0 J"),
        (412.34567, "J", "412.3 J"),
        (3_600_000.0, "J", "3.600 MJ"),
        (70.0, "W", "70 W"),
        (0.031, "s", "0.03100 s"),
        (12_345.0, "", "12\u202f345"),
        (5.0, "WER", "5 WER"),
    ],
)
def test_units_are_scaled_for_people_and_only_joules_and_watts(value, unit, text):
    """mJ, J, kJ, MJ by size; every other unit stays as it is, and a joule never turns into a kWh."""
    assert shown(value, unit) == text


def test_absence_is_a_word_and_zero_is_a_number():
    """None is void or excluded; only a measured zero is shown as 0."""
    void = WindowEnergy(
        domain="gpu:0", device="", boundary="gpu", basis="measured", energy_j=None, low_j=None, high_j=None,
        start_ns=0, end_ns=1, method="none",
    )  # fmt: skip
    excluded = WindowEnergy(
        domain="gpu:1", device="", boundary="gpu", basis="excluded", energy_j=None, low_j=None, high_j=None,
        start_ns=0, end_ns=1, method="none",
    )  # fmt: skip

    assert energy(void) == "void"
    assert energy(excluded) == "excluded"
    assert shown(None, "J") == "void"
    assert shown(0.0, "J") == "0 J"


def test_an_unbounded_interval_says_so():
    """An infinite bound is a statement, not a number."""
    assert (
        quantity(Quantity(value=2.0, low=1.0, high=math.inf, unit="J", basis="measured"))
        == "2.000 (1.000 to no bound) J"
    )


def test_nan_is_refused():
    """NaN is neither a number nor a gap with a reason."""
    with pytest.raises(BrokenResults, match="NaN"):
        shown(math.nan, "J")


def _number(text: str) -> float:
    return float(text.replace("\u202f", "").replace("−", "-"))


@given(
    st.floats(1e-9, 1e9),
    st.floats(1e-6, 3.0),
    st.sampled_from([1.0, -1.0]),
)
def test_what_is_shown_is_what_was_found(size, wide, sign):
    """Read back, a shown value lies within a twentieth of its half-width, and bounds within a third of it."""
    value, half = sign * size, size * wide
    said = spoken(value, value - half, value + half, "tokens")
    slack = size * 1e-5  # six digits are the most that are shown

    assert _number(said.value) == pytest.approx(value, abs=half / 20 + slack, rel=0)
    assert _number(said.low) == pytest.approx(value - half, abs=half / 3 + slack, rel=0)
    assert _number(said.high) == pytest.approx(value + half, abs=half / 3 + slack, rel=0)


@given(st.floats(1e-12, 1e15))
def test_published_keeps_seven_digits(value):
    """Half a unit of the seventh digit is all that publishing takes away."""
    found = published(value)

    assert found is not None
    assert abs(found - value) <= 0.5000001 * 10.0 ** (math.floor(math.log10(value)) - 6)
    assert len(re.sub(r"[^0-9]", "", f"{found:.6e}".partition("e")[0])) == 7
