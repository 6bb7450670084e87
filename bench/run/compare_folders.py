"""Folders of sealed runs → the record of a comparison: whose they are, which work they share, what is paired."""

import hashlib
import shlex
from collections.abc import Iterable, Mapping, Sequence

from bench.errors import BadInput
from bench.files.store import Sealed
from bench.fit.showings import work_of
from bench.nouns.compared import ComparisonRecord, Price, Take
from bench.run.candidates import CandidateFolder, short_names
from bench.run.compare import newest_parts, parts_of
from bench.run.evidence import evidence, sealed_folders
from bench.units import counted


def from_folders(
    folders: Sequence[CandidateFolder], price: Price | None
) -> tuple[ComparisonRecord, dict[str, Sealed]]:
    """The record of runs that are sealed already, and the runs. Raises BadInput where they share no work."""
    sides = [_side(folder) for folder in folders]
    parts = [newest_parts(side) for side in sides]
    if len(set(parts)) < len(parts):
        raise BadInput(
            "two of these folders hold the same engine, model, precision, device and weights: nothing to compare; "
            "one candidate measured twice is repeats, which `joulemark fit` pools"
        )
    known, runs = {}, []
    shared = set.intersection(*({str(work_of(s.run)) for s in side if s.run} for side in sides))
    if not shared:
        work = next(str(work_of(s.run)) for s in sides[0] if s.run)
        raise BadInput(
            "no workload at the same batch is in all of these folders: a ratio needs the same work; measure it: "
            f"{shlex.join(['joulemark', 'compare', *(_spelt(p[:4]) for p in parts), '--on', work])}"
        )
    for candidate, side in enumerate(sides):
        counts: dict[str, int] = {}
        for one in side:
            assert one.run is not None
            if (name := str(work_of(one.run))) in shared:
                counts[name] = counts.get(name, 0) + 1
                runs.append(Take(run_id=one.id, candidate=candidate, round=counts[name]))
                known[one.id] = one
    record = ComparisonRecord(
        id=folders_id(known.values()),
        names=short_names(
            [newest_parts(known[t.run_id] for t in runs if t.candidate == c) for c in range(len(sides))]
        ),
        runs=tuple(runs),
        interleaved=interleaved(runs, known, len(sides)),
        measured_for_it=False,
        price=price,
    )
    return record, known


def _side(folder: CandidateFolder) -> list[Sealed]:
    """The runs of the one candidate of a folder, oldest first; of several weights all, and the newest stand."""
    every = evidence(sealed_folders(folder.path, "compare"))
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
    return runs


def _spelt(parts: tuple[str, str, str, str]) -> str:
    engine, model, precision, device = parts
    return f"{engine}/{model}:{precision}" + (f"@device={device}" if device else "")


def interleaved(runs: Sequence[Take], known: Mapping[str, Sealed], count: int) -> bool:
    """Whether the runs of each work came in turn: every candidate once before any of them again."""
    by_work: dict[str, list[Take]] = {}
    for take in sorted(runs, key=lambda t: t.run_id):  # an id begins with the moment
        run = known[take.run_id].run
        assert run is not None
        by_work.setdefault(str(work_of(run)), []).append(take)
    return all(
        all(len({t.candidate for t in found[at : at + count]}) == count for at in range(0, len(found), count))
        and len(found) > count
        for found in by_work.values()
    )


def folders_id(runs: Iterable[Sealed]) -> str:
    """The name of a comparison of sealed runs: of which runs it is."""
    seals = "".join(one.seal_sha256 for one in sorted(runs, key=lambda s: s.id))
    return f"folders-{hashlib.sha256(seals.encode()).hexdigest()[:8]}"
