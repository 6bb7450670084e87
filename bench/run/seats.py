"""Which runs a comparison of folders takes as which round: in the order in which they began, none left out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.errors import BrokenResults
from bench.files.store import Sealed, read_seal
from bench.fit.showings import work_of_spec
from bench.nouns.compared import ComparisonRecord, LeftOut
from bench.run.candidates import Parts
from bench.run.compare import parts_of_spec


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """One run of a candidate on a work, whether it reads whole or not: a broken one keeps its round."""

    run_id: str
    candidate: int
    work: str


def seats(record: ComparisonRecord, known: Mapping[str, Sealed]) -> list[Seat]:
    """Of every run that a record names and of which it is known whose it is."""
    found = []
    for take in record.runs:
        run = known[take.run_id].run
        assert run is not None
        found.append(Seat(run_id=take.run_id, candidate=take.candidate, work=str(work_of_spec(run.spec))))
    return found + [
        Seat(run_id=one.run_id, candidate=one.candidate, work=one.work)
        for one in record.left_out
        if one.candidate is not None and one.round is not None
    ]


def numbered(every: Iterable[Seat]) -> dict[str, int]:
    """The round of each run: the first of its candidate and work is of round 1, and so on."""
    counts: dict[tuple[int, str], int] = {}
    found = {}
    for one in sorted(every, key=lambda s: s.run_id):  # an id begins with the moment
        counts[one.candidate, one.work] = found[one.run_id] = counts.get((one.candidate, one.work), 0) + 1
    return found


def interleaved(every: Sequence[Seat], count: int) -> bool:
    """Whether the runs of each work came in turn: every candidate once before any of them again."""
    by_work: dict[str, list[Seat]] = {}
    for one in sorted(every, key=lambda s: s.run_id):
        by_work.setdefault(one.work, []).append(one)
    return all(
        all(len({s.candidate for s in found[at : at + count]}) == count for at in range(0, len(found), count))
        and len(found) > count
        for found in by_work.values()
    )


def left_out(folder: Path, why: BrokenResults, order: Sequence[Parts]) -> LeftOut | None:
    """A run that does not read whole, as far as its seal still says whose it is; None: another candidate's."""
    told = LeftOut(run_id=folder.name, why=str(why).replace(f"{folder.parents[1]}/", ""))
    try:
        spec = read_seal(folder).spec
    except BrokenResults:
        return told
    bare = [parts[:4] for parts in order]
    if spec is None or parts_of_spec(spec)[:4] not in bare:
        return None
    return replace(told, candidate=bare.index(parts_of_spec(spec)[:4]), work=str(work_of_spec(spec)))
