"""A count is held against what came: fewer pieces that are no longer than usual were never sent."""

import pytest

from bench.wire.streamed import NOTHING, Delivered, overstated, together

ONE_BY_ONE = Delivered(tokens=128, pieces=128, characters=512)
BUNDLED = Delivered(tokens=128, pieces=32, characters=512)
HELD_BACK = Delivered(tokens=128, pieces=80, characters=300)  # half characters wait for the other half


@pytest.mark.parametrize(
    ("probed", "found"),
    [
        (ONE_BY_ONE, Delivered(tokens=16, pieces=16, characters=64)),
        (ONE_BY_ONE, Delivered(tokens=16, pieces=14, characters=50)),
        (ONE_BY_ONE, Delivered(tokens=16, pieces=8, characters=64)),  # a busy server sent two at a time
        (ONE_BY_ONE, Delivered(tokens=16, pieces=16, characters=16)),  # short words
        (ONE_BY_ONE, Delivered(tokens=1, pieces=1, characters=1)),
        (BUNDLED, Delivered(tokens=16, pieces=4, characters=64)),
        (HELD_BACK, Delivered(tokens=16, pieces=7, characters=40)),
        (ONE_BY_ONE, Delivered(tokens=16, pieces=0, characters=0)),  # no stream
        (NOTHING, Delivered(tokens=16, pieces=8, characters=32)),  # nothing to go by
    ],
)
def test_what_can_have_come_is_believed(probed, found):
    assert overstated(probed, found) is None


@pytest.mark.parametrize(
    ("probed", "found"),
    [
        (ONE_BY_ONE, Delivered(tokens=16, pieces=8, characters=32)),
        (ONE_BY_ONE, Delivered(tokens=128, pieces=90, characters=360)),
        (BUNDLED, Delivered(tokens=1600, pieces=200, characters=3200)),
        (HELD_BACK, Delivered(tokens=1600, pieces=500, characters=1875)),
    ],
)
def test_what_never_came_is_named(probed, found):
    assert f"{found.tokens} output tokens are counted, {found.pieces} pieces came" in overstated(probed, found)


def test_many_answers_tell_what_one_can_not():
    """Half of what is counted comes in bundles of four: too few pieces an answer to tell, enough in a window."""
    answer = Delivered(tokens=16, pieces=2, characters=32)

    assert overstated(BUNDLED, answer) is None
    assert overstated(BUNDLED, together([answer] * 100))
