"""Progress into a log: a line now and then, so that a cell of minutes does not look dead."""

import io

import pytest

from bench.cli.progress import Progress

CELL = "transformers/mistral-7b:bf16/prompt-512-128"


class Clock:
    """A clock that is set by hand."""

    now_s = 100.0

    def __call__(self):
        return self.now_s


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock():
    return Clock()


def phases(progress, clock, *phases):
    """Each phase begins, lasts, and is over."""
    for phase, label, expected_s, lasts_s in phases:
        said = {"event": "phase", "cell": CELL, "phase": phase, "label": label, "expected_s": expected_s}
        progress.listen({**said, "over": False})
        clock.now_s += lasts_s
        progress.listen({**said, "over": True})


def test_a_log_says_each_long_phase_when_it_begins(clock):
    """The load, whose time nobody foretells, and windows of ten seconds or more; nothing when they end."""
    log = io.StringIO()
    phases(
        Progress(3, 8.0, to=log, clock_s=clock), clock,
        ("idle", "bare-1", 2.5, 2.5), ("load", "1", 0.0, 93.5),
        ("work", "1", 30.0, 32.0), ("work", "2", 30.0, 31.0),
    )  # fmt: skip

    assert log.getvalue().splitlines() == [
        f"… 1/3 {CELL}",
        "    0.0 of ~8 min: load 1",
        "    1.6 of ~8 min: work 1, 30 s at least",
        "    2.1 of ~8 min: work 2, 30 s at least",
    ]


def test_short_phases_are_said_once_in_ten_seconds(clock):
    """A suite of short windows does not fill the log."""
    log = io.StringIO()
    phases(Progress(1, 1.0, to=log, clock_s=clock), clock, *(("work", str(n), 4.0, 4.0) for n in range(1, 8)))

    assert [line.split(": ")[-1] for line in log.getvalue().splitlines()[1:]] == [
        "work 4, 4 s at least",
        "work 7, 4 s at least",
    ]


def test_a_terminal_has_one_line_that_is_rewritten(clock):
    """No phase leaves a line behind."""
    terminal = Terminal()
    progress = Progress(3, 8.0, to=terminal, clock_s=clock)
    phases(progress, clock, ("load", "1", 0.0, 90.0), ("work", "1", 30.0, 31.0))
    progress.close()

    assert "\n" not in terminal.getvalue()
    assert terminal.getvalue().count("\r\x1b[2K") == 3
    assert "1.5 of ~8 min" in terminal.getvalue()
