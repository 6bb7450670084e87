"""Runs → Coefficients: energy of a window = idle_resident × its duration + Σ term × achieved work.

1. idle_resident (W) is the mean of the idle windows with the model loaded, with Student's interval.
2. The terms solve, by least squares weighted with 1/E (a constant relative error),
       E_i − idle_resident × d_i = Σ_k term_k × work_ik        over the work windows i.
   The uncertainty of idle_resident is carried into every term through the solution's leverage on d.
3. The interval is the larger of that scatter and of what the windows' own uncertainties make of the term
   (ticks, lag, what a part-time sensor may have missed), widened by the bounds of what a sensor never saw.
   It adds, in quadrature, the board's gain (common to all rows, so it scales every term) and,
   for synthetic weights, the power that can differ with the data. Where energy is modelled the fit is
   repeated on the model's low and high series, and the interval spans all three.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from bench.fit.intervals import (
    SERIES,
    SYNTHETIC_DATA_RATIO_95,
    half_of_mean,
    multiplicative,
    own,
    quantity,
    row_powers_w,
    row_series,
)
from bench.fit.rates import domain, rates
from bench.fit.rows import Group, Measured, Row, groups
from bench.fit.solve import Array, Solution, condition_number, separable, solve
from bench.fit.terms import TERMS, Term
from bench.nouns import Coefficients, Quantity
from bench.physics import phases
from bench.stats import mean, median, significant, t95

_SYNTHETIC_NOTE = (
    "synthetic weights: power can differ with the data; "
    f"± {SYNTHETIC_DATA_RATIO_95:.0%} in every term and rate until a pretrained control has been run"
)
_FEWEST_WINDOWS_OVER_TERMS = 1


def fit(measured: Iterable[Measured]) -> tuple[Coefficients, ...]:
    """Coefficients of every key, boundary and level, in one order."""
    return tuple(_fit(group) for group in groups(measured))


def _fit(group: Group) -> Coefficients:
    work = phases.work(group.rows)
    idle = phases.idle(group.rows, "resident")
    sheet = _Sheet(terms={}, parts={}, missing={})
    facts: dict[str, str | int | float | bool | None] = {
        "runs": len(group.runs),
        "excluded": len(group.excluded),
    }
    _idle_terms(group, idle, sheet)
    if "idle_resident" in sheet.terms:
        facts |= _work_terms(group, TERMS[group.family], work, idle, sheet)
        _load_term(group, idle, sheet)
    else:
        sheet.missing |= {t.name: "needs idle_resident, which is not known" for t in TERMS[group.family]}
    return Coefficients(
        key=group.key,
        boundary=group.boundary,
        terms=sheet.terms,
        rates=rates(group, work),
        domain=domain(group),
        fit=facts,
        runs=group.runs,
        not_identified=sheet.missing,
        batch=group.batch,
        concurrency=group.concurrency,
        rate=group.rate,
        load=group.load,
        components=sheet.parts,
        notes=(*sheet.notes, *_notes(group)),
    )


def _notes(group: Group) -> tuple[str, ...]:
    notes = [_SYNTHETIC_NOTE] if group.synthetic else []
    if group.basis == "modelled":
        notes.append(f"{group.boundary} energy is modelled, not measured")
    return (*notes, *(f"flag: {what}" for what in group.flags), *(f"excluded {why}" for why in group.excluded))


@dataclass(slots=True, kw_only=True)
class _Sheet:
    """What a fit has found so far: terms, the components of their intervals, and why others are absent."""

    terms: dict[str, Quantity]
    parts: dict[str, dict[str, float]]
    missing: dict[str, str]
    notes: list[str] = field(default_factory=list)

    def enter(self, name: str, found: tuple[Quantity, dict[str, float]]) -> None:
        """Writes a term with its components down."""
        self.terms[name], self.parts[name] = found


def _idle_terms(group: Group, idle: Sequence[Row], sheet: _Sheet) -> None:
    bare = phases.idle(group.rows, "bare")
    for name, rows in (("idle_bare", bare), ("idle_resident", idle)):
        if len(rows) < 2:
            sheet.missing[name] = f"{len(rows)} idle window with an energy, 2 needed for an interval"
            continue
        spread = {s: [e / r.duration_s for e, r in zip(row_series(rows, s), rows, strict=True)] for s in SERIES}
        values = {s: mean(v) for s, v in spread.items()}
        statistical = {s: half_of_mean(v) for s, v in spread.items()}
        told = own([1.0 / (len(rows) * r.duration_s) for r in rows], rows)
        sheet.enter(name, quantity(group, values, statistical, "W", 0.0, spread=multiplicative, own=told))


def _work_terms(
    group: Group, known: Sequence[Term], work: Sequence[Row], idle: Sequence[Row], sheet: _Sheet
) -> dict[str, float | int]:
    """Adds the terms that the windows can tell apart; returns the facts of the fit."""
    asked = [t for t in known if any(t.amount(r.usage) for r in work)]
    sheet.missing |= {t.name: "no window did work of this kind" for t in known if t not in asked}
    if not asked:
        return {"windows": len(work)}
    design = np.array([[t.amount(r.usage) or 0.0 for t in asked] for r in work], dtype=float)
    weights = 1.0 / np.array([r.energy_j for r in work], dtype=float)
    # No more terms than kinds of work that were asked for: within one, amounts differ by what a server counted
    # alone, and a solver would tell terms apart by that.
    workloads = sorted({r.workload for r in work})
    columns = separable(design, weights)[: len(workloads)]
    kept = [asked[k] for k in columns]
    with_ = ", ".join(t.name for t in kept)
    together = f"moves together with {with_} in these runs; add a workload that varies it alone"
    lost = [t.name for t in asked if t not in kept]
    sheet.missing |= dict.fromkeys(lost, together)
    needed = len(kept) + _FEWEST_WINDOWS_OVER_TERMS
    if len(work) < needed:
        few = f"{len(work)} work windows, {needed} needed; run more cells of this model"
        sheet.missing |= {t.name: few for t in kept}
        return {"windows": len(work)}
    chosen = design[:, columns]
    solved = {s: _above_idle(s, work, idle, chosen, weights) for s in SERIES}
    for i, term in enumerate(kept):
        values = {s: float(found.terms[i]) for s, (found, _) in solved.items()}
        statistical = {s: float(half[i]) for s, (_, half) in solved.items()}
        told = own(_weights(solved["value"][0].leverage[i], work, idle), (*work, *idle))
        sheet.enter(term.name, quantity(group, values, statistical, term.unit, own=told))
    if lost:
        sheet.notes.append(f"{with_}: with {' and '.join(lost)} in it, so true of {', '.join(workloads)} only")
    found = solved["value"][0]
    held_out = _held_out(work, idle, chosen, weights)
    return {
        "windows": len(work),
        "degrees_of_freedom": found.degrees,
        "residual_ratio": significant(found.residual_ratio),
        "condition_number": significant(condition_number(chosen, weights)),
        **({"held_out_error": significant(held_out)} if held_out is not None else {}),
    }


def _above_idle(
    which: str, work: Sequence[Row], idle: Sequence[Row], design: Array, weights: Array
) -> tuple[Solution, Array]:
    """The terms of one series and their statistical half-widths at 95 %, idle's uncertainty carried in."""
    energy_j = np.array(row_series(work, which))
    duration_s = np.array([r.duration_s for r in work])
    powers_w = row_powers_w(idle, which)
    idle_w = mean(powers_w)
    found = solve(design, energy_j - idle_w * duration_s, weights)
    own = t95(found.degrees) * np.sqrt(np.diag(found.covariance))
    carried = np.abs(found.leverage @ duration_s) * half_of_mean(powers_w)
    return found, np.hypot(own, carried)


def _weights(leverage: Array, work: Sequence[Row], idle: Sequence[Row]) -> list[float]:
    """How a term leans on each work window's energy, and through idle_resident on each idle one's."""
    through_idle = float(leverage @ np.array([r.duration_s for r in work])) / len(idle)
    return [*map(float, leverage), *(-through_idle / r.duration_s for r in idle)]


def _load_term(group: Group, idle: Sequence[Row], sheet: _Sheet) -> None:
    loads = [r for r in group.rows if r.phase == "load"]
    if len(loads) < 2:
        once = f" ({loads[0].energy_j:.4g} J gross, once)" if loads else ""
        sheet.missing["load"] = f"{len(loads)} load with an energy, 2 needed for an interval{once}"
        return
    spread = {}
    for s in SERIES:
        idle_w = mean(row_powers_w(idle, s))
        spread[s] = [e - idle_w * r.duration_s for e, r in zip(row_series(loads, s), loads, strict=True)]
    values = {s: mean(v) for s, v in spread.items()}
    statistical = {s: half_of_mean(v) for s, v in spread.items()}
    told = own(_weights(np.full(len(loads), 1 / len(loads)), loads, idle), (*loads, *idle))
    sheet.enter("load", quantity(group, values, statistical, "J", own=told))


def _held_out(work: Sequence[Row], idle: Sequence[Row], design: Array, weights: Array) -> float | None:
    """The median relative error of predicting a workload's windows from all the others, as a ratio."""
    idle_w = mean(row_powers_w(idle, "value"))
    energy_j = np.array([r.energy_j for r in work])
    duration_s = np.array([r.duration_s for r in work])
    errors: list[float] = []
    for workload in sorted({r.workload for r in work}):
        out = np.array([r.workload == workload for r in work])
        if len(separable(design[~out], weights[~out])) < design.shape[1]:
            continue  # without it the terms can't be told apart: nothing is predicted
        found = solve(design[~out], (energy_j - idle_w * duration_s)[~out], weights[~out])
        predicted = design[out] @ found.terms + idle_w * duration_s[out]
        errors += list(np.abs(predicted / energy_j[out] - 1.0))
    return median(errors) if errors else None
