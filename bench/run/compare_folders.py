"""Folders of sealed runs → the record of a comparison: whose they are, which work they share, what is paired."""

import hashlib
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import replace

from bench.errors import BadInput, BrokenResults
from bench.files.store import Sealed
from bench.fit.showings import work_of
from bench.nouns.compared import ComparisonRecord, LeftOut, Price, Take
from bench.run.candidates import CandidateFolder, short_names
from bench.run.compare import newest_parts, parts_of
from bench.run.evidence import evidence, sealed_folders
from bench.run.seats import Seat, interleaved, left_out, numbered
from bench.run.stopping import stopping_of
from bench.units import counted


def from_folders(
    folders: Sequence[CandidateFolder], price: Price | None
) -> tuple[ComparisonRecord, dict[str, Sealed]]:
    """The record of runs that are sealed already, and the runs. Raises BadInput where they share no work."""
    broken: dict[str, LeftOut] = {}
    sides = [_side(folder, at, broken) for at, folder in enumerate(folders)]
    parts = [newest_parts(side) for side in sides]
    if len(set(parts)) < len(parts):
        raise BadInput(
            "two of these folders hold the same engine, model, precision, device and weights: nothing to compare; "
            "one candidate measured twice is repeats, which `joulemark fit` pools"
        )
    known, taken = {}, []
    shared = set.intersection(*({str(work_of(s.run)) for s in side if s.run} for side in sides))
    if not shared:
        work = next(str(work_of(s.run)) for s in sides[0] if s.run)
        raise BadInput(
            "no workload at the same batch is in all of these folders: a ratio needs the same work; measure it: "
            f"{shlex.join(['joulemark', 'compare', *(_spelt(p[:4]) for p in parts), '--on', work])}"
        )
    for candidate, side in enumerate(sides):
        for one in side:
            assert one.run is not None
            if (name := str(work_of(one.run))) in shared:
                taken.append(Seat(run_id=one.id, candidate=candidate, work=name))
                known[one.id] = one
    lost = [Seat(run_id=i, candidate=b.candidate, work=b.work) for i, b in broken.items()
            if b.candidate is not None and b.work in shared]  # fmt: skip
    rounds = numbered([*taken, *lost])
    runs = [Take(run_id=s.run_id, candidate=s.candidate, round=rounds[s.run_id]) for s in taken]
    apart = tuple(replace(one, round=rounds.get(id_)) for id_, one in sorted(broken.items()))
    record = ComparisonRecord(
        id=folders_id(known.values(), apart),
        names=short_names(
            [newest_parts(known[t.run_id] for t in runs if t.candidate == c) for c in range(len(sides))]
        ),
        runs=tuple(runs),
        interleaved=interleaved([*taken, *lost], len(sides)),
        measured_for_it=False,
        stopping=stopping_of((s.run.spec for s in known.values() if s.run), planned=False),
        left_out=apart,
        price=price,
    )
    return record, known


def _side(folder: CandidateFolder, number: int, broken: dict[str, LeftOut]) -> list[Sealed]:
    """The runs of the one candidate of a folder, oldest first; of several weights all, and the newest stand.

    What does not read whole and may be one of them goes to `broken`.
    """
    folders = sealed_folders(folder.path, "compare")
    every = list(evidence(folders))
    runs = [s for s in every if isinstance(s, Sealed) and s.run is not None]
    held = sorted({parts_of(s)[:4] for s in runs})
    named = ", ".join(_spelt(p) for p in held[:6]) + (" …" if len(held) > 6 else "") or "no run of an engine"
    if folder.only is not None:
        runs = [s for s in runs if parts_of(s)[:4] == folder.only[:4]]
        if not runs:
            raise BadInput(f"{folder.path}: no run of {_spelt(folder.only[:4])}; it holds {named}")
    elif len(held) != 1:
        raise BadInput(
            f"{folder.path} holds runs of {counted(len(held), 'candidate')}: {named}; name one of them, "
            f"{folder.path}::{_spelt(held[0]) if held else 'ENGINE/MODEL:PRECISION'}"
        )
    for of, one in zip(folders, every, strict=True):
        if isinstance(one, BrokenResults) and (lost := left_out(of, one, [parts_of(runs[0])])):
            broken[lost.run_id] = lost if lost.candidate is None else replace(lost, candidate=number)
    return runs


def _spelt(parts: tuple[str, str, str, str]) -> str:
    engine, model, precision, device = parts
    return f"{engine}/{model}:{precision}" + (f"@device={device}" if device else "")


def folders_id(runs: Iterable[Sealed], left_out: Iterable[LeftOut] = ()) -> str:
    """The name of a comparison of sealed runs: of which runs it is, and which do not read whole."""
    seals = "".join(one.seal_sha256 for one in sorted(runs, key=lambda s: s.id))
    seals += "".join(sorted(one.run_id for one in left_out))
    return f"folders-{hashlib.sha256(seals.encode()).hexdigest()[:8]}"
