"""The ticks of a counter: when each fell, and how well that moment is known."""

import math

import pytest
from fakes import seconds

from bench.nouns import FieldPassport
from bench.physics.counter import LATEST_S, ticks
from bench.physics.series import Series


def looks_at(apart_s, tick_s=0.1, until_s=4.0):
    """Looks at a counter that grows by 10 J at each multiple of `tick_s`, the first of them half-way to it."""
    t_s = [0.5 * tick_s + i * apart_s for i in range(round(until_s / apart_s))]
    return Series(tuple(map(seconds, t_s)), tuple(10.0 * math.floor(t / tick_s + 1e-9) for t in t_s))


@pytest.mark.parametrize("read_s", [0.0, 0.004, 0.03])
def test_a_look_that_takes_long_is_known_that_much_less_well(read_s):
    """As rarely looked at as it ticks: anywhere in a period, and anywhere in the look. Two uniform spans."""
    marks = ticks(looks_at(0.1), FieldPassport(update_s=0.1), read_s)

    expected = math.sqrt(0.1**2 + read_s**2) / math.sqrt(12)
    assert marks.timing_s == pytest.approx([expected] * len(marks.t_ns))


def test_a_tick_is_half_a_gap_before_the_look_that_shows_it():
    """Between two looks it may have been at any moment; a shorter period bounds it."""
    looks = looks_at(0.1)
    unknown, known = (ticks(looks, FieldPassport(update_s=update_s)) for update_s in (None, 0.02))

    assert [look - t for look, t in zip(looks.t_ns[1:], unknown.t_ns, strict=True)] == [seconds(0.05)] * 39
    assert [look - t for look, t in zip(looks.t_ns[1:], known.t_ns, strict=True)] == [seconds(0.01)] * 39
    assert known.timing_s[0] == pytest.approx(0.02 / math.sqrt(12))


@pytest.mark.parametrize(
    ("follows", "origin", "late_s"),
    [
        ("instant", "published", LATEST_S),  # as late as the field that it adds up, of which nothing is known
        ("instant", "steps", 0.0),
        (None, "published", 0.0),
        (None, "readings", 0.0),
    ],
)
def test_a_counter_that_follows_a_field_may_be_as_late_as_that_field(follows, origin, late_s):
    """One that looks for itself ticks when it ticks; known steps have shown how late the others are."""
    field = FieldPassport(update_s=0.1, window_s=0.025, lag_s=0.0, origin=origin, follows=follows)

    assert ticks(looks_at(0.02), field).late_s == late_s
