"""Which work was done in which window. Nothing is scaled to make sums agree."""

from collections.abc import Sequence
from dataclasses import fields

from bench.nouns import Outcome, Usage, Window

_UNITS = tuple(f.name for f in fields(Usage))


def window_outcomes(window: Window, outcomes: Sequence[Outcome]) -> tuple[Outcome, ...]:
    """The outcomes that lie wholly inside the window."""
    start_ns, end_ns = window.start_ns, window.end_ns  # each window asks every request of its run
    return tuple([o for o in outcomes if start_ns <= o.start_ns and o.end_ns <= end_ns])


def window_usage(window: Window, outcomes: Sequence[Outcome]) -> Usage:
    """The achieved work of the window."""
    return usage_of(window_outcomes(window, outcomes))


def usage_of(outcomes: Sequence[Outcome]) -> Usage:
    """The achieved work of all of them. What none counts is None."""
    counts = {name: [n for o in outcomes if (n := getattr(o.achieved, name)) is not None] for name in _UNITS}
    return Usage(**{name: sum(found) for name, found in counts.items() if found})
