"""Names on the command line → candidates of a comparison, each with its cells; and short names for them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from bench.errors import BadInput
from bench.files.cells import parse_cell
from bench.fit.beside import candidate_text, last_part
from bench.nouns import Cell

# What candidates may differ in: engine, model, precision, device ("": none asked for), weights path ("": none)
Parts: TypeAlias = tuple[str, str, str, str, str]
OF = "::"  # FOLDER::ENGINE/MODEL:PRECISION: one candidate of a folder that holds several
GRAMMAR = "ENGINE/MODEL:PRECISION[@device=cpu] with --on WORKLOAD[@batch=8], or whole cells of one workload"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What is held against others: engine, model, precision and device; its cells differ in the work alone."""

    cells: tuple[Cell, ...]
    weights_path: str | None = None  # where its weights come from, where each candidate was told

    @property
    def parts(self) -> Parts:
        """As of a cell that is named on the command line; two may differ in their weights alone."""
        return parts_of_cell(self.cells[0], self.weights_path)


def parts_of_cell(cell: Cell, weights_path: str | None = None) -> Parts:
    """What the cell's work is held for."""
    return cell.engine, cell.model, cell.precision, cell.device or "", weights_path or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateFolder:
    """A folder of sealed runs, and which of its candidates; None: the only one."""

    path: Path
    only: Parts | None = None  # its weights are not told


def parse_candidates(
    names: Sequence[str], on: Sequence[str], weights_paths: Sequence[str] = ()
) -> tuple[tuple[Candidate, ...], tuple[CandidateFolder, ...]]:
    """Candidates to be measured, or folders: one of the two is empty. `weights_paths`: as they were typed.

    Raises BadInput where they can't be compared, or one is named twice.
    """
    if len(names) < 2:
        raise BadInput(f"a comparison needs two candidates or more, found {len(names)}: {GRAMMAR}")
    each = weights_paths if len(weights_paths) == len(names) else [None] * len(names)
    typed = list(zip(names, each, strict=True))
    if twice := [n for n, path in typed if typed.count((n, path)) > 1]:
        raise BadInput(f"{twice[0]} is named twice: a candidate is not compared with itself")
    folders = [_is_folder(name) for name in names]
    if all(folders):
        if on:
            raise BadInput("--on chooses what is measured; sealed runs are compared on the work that they share")
        return (), tuple(_folder(name) for name in names)
    if any(folders):
        raise BadInput(
            "cells and folders in one comparison: measure all of them, or give sealed runs of all of them"
        )
    found = tuple(replace(_candidate(name, on), weights_path=path) for name, path in typed)
    if len({c.parts for c in found}) < len(found):
        raise BadInput(
            "two candidates are the same engine, model, precision, device and weights: nothing to compare"
        )
    _same_work(names, found)
    return found, ()


def text_of(parts: Parts) -> str:
    """The parts in full: ENGINE/MODEL:PRECISION, its device and whose weights, where they were told."""
    return candidate_text(parts)


def short_names(parts: Sequence[Parts]) -> tuple[str, ...]:
    """The parts in which candidates differ: `q4_k_m` and `f16` where engine, model and device are one.

    A weights path is told where nothing else does: its last part.
    """
    differ = [len({p[n] for p in parts}) > 1 for n in range(4)]
    bare = [p[:4] for p in parts]
    made = []
    for engine, model, precision, device, weights_path in parts:
        of = ":".join(v for v, d in ((model, differ[1]), (precision, differ[2])) if d)
        name = "/".join(filter(None, (engine if differ[0] else "", of)))
        if differ[3]:
            name = f"{name}@device={device or 'auto'}" if name else f"device={device or 'auto'}"
        if bare.count((engine, model, precision, device)) > 1:
            name = f"{name} {last_part(weights_path)}".strip()
        made.append(name or model)
    return tuple(made)


def _is_folder(name: str) -> bool:
    return OF in name or Path(name).is_dir()


def _folder(name: str) -> CandidateFolder:
    path, of, rest = name.partition(OF)
    if not Path(path).is_dir():
        raise BadInput(f"{path}: no such folder")
    if not of:
        return CandidateFolder(path=Path(path))
    return CandidateFolder(path=Path(path), only=_with_work(rest, "any").parts)


def _candidate(name: str, on: Sequence[str]) -> Candidate:
    whole = name.partition("@")[0].count("/") >= 2
    if on and whole:
        raise BadInput(
            f"{name} names a workload, and so does --on: give {name.rpartition('/')[0]}, or leave out --on"
        )
    if not on and not whole:
        raise BadInput(f"{name} has no workload: add --on WORKLOAD[@batch=8] (joulemark list workloads)")
    if not on:
        return Candidate(cells=(parse_cell(name),))
    return Candidate(cells=tuple(_with_work(name, work).cells[0] for work in dict.fromkeys(on)))


def _with_work(name: str, work: str) -> Candidate:
    """A candidate on one work: levels of the work and the device of the candidate come together."""
    body, _, own = name.partition("@")
    workload, _, levels = work.partition("@")
    joined = ",".join(filter(None, (levels, own)))
    return Candidate(cells=(parse_cell(f"{body}/{workload}" + (f"@{joined}" if joined else "")),))


def _same_work(names: Sequence[str], found: Sequence[Candidate]) -> None:
    def asked(one: Candidate) -> list[tuple[object, ...]]:
        return [(c.workload, c.batch, c.concurrency, c.rate, c.load) for c in one.cells]

    for name, one in zip(names[1:], found[1:], strict=True):
        if asked(one) != asked(found[0]):
            raise BadInput(
                f"{names[0]} and {name} do other work: a ratio needs the same workload at the same batch; give "
                "ENGINE/MODEL:PRECISION of each and --on WORKLOAD[@batch=8]"
            )
