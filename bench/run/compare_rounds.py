"""Rounds of a comparison, one after the other: every candidate loaded and measured once a round, A B B A A B …

Where all candidates fit in memory at once, a round loads all of them and their windows come in turn, seconds apart
(in_turns.py); else each is a whole run, minutes from the next. A round is what scatters: it is loaded anew.

Every second round runs backwards: whoever always came second would carry all of a steady drift, a machine that
warms, in its ratio and in no interval. So that drift cancels over two rounds and is scatter between them.

A round is named in the spec of each of its runs, so that the same call goes on where the last one ended: whole
rounds are never measured again, and one that was cut off is left, with a new one in its place: its halves would
lie too far apart in time to share a drift.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.errors import BadInput, BrokenResults, CannotRun
from bench.files.known import spec_sha256
from bench.files.store import Sealed
from bench.fit.comparison import compare, half_widths
from bench.fit.showings import showing
from bench.nouns import RunSpec, Weights
from bench.nouns.compared import ComparisonRecord, Price, Showing
from bench.run.arrange import Ask, arrange, why_not_together
from bench.run.candidates import Candidate, Parts, short_names, text_of
from bench.run.compare import parts_of_spec, read_rounds, round_names, round_specs, takes
from bench.run.evidence import evidence
from bench.run.host import Host
from bench.run.line import measure_in_turns, measure_plan
from bench.run.plan import Plan, PlannedCell
from bench.run.publish import measured
from bench.run.seats import left_out
from bench.run.stopping import label, round_of, rule_of, stopping_of, told
from bench.run.supervise import CellResult, Listen

# Student's factor over √n, in units of one round's scatter: 9 of two rounds, 2.5 of three, 1.6 of four, 1.2 of
# five, 1.05 of six. From three on an interval says something; after five another round takes a sixth off it.
LEAST_ROUNDS, USUAL_ROUNDS, MOST_ROUNDS = 3, 5, 10
_SPOILT_ROUNDS = 4  # so many beyond those asked for, where runs are void or cut off
Run = Callable[[Ask, Plan, Host, Listen], Iterator[CellResult]]
RunInTurns = Callable[[Sequence[tuple[Ask, Plan]], Host, Listen], Iterator[CellResult]]
_AGAIN = 2  # a void run is tried so often once more, at once: a neighbour's burst costs a minute and not the round


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundsAsk:
    """What was typed of a comparison that is to be measured."""

    candidates: tuple[Candidate, ...]
    out: Path
    weights: Weights = "synthetic"
    weights_paths: tuple[str, ...] = ()  # none, one for all, or one for each
    manifest: Path | None = None
    timing: Mapping[str, float] = field(default_factory=dict)
    rounds: int = USUAL_ROUNDS
    precision_ratio: float | None = None  # rounds end when all are within it, or at `most_rounds`
    most_rounds: int = MOST_ROUNDS
    fresh: bool = False
    in_turns: bool = True  # all candidates loaded at once, where they fit


@dataclass(frozen=True, slots=True, kw_only=True)
class Arranged:
    """The cells of one round, candidate by candidate, and the comparison's name."""

    id: str
    names: tuple[str, ...]
    cells: tuple[PlannedCell, ...]
    plan: Plan
    not_in_turns: str = ""  # why candidates are loaded one after the other; "": they are loaded at once

    # what each run showed, or why it shows nothing: a sealed run never changes, so each is read and proven once
    shown: dict[Path, Showing | str] = field(default_factory=dict, compare=False)

    @property
    def order(self) -> list[Parts]:
        """What each candidate is: engine, model, precision, device and weights."""
        return list(dict.fromkeys(parts_of_spec(c.spec) for c in self.cells))


def arrange_rounds(ask: RoundsAsk, host: Host) -> Arranged:
    """One round as it is going to be. Raises CannotRun where a candidate can't be held here, and as `arrange`."""
    cells: list[PlannedCell] = []
    plan = None
    paths = _paths(ask)
    for number, candidate in enumerate(ask.candidates):
        plan = arrange(
            Ask(
                names=tuple(map(str, candidate.cells)), out=ask.out, weights=ask.weights, manifest=ask.manifest,
                weights_path=paths[number], timing=ask.timing, fresh=True,
            ),
            host,
        )  # fmt: skip
        for one in plan.cells:
            if one.skipped:
                raise CannotRun(f"{one.cell}: {one.skipped}; a comparison needs every candidate")
        cells += plan.cells
    assert plan is not None
    order = list(dict.fromkeys(parts_of_spec(c.spec) for c in cells))
    if len(order) < len(ask.candidates):
        raise BadInput("two candidates are one and the same, weights included: nothing to compare")
    apart = _why_apart(ask, cells, host)
    cells = cells if apart else [_beside(one, order) for one in cells]
    base = _sum([spec_sha256(one.spec) for one in cells])
    names = short_names(order)
    return Arranged(
        id=_generation(ask.out, base, fresh=ask.fresh),
        names=names,
        cells=tuple(cells),
        plan=replace(plan, name="a round", cells=tuple(cells)),
        not_in_turns=apart,
    )


def _why_apart(ask: RoundsAsk, cells: Sequence[PlannedCell], host: Host) -> str:
    """Why candidates are loaded one after the other; "" where all are at once."""
    each = {parts_of_spec(c.spec): c for c in cells}
    return why_not_together(host, tuple(each.values())) if ask.in_turns else "as asked"


def _beside(one: PlannedCell, order: Sequence[Parts]) -> PlannedCell:
    """The cell, knowing what is loaded with it."""
    others = tuple(text_of(parts) for parts in order if parts != parts_of_spec(one.spec))
    return replace(one, spec=replace(one.spec, beside=others))


def measure_rounds(
    ask: RoundsAsk,
    arranged: Arranged,
    host: Host,
    listen: Listen,
    *,
    run: Run = measure_plan,
    run_in_turns: RunInTurns = measure_in_turns,
) -> Iterator[CellResult]:
    """Every run as it is sealed, until the rounds are enough, or no more are worth it."""
    spoilt = 0
    while left(ask, arranged) and spoilt <= _SPOILT_ROUNDS:
        before = _whole(ask.out, arranged)
        number = 1 + max(_rounds(ask.out, arranged), default=0)
        sides = tuple(_round(ask, arranged, number))
        if arranged.not_in_turns:
            turns = [_until_sound(*side, lambda a, p: run(a, p, host, listen)) for side in sides]
        else:
            turns = [run_in_turns(sides, host, listen)]
        broken = False
        for turn in turns:
            results = []
            for result in turn:
                results.append(result)
                yield result
            broken = broken or all(r.status == "failed" for r in results)
        spoilt += _whole(ask.out, arranged) <= before
        if broken:
            return  # a candidate of which nothing works: more rounds of it tell no more


def _until_sound(asked: Ask, plan: Plan, run: Callable[[Ask, Plan], Iterator[CellResult]]) -> Iterator[CellResult]:
    """One candidate's cells; those that their verdict voids once more, at once: what is void is set apart."""
    for _ in range(1 + _AGAIN):
        void = set()
        for result in run(asked, plan):
            yield result
            if result.status == "void":
                void.add(result.cell)
        plan = replace(plan, cells=tuple(c for c in plan.cells if str(c.cell) in void))
        if not plan.cells:
            return


def left(ask: RoundsAsk, arranged: Arranged) -> int:
    """How many rounds are still due, at least: none when the interval is as narrow as asked, or all are made."""
    made = _whole(ask.out, arranged)
    if ask.precision_ratio is None:
        return max(0, ask.rounds - made)
    if made < LEAST_ROUNDS:
        return LEAST_ROUNDS - made
    return 0 if made >= ask.most_rounds or _narrow(ask, arranged) else 1


def record_of(
    ask: RoundsAsk, arranged: Arranged, price: Price | None = None
) -> tuple[ComparisonRecord, dict[str, Sealed]]:
    """What has been measured for the comparison, as far as it lies in OUT."""
    read = read_rounds(ask.out, arranged.id)
    known = {one.id: one for one in read.values() if isinstance(one, Sealed)}
    broken = [left_out(f, one, arranged.order) for f, one in read.items() if isinstance(one, BrokenResults)]
    specs = round_specs(ask.out, arranged.id)
    numbers = {folder.name: _number(spec) for folder, spec in specs.items()}
    stopping = stopping_of(specs.values()) or (told(_rule(ask)) if ask.precision_ratio else "")
    record = ComparisonRecord(
        id=arranged.id, names=arranged.names, runs=takes(known, arranged.order), interleaved=True,
        measured_for_it=True, stopping=stopping, price=price,
        left_out=tuple(replace(one, round=numbers[one.run_id]) for one in broken if one),
    )  # fmt: skip
    return record, {t.run_id: known[t.run_id] for t in record.runs}


def _round(ask: RoundsAsk, arranged: Arranged, number: int) -> Iterator[tuple[Ask, Plan]]:
    """One round: every candidate's cells in turn, each under its round's name; even rounds run backwards."""
    name = label(arranged.id, number, _rule(ask))
    cells = tuple(replace(c, spec=replace(c.spec, round=name)) for c in arranged.cells)
    paths = _paths(ask)
    forwards = list(enumerate(arranged.order))
    for at, parts in forwards if number % 2 else reversed(forwards):
        mine = tuple(c for c in cells if parts_of_spec(c.spec) == parts)
        asked = Ask(
            names=(), out=ask.out, weights=ask.weights, manifest=ask.manifest, weights_path=paths[at],
            timing=ask.timing,
        )  # fmt: skip
        yield asked, replace(arranged.plan, cells=mine)


def _rule(ask: RoundsAsk) -> str:
    return rule_of(ask.precision_ratio, ask.most_rounds, ask.rounds)


def _paths(ask: RoundsAsk) -> tuple[str | None, ...]:
    """Where each candidate's weights come from. Raises BadInput where it is not told of each."""
    given, count = ask.weights_paths, len(ask.candidates)
    if len(given) not in (0, 1, count):
        raise BadInput(
            f"--weights-path is given {len(given)} times for {count} candidates: once for all, or once for each"
        )
    return given if len(given) == count else (given[0] if given else None,) * count


def _narrow(ask: RoundsAsk, arranged: Arranged) -> bool:
    assert ask.precision_ratio is not None
    made = compare(_showings(ask.out, arranged), arranged.names)
    return all(half is not None and half <= ask.precision_ratio for half in half_widths(made))


def _whole(out: Path, arranged: Arranged) -> int:
    """The rounds in which every candidate has a sound run of every work: the fewest over all works."""
    shown: dict[tuple[str, int], set[int]] = {}
    for one in _showings(out, arranged):
        shown.setdefault((str(one.work), one.round), set()).add(one.candidate)
    works = len(arranged.cells) // len(arranged.order)
    whole = [work for (work, _), held in shown.items() if len(held) == len(arranged.order)]
    return min((whole.count(w) for w in set(whole)), default=0) if len(set(whole)) == works else 0


def _showings(out: Path, arranged: Arranged) -> list[Showing]:
    """What the sound runs of all rounds so far showed, oldest first."""
    specs = round_specs(out, arranged.id)
    for folder, spec in specs.items():
        parts = parts_of_spec(spec)
        if folder not in arranged.shown and parts in arranged.order:
            [sealed] = evidence([folder])
            arranged.shown[folder] = (
                showing(measured(sealed), None, candidate=arranged.order.index(parts), round_=_number(spec))
                if isinstance(sealed, Sealed)
                else str(sealed)
            )
    found = [arranged.shown.get(folder) for folder in sorted(specs)]
    return [one for one in found if isinstance(one, Showing)]


def _rounds(out: Path, arranged: Arranged) -> list[int]:
    """The numbers of the rounds that were begun."""
    return [_number(spec) for spec in round_specs(out, arranged.id).values()]


def _number(spec: RunSpec) -> int:
    of = round_of(spec)
    assert of is not None
    return of[1]


def _generation(out: Path, base: str, *, fresh: bool) -> str:
    """The comparison's name: of what was asked, and with --fresh the next of that name."""
    found = [name for name in round_names(out) if name.partition("-")[0] == base]
    newest = max((int(name.partition("-")[2] or 1) for name in found), default=0)
    number = newest + 1 if fresh else max(newest, 1)
    return base if number == 1 else f"{base}-{number}"


def _sum(parts: list[str]) -> str:
    return hashlib.sha256("".join(parts).encode()).hexdigest()[:8]
