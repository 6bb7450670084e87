"""Gross energy per unit delivered, by workload, and the range of work that the runs covered."""

import math
from collections.abc import Mapping, Sequence
from itertools import chain
from operator import attrgetter

from bench.fit.intervals import SERIES, multiplicative, own, quantity, row_series
from bench.fit.rows import Group, Row
from bench.fit.terms import RATES, Term
from bench.nouns import Quantity
from bench.stats import deviation, f95, mean, t95

_RANGES = (
    "prompt_tokens",
    "output_tokens",
    "source_tokens",
    "target_tokens",
    "audio_s",
    "audio_windows",
    "video_s",
)


def rates(group: Group, work: Sequence[Row]) -> Mapping[str, Quantity]:
    """Gross energy per unit, by workload: "audio_second@speech-fr-30". Empty when no window was repeated.

    Windows of one workload repeat each other; their relative scatter is pooled over all workloads of one load,
    because two windows alone would give an interval of a dozen standard deviations.
    """
    by_workload = {w: [r for r in work if r.cell == w] for w in sorted({r.cell for r in work})}
    level = {r.cell: r.level for r in work}
    made = {}
    for term in RATES[group.family]:
        amounts = {w: [term.amount(r) or 0.0 for r in rows] for w, rows in by_workload.items()}
        counted = {w: rows for w, rows in by_workload.items() if all(amounts[w])}
        # what arrives at random scatters as users who wait do not
        levels = {at: {w: rows for w, rows in counted.items() if level[w] == at} for at in map(level.get, counted)}
        scatter = {at: {s: _pooled(s, rows, amounts) for s in SERIES} for at, rows in levels.items()}
        for workload, rows in counted.items():
            pooled = scatter[level[workload]]
            alone = {s: _pooled(s, {workload: rows}, amounts) for s in SERIES}
            found = _rate(group, rows, amounts[workload], term, alone if _wilder(alone, pooled) else pooled)
            if found is not None:
                made[f"{term.name}@{workload}"] = found
    return made


def _wilder(alone: Mapping[str, tuple[float, int]], pooled: Mapping[str, tuple[float, int]]) -> bool:
    """Whether a workload's own windows scatter by more than chance makes of the pool's: its requests differ."""
    (own, degrees), (all_, beside) = alone["value"], pooled["value"]
    return bool(degrees) and own**2 > f95(degrees, beside) * all_**2


def _pooled(
    which: str, rows: Mapping[str, Sequence[Row]], amounts: Mapping[str, Sequence[float]]
) -> tuple[float, int]:
    """The pooled relative standard deviation of repeated windows, and its degrees of freedom."""
    squares, degrees = 0.0, 0
    for workload, members in rows.items():
        if len(members) < 2:
            continue
        each = [e / a for e, a in zip(row_series(members, which), amounts[workload], strict=True)]
        squares += (deviation(each) / mean(each)) ** 2 * (len(each) - 1)
        degrees += len(each) - 1
    return (math.sqrt(squares / degrees) if degrees else 0.0), degrees


def _rate(
    group: Group,
    rows: Sequence[Row],
    amounts: Sequence[float],
    term: Term,
    scatter: Mapping[str, tuple[float, int]],
) -> Quantity | None:
    values, statistical = {}, {}
    for s in SERIES:
        relative, degrees = scatter[s]
        if not degrees:
            return None
        values[s] = math.fsum(row_series(rows, s)) / math.fsum(amounts)
        statistical[s] = t95(degrees) * relative * values[s] / math.sqrt(len(rows))
    told = own([1.0 / math.fsum(amounts)] * len(rows), rows)
    return quantity(group, values, statistical, term.unit, spread=multiplicative, own=told)[0]


def domain(group: Group) -> Mapping[str, tuple[float, float]]:
    """The range of work per request, batch and concurrency that the runs covered.

    How many were under way at once is set where users wait for their answers alone: in an open load or a scenario
    it follows from the server, and is left out.
    """
    if group.levels:
        return group.ranges
    ranges: dict[str, tuple[float, float]] = {"batch": (float(group.batch), float(group.batch))}
    if group.rate is None and group.load is None:
        ranges["concurrency"] = (float(group.concurrency), float(group.concurrency))
    every = list(chain.from_iterable(group.outcomes_usage))
    for name in _RANGES:
        # lengths repeat over requests: a set of numbers is small where one of whole usages is slow to make
        if known := set(map(attrgetter(name), every)) - {None}:
            ranges[name] = (float(min(known)), float(max(known)))
    return ranges
