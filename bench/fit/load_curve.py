"""Runs of one server at several rates → its load curve: power = idle + J/request × requests answered a second.

    W │                    ·  ·   saturated: more is offered, no more is answered
      │              ·──┘
      │        ·──┘               slope: J for each request more
      │  ·──┘
      │┘                          intercept: W while nothing is asked
      └──────────────────────── answered requests/s

J per request at a rate r is idle / r + slope: a server that waits costs its idle, whoever asks it. The line is
drawn through the idle windows and the open-loop windows in which the server kept up, each weighted by one over the
power that the line gives it (a constant relative error); its interval is Student's, with the windows' own
uncertainty and the board's gain.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bench.fit.intervals import SERIES, Own, own, quantity, row_powers_w, row_series
from bench.fit.rows import Group, Measured, Row, groups
from bench.fit.solve import Array, solve
from bench.nouns import CoefficientKey, CurvePoint, LoadCurve, Pace, Quantity, Run
from bench.physics import phases
from bench.physics.attribution import window_outcomes
from bench.stats import deviation, median, significant, t95
from bench.units import S_PER_NS

# A window of arrivals that ends so much later than it should, beyond a request's usual time, was not kept up with.
KEPT_UP_RATIO = 1.05
_FEWEST_RATES = 3
_ROUNDS, _LEAST_RATIO = 3, 0.5  # chosen


@dataclass(frozen=True, slots=True)
class _Asked:
    """A window of work, and how it was asked for."""

    group: Group
    row: Row
    run: Run

    @property
    def pace(self) -> Pace:
        assert self.run.spec.pace is not None, "only what was sent at a pace is gathered"
        return self.run.spec.pace


def load_curves(measured: Iterable[Measured]) -> tuple[LoadCurve, ...]:
    """One curve for each key, boundary and workload that was asked at an open rate, in one order."""
    served = [one for one in measured if one.run.spec.pace is not None]
    runs = {one.run.id: one.run for one in served}
    gathered: dict[tuple[str, ...], list[Group]] = {}
    keys: dict[tuple[str, ...], CoefficientKey] = {}
    for group in groups(served):
        for workload in sorted({r.workload for r in group.rows}):
            at = (repr(group.key), group.boundary, workload)
            mine = replace(group, rows=tuple(r for r in group.rows if r.workload == workload))
            gathered.setdefault(at, []).append(mine)
            keys[at] = group.key
    curves = [_curve(keys[at], at[2], members, runs) for at, members in sorted(gathered.items())]
    return tuple(curve for curve in curves if any(p.offered_per_s is not None for p in curve.points))


def _curve(key: CoefficientKey, workload: str, members: Sequence[Group], runs: dict[str, Run]) -> LoadCurve:
    work = [_Asked(group, row, runs[row.run_id]) for group in members for row in phases.work(group.rows)]
    points = sorted((_point(one) for one in work), key=lambda p: (p.answered_per_s, p.run_id))
    busiest = _busiest(work)
    empty = LoadCurve(
        key=key, boundary=members[0].boundary, workload=workload, points=tuple(points), idle=None, request=None,
        most_per_s=significant(_rate_per_s(busiest)), off_line_ratio=None, at_most=_gross(busiest),
    )  # fmt: skip
    on_line = [
        row for group in members if group.rate is not None or _open(runs, group)
        for row in (*phases.work(group.rows), *phases.idle(group.rows, "resident"))
        if not _saturated(row, runs[row.run_id])
    ]  # fmt: skip
    rates = {runs[r.run_id].spec.pace.rate_per_s for r in phases.work(on_line)}  # type: ignore[union-attr]
    if len(rates) < _FEWEST_RATES:
        count = "1 rate" if len(rates) == 1 else f"{len(rates)} rates"
        why = f"{count} at which the server kept up, {_FEWEST_RATES} needed for a line: add lower ones"
        return replace(empty, missing=why)
    return _lined(empty, members[0], on_line)


def _lined(curve: LoadCurve, group: Group, rows: Sequence[Row]) -> LoadCurve:
    """The same curve with its line."""
    design = np.array([[1.0, (r.usage.requests or 0) / r.duration_s] for r in rows])
    value_w = np.array([r.energy_j / r.duration_s for r in rows])
    weights = _weights(design, value_w)
    solved = {s: solve(design, np.array(row_powers_w(rows, s)), weights) for s in SERIES}
    made: list[Quantity] = []
    for i, unit in enumerate(("W", "J/request")):
        values = {s: float(found.terms[i]) for s, found in solved.items()}
        spread = {s: float(t95(f.degrees) * np.sqrt(f.covariance[i, i])) for s, f in solved.items()}
        leaning = [float(w) / r.duration_s for w, r in zip(solved["value"].leverage[i], rows, strict=True)]
        made.append(quantity(group, values, spread, unit, own=own(leaning, rows))[0])
    off = np.abs(design @ solved["value"].terms / value_w - 1.0)
    return replace(curve, idle=made[0], request=made[1], off_line_ratio=significant(float(off.max())))


def _weights(design: Array, power_w: Array) -> Array:
    """1/P̂, of P̂ what the line makes of a window: iterated from equal weights.

    As the terms are weighted (`bench.fit.weighing`): by its own power a window that came out low by chance would
    count for more. Simulated, five rates thrice: at a scatter of 5 and 10 % the watts at rest came out 0.5 and 2 %
    low and held the truth in 88 of 100 at 10 %; now within 0.1 %, and 95. No window is taken for less
    than half the least power: where a line bends, none of them is to count for all.
    """
    weights = np.ones(len(power_w))
    for _ in range(_ROUNDS):
        line_w = design @ solve(design, power_w, weights).terms
        weights = 1.0 / np.maximum(line_w, _LEAST_RATIO * float(power_w.min()))
    return weights


def _point(one: _Asked) -> CurvePoint:
    row, pace = one.row, one.pace
    values = {s: row_powers_w([row], s)[0] for s in SERIES}
    told: Own = own([1.0 / row.duration_s], [row])
    power, _ = quantity(one.group, values, dict.fromkeys(SERIES, 0.0), "W", 0.0, own=told)
    return CurvePoint(
        run_id=row.run_id,
        offered_per_s=significant(pace.rate_per_s) if pace.kind == "open" else None,
        users=pace.users if pace.kind == "closed" else None,
        answered_per_s=significant((row.usage.requests or 0) / row.duration_s),
        power=power,
        saturated=_saturated(row, one.run),
    )


def _busiest(work: Sequence[_Asked]) -> list[_Asked]:
    """Every window of the level that answered most: of one window alone, chance would choose the best."""
    levels: dict[str, list[_Asked]] = {}
    for one in work:
        levels.setdefault(repr(one.pace), []).append(one)
    return max(levels.values(), key=_rate_per_s, default=[])


def _rate_per_s(level: Sequence[_Asked]) -> float:
    duration_s = sum(one.row.duration_s for one in level)
    return sum(one.row.usage.requests or 0 for one in level) / duration_s if duration_s else 0.0


def _gross(level: Sequence[_Asked]) -> Quantity | None:
    """Joules a request over all windows of a level, waiting included; Student's interval of its windows."""
    rows = [one.row for one in level]
    counts = [float(row.usage.requests or 0) for row in rows]
    if not all(counts) or not rows:
        return None
    series = {s: row_series(rows, s) for s in SERIES}
    values = {s: float(sum(energies) / sum(counts)) for s, energies in series.items()}
    each = {s: [e / n for e, n in zip(energies, counts, strict=True)] for s, energies in series.items()}
    spread = {s: _half_width(ratios) for s, ratios in each.items()}
    return quantity(level[0].group, values, spread, "J/request", own=own([1 / sum(counts)] * len(rows), rows))[0]


def _half_width(values: Sequence[float]) -> float:
    count = len(values)
    return t95(count - 1) * deviation(values) / count**0.5 if count > 1 else 0.0


def _saturated(row: Row, run: Run) -> bool:
    """Whether the last answers of a window of arrivals came much later than the last arrival."""
    pace = run.spec.pace
    if pace is None or pace.kind != "open" or not phases.is_work(row):
        return False
    window = next(w for w in run.trace.windows if (w.phase, w.label) == (row.phase, row.label))
    done = window_outcomes(window, run.outcomes)
    usual_s = median([(o.end_ns - o.start_ns) * S_PER_NS for o in done]) if done else 0.0
    return window.duration_s - usual_s > KEPT_UP_RATIO * run.spec.timing.window_s


def _open(runs: dict[str, Run], group: Group) -> bool:
    """Whether a named load of the group is open."""
    return any((p := runs[r.run_id].spec.pace) is not None and p.kind == "open" for r in group.rows)
