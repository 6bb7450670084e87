"""What work costs above idle: which terms the windows can tell apart, which they show, and what each is."""

import math
from collections.abc import Callable, Sequence

import numpy as np

from bench.fit import bootstrap
from bench.fit.design import Shape, separating_cells
from bench.fit.intervals import SERIES, half_of_mean, own, quantity, row_powers_w, row_series
from bench.fit.nearness import nearly_together
from bench.fit.repeats import differ, half_over_rows, of_days
from bench.fit.revealing import revealing
from bench.fit.rows import Group, Row
from bench.fit.selection import Evidence, left_out, shown
from bench.fit.sheet import Sheet
from bench.fit.solve import Array, Solution, condition_number, separable, solve
from bench.fit.terms import REQUEST, SHOWN, TERMS, Term
from bench.fit.weighing import fitted_weights, own_idle_j, own_idles_w, weights_of
from bench.nouns import Family
from bench.stats import median, significant, t95
from bench.units import counted

UNTESTED = (
    "terms not tested on work that they have not seen: too few workloads to leave one out; true of those that ran"
)
_MORE_SHAPES = "run more shapes of it, or more loads"
_OTHER_LOADS = "run more shapes of it, or each load in a folder of its own"
_VARIES = "add a workload that varies it alone (`joulemark list workloads`)"
_FEWEST_WINDOWS_OVER_TERMS = 1
IDLE = "idle_resident"
_UNTRUE_RATIO = 0.25  # chosen: five times what a board's sensor may be off by

Facts = dict[str, float | int | str]
Spreading = Callable[[Solution, Array, Array, Array, Sequence[Row]], Array]


def enter_work_terms(
    group: Group, work: Sequence[Row], idle: Sequence[Row], shapes: Sequence[Shape], sheet: Sheet
) -> Facts:
    """Adds the terms of these work windows to the sheet, and why others are absent; the facts of the fit.

    `shapes`: the workloads of which one may be named that would tell apart what these windows can't.
    """
    known = TERMS[group.family]
    every, work = work, counted_work(group.family, work)
    sheet.notes += _uncounted(group.family, every)
    asked = [t for t in known if any(t.amount(r) for r in work)]
    sheet.refuse([t.name for t in known if t not in asked], "no window did work of this kind")
    if not asked:
        return {"windows": len(work)}
    kept = _told_apart(asked, group, work, shapes, sheet)
    needed = len(kept) + _FEWEST_WINDOWS_OVER_TERMS
    if len(work) < needed:
        others = [t for t in asked if t not in kept]
        helps = separating_cells([*kept, *others[:1]], group, work, shapes) if others else ()
        few = f"{counted(len(work), 'work window')}, {needed} needed"
        sheet.refuse([t.name for t in kept], few, helps=helps or group.cells[:1], again=not helps)
        return {"windows": len(work)}
    kept += _shown(group, kept, work, idle)
    errors = left_out_errors(kept, work, idle)
    if errors and (worst := max(errors, key=errors.__getitem__)) and errors[worst] > _UNTRUE_RATIO:
        sheet.notes.append(f"flag: {worst} is predicted {errors[worst]:.0%} off from the other cells")
    if errors and (wrong := median(list(errors.values()))) > _UNTRUE_RATIO:
        untrue = (
            f"cells left out are off by {wrong:.0%} where these terms are fitted on the others: they do not "
            "describe this work"
        )
        shown_by = [one.cell for one in revealing(group, kept, shapes)]
        sheet.refuse([t.name for t in kept], untrue, helps=shown_by, remedy=_MORE_SHAPES)
        return {"windows": len(work), "held_out_error": significant(wrong)}
    if not errors and len(kept) > 1:
        sheet.notes.append(UNTESTED)
    facts = _solved(group, kept, work, idle, shapes, sheet)
    sheet.notes += nearly_together(sheet, kept, group, work, shapes)
    return {"windows": len(work), **facts, **_median(errors)}


def counted_work(family: Family, work: Sequence[Row]) -> tuple[Row, ...]:
    """The windows in which all work is counted that any window counts: None of one is not none."""
    told = [t for t in TERMS[family] if any(t.amount(r) is not None for r in work)]
    return tuple(r for r in work if all(t.amount(r) is not None for t in told))


def _uncounted(family: Family, work: Sequence[Row]) -> list[str]:
    """That windows are set apart because nobody counted what others did count."""
    apart = len(work) - len(counted_work(family, work))
    names = [t.usage for t in TERMS[family] if len({t.amount(r) is None for r in work}) > 1]
    what = f"{' and '.join(names)} not counted there: in no term"
    return [f"flag: {apart} of {counted(len(work), 'work window')} set apart, {what}"] if apart else []


def left_out_errors(terms: Sequence[Term], work: Sequence[Row], idle: Sequence[Row]) -> dict[str, float]:
    """Of each workload: the relative error of predicting it with these terms from all the others."""
    return left_out(_evidence(terms, work, idle), range(len(terms)))


def _told_apart(
    asked: Sequence[Term], group: Group, work: Sequence[Row], shapes: Sequence[Shape], sheet: Sheet
) -> list[Term]:
    """The terms that can be told apart; the others with what holds them, and the workload that would help.

    No more terms than kinds of work that were asked for: within one, amounts differ by what a server counted
    alone, and a solver would tell terms apart by that.
    """
    workloads = sorted({r.cell for r in work})
    columns = separable(_design(asked, work), weights_of(work))[: len(workloads)]
    kept = [asked[k] for k in columns]
    others = [t for t in asked if t not in kept]
    lost = [t.name for t in others]
    if lost:
        with_ = ", ".join(t.name for t in kept)
        for term in others:
            helps = separating_cells([*kept, term], group, work, shapes)
            why = f"moves together with {with_} in these runs"
            sheet.refuse([term.name], why, helps=helps, remedy=_VARIES)
        if len(work) >= len(kept) + _FEWEST_WINDOWS_OVER_TERMS:
            told = f"{with_}: with {' and '.join(lost)} in it, so true of {', '.join(workloads)} only"
            sheet.notes.append(told)
    return kept


def _shown(group: Group, kept: Sequence[Term], work: Sequence[Row], idle: Sequence[Row]) -> list[Term]:
    """The further terms that these windows show."""
    counted = [t for t in SHOWN.get(group.family, ()) if any(t.amount(r) for r in work)]
    further = [t for t in counted if all(t.amount(r) is not None for r in work)]
    if len(kept) < len(TERMS[group.family]) or not further:
        return []
    count = len(kept)
    evidence = _evidence([*kept, *further], work, idle)
    return [further[k - count] for k in shown(evidence, range(count), range(count, count + len(further)))]


def _solved(
    group: Group,
    kept: Sequence[Term],
    work: Sequence[Row],
    idle: Sequence[Row],
    shapes: Sequence[Shape],
    sheet: Sheet,
) -> Facts:
    """Enters the terms with their intervals; how well they fit."""
    design = _design(kept, work)
    weights = fitted_weights(design, work, idle)
    by, said = _spreading(kept, work, design, weights)
    found, spread = _above_idle("value", work, idle, design, weights, by)
    solved = dict.fromkeys(SERIES, (found, spread))
    if group.basis == "modelled":  # what is measured has one series
        solved = {s: _above_idle(s, work, idle, design, weights, by) for s in SERIES}
    for i, term in enumerate(kept):
        values = {s: float(one.terms[i]) for s, (one, _) in solved.items()}
        statistical = {s: math.sqrt(one[i, i]) for s, (_, one) in solved.items()}
        told = own(weights_on_rows(found.leverage[i], work, idle), (*work, *idle))
        made = quantity(group, values, statistical, term.unit, own=told)
        if term.name != REQUEST and made[0].high < 0.0:
            below = f"comes out below zero ({made[0].value:.3g} {made[0].unit})"
            why = f"{below}: these terms do not describe this work"
            helps = [one.cell for one in revealing(group, kept, shapes)]
            sheet.refuse([term.name], why, helps=helps, remedy=_OTHER_LOADS)
            continue
        sheet.enter(term.name, made)
    if by is not _over_sessions:
        above_idle_j = np.array([r.energy_j for r in work]) - own_idle_j(work, idle)
        off = (above_idle_j - design @ found.terms) * weights
        sheet.notes += of_days(list(map(float, off)), [(r.session, r.run_id) for r in work])
    sheet.correlate([*(t.name for t in kept), IDLE], spread)
    return {
        "interval": said,
        "degrees_of_freedom": found.degrees,
        "residual_ratio": significant(found.residual_ratio),
        "condition_number": significant(condition_number(design, weights)),
    }


def _spreading(terms: Sequence[Term], work: Sequence[Row], design: Array, weights: Array) -> tuple[Spreading, str]:
    """How it is found out how the terms spread, and how that is said.

    Over sessions where enough of them stand behind each term: what a day makes of all its cells is common to them.
    Else over runs, or by Student's t.
    """
    rows, zeros = design * weights[:, None], np.zeros(len(work))
    days = bootstrap.blocks(rows, zeros, [row.session for row in work])
    if len(days.runs) > bootstrap.FEWEST_BEHIND and bootstrap.behind(days).min() >= bootstrap.FEWEST_BEHIND:
        return _over_sessions, f"block bootstrap over {len(days.runs)} sessions"
    runs = bootstrap.blocks(rows, zeros, [row.run_id for row in work])
    behind = bootstrap.behind(runs)
    if behind.min() >= bootstrap.FEWEST_BEHIND:
        return _over_runs, f"block bootstrap over {len(runs.runs)} runs"
    few = f"{behind.min():.1f} of {len(runs.runs)} runs stand behind {terms[int(behind.argmin())].name}"
    if not behind.any():
        few = f"one of {len(runs.runs)} can't be left out" if len(runs.runs) > 1 else "one run"
    return _over_windows, f"Student: {few}, {bootstrap.FEWEST_BEHIND} behind each term make a block bootstrap"


def _above_idle(
    which: str, work: Sequence[Row], idle: Sequence[Row], design: Array, weights: Array, by: Spreading
) -> tuple[Solution, Array]:
    """The terms of one series, and how they and idle_resident spread together: (n_terms + 1, n_terms + 1).

    Its diagonal holds the squared statistical half-widths at 95 %. An idle that is δ too high takes
    (leverage @ durations) × δ from each term: what is predicted of work like that measured hardly feels it.
    """
    energy_j = np.array(row_series(work, which))
    duration_s = np.array([r.duration_s for r in work])
    above_idle_j = energy_j - own_idle_j(work, idle, which)
    found = solve(design, above_idle_j, weights)
    powers_w = row_powers_w(idle, which)
    idle_half_w = half_over_rows(powers_w, idle)
    # where each run has an idle of its own no common one is taken off: what they scatter by is in the residuals
    common_w = half_of_mean(powers_w) if own_idles_w(idle, which) else idle_half_w
    carried = np.append(-(found.leverage @ duration_s) * common_w, idle_half_w)
    spread = np.asarray(np.outer(carried, carried), dtype=np.float64)
    spread[:-1, :-1] += by(found, design, above_idle_j, weights, work)
    return found, spread


def _over_sessions(
    found: Solution, design: Array, above_idle_j: Array, weights: Array, work: Sequence[Row]
) -> Array:
    """The same from session to session."""
    residuals = (above_idle_j - design @ found.terms) * weights
    return bootstrap.spread(bootstrap.blocks(design * weights[:, None], residuals, [r.session for r in work]))


def _over_runs(found: Solution, design: Array, above_idle_j: Array, weights: Array, work: Sequence[Row]) -> Array:
    """How terms spread from run to run: squared half-widths at 95 % in the diagonal."""
    residuals = (above_idle_j - design @ found.terms) * weights
    return bootstrap.spread(bootstrap.blocks(design * weights[:, None], residuals, [r.run_id for r in work]))


def _over_windows(
    found: Solution, design: Array, above_idle_j: Array, weights: Array, work: Sequence[Row]
) -> Array:
    """The same by Student's t, over windows, or over runs where these differ by more."""
    factor = max(t95(found.degrees), _between_runs(found, design, above_idle_j, weights, work))
    return factor**2 * found.covariance


def _between_runs(
    found: Solution, design: Array, above_idle_j: Array, weights: Array, work: Sequence[Row]
) -> float:
    """Half-width over standard error by how runs differ, where they differ by more than their windows do; else 0.

    Windows of one run share what its day was: a warmer board, a busier neighbour. Residuals are parted into those
    of the runs' means (runs − terms degrees) and those around them; where the ratio of the two variances is beyond
    a quantile of F, the runs are what repeats (`bench.fit.repeats`).
    """
    residuals = (above_idle_j - design @ found.terms) * weights
    _, of = np.unique([row.run_id for row in work], return_inverse=True)  # the number of each row's run
    windows = np.bincount(of)
    between, within = len(windows) - design.shape[1], len(work) - len(windows)
    if between < 1 or within < 1:
        return 0.0
    means = np.bincount(of, residuals) / windows
    outer = float(windows @ means**2) / between
    inner = float(((residuals - means[of]) ** 2).sum()) / within
    if not found.residual_ratio or not differ(outer, inner, between, within):
        return 0.0
    return t95(between) * math.sqrt(outer) / found.residual_ratio


def weights_on_rows(leverage: Array, work: Sequence[Row], idle: Sequence[Row]) -> list[float]:
    """How a term leans on each work window's energy, and through idle_resident on each idle one's."""
    through_idle = float(leverage @ np.array([r.duration_s for r in work])) / len(idle)
    return [*map(float, leverage), *(-through_idle / r.duration_s for r in idle)]


def _median(errors: dict[str, float]) -> Facts:
    return {"held_out_error": significant(median(list(errors.values())))} if errors else {}


def _design(terms: Sequence[Term], work: Sequence[Row]) -> Array:
    """The amounts (n_rows, n_terms) of the terms in the windows."""
    return np.array([[t.amount(r) or 0.0 for t in terms] for r in work], dtype=float)


def _evidence(terms: Sequence[Term], work: Sequence[Row], idle: Sequence[Row]) -> Evidence:
    energy_j = np.array([r.energy_j for r in work], dtype=float)
    return Evidence(
        design=_design(terms, work),
        above_idle_j=energy_j - own_idle_j(work, idle),
        energy_j=energy_j,
        weights=weights_of(work),
        workloads=tuple(r.cell for r in work),
    )
