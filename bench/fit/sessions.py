"""Which runs were measured in one go: what a day makes of all its cells is common to them."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from bench.nouns import Run

_APART_S = 6 * 3600.0  # chosen: a night, or a machine that was given back, lies between


def sessions(runs: Sequence[Run]) -> Mapping[str, str]:
    """By run id the id of the first run of its session.

    A session ends where no other run began for six hours. Runs without a moment are one of their own.
    """
    began = sorted((_began_s(run), run.id) for run in runs)
    found: dict[str, str] = {}
    first, last_s = "", float("-inf")
    for began_s, run_id in began:
        if not first or began_s - last_s > _APART_S:
            first = run_id
        found[run_id], last_s = first, began_s
    return found


def _began_s(run: Run) -> float:
    try:
        return datetime.fromisoformat(run.started_at).timestamp()
    except ValueError:
        return 0.0
