"""What repeats: windows, or the runs that they are of where these differ by more than their windows do.

Windows of one run share what its day was (a warmer board, a busier neighbour): where runs differ by more, they are
the repeats, and an interval is Student's over them (one-way analysis of variance: Montgomery, Peck, Vining,
Introduction to Linear Regression Analysis, 5th ed., section 4.5; checked 2026-11-22).
"""

import math
from collections.abc import Sequence

from bench.fit.intervals import half_of_mean
from bench.fit.rows import Row
from bench.stats import deviation, f75, f95, mean, t95

FEWEST_POOLED = 4  # degrees of freedom between runs from which on they are tested at 25 %


def differ(outer: float, inner: float, between: int, within: int) -> bool:
    """Whether the mean square between runs, `outer`, is beyond what that within them, `inner`, makes by chance.

    `between`, `within`: their degrees of freedom. A test at 5 % sees too little: variances are pooled at 24 % and
    more, from 4 degrees on (Bancroft, Han, JASA 78(384), 1983, 981-983; checked 2026-11-22). Of fewer, Student's
    factor is so large that a test at 25 % would blow up every fourth sound interval.
    """
    limit = f75(between, within) if between >= FEWEST_POOLED else f95(between, within)
    return outer > limit * inner


def squares(groups: Sequence[Sequence[float]], centre: float) -> tuple[float, float]:
    """The sums of squares of the groups' means around `centre`, and of values around their group's mean."""
    outer = math.fsum(len(group) * (mean(group) - centre) ** 2 for group in groups)
    return outer, math.fsum((value - mean(group)) ** 2 for group in groups for value in group)


def half_over_runs(values: Sequence[float], runs: Sequence[str]) -> float:
    """Half the 95 % interval of the mean of at least two values: over them, or over runs where these differ.

    `runs`: of each value.
    """
    over_values = half_of_mean(values)
    found: dict[str, list[float]] = {}
    for run, value in zip(runs, values, strict=True):
        found.setdefault(run, []).append(value)
    groups = list(found.values())
    between, within = len(groups) - 1, len(values) - len(groups)
    if between < 1 or within < 1:
        return over_values
    outer, inner = squares(groups, mean(values))
    if not differ(outer / between, inner / within, between, within):
        return over_values
    share = math.sqrt(sum(len(group) ** 2 for group in groups)) / len(values)  # runs of more windows count more
    return max(over_values, t95(between) * deviation(list(map(mean, groups))) * share)


def half_over_rows(values: Sequence[float], rows: Sequence[Row]) -> float:
    """The same of values of these windows: over runs or sessions where either differ, the wider of the two."""
    return max(
        half_over_runs(values, [row.run_id for row in rows]), half_over_runs(values, [row.session for row in rows])
    )


def of_days(values: Sequence[float], of: Sequence[tuple[str, str]]) -> list[str]:
    """A flag where sessions differ by more than their runs do, for intervals that rest on runs or windows.

    `values`: relative residuals of windows; `of`: of each its session and its run.
    """
    runs: dict[tuple[str, str], list[float]] = {}
    for key, value in zip(of, values, strict=True):
        runs.setdefault(key, []).append(value)
    days: dict[str, list[float]] = {}
    for (session, _), each in runs.items():
        days.setdefault(session, []).append(mean(each))
    between, within = len(days) - 1, len(runs) - len(days)
    if between < 1 or within < 1:
        return []
    outer, inner = squares(list(days.values()), mean([off for day in days.values() for off in day]))
    if not differ(outer / between, inner / within, between, within):
        return []
    said = f"{len(runs)} runs of {len(days)} sessions"
    return [f"flag: {said}: what a day makes of all its cells is in no term's interval"]
