"""Showings of several candidates → a comparison: who is paired with whom, what is set apart, and why."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from bench.fit.beside import one_company
from bench.fit.intervals import SYNTHETIC_DATA_RATIO_95
from bench.fit.makes import newest, one_make
from bench.fit.pair_notes import unequal_requests, work_notes
from bench.fit.ratios import energy_ratio, level, priced, qualities, standings, time_ratio
from bench.nouns import BOUNDARIES, Boundary
from bench.nouns.compared import (
    Compared,
    Joules,
    Judged,
    Level,
    Made,
    Measure,
    Pair,
    Price,
    Ratio,
    Showing,
    Work,
    WorkCompared,
)
from bench.physics.ledger import HOLDS

_TIMES: tuple[tuple[Measure, str], ...] = (("time", "time_s"), ("e2e", "e2e_s"))
Judge: TypeAlias = Callable[[Showing, Showing], Judged | None]


def compare(
    showings: Sequence[Showing],
    names: Sequence[str],
    *,
    interleaved: bool = True,
    price: Price | None = None,
    set_apart: Sequence[str] = (),
    judge: Judge = lambda _one, _other: None,
) -> Compared:
    """The whole comparison of showings that `same_conditions` has let through.

    `judge`: what the answers of two of them show together; handed in, for answers are judged above.
    """
    beside, elsewhere = one_company(showings, names)
    taken, apart = one_make(beside, names)
    works = dict.fromkeys(s.work for s in sorted(taken, key=lambda s: (s.round, s.run_id)))
    made = tuple(newest(taken, candidate).made for candidate in range(len(names)))
    return Compared(
        candidates=made,
        names=tuple(names),
        works=tuple(_work(work, taken, names, judge, interleaved, price) for work in works),
        interleaved=interleaved,
        set_apart=(*set_apart, *elsewhere, *apart),
        notes=_notes(taken, made, interleaved=interleaved),
        price=price,
    )


def half_widths(one: Compared) -> list[float | None]:
    """What rounds can still narrow: for each time per unit and energy, half of its statistical 95 % interval.

    As a share of the ratio; None where there are too few rounds.
    """
    found: list[float | None] = []
    for ratio in (r for work in one.works for pair in work.pairs for r in pair.ratios):
        if ratio.low is None:
            found.append(None)
        elif ratio.measure != "e2e":
            found.append(ratio.components["statistical"])
    return found


def _work(
    work: Work,
    taken: Sequence[Showing],
    names: Sequence[str],
    judge: Judge,
    interleaved: bool,
    price: Price | None,
) -> WorkCompared:
    mine = {c: [s for s in taken if s.work == work and s.candidate == c] for c in range(len(names))}
    every = [
        _pair(one, other, mine[one], mine[other], names, judge, interleaved=interleaved)
        for one in mine
        for other in mine
        if one != other and mine[one] and mine[other]
    ]
    many = len(names) > 2
    found = next(s for shown in mine.values() for s in shown)
    levels = tuple(_levels(shown) for shown in (_in_common(mine) if interleaved else mine).values())
    return WorkCompared(
        work=work,
        unit=found.unit,
        levels=levels,
        pairs=tuple(p for p in every if p.one < p.other),
        standings=tuple(s for b in BOUNDARIES for s in standings(every, len(names), b)) if many else (),
        price_per_1000=tuple(priced(own, price) for own in levels) if price else (),
    )


def _in_common(mine: Mapping[int, Sequence[Showing]]) -> dict[int, list[Showing]]:
    """Of each candidate the rounds that all of them have: what stands side by side was measured side by side.

    A boundary that is void in a round of one is in no level of that round. All rounds where none is common.
    """
    held = [{s.round for s in shown} for shown in mine.values() if shown]
    common = set.intersection(*held) or set.union(*held)
    kept = {c: [s for s in shown if s.round in common] for c, shown in mine.items()}
    for boundary in BOUNDARIES:
        whole = {c: {s.round for s in shown if boundary in s.joules} for c, shown in kept.items()}
        shared = set.intersection(*(of for of in whole.values() if of)) if any(whole.values()) else set()
        if shared:
            kept = {c: [_without(s, boundary, shared) for s in shown] for c, shown in kept.items()}
    return kept


def _without(one: Showing, boundary: Boundary, rounds: Collection[int]) -> Showing:
    """The showing, less the joules of a boundary that not all have a figure of in its round."""
    if one.round in rounds:
        return one
    return replace(one, joules={b: j for b, j in one.joules.items() if b != boundary})


def _pair(
    one: int,
    other: int,
    ones: Sequence[Showing],
    others: Sequence[Showing],
    names: Sequence[str],
    judge: Judge,
    *,
    interleaved: bool,
) -> Pair:
    if interleaved:
        rounds = sorted({s.round for s in ones} & {s.round for s in others})
        ones = [next(s for s in ones if s.round == r) for r in rounds]
        others = [next(s for s in others if s.round == r) for r in rounds]
    if not ones or not others:
        return Pair(one=one, other=other, ratios=(), no_quality="no round of both")
    ratios, notes = _energies(ones, others, (names[one], names[other]), interleaved=interleaved)
    offered = ones[-1].work.rate is not None or ones[-1].work.load is not None
    for measure, name in _TIMES[offered:]:  # what was offered says how far apart requests came, not the candidate
        values = [getattr(s, name) for s in ones], [getattr(s, name) for s in others]
        made = time_ratio(measure, values, interleaved=interleaved)
        ratios.append(replace(made, unequal_work=measure == "e2e" and unequal_requests(ones, others)))
    notes += work_notes(ones, others, (names[one], names[other]))
    judged = judge(ones[-1], others[-1])  # the newest pair: another round's greedy answers are the same ones
    differences, no_quality = qualities(ones[-1], others[-1], judged)
    if differences and "synthetic voices" in ones[-1].scored_by:
        notes.append("scored on synthetic voices: no natural speech's score, for either")
    return Pair(
        one=one,
        other=other,
        ratios=tuple(ratios),
        differences=differences,
        no_quality=no_quality,
        agreement=judged.agreement if judged else None,
        runs=tuple((a.run_id, b.run_id) for a, b in zip(ones, others, strict=False)) if interleaved else (),
        notes=tuple(dict.fromkeys(notes)),
    )


def _energies(
    ones: Sequence[Showing], others: Sequence[Showing], names: tuple[str, str], *, interleaved: bool
) -> tuple[list[Ratio], list[str]]:
    """A ratio for each boundary in which both have a figure of one basis, and why others have none."""
    found, notes = [], []
    for boundary in BOUNDARIES:
        whole = [
            (a, b) for a, b in zip(ones, others, strict=False) if boundary in a.joules and boundary in b.joules
        ]
        a_side = [a.joules[boundary] for a, _ in whole] if interleaved else _all(ones, boundary)
        b_side = [b.joules[boundary] for _, b in whole] if interleaved else _all(others, boundary)
        notes += _gaps(ones, others, boundary, names)
        if not a_side or not b_side:
            continue
        if len({j.basis for j in (*a_side, *b_side)}) > 1:
            notes.append(f"{boundary}: measured for one and modelled for the other, so no ratio of the two")
            continue
        made = energy_ratio(boundary, a_side, b_side, interleaved=interleaved)
        worked = {ones[-1].made.works_on, others[-1].made.works_on}
        found.append(replace(made, lacks=tuple(sorted(worked - _held(boundary, (*a_side, *b_side))))))
    return found, notes


def _held(boundary: Boundary, joules: Sequence[Joules]) -> set[Boundary]:
    """The devices whose joules are in figures of a boundary."""
    board: set[Boundary] = {"gpu"} if all(j.holds_gpu for j in joules) else set()
    return {boundary, *HOLDS.get(boundary, ()), *board}


def _all(showings: Iterable[Showing], boundary: Boundary) -> list[Joules]:
    return [s.joules[boundary] for s in showings if boundary in s.joules]


def _gaps(
    ones: Sequence[Showing], others: Sequence[Showing], boundary: Boundary, names: tuple[str, str]
) -> list[str]:
    """Why a boundary lacks a figure of one of the two, round by round."""
    said = []
    has = [any(boundary in s.joules or boundary in s.void for s in side) for side in (ones, others)]
    if has[0] != has[1]:
        there, absent = names if has[0] else names[::-1]
        said.append(
            f"{boundary}: a figure of {there} alone; {absent} did no work there or was not read, so no ratio"
        )
    for side, name in ((ones, names[0]), (others, names[1])):
        said += [
            f"{boundary}, round {s.round}: {name} is void: {s.void[boundary]}" for s in side if boundary in s.void
        ]
    return said


def _notes(taken: Sequence[Showing], made: Sequence[Made], *, interleaved: bool) -> tuple[str, ...]:
    said = []
    if not interleaved:
        said.append(
            "not interleaved: what drifted between the runs of one and those of the other is in the ratio, and in "
            "no interval"
        )
    if any(s.loaded_with for s in taken):
        said.append(
            "in turn: all candidates were loaded at once and their windows came one after the other, so that the "
            "idle power in each energy is that of all of them loaded"
        )
    measured = any(j.basis == "measured" for s in taken for j in s.joules.values())
    if measured and any(m.weights == "synthetic" and m.precision != "none" for m in made):
        said.append(
            f"synthetic weights: power can differ with the data, by up to {SYNTHETIC_DATA_RATIO_95:.0%} in either "
            "energy; how much of that a ratio keeps is not known until --weights pretrained has run"
        )
    return tuple(said)


def _levels(shown: Sequence[Showing]) -> tuple[Level, ...]:
    found = []
    for boundary in BOUNDARIES:
        joules = [s.joules[boundary] for s in shown if boundary in s.joules]
        if joules and len({j.basis for j in joules}) == 1:
            made = level("energy", boundary, joules[0].basis, [j.value_j for j in joules])
            found.append(replace(made, simulated=any(j.simulated for j in joules)))
    if shown:
        found.append(level("time", None, "measured", [s.time_s for s in shown]))
        found.append(level("e2e", None, "measured", [s.e2e_s for s in shown]))
    return tuple(found)
