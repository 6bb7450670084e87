"""Runs → Coefficients: energy of a window = idle_resident × its duration + Σ term × achieved work.

1. idle_resident (W) is the mean of the idle windows with the model loaded, with Student's interval.
2. The terms solve, by least squares weighted with 1/E (a constant relative error),
       E_i − idle_resident × d_i = Σ_k term_k × work_ik        over the work windows i.
   The uncertainty of idle_resident is carried into every term through the solution's leverage on d.
3. Each interval adds, in quadrature, the board's gain (common to all rows, so it scales every term) and,
   for synthetic weights, the power that can differ with the data. Where energy is modelled the fit is
   repeated on the model's low and high series, and the interval spans all three.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np

from bench.fit.intervals import (
    SERIES,
    SYNTHETIC_DATA_RATIO_95,
    half_of_mean,
    multiplicative,
    quantity,
    row_powers_w,
    row_series,
)
from bench.fit.rates import domain, rates
from bench.fit.rows import Group, Measured, Row, groups
from bench.fit.solve import Array, Solution, condition_number, separable, solve
from bench.fit.terms import TERMS
from bench.nouns import Coefficients, Family, Quantity
from bench.stats import mean, median, significant, t95

_SYNTHETIC_NOTE = (
    "synthetic weights: power can differ with the data; "
    f"± {SYNTHETIC_DATA_RATIO_95:.0%} in every interval until a pretrained control has been run"
)
_FEWEST_WINDOWS_OVER_TERMS = 1


def fit(measured: Iterable[Measured], family: Callable[[str], Family]) -> tuple[Coefficients, ...]:
    """Coefficients of every key, boundary, batch and concurrency; `family` tells a model's family."""
    return tuple(_fit(group, family(group.key.model)) for group in groups(measured))


def _fit(group: Group, family: Family) -> Coefficients:
    group = replace(group, has_weights=family != "video")
    work = [r for r in group.rows if r.phase in ("work", "prepare")]
    idle = [r for r in group.rows if r.phase == "idle" and r.label.startswith("resident")]
    terms: dict[str, Quantity] = {}
    parts: dict[str, dict[str, float]] = {}
    missing: dict[str, str] = {}
    facts: dict[str, str | int | float | bool | None] = {
        "runs": len(group.runs),
        "excluded": len(group.excluded),
    }
    _idle_terms(group, idle, terms, parts, missing)
    if "idle_resident" in terms:
        facts |= _work_terms(group, family, work, idle, terms, parts, missing)
        _load_term(group, idle, terms, parts, missing)
    else:
        missing |= {t.name: "needs idle_resident, which is not known" for t in TERMS[family]}
    return Coefficients(
        key=group.key,
        boundary=group.boundary,
        terms=terms,
        rates=rates(group, family, work),
        domain=domain(group),
        fit=facts,
        runs=group.runs,
        not_identified=missing,
        batch=group.batch,
        concurrency=group.concurrency,
        components=parts,
        notes=_notes(group),
    )


def _notes(group: Group) -> tuple[str, ...]:
    notes = [_SYNTHETIC_NOTE] if group.synthetic else []
    if group.basis == "modelled":
        notes.append(f"{group.boundary} energy is modelled, not measured")
    return (*notes, *(f"excluded {why}" for why in group.excluded))


# ── terms ───────────────────────────────────────────────────────────────────────────────────────


def _idle_terms(
    group: Group,
    idle: Sequence[Row],
    terms: dict[str, Quantity],
    parts: dict[str, dict[str, float]],
    missing: dict[str, str],
) -> None:
    bare = [r for r in group.rows if r.phase == "idle" and r.label.startswith("bare")]
    for name, rows in (("idle_bare", bare), ("idle_resident", idle)):
        if len(rows) < 2:
            missing[name] = f"{len(rows)} idle window with an energy, 2 needed for an interval"
            continue
        spread = {s: [e / r.duration_s for e, r in zip(row_series(rows, s), rows, strict=True)] for s in SERIES}
        values = {s: mean(v) for s, v in spread.items()}
        statistical = {s: half_of_mean(v) for s, v in spread.items()}
        terms[name], parts[name] = quantity(group, values, statistical, "W", 0.0, spread=multiplicative)


def _work_terms(
    group: Group,
    family: Family,
    work: Sequence[Row],
    idle: Sequence[Row],
    terms: dict[str, Quantity],
    parts: dict[str, dict[str, float]],
    missing: dict[str, str],
) -> dict[str, float | int]:
    """Adds the terms that the windows can tell apart; returns the facts of the fit."""
    asked = [t for t in TERMS[family] if any(t.amount(r.usage) for r in work)]
    for term in TERMS[family]:
        if term not in asked:
            missing[term.name] = "no window did work of this kind"
    if not asked:
        return {"windows": len(work)}
    design = np.array([[t.amount(r.usage) or 0.0 for t in asked] for r in work], dtype=float)
    weights = 1.0 / np.array([r.energy_j for r in work], dtype=float)
    kept = separable(design, weights)
    for column, term in enumerate(asked):
        if column not in kept:
            with_ = ", ".join(asked[k].name for k in kept)
            missing[term.name] = f"moves together with {with_} in these runs; add a workload that varies it alone"
    if len(work) - len(kept) < _FEWEST_WINDOWS_OVER_TERMS:
        needed = len(kept) + _FEWEST_WINDOWS_OVER_TERMS
        for k in kept:
            missing[asked[k].name] = f"{len(work)} work windows, {needed} needed; run more cells of this model"
        return {"windows": len(work)}
    chosen = design[:, kept]
    solved = {s: _above_idle(s, work, idle, chosen, weights) for s in SERIES}
    for i, k in enumerate(kept):
        values = {s: float(found.terms[i]) for s, (found, _) in solved.items()}
        statistical = {s: float(half[i]) for s, (_, half) in solved.items()}
        terms[asked[k].name], parts[asked[k].name] = quantity(group, values, statistical, asked[k].unit)
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


def _load_term(
    group: Group,
    idle: Sequence[Row],
    terms: dict[str, Quantity],
    parts: dict[str, dict[str, float]],
    missing: dict[str, str],
) -> None:
    loads = [r for r in group.rows if r.phase == "load"]
    if len(loads) < 2:
        once = f" ({loads[0].energy_j:.4g} J gross, once)" if loads else ""
        missing["load"] = f"{len(loads)} load with an energy, 2 needed for an interval{once}"
        return
    spread = {}
    for s in SERIES:
        idle_w = mean(row_powers_w(idle, s))
        spread[s] = [e - idle_w * r.duration_s for e, r in zip(row_series(loads, s), loads, strict=True)]
    values = {s: mean(v) for s, v in spread.items()}
    statistical = {s: half_of_mean(v) for s, v in spread.items()}
    terms["load"], parts["load"] = quantity(group, values, statistical, "J")


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
