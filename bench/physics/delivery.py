"""Was the work done that was asked, and does a window hold it whole and often enough?"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import fields

from bench.nouns import Outcome, Run, Usage, Verdict, Window
from bench.physics import rules
from bench.physics.attribution import window_outcomes
from bench.physics.phases import work
from bench.stats import median, quantile

_ONCE_IN = 5e-5


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
        return _aimed(outcomes) if aimed else []
    evidence = (
        f"{len(other)} of {len(outcomes)} requests, the first asked {_said(other[0].requested)} "
        f"and did {_said(other[0].achieved)}"
    )
    return [rules.OTHER_WORK.flags(None, evidence)]


def _served(run: Run) -> list[Verdict]:
    """What only a server leaves open: whether it stayed the same one, and whether it counts what it sends."""
    changed = [rules.OTHER_SERVER.voids(None, run.server_change)] if run.server_change else []
    pieces = run.loaded.facts.get("probe_pieces")  # none are looked for where no tokens are counted
    if pieces is None:
        return changed
    answers = len(run.outcomes)
    if not pieces or answers < rules.FEWEST_ANSWERS:
        evidence = f"{answers} answers" if pieces else "no probe's answer came in pieces"
        return [*changed, rules.COUNTS_UNCHECKED.flags(None, evidence)]
    return [*changed, *_thin(run.outcomes)]


def _thin(outcomes: Sequence[Outcome]) -> list[Verdict]:
    """Answers that came in fewer pieces a token than the run's others do, too many of them to be chance.

    Half characters that are held back make such answers too: no figure goes for it.
    """
    ratios = [len(o.output_ns) / o.achieved.output_tokens for o in outcomes if o.achieved.output_tokens]
    usual = quantile(ratios, 0.75) if ratios else 0.0
    thin = sum(ratio < rules.THIN_RATIO * usual for ratio in ratios)
    if thin < _by_chance(len(ratios)):
        return []
    said = f"{thin} of {len(ratios)} answers came in fewer pieces than the others do for as many tokens"
    return [rules.COUNTS_UNCHECKED.flags(None, said)]


def _by_chance(answers: int) -> int:
    """How many thin answers of so many an honest server gives once in twenty thousand times.

    The least k with P(X ≥ k) < 5e-5 of a binomial X: 7 of 12, 24 of 100.
    """
    share, beyond, count = rules.THIN_SHARE, 1.0, 0
    while beyond >= _ONCE_IN and count <= answers:
        beyond -= math.comb(answers, count) * share**count * (1 - share) ** (answers - count)
        count += 1
    return count


def _aimed(outcomes: Sequence[Outcome]) -> list[Verdict]:
    """A server's prompts that are far from the length that they were aimed at: cut short, or behind a template."""
    pairs = [(o.requested.prompt_tokens, o.achieved) for o in outcomes if not o.error]
    ratios = [((done.prompt_tokens or 0) + (done.cached_tokens or 0)) / asked for asked, done in pairs if asked]
    if not ratios or 1 / rules.AIMED_RATIO <= median(ratios) <= rules.AIMED_RATIO:
        return []
    asked = median([float(n) for n, _ in pairs if n])
    said = f"prompts of about {asked:.0f} tokens were asked for, about {median(ratios) * asked:.0f} were read"
    return [rules.OTHER_WORK.flags(None, said)]


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
