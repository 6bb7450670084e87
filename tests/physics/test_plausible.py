"""A field that stands still is stuck where a longer mean beside it moves: its memory of before is left out."""

from dataclasses import replace

import pytest
from fakes import GPU, WHOLE, seconds, window

from bench.nouns import FieldPassport, Passport, Reading
from bench.physics.look import look_at
from bench.physics.plausible import held, stuck
from bench.physics.series import series

TRAILING = FieldPassport(update_s=0.1, window_s=1.0, lag_s=0.0, origin="published")
BOARD = replace(
    GPU, fields=("instant", "average"), passport=Passport(fields={"instant": WHOLE, "average": TRAILING})
)
FALLS_S = 4.0


def look(again_s=99.0):
    """A load of 300 W that ends at 4 s, and begins again later: `instant` shows nothing of that, the mean does."""

    def busy_s(until_s):
        return min(until_s, FALLS_S) + max(0.0, until_s - again_s)

    readings = []
    for i in range(200):
        t = i * 0.05
        shown_s = i // 2 * 0.1  # renewed every 100 ms
        swing_w = i // 2 % 2 if t <= FALLS_S else 0
        mean_w = 100.0 + 200.0 * (busy_s(shown_s) - busy_s(shown_s - 1.0))
        readings.append(
            Reading(seconds(t), "gpu:0", "instant", "power", (300.0 if t <= FALLS_S else 100.0) + swing_w)
        )
        readings.append(Reading(seconds(t), "gpu:0", "average", "power", mean_w))
    return look_at(BOARD, series(readings))


def test_a_mean_that_still_remembers_the_work_accuses_nobody():
    """For a second after the fall the mean moves, and the power is 100 W all the same."""
    work = window("work", "1", 1.5, 9.0)

    assert stuck(work, look(), "instant") is None
    assert held(work, look(), "instant")


@pytest.mark.parametrize("again_s", [5.6, 7.0])
def test_a_field_that_misses_a_load_which_the_mean_shows_is_stuck(again_s):
    """The load begins anew, the mean rises by 200 W, and the shorter look stands where it stood."""
    said = stuck(window("work", "1", 1.5, 9.0), look(again_s), "instant")

    assert said is not None
    assert "while the average power moved" in said


def test_a_mean_is_never_stuck_because_shorter_looks_move():
    """The mean of whole periods of a load stands still while looks at its parts do not."""
    assert stuck(window("work", "1", 1.5, 9.0), look(), "average") is None
