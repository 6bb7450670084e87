"""Which field tells a window's energy, and when two fields of a board are too far apart: from either side."""

import math
from dataclasses import replace

import pytest
from fakes import GPU, seconds, window

from bench.nouns import FieldPassport, Passport, Reading, Trace
from bench.physics.budget import COVERAGE_95
from bench.physics.energy import window_energies


def sees(ratio):
    """A field that is renewed every 100 ms and looks for this share of them, as known steps have shown."""
    return FieldPassport(update_s=0.1, window_s=0.1 * ratio, lag_s=0.0, origin="steps")


def board(counter_sees=1.0, instant_sees=1.0, limit_w=700.0):
    fields = {"counter": sees(counter_sees), "instant": sees(instant_sees)}
    return replace(GPU, power_limit_w=limit_w, passport=Passport(fields=fields, steps=16))


def counted(power_w, poll_s):
    """A counter that ticks every 100 ms under constant power, looked at every `poll_s`."""
    count = round(18 / poll_s)
    looks = ((i * poll_s, math.floor(i * poll_s / 0.1 + 1e-6)) for i in range(count))
    return [Reading(seconds(t), "gpu:0", "counter", "energy", power_w * 0.1 * ticks) for t, ticks in looks]


def shown(power_w, swing_w=0.0):
    """The power that `instant` shows every 100 ms, looked at every 10 ms; `swing_w` up and down by turns."""
    values = ((i, power_w + swing_w * (-1) ** (i // 10)) for i in range(1800))
    return [Reading(seconds(i / 100), "gpu:0", "instant", "power", w) for i, w in values]


def told(readings, source, long_s):
    trace = Trace(observations=tuple(readings), windows=(window("work", "1", 2.03, 2.03 + long_s),))
    return window_energies(trace, (source,))[0]


@pytest.mark.parametrize(("poll_s", "method"), [(0.01, "counter"), (0.1, "power")])
def test_a_counter_that_may_not_see_all_counts_where_it_is_confirmed_and_leaves_little_open(poll_s, method):
    """400 W, 3 s. Each edge is open by 0.1 s / √12 where looks are as rare as ticks: 2 √2 × 11.5 J, 3 % of 1.3 kJ.

    The power that confirms it leaves 0.3 % open: a half of a per cent more does not decide, three do.
    """
    found = told([*counted(400.0, poll_s), *shown(400.0, 0.5)], board(counter_sees=0.25), 3.0)

    assert found.method == method
    assert found.energy_j == pytest.approx(400.0 * (found.end_ns - found.start_ns) * 1e-9, rel=0.005)


@pytest.mark.parametrize(
    ("widths", "apart"), [(0.8, False), (1.25, False), (1.4, False), (1.6, True), (1.9, True)]
)
def test_a_short_window_is_doubted_from_one_and_a_half_interval_on(widths, apart):
    """2 s of 300 W: two edges of 300 W × 0.1 s / √12 open 24 J; nothing is said of 36 J, which is 6 % of it."""
    open_j = COVERAGE_95 * math.sqrt(2) * 300.0 * 0.1 / math.sqrt(12)
    span_s = told(counted(300.0, 0.1), board(), 2.0)
    span_s = (span_s.end_ns - span_s.start_ns) * 1e-9
    found = told([*counted(300.0, 0.1), *shown(300.0 + widths * open_j / span_s)], board(), 2.0)

    said = " ".join((*found.flags, *found.reasons))
    assert found.witness_j == pytest.approx(300.0 * span_s + widths * open_j, rel=1e-3)
    assert (" apart" in said) is apart


@pytest.mark.parametrize(("beside_w", "void"), [(114.0, False), (117.0, False), (122.0, True)])
def test_what_either_field_never_saw_excuses_a_gap_between_them(beside_w, void):
    """100 W by a counter that misses 6 % of the time, another power by a field that misses 10 %.

    They may be 6 W and a tenth of the other's power apart without contradiction: 17.4 W at 114, 18.2 W at 122.
    """
    source = board(counter_sees=0.94, instant_sees=0.90, limit_w=120.0)
    found = told([*counted(100.0, 0.01), *shown(beside_w)], source, 12.0)

    assert found.method == "counter"
    assert (found.energy_j is None) is void
