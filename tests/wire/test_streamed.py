"""Counts are held against what came: most answers in fewer pieces, no longer than usual, were never sent whole."""

import pytest

from bench.wire.streamed import FEWEST_ANSWERS, NOTHING, Delivered, overstated

ONE_BY_ONE = Delivered(tokens=64, pieces=64, characters=256)
BUNDLED = Delivered(tokens=64, pieces=16, characters=256)
HELD_BACK = Delivered(tokens=64, pieces=40, characters=150)  # half characters wait for the other half


def answers(*several: tuple[int, Delivered]) -> list[Delivered]:
    return [one for count, one in several for _ in range(count)]


def came(pieces: int, characters: int, tokens: int = 16) -> Delivered:
    return Delivered(tokens=tokens, pieces=pieces, characters=characters)


@pytest.mark.parametrize(
    ("probed", "found"),
    [
        (ONE_BY_ONE, answers((20, came(16, 64)))),
        (ONE_BY_ONE, answers((10, came(16, 64)), (10, came(7, 20)))),  # half of them loop on half characters
        (ONE_BY_ONE, answers((20, came(8, 64)))),  # a busy server sent two tokens at a time
        (ONE_BY_ONE, answers((20, came(16, 16)))),  # short words
        (ONE_BY_ONE, answers((FEWEST_ANSWERS - 1, came(8, 32)))),  # too few to tell
        (BUNDLED, answers((20, came(4, 64)))),
        (HELD_BACK, answers((20, came(9, 36)))),
        (NOTHING, answers((20, came(8, 32)))),  # nothing to go by
    ],
)
def test_what_can_have_come_is_believed(probed, found):
    assert overstated(probed, found) is None


@pytest.mark.parametrize(
    ("probed", "found"),
    [
        (ONE_BY_ONE, answers((FEWEST_ANSWERS, came(8, 32)))),
        (ONE_BY_ONE, answers((20, came(90, 360, tokens=128)))),
        (ONE_BY_ONE, answers((20, came(0, 0)))),  # counted, and nothing came
        (ONE_BY_ONE, answers((11, came(8, 32)), (10, came(16, 64)))),
        (BUNDLED, answers((20, came(2, 32)))),
        (HELD_BACK, answers((20, came(5, 20)))),
    ],
)
def test_what_never_came_is_named(probed, found):
    assert "answers came in fewer pieces than their tokens take" in overstated(probed, found)
