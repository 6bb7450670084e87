"""Known steps of load tell how long each field of a board looks and how late it is: every published class."""

import random
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from sim.board import Board, pulses
from sim.classes import CLASSES

from bench.nouns import FieldPassport, Passport
from bench.physics.series import series
from bench.physics.steps import LEAST_STEP_S, Busy, from_steps

IDLE_W, BUSY_W, STEPS, POLL_S, BEGINS_S = 80.0, 300.0, 16, 0.0047, 1000.0
WITHIN_S = 0.005
LAG_S = 0.03
BY_NAME = {one.name: one for one in CLASSES}
# every class, with a counter that sees everything and with one that adds up looks; one without any
KINDS = [*((of.name, counter) for of in CLASSES for counter in ("whole", "gated")), ("ga100", "none")]


def known_steps(count=STEPS):
    """Spans of load between pauses, each of a length of its own, so that steps fall on all phases of a period."""
    lengths, at_s, found = random.Random(1), BEGINS_S, []
    for _ in range(count):
        start_s = at_s + LEAST_STEP_S + 0.4 * lengths.random()
        at_s = start_s + LEAST_STEP_S + 0.4 * lengths.random()
        found.append((start_s, at_s))
    return found


def board_under(spans, of="ga100", *, busy_w=BUSY_W, **made):
    return Board(of=BY_NAME[of], power=pulses(spans, IDLE_W, busy_w), phase_s=0.0137, **made)


def shown(board, spans):
    """What looks every 4.7 ms find, each a little late."""
    grid_s = np.arange(BEGINS_S, spans[-1][1] + LEAST_STEP_S + 0.2, POLL_S)
    late_s = np.random.default_rng(0).exponential(0.0001, len(grid_s))
    return series(board.readings(np.unique(grid_s + late_s)))


def told(board, spans, source=None):
    """The passport that these spans, and no more, give the board."""
    busy = [Busy(round(a * 1e9), round(b * 1e9)) for a, b in spans]
    return from_steps(source or board.source, shown(board, spans), busy, "p1")


def truth_s(board):
    """(window, lag) of each field: a counter that adds up looks is as late as they are, one of its own never."""
    found = {"instant": (board.of.instant_s, board.lag_s), "average": (board.of.average_s, board.lag_s)}
    gated = (board.of.gate_s, board.lag_s)
    found["counter"] = gated if board.counter == "gated" else (board.of.counter_tick_s, 0.0)
    return {name: found[name] for name in board.fields}


@pytest.mark.parametrize(("of", "counter"), KINDS)
def test_window_and_lag_of_every_field_are_found_to_five_milliseconds(of, counter):
    """Gated and trailing fields, and what adds them up, 30 ms late; with nothing known of the board's name."""
    spans = known_steps()
    board = board_under(spans, of, counter=counter, lag_s=LAG_S, name_known=False)

    found = told(board, spans)

    assert (found.steps, found.id) == (STEPS, "p1")
    assert set(found.fields) == set(board.fields)
    for name, (window_s, lag_s) in truth_s(board).items():
        field = found.fields[name]
        assert field.origin == "steps", name
        assert field.window_s == pytest.approx(window_s, abs=WITHIN_S), name
        assert field.lag_s == pytest.approx(lag_s, abs=WITHIN_S), name


@pytest.mark.parametrize("lag_s", [0.0, 0.1, 0.25])
def test_a_lag_is_found_wherever_it_lies(lag_s):
    """None at all, and as much as a slow driver may have."""
    spans = known_steps()

    field = told(board_under(spans, "hopper", counter="none", lag_s=lag_s), spans).fields["instant"]

    assert (field.window_s, field.lag_s) == (
        pytest.approx(0.025, abs=WITHIN_S),
        pytest.approx(lag_s, abs=WITHIN_S),
    )


def test_noise_and_jitter_of_a_real_board_move_the_ramp_by_no_more():
    """3 W of noise on every value, a clock 1 % slow, and a counter whose gain is another."""
    spans = known_steps()
    flaws = {"noise_w": 3.0, "slow_ratio": 0.01, "counter_gain": 1.03, "seed": 3}
    board = board_under(spans, "ga100", counter="gated", lag_s=LAG_S, **flaws)

    for field in told(board, spans).fields.values():
        assert field.window_s == pytest.approx(0.025, abs=WITHIN_S)
        assert field.lag_s == pytest.approx(LAG_S, abs=WITHIN_S)


@pytest.mark.parametrize(("rise_ratio", "origin"), [(0.15, "published"), (0.25, "steps")])
def test_a_load_that_hardly_moves_the_power_draws_no_ramp(rise_ratio, origin):
    """Under a fifth of the high level, a step is not told from what else the board does."""
    spans = known_steps()
    board = board_under(spans, counter="none", busy_w=IDLE_W / (1 - rise_ratio))

    assert told(board, spans).fields["instant"].origin == origin


@pytest.mark.parametrize(("count", "origin"), [(7, "published"), (8, "steps")])
def test_fewer_than_eight_steps_tell_nothing(count, origin):
    """What is known otherwise stays, and no step is claimed."""
    spans = known_steps(count)
    board = board_under(spans, counter="none")

    found = told(board, spans)

    assert found.fields["instant"].origin == origin
    assert (found.steps, found.id) == ((count, "p1") if origin == "steps" else (0, None))


def test_another_boards_load_tells_nothing_of_this_one():
    """A board that stood still keeps the passport that it had, from steps of its own."""
    spans = known_steps()
    before = FieldPassport(update_s=0.1, window_s=0.04, lag_s=0.02, origin="steps")
    board = board_under(spans, counter="none", busy_w=IDLE_W, noise_w=0.5)
    source = replace(board.source, passport=Passport(fields={"instant": before}, steps=16, id="p0"))

    found = told(board, spans, source)

    assert (found.steps, found.id) == (16, "p0")
    assert (found.fields["instant"].window_s, found.fields["instant"].lag_s) == (0.04, 0.02)


def test_a_load_that_falls_where_it_should_rise_is_another_boards():
    """A board that rests while the other works: its steps go the wrong way."""
    spans = known_steps()
    between = [(BEGINS_S - 5.0, spans[0][0]), *((b, c) for (_, b), (c, _) in pairwise(spans))]
    board = board_under(between, counter="none")

    assert told(board, spans).fields["instant"].origin == "published"


def test_steps_go_before_what_an_earlier_passport_says():
    """A board whose firmware was changed is what the steps show now."""
    spans = known_steps()
    board = board_under(spans, counter="gated")
    stale = FieldPassport(update_s=0.1, window_s=0.1, lag_s=0.05, origin="steps")
    source = replace(
        board.source, passport=Passport(fields={"counter": stale, "instant": stale}, steps=16, id="p0")
    )

    found = told(board, spans, source)

    assert found.id == "p1"
    for field in found.fields.values():
        assert field.window_s == pytest.approx(0.025, abs=WITHIN_S)
        assert field.lag_s == pytest.approx(0.0, abs=WITHIN_S)
        assert field.follows is None
