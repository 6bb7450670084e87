"""Was the work done that was asked, and does a window hold it whole and often enough?"""

from collections import Counter
from collections.abc import Sequence

from bench.nouns import Outcome, Run, Usage, Verdict, Window
from bench.physics import rules
from bench.physics.attribution import window_outcomes
from bench.physics.phases import work


def undelivered(run: Run) -> list[Verdict]:
    """Every doubt about the work itself; all of them touch every domain."""
    windows = work(run.trace.windows)
    if not windows:
        return [rules.NO_WORK.voids(None, "the run holds no finished work window"), *_unequal(run)]
    return [*_unequal(run), *_stray(run.outcomes, windows), *_few_repeats(run.outcomes, windows)]


def _unequal(run: Run) -> list[Verdict]:
    """Achieved work that differs from what was asked makes every figure per unit wrong."""
    outcomes = run.outcomes
    failed = [o for o in outcomes if o.error]
    if failed:
        causes = Counter(o.cause for o in failed if o.cause)
        counted = f" ({', '.join(f'{n} {cause}' for cause, n in causes.most_common())})" if causes else ""
        evidence = f"{len(failed)} of {len(outcomes)} requests failed{counted}: {failed[0].error}"
        return [rules.FAILED_REQUESTS.voids(None, evidence)]
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


def _exact(usage: Usage) -> tuple[int | None, int | None]:
    return usage.requests, usage.output_tokens


def _said(usage: Usage) -> str:
    parts = str(usage).removeprefix("Usage(").removesuffix(")").split(", ")
    return ", ".join(p for p in parts if not p.endswith("=None"))


def _stray(outcomes: Sequence[Outcome], windows: Sequence[Window]) -> list[Verdict]:
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
        requests = len(window_outcomes(window, outcomes))
        if requests < rules.FEWEST_REQUESTS and window.duration_s < rules.SHORTEST_S:
            evidence = (
                f"{requests} requests in the {window.duration_s:.1f} s of {window.phase} window {window.label}"
            )
            return [rules.FEW_REPEATS.flags(None, evidence)]
    return []
