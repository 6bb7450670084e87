"""Which work was done in which window. Nothing is scaled to make sums agree."""

from collections.abc import Sequence
from functools import reduce
from operator import add

from bench.nouns import Outcome, Usage, Window


def window_outcomes(window: Window, outcomes: Sequence[Outcome]) -> tuple[Outcome, ...]:
    """The outcomes that lie wholly inside the window."""
    return tuple(o for o in outcomes if window.start_ns <= o.start_ns and o.end_ns <= window.end_ns)


def window_usage(window: Window, outcomes: Sequence[Outcome]) -> Usage:
    """The achieved work of the window."""
    return reduce(add, (o.achieved for o in window_outcomes(window, outcomes)), Usage())
