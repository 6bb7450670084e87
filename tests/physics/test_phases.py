"""Which windows are work and which are idle is told by their phase and by the whole of their label."""

import pytest
from fakes import window

from bench.physics.phases import idle, idle_kind, work


@pytest.mark.parametrize(
    ("phase", "label", "kind"),
    [
        ("idle", "bare-1", "bare"),
        ("idle", "resident-2", "resident"),
        ("idle", "resident-12", "resident"),
        ("idle", "barefoot-1", None),
        ("idle", "bare", None),
        ("idle", "bare-1-2", None),
        ("idle", "between-1", None),
        ("work", "bare-1", None),
        ("load", "1", None),
    ],
)
def test_an_idle_windows_kind_is_the_whole_word_before_its_number(phase, label, kind):
    one = window(phase, label, 0.0, 1.0)

    assert idle_kind(one) == kind
    assert idle([one], "bare") == ((one,) if kind == "bare" else ())
    assert idle([one], "resident") == ((one,) if kind == "resident" else ())


def test_a_preparation_is_work():
    windows = [window(phase, "1", 0.0, 1.0) for phase in ("idle", "load", "warmup", "prepare", "work")]

    assert [w.phase for w in work(windows)] == ["prepare", "work"]
