"""Runs → Coefficients: energy of a window = idle_resident × its duration + Σ term × achieved work.

1. idle_resident (W) is the mean of the idle windows with the model loaded, with Student's interval.
2. The terms solve, by least squares weighted with 1/E (a constant relative error),
       E_i − idle_resident × d_i = Σ_k term_k × work_ik        over the work windows i.
   The uncertainty of idle_resident is carried into every term through the solution's leverage on d.
   Attention, shared steps and squares are terms only where the data show them (`bench.fit.selection`), and one set
   of terms is several batches' and loads' where it describes them (`bench.fit.levels`).
3. The statistical part is a block bootstrap over runs where enough of them stand behind each term
   (`bench.fit.bootstrap`), else Student's t. The interval is the larger of it and of what the windows' own
   uncertainties make of the term
   (ticks, lag, what a part-time sensor may have missed), widened by the bounds of what a sensor never saw.
   It adds, in quadrature, the board's gain (common to all rows, so it scales every term) and,
   for synthetic weights, the power that can differ with the data. Where energy is modelled the fit is
   repeated on the model's low and high series, and the interval spans all three.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from bench.fit.design import Shape
from bench.fit.fitted import Fitted
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
from bench.fit.levels import describes, merged
from bench.fit.rates import domain, rates
from bench.fit.repeats import half_over_rows
from bench.fit.rows import Group, Measured, Row, groups
from bench.fit.sheet import Sheet
from bench.fit.terms import SHOWN, TERMS, TOGETHER
from bench.fit.work_terms import counted_work, enter_work_terms, left_out_errors, weights_on_rows
from bench.nouns import Coefficients, Fact
from bench.physics import phases
from bench.physics.doubles import DOUBLE
from bench.stats import mean
from bench.units import counted

_SYNTHETIC_NOTE = (
    "synthetic weights: power can differ with the data; "
    f"± {SYNTHETIC_DATA_RATIO_95:.0%} in every term and rate until a pretrained control has been run"
)

_KEPT_UP_RATIO, _BY_CHANCE = 0.8, 2.0  # chosen: a slow last answer stretches a window; two deviations of a count


def fit(measured: Iterable[Measured], shapes: Sequence[Shape] = ()) -> tuple[Coefficients, ...]:
    """Coefficients of every key, boundary and level, in one order: what `fitted` publishes."""
    return tuple(one.entry for one in fitted(measured, shapes))


def fitted(measured: Iterable[Measured], shapes: Sequence[Shape] = ()) -> tuple[Fitted, ...]:
    """The same with the rows behind each entry, and the reasons of absent terms as values.

    `shapes`: the workloads of which such a reason may name one.
    """
    alike: dict[tuple[object, ...], list[Group]] = {}
    for group in groups(measured):
        alike.setdefault((group.key, group.family, group.boundary, group.basis), []).append(group)
    return tuple(one for members in alike.values() for one in _over_levels(members, shapes))


def _over_levels(members: Sequence[Group], shapes: Sequence[Shape]) -> tuple[Fitted, ...]:
    """One entry where the same terms describe every batch and load, else an entry for each.

    A level whose runs are all void was described by nothing: its entry says why.
    """
    each = [_fit(group, shapes) for group in members]
    together = _together([one for one in each if one.group.runs], shapes)
    if together is not None:
        return (together, *(one for one in each if not one.group.runs))
    batches = dict.fromkeys(group.batch for group in members)
    if 1 < len(batches) < len(members):
        parts = [[group for group in members if group.batch == batch] for batch in batches]
        return tuple(one for part in parts for one in _over_levels(part, shapes))
    return tuple(each)


def _together(each: Sequence[Fitted], shapes: Sequence[Shape]) -> Fitted | None:
    """The entry of all these levels; None where no terms describe them together."""
    if len(each) < 2:
        return None
    whole = merged([one.group for one in each])
    told = {t.name for t in SHOWN.get(whole.family, ())} & {name for row in whole.rows for name in row.shared}
    if not told.intersection(TOGETHER):
        return None
    found = _fit(whole, shapes)
    if not found.entry.terms.keys() & TOGETHER:
        return None
    own = {k: e for one in each for k, e in _errors(merged([one.group]), one.entry).items()}
    if not describes(_errors(whole, found.entry), own, {row.cell: row.level for row in whole.rows}):
        return None
    return replace(found, entry=replace(found.entry, levels=whole.levels))


def _errors(group: Group, found: Coefficients) -> dict[str, float]:
    """Of each cell: the relative error of predicting it with these terms from all the others."""
    terms = [t for t in (*TERMS[group.family], *SHOWN.get(group.family, ())) if t.name in found.terms]
    work = counted_work(group.family, phases.work(group.rows))
    idle = phases.idle(group.rows, "resident")
    return left_out_errors(terms, work, idle) if terms and work else {}


def _fit(group: Group, shapes: Sequence[Shape]) -> Fitted:
    work = phases.work(group.rows)
    idle = phases.idle(group.rows, "resident")
    sheet = Sheet()
    facts: dict[str, Fact] = {
        "runs": len(group.runs),
        "excluded": len(group.excluded),
    }
    _idle_terms(group, idle, sheet)
    if "idle_resident" in sheet.terms:
        facts |= enter_work_terms(group, work, idle, shapes, sheet)
        _load_term(group, idle, sheet)
    else:
        sheet.refuse([t.name for t in TERMS[group.family]], "needs idle_resident, which is not known")
    entry = _entry(group, work, sheet, facts)
    return Fitted(entry=entry, group=group, refused=tuple(sheet.missing.values()))


def _entry(group: Group, work: Sequence[Row], sheet: Sheet, facts: Mapping[str, Fact]) -> Coefficients:
    return Coefficients(
        key=group.key,
        boundary=group.boundary,
        terms=sheet.terms,
        rates=rates(group, work),
        domain=domain(group),
        fit=facts,
        runs=group.runs,
        not_identified={name: one.sentence for name, one in sheet.missing.items()},
        batch=group.batch,
        concurrency=group.concurrency,
        rate=group.rate,
        load=group.load,
        components=sheet.parts,
        correlations=sheet.correlations,
        notes=(*sheet.notes, *_notes(group)),
        simulated=group.basis == "measured" and any(DOUBLE in flag.text for flag in group.flags),
    )


def _notes(group: Group) -> tuple[str, ...]:
    notes = [_SYNTHETIC_NOTE] if group.synthetic else []
    notes += [*_behind(group), *_unasked(group), *_one_run(group)]
    if group.basis == "modelled":
        notes.append(f"{group.boundary} energy is modelled, not measured")
    notes += [f"flag: {flag.runs} of {len(group.runs)} runs, {flag.text}" for flag in group.flags]
    return (*notes, *(f"excluded {one.run_id}: {one.why}" for one in group.excluded))


def _behind(group: Group) -> list[str]:
    """That a server answered fewer requests a second than were offered, beyond what chance and the last do."""
    work = phases.work(group.rows)
    seconds = math.fsum(row.duration_s for row in work)
    if group.rate is None or not seconds:
        return []
    answered = math.fsum(row.usage.requests or 0 for row in work)
    # arrivals are Poisson's: a count of n varies by √n; a window also holds the time of its last answer
    offered = group.rate * seconds
    if answered >= _KEPT_UP_RATIO * offered - _BY_CHANCE * math.sqrt(offered):
        return []
    return [
        f"flag: {group.rate:g} requests a second were offered, {answered / seconds:.3g} answered: the server did "
        "not keep up"
    ]


def _unasked(group: Group) -> list[str]:
    """Workloads without a gross rate because a window of theirs holds no request."""
    empty = sorted({row.cell for row in phases.work(group.rows) if not row.usage.requests})
    return [f"flag: {name} has no gross rate: a window without a request; longer windows" for name in empty]


def _one_run(group: Group) -> list[str]:
    """That nothing tells what the windows of a run have in common: no cell has run twice."""
    ran = {(row.cell, row.run_id) for row in phases.work(group.rows)}
    if not ran or len({cell for cell, _ in ran}) < len(ran):
        return []
    if len(ran) == 1:
        return ["one run: what a day makes of it is in no interval"]
    return ["one run a cell: what a day makes of it is in no rate's interval"]


def _idle_terms(group: Group, idle: Sequence[Row], sheet: Sheet) -> None:
    bare = phases.idle(group.rows, "bare")
    for name, rows in (("idle_bare", bare), ("idle_resident", idle)):
        if len(rows) < 2:
            few = f"{counted(len(rows), 'idle window')} with an energy, 2 needed for an interval"
            sheet.refuse([name], few, helps=group.cells if not group.runs else group.cells[:1], again=True)
            continue
        spread = {s: [e / r.duration_s for e, r in zip(row_series(rows, s), rows, strict=True)] for s in SERIES}
        values = {s: mean(v) for s, v in spread.items()}
        statistical = {s: half_over_rows(v, rows) for s, v in spread.items()}
        told = own([1.0 / (len(rows) * r.duration_s) for r in rows], rows)
        sheet.enter(name, quantity(group, values, statistical, "W", 0.0, spread=multiplicative, own=told))


def _load_term(group: Group, idle: Sequence[Row], sheet: Sheet) -> None:
    loads = [r for r in group.rows if r.phase == "load"]
    if len(loads) < 2:
        once = f" ({loads[0].energy_j:.4g} J gross, once)" if loads else ""
        few = f"{counted(len(loads), 'load')} with an energy, 2 needed for an interval{once}"
        sheet.refuse(["load"], few, helps=group.cells[:1], again=True)
        return
    spread = {}
    for s in SERIES:
        idle_w = mean(row_powers_w(idle, s))
        spread[s] = [e - idle_w * r.duration_s for e, r in zip(row_series(loads, s), loads, strict=True)]
    values = {s: mean(v) for s, v in spread.items()}
    statistical = {s: half_of_mean(v) for s, v in spread.items()}
    told = own(weights_on_rows(np.full(len(loads), 1 / len(loads)), loads, idle), (*loads, *idle))
    sheet.enter("load", quantity(group, values, statistical, "J", own=told))
