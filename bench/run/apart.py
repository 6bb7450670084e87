"""What of a folder's runs is not averaged with the rest, why, and what to type where that would mend it.

Two makes of one model (another engine version, other weights, another machine) have an entry each, and so have two
boundaries. A run that its verdicts void is in no entry.
"""

import shlex
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from bench.files.layout import run_folders
from bench.files.store import Sealed, read_seal
from bench.fit.showings import made_of, work_of
from bench.nouns import Loaded, RunSpec, Source, Verdict
from bench.physics.verdict import spoilt
from bench.run.commands import run_lines, with_work
from bench.units import counted

# What tells two makes of one model, engine and precision apart, in words
_MAKES = {
    "engine_version": "engine version {}", "weights": "{} weights", "hardware": "on {}", "device": "device {}",
    "driver": "driver {}", "power_limit_w": "power limit {} W", "weights_path": "weights path {}",
    "endpoint": "at {}", "threads": "{} threads", "parameters": "{} parameters",
}  # fmt: skip
_T = TypeVar("_T")
_K = TypeVar("_K", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """Runs that are kept apart, in words, and lines to type; without a line nothing mends it."""

    of: str
    why: str
    helps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a run says of itself, less its readings."""

    id: str
    started_at: str
    spec: RunSpec
    loaded: Loaded
    sources: tuple[Source, ...]
    verdicts: tuple[Verdict, ...]

    @property
    def void(self) -> bool:
        """Whether it lacks the figures that it was made for."""
        return spoilt(self.sources, self.loaded.device, self.verdicts)


def told_by(sealed: Iterable[Sealed]) -> list[Told]:
    """Of runs that were read whole; a metered command or a calibration is no run."""
    return [
        Told(
            id=s.run.id, started_at=s.run.started_at, spec=s.run.spec, loaded=s.run.loaded, sources=s.sources,
            verdicts=s.published.verdicts,
        )
        for s in sealed
        if s.run is not None
    ]  # fmt: skip


def told_in(out: Path) -> list[Told]:
    """Of every run of OUT, by its seal alone. Raises BrokenResults."""
    return [
        Told(
            id=s.id, started_at=s.started_at, spec=s.spec, loaded=s.loaded, sources=s.sources, verdicts=s.verdicts
        )
        for s in map(read_seal, run_folders(out))
        if s.kind == "run" and s.spec is not None and s.loaded is not None
    ]  # fmt: skip


def set_apart(runs: Iterable[Told], out: Path) -> tuple[Apart, ...]:
    """Makes, precisions and boundaries that have an entry each, and void runs; what helps is typed for OUT."""
    every = sorted(runs, key=lambda run: (run.started_at, run.id))
    sound = [run for run in every if not run.void]
    alone = [run for run in sound if not run.spec.beside]
    return (
        *_beside(sound, out),
        *_makes(alone, out),
        *_precisions(alone, out),
        *_boundaries(alone, out),
        *_voids(every, out),
    )


def _beside(runs: Sequence[Told], out: Path) -> Iterator[Apart]:
    """Those of a comparison that had its other candidates loaded: what all draw at rest is in each of them."""
    among = [run for run in runs if run.spec.beside]
    if not among:
        return
    have = {run.spec.cell for run in runs if not run.spec.beside}
    lacking = [replace(run.spec, round=None, beside=()) for run in among if run.spec.cell not in have]
    yield Apart(
        of=counted(len(among), "run"),
        why="measured for a comparison with its other candidates in memory, so that idle power is that of all of "
        "them: in the comparison and in no coefficient"
        + ("; alone they are measured by" if lacking else "; each cell has a run alone too"),
        helps=run_lines(lacking, out),
    )


def _makes(runs: Sequence[Told], out: Path) -> Iterator[Apart]:
    """Of one model on one engine at one precision."""
    for (engine, model, precision), alike in _by(runs, _kin).items():
        of_make = _by(alike, _make)
        if len(of_make) < 2:
            continue
        newest = alike[-1]
        differ = [len(set(values)) > 1 for values in zip(*of_make, strict=True)]
        have = {run.spec.cell for run in of_make[_make(newest)]}
        lacking = [with_work(newest.spec, run.spec.cell) for run in alike if run.spec.cell not in have]
        said = "; ".join(f"{counted(len(own), 'run')}: {_said(make, differ)}" for make, own in of_make.items())
        does = "what the newest make lacks is measured by" if lacking else "the newest make has every cell"
        yield Apart(
            of=f"{engine}/{model}:{precision}",
            why=f"{said}; an entry each, never averaged together; {does}",
            helps=run_lines(lacking, out),
        )


def _kin(run: Told) -> tuple[str, str, str]:
    return run.spec.cell.engine, run.spec.cell.model, run.loaded.precision


def _make(run: Told) -> tuple[object, ...]:
    """What made a run, in the order of _MAKES."""
    made = made_of(run)
    return tuple(getattr(made, name) for name in _MAKES)


def _said(make: tuple[object, ...], differ: Sequence[bool]) -> str:
    told = zip(_MAKES.values(), make, differ, strict=True)
    return ", ".join(
        words.format(_untold(words) if value is None else value) for words, value, wanted in told if wanted
    )


def _untold(words: str) -> str:
    return "not named" if words == _MAKES["weights_path"] else "unknown"


def _precisions(runs: Sequence[Told], out: Path) -> Iterator[Apart]:
    """Of one model on one engine: where they did the same work, a comparison tells their ratio."""
    plain = [run for run in runs if run.spec.round is None]
    for (engine, model), alike in _by(plain, lambda run: _kin(run)[:2]).items():
        sides = _by(alike, lambda run: (run.spec.cell.precision, run.spec.cell.device or ""))
        # parameters come last in a make: a precision may hold another number of them
        shared = set.intersection(*({work_of(run) for run in own} for own in sides.values()))
        if len(sides) < 2 or not shared or len({_make(run)[:-1] for run in alike}) > 1:
            continue
        names = [
            f"{out}::{engine}/{model}:{precision}" + (f"@device={device}" if device else "")
            for precision, device in sides
        ]
        said = "; ".join(
            f"{counted(len(own), 'run')}: {precision}" + (f" on {device}" if device else "")
            for (precision, device), own in sides.items()
        )
        yield Apart(
            of=f"{engine}/{model}",
            why=f"{said}; an entry each, never averaged together; their ratio on the same work is told by",
            helps=(shlex.join(["joulemark", "compare", *names, "--out", str(out)]),),
        )


def _boundaries(runs: Sequence[Told], out: Path) -> Iterator[Apart]:
    """Of one make: runs that were not all read within the same boundaries."""
    for (kin, _), alike in _by(runs, lambda run: (_kin(run), _make(run))).items():
        read = {run.id: _read(run) for run in alike}
        every = frozenset(one for found in read.values() for one in found)
        if all(found == every for found in read.values()):
            continue
        counts = Counter(one for found in read.values() for one in found)
        said = "; ".join(f"{b} {basis} in {counts[b, basis]} of {len(alike)} runs" for b, basis in sorted(every))
        whole = {run.spec.cell for run in alike if read[run.id] == every}
        lacking = [run.spec for run in alike if run.spec.cell not in whole]
        engine, model, precision = kin
        yield Apart(
            of=f"{engine}/{model}:{precision}",
            why=f"{said}; an entry each, never added or averaged together"
            + (
                "; with all sensors at hand (`joulemark doctor` says which are) they are read by"
                if lacking
                else ""
            ),
            helps=run_lines(lacking, out, fresh=True),
        )


def _read(run: Told) -> frozenset[tuple[str, str]]:
    """The boundaries that are read of a run, and how; another board than its own is none of its."""
    mine = (s for s in run.sources if s.boundary != "gpu" or s.device == run.loaded.device)
    return frozenset((s.boundary, s.basis) for s in mine if s.basis != "excluded")


def _voids(runs: Sequence[Told], out: Path) -> Iterator[Apart]:
    """By what voids them; a cell that has a sound run needs no other."""
    found = [(run, v) for run in runs for v in run.verdicts if v.level == "void" and _touches(run, v)]
    for (name, domain, remedy), both in _by(
        found, lambda one: (one[1].name, one[1].domain, one[1].remedy)
    ).items():
        due = [run for run, _ in both if not _mended(run, runs, domain)]
        (first, verdict), more = both[0], len(both) - 1
        yield Apart(
            of=f"{counted(len(both), 'run')} void, {domain or 'every domain'}: {name}",
            why=f"{first.id} ({first.spec.cell}): {verdict.evidence}"
            + (f"; and {more} more" if more else "")
            + f"; {remedy}"
            + ("" if due else "; each of these cells has a sound run too"),
            # a void beside the engine's own device leaves the run finished
            helps=run_lines((run.spec for run in due), out, fresh=not all(run.void for run in due)),
        )


def _touches(run: Told, verdict: Verdict) -> bool:
    """Whether what a verdict voids would be in a figure of the run's."""
    read = {s.domain for s in run.sources if s.boundary != "gpu" or s.device == run.loaded.device}
    return verdict.domain is None or verdict.domain in read


def _mended(run: Told, runs: Sequence[Told], domain: str | None) -> bool:
    """Whether another run of its make did the same, and is sound in that domain."""
    alike = (r for r in runs if (r.spec.cell, _kin(r), _make(r)) == (run.spec.cell, _kin(run), _make(run)))
    return any(
        not any(
            v.level == "void" and (v.domain is None or domain is None or v.domain == domain) for v in r.verdicts
        )
        for r in alike
    )


def _by(every: Iterable[_T], key: Callable[[_T], _K]) -> dict[_K, list[_T]]:
    """In groups, each in the order in which it came."""
    found: dict[_K, list[_T]] = {}
    for one in every:
        found.setdefault(key(one), []).append(one)
    return found
