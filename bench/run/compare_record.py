"""What a comparison's record claims beside its figures, held against its runs: verify's other half."""

from collections.abc import Iterator, Mapping
from itertools import pairwise

from bench.files.store import Sealed
from bench.nouns.compared import ComparisonRecord
from bench.physics.phases import work
from bench.run.candidates import short_names
from bench.run.compare import newest_parts, parts_of
from bench.run.compare_figures import Mismatch, differences
from bench.run.compare_folders import folders_id
from bench.run.seats import interleaved, numbered, seats
from bench.run.stopping import is_told, round_of, stopping_of


def check_record(name: str, record: ComparisonRecord, known: Mapping[str, Sealed]) -> Iterator[Mismatch]:
    """Where what a record says of its runs is not what they say."""
    yield from _claims(name, record, known)
    yield from _said(name, record, known)
    yield from _rounds_left_out(name, record, known)
    yield from _overlaps(name, record, known)


def _claims(name: str, record: ComparisonRecord, known: Mapping[str, Sealed]) -> Iterator[Mismatch]:
    """What a record says of its runs: whose they are, what they are called, whether they came in turn."""
    sides = [[known[t.run_id] for t in record.runs if t.candidate == c] for c in range(len(record.names))]
    # rounds are of one weights path each; of a folder's several the newest stands, and the others are set apart
    told = None if record.measured_for_it else 4
    if any(len({parts_of(one)[:told] for one in side}) != 1 for side in sides):
        yield Mismatch(file=name, field="runs", expected="one candidate's runs under each number", found="mixed")
        return
    names = short_names([newest_parts(side) for side in sides])
    yield from differences(name, list(names), list(record.names), "names")
    if not record.measured_for_it:
        yield from _seats(name, record, known)
        own = folders_id((known[t.run_id] for t in record.runs), record.left_out)
        yield from differences(name, own, record.id, "id")
    elif not record.interleaved:
        yield Mismatch(file=name, field="interleaved", expected=True, found=False)


def _seats(name: str, record: ComparisonRecord, known: Mapping[str, Sealed]) -> Iterator[Mismatch]:
    """Sealed runs are paired in the order in which they began: none is chosen for its partner."""
    every = seats(record, known)
    yield from differences(name, interleaved(every, len(record.names)), record.interleaved, "interleaved")
    rounds = numbered(every)
    told = {t.run_id: t.round for t in record.runs}
    told |= {one.run_id: one.round for one in record.left_out if one.round is not None}
    for id_, number in told.items():
        if number != rounds.get(id_):
            wanted = f"in round {rounds.get(id_)}"
            yield Mismatch(file=name, field=f"runs.{id_}", expected=wanted, found=f"in round {number}")


def _said(name: str, record: ComparisonRecord, known: Mapping[str, Sealed]) -> Iterator[Mismatch]:
    """When rounds ended is as their runs bear it; what is left out does not read whole."""
    specs = [run.spec for t in record.runs if (run := known[t.run_id].run)]
    ruled = stopping_of(specs, planned=record.measured_for_it)
    if not ruled and record.measured_for_it and is_told(record.stopping):
        ruled = record.stopping  # so many were there already when the rule was typed
    yield from differences(name, ruled, record.stopping, "stopping")
    for one in record.left_out:
        if one.run_id in known:
            found = "left out: it reads whole"
            yield Mismatch(file=name, field=f"left_out.{one.run_id}", expected="in the comparison", found=found)


def _gaps(name: str, record: ComparisonRecord, known: Mapping[str, Sealed]) -> Iterator[Mismatch]:
    """Rounds are numbered one after the other as soon as one of their runs is sealed: none is missing."""
    begun = {t.round for t in record.runs} | {one.round for one in record.left_out if one.round is not None}
    begun |= {of[1] for s in known.values() if s.run and (of := round_of(s.run.spec)) and of[0] == record.id}
    for number in sorted(set(range(1, max(begun, default=0))) - begun):
        found = "no run of it is here: it was taken out"
        yield Mismatch(file=name, field=f"rounds.{number}", expected="the runs of the round", found=found)


def _overlaps(name: str, record: ComparisonRecord, known: Mapping[str, Sealed]) -> Iterator[Mismatch]:
    """Of candidates that were loaded at once no two worked at one moment."""
    of_round: dict[int, list[tuple[int, int, str]]] = {}
    for take in record.runs:
        run = known[take.run_id].run
        if run is not None and run.spec.beside:
            windows = [(w.start_ns, w.end_ns, take.run_id) for w in work(run.trace.windows)]
            of_round.setdefault(take.round, []).extend(windows)
    for number, windows in of_round.items():
        for (_, end_ns, one), (start_ns, _, other) in pairwise(sorted(windows)):
            if start_ns < end_ns and one != other:
                found = f"a window of {other} began before one of {one} was over"
                yield Mismatch(file=name, field=f"rounds.{number}", expected="windows in turn", found=found)
                break


def _rounds_left_out(name: str, record: ComparisonRecord, known: Mapping[str, Sealed]) -> Iterator[Mismatch]:
    """A comparison that was measured holds every run that was measured for it: none is chosen."""
    if not record.measured_for_it:
        return
    yield from _gaps(name, record, known)
    mine = {t.run_id: t.round for t in record.runs}
    for id_, sealed in known.items():
        of = round_of(sealed.run.spec) if sealed.run else None
        if of and of[0] == record.id and mine.get(id_) != of[1]:
            yield Mismatch(file=name, field=f"runs.{id_}", expected=f"in round {of[1]}", found=mine.get(id_))
    for id_ in mine:
        run = known[id_].run
        if run is not None and (round_of(run.spec) or ("", 0))[0] != record.id:
            yield Mismatch(file=name, field=f"runs.{id_}", expected="a run of this comparison", found="another's")
