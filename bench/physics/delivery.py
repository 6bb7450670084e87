"""Was the work done that was asked, and does a window hold it whole and often enough?"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import fields

from bench.nouns import Outcome, Run, Usage, Verdict, Window
from bench.physics import rules
from bench.physics.attribution import window_outcomes
from bench.physics.phases import work


def undelivered(run: Run) -> list[Verdict]:
    """Every doubt about the work itself; all of them touch every domain."""
    windows = work(run.trace.windows)
    if not windows:
        return [rules.NO_WORK.voids(None, "the run holds no finished work window"), *_unequal(run)]
    return [
        *_unequal(run),
        *_served(run),
        *stray(run.outcomes, windows),
        *_few_repeats(run.outcomes, windows),
    ]


def failed(outcomes: Sequence[Outcome]) -> list[Verdict]:
    """Requests that took energy and delivered nothing."""
    lost = [o for o in outcomes if o.error]
    if not lost:
        return []
    causes = Counter(o.cause for o in lost if o.cause)
    counted = f" ({', '.join(f'{n} {cause}' for cause, n in causes.most_common())})" if causes else ""
    evidence = f"{len(lost)} of {len(outcomes)} requests failed{counted}: {lost[0].error}"
    return [rules.FAILED_REQUESTS.voids(None, evidence)]


def _unequal(run: Run) -> list[Verdict]:
    """Achieved work that differs from what was asked makes every figure per unit wrong."""
    outcomes = run.outcomes
    if lost := failed(outcomes):
        return lost
    # a server's prompt is aimed at, in words, and counted by the server: its answer is what was asked for exactly
    aimed = run.spec.endpoint is not None
    other = [
        o for o in outcomes if (_exact(o.achieved) != _exact(o.requested) if aimed else o.achieved != o.requested)
    ]
    if not other:
        return []
    evidence = (
        f"{len(other)} of {len(outcomes)} requests, the first asked {_said(other[0].requested)} "
        f"and did {_said(other[0].achieved)}"
    )
    return [rules.OTHER_WORK.flags(None, evidence)]


def _served(run: Run) -> list[Verdict]:
    """What only a server leaves open: whether it stayed the same one, and whether it counts what it sends."""
    changed = [rules.OTHER_SERVER.voids(None, run.server_change)] if run.server_change else []
    pieces = run.loaded.facts.get("probe_pieces")  # none are looked for where no tokens are counted
    answers = len(run.outcomes)
    if pieces is None or (pieces and answers >= rules.FEWEST_ANSWERS):
        return changed
    evidence = f"{answers} answers" if pieces else "no probe's answer came in pieces"
    return [*changed, rules.COUNTS_UNCHECKED.flags(None, evidence)]


def _exact(usage: Usage) -> tuple[int | None, int | None]:
    return usage.requests, usage.output_tokens


def _said(usage: Usage) -> str:
    """What was counted: `requests=1, output_tokens=64`."""
    counted = ((f.name, getattr(usage, f.name)) for f in fields(usage))
    return ", ".join(f"{name}={value}" for name, value in counted if value is not None)


def stray(outcomes: Sequence[Outcome], windows: Sequence[Window]) -> list[Verdict]:
    """Work that no window holds whole: its energy is counted where its tokens are not."""
    kept = sum(len(window_outcomes(window, outcomes)) for window in windows)
    if kept == len(outcomes):
        return []
    return [
        rules.STRAY_WORK.voids(None, f"{len(outcomes)} requests were answered, and work windows hold {kept} whole")
    ]


def _few_repeats(outcomes: Sequence[Outcome], windows: Sequence[Window]) -> list[Verdict]:
    """A short window with few requests is one draw of whatever varies between them."""
    for window in windows:
        requests = too_few(window, outcomes)
        if requests is not None:
            evidence = (
                f"{requests} requests in the {window.duration_s:.1f} s of {window.phase} window {window.label}"
            )
            return [rules.FEW_REPEATS.flags(None, evidence)]
    return []


def too_few(window: Window, outcomes: Sequence[Outcome]) -> int | None:
    """How many requests the window holds, where they are too few for one so short; None: they are enough."""
    requests = len(window_outcomes(window, outcomes))
    return requests if requests < rules.FEWEST_REQUESTS and window.duration_s < rules.SHORTEST_S else None
