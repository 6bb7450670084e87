"""Gross energy per unit delivered, by workload, and the range of work that the runs covered."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter

from bench.fit.intervals import SERIES, multiplicative, own, quantity, row_series
from bench.fit.repeats import differ, squares
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


@dataclass(frozen=True, slots=True)
class _Scatter:
    """How far repeats of one workload lie apart, as a share of their mean, and its degrees of freedom."""

    relative: float
    degrees: int


_Amounts = Mapping[str, Sequence[float]]
_Rows = Mapping[str, Sequence[Row]]
_BlockOf = Callable[[Row], object]


def _window_of(row: Row) -> object:
    return row.run_id, row.phase, row.label


def _run_of(row: Row) -> object:
    return row.run_id


def rates(group: Group, work: Sequence[Row]) -> Mapping[str, Quantity]:
    """Gross energy per unit, by workload: "audio_second@speech-fr-30". Empty when no window was repeated.

    Windows of one workload repeat each other; their relative scatter is pooled over all workloads of one load,
    because two windows alone would give an interval of a dozen standard deviations. So do its runs, where these
    differ by more than their windows do.
    """
    by_workload = {w: [r for r in work if r.cell == w] for w in sorted({r.cell for r in work})}
    level = {r.cell: r.level for r in work}
    series = SERIES if group.basis == "modelled" else SERIES[:1]  # what is measured has one series
    made = {}
    for term in RATES[group.family]:
        amounts = {w: [term.amount(r) or 0.0 for r in rows] for w, rows in by_workload.items()}
        counted = {w: rows for w, rows in by_workload.items() if all(amounts[w])}
        # what arrives at random scatters as users who wait do not
        levels = {at: {w: rows for w, rows in counted.items() if level[w] == at} for at in map(level.get, counted)}
        repeats = {at: _repeats(rows, amounts) for at, rows in levels.items()}
        scatter = {
            (at, of): {s: _pooled(s, rows, amounts, of) for s in series}
            for at, rows in levels.items()
            for of in repeats[at]
        }
        for workload, rows in counted.items():
            told: dict[_BlockOf, Mapping[str, _Scatter]] = {}
            for of in repeats[level[workload]]:
                pooled = scatter[level[workload], of]
                alone = {s: _pooled(s, {workload: rows}, amounts, of) for s in series}
                told[of] = alone if _wilder(alone["value"], pooled["value"]) else pooled
            found = _rate(group, rows, amounts[workload], term, told)
            if found is not None:
                made[f"{term.name}@{workload}"] = found
    return made


def _repeats(rows: _Rows, amounts: _Amounts) -> tuple[_BlockOf, ...]:
    """What repeats: windows, and runs too where these differ by more (`bench.fit.repeats`), over all workloads."""
    outer, inner, between, within = 0.0, 0.0, 0, 0
    for workload, members in rows.items():
        each = [r.energy_j / a for r, a in zip(members, amounts[workload], strict=True)]
        centre = mean(each)
        runs: dict[str, list[float]] = {}
        for row, value in zip(members, each, strict=True):
            runs.setdefault(row.run_id, []).append(value / centre - 1.0)
        apart, inside = squares(list(runs.values()), 0.0)
        outer, inner = outer + apart, inner + inside
        between, within = between + len(runs) - 1, within + len(each) - len(runs)
    if between and within and differ(outer / between, inner / within, between, within):
        return _window_of, _run_of
    return (_window_of,)


def _wilder(alone: _Scatter, pooled: _Scatter) -> bool:
    """Whether a workload's own repeats scatter by more than chance makes of the pool's: its requests differ."""
    limit = f95(alone.degrees, pooled.degrees) if alone.degrees else math.inf
    return alone.relative**2 > limit * pooled.relative**2


def _pooled(which: str, rows: _Rows, amounts: _Amounts, of: _BlockOf) -> _Scatter:
    """The pooled relative standard deviation of repeats, and its degrees of freedom."""
    apart, degrees = 0.0, 0
    for workload, members in rows.items():
        each = [e / a for e, a in _blocks(which, members, amounts[workload], of)]
        if len(each) < 2:
            continue
        apart += (deviation(each) / mean(each)) ** 2 * (len(each) - 1)
        degrees += len(each) - 1
    return _Scatter(math.sqrt(apart / degrees) if degrees else 0.0, degrees)


def _blocks(which: str, rows: Sequence[Row], amounts: Sequence[float], of: _BlockOf) -> list[tuple[float, float]]:
    """The energy and the units of each block of windows."""
    found: dict[object, tuple[float, float]] = {}
    for row, energy_j, amount in zip(rows, row_series(rows, which), amounts, strict=True):
        before_j, before = found.get(of(row), (0.0, 0.0))
        found[of(row)] = (before_j + energy_j, before + amount)
    return list(found.values())


def _rate(
    group: Group,
    rows: Sequence[Row],
    amounts: Sequence[float],
    term: Term,
    told: Mapping[_BlockOf, Mapping[str, _Scatter]],
) -> Quantity | None:
    """Σ energy over Σ units, a ratio estimator: each repeat counts by its share of the units.

    At a relative error that is alike for all of them its variance is σ² Σ units² / (Σ units)² (Cochran, Sampling
    Techniques, 3rd ed., 6.4, errors being proportional to the units; checked 2026-11-22): one window far longer
    than the others is hardly averaged over.
    """
    values = {s: math.fsum(row_series(rows, s)) / math.fsum(amounts) for s in SERIES}
    halves: dict[str, float] = {}
    for of, scatter in told.items():
        units = [amount for _, amount in _blocks("value", rows, amounts, of)]
        share = math.hypot(*units) / math.fsum(units)
        for s, one in scatter.items():
            if not one.degrees:
                return None
            halves[s] = max(halves.get(s, 0.0), t95(one.degrees) * one.relative * values[s] * share)
    statistical = {s: halves.get(s, halves["value"]) for s in SERIES}
    own_ = own([1.0 / math.fsum(amounts)] * len(rows), rows)
    return quantity(group, values, statistical, term.unit, spread=multiplicative, own=own_)[0]


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
