"""Which work was done in which window. Nothing is scaled to make sums agree."""

from collections.abc import Sequence
from functools import reduce
from operator import add

from bench.nouns import Outcome, Usage, Verdict, Window
from bench.physics.doubt import void


def window_outcomes(window: Window, outcomes: Sequence[Outcome]) -> tuple[Outcome, ...]:
    """The outcomes that lie wholly inside the window."""
    return tuple(o for o in outcomes if window.start_ns <= o.start_ns and o.end_ns <= window.end_ns)


def window_usage(window: Window, outcomes: Sequence[Outcome]) -> Usage:
    """The achieved work of the window."""
    return reduce(add, (o.achieved for o in window_outcomes(window, outcomes)), Usage())


def stray_work(outcomes: Sequence[Outcome], work: Sequence[Window]) -> list[Verdict]:
    """Work that no window holds whole: its energy is counted where its tokens are not."""
    kept = sum(len(window_outcomes(window, outcomes)) for window in work)
    if not work or kept == len(outcomes):
        return []
    return [
        void(
            "work outside its window",
            None,
            f"{len(outcomes)} requests were answered, and work windows hold {kept} whole",
            "an engine stamps its work with time.monotonic_ns, inside `run`: mend it, run the cell again",
        )
    ]
