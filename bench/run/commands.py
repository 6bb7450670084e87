"""What to type to measure cells: lines of `joulemark run` that a shell takes as they stand."""

import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from bench.files.workloads import workload_names
from bench.nouns import Cell, Endpoint, RunSpec

_FILE = "FILE"  # a user's own manifest: a run keeps its sum, not its path
_PATH = "PATH"  # the same of the folder in which local weights lie
_RECORDED = re.compile(r"(.+)#[0-9a-f]{12}")


def run_lines(specs: Iterable[RunSpec], out: Path, *, fresh: bool = False) -> tuple[str, ...]:
    """The fewest lines that measure these cells into OUT, each once; () for none.

    `fresh`: also where OUT holds a run of theirs that `joulemark run` would take for finished.
    """
    tail = ["--out", str(out), *(["--fresh"] if fresh else [])]
    # two checkpoints of one name are two lines, though both read alike
    asked: dict[tuple[tuple[str, ...], str | None], list[Cell]] = {}
    for spec in specs:
        cells = asked.setdefault((_options(spec), spec.weights_path), [])
        cells += [spec.cell] if spec.cell not in cells else []
    lines = []
    for (options, _), cells in asked.items():
        served = options[:1] == ("endpoint",)
        for named in _served(cells) if served else (tuple(map(str, cells)),):
            words = [*options, *named] if served else [*named, *options]
            lines.append(shlex.join(["joulemark", "run", *words, *tail]))
    return tuple(lines)


def with_work(spec: RunSpec, cell: Cell) -> RunSpec:
    """The same engine, weights and server, asked for another cell's work."""
    return replace(spec, cell=cell)


def _options(spec: RunSpec) -> tuple[str, ...]:
    """What is typed beside the cells. Cells that share it are measured by one line."""
    own = () if spec.cell.workload in workload_names() else ("--workload", _FILE)
    if spec.endpoint is not None:
        return ("endpoint", *_server(spec, spec.endpoint), *own)
    weights = () if spec.weights == "synthetic" else ("--weights", spec.weights)
    path = ("--weights-path", _typed(spec.weights_path)) if spec.weights_path else ()
    return (*weights, *path, *own)


def recorded_weights(path: str) -> str | None:
    """The name of local weights, where `path` is what a record says of them (NAME#SUM) and no path; else None."""
    found = _RECORDED.fullmatch(path)
    return found[1] if found else None


def _typed(path: str) -> str:
    """A hub id as it is; of local weights their name, for a record does not keep where they lie."""
    name = recorded_weights(path)
    return path if name is None else f"{_PATH}/{name}"


def _server(spec: RunSpec, endpoint: Endpoint) -> tuple[str, ...]:
    said = {**endpoint.options, **({"setup": endpoint.setup} if endpoint.setup else {})}
    said |= {"weights": spec.weights} if spec.weights != "served" else {}
    settings = [word for name, value in sorted(said.items()) for word in ("--set", f"{name}={value}")]
    return (
        "--engine", spec.cell.engine, "--endpoint", endpoint.url, "--model", spec.cell.model,
        "--device", endpoint.device, *settings,
    )  # fmt: skip


def _served(cells: Sequence[Cell]) -> list[tuple[str, ...]]:
    """The work of a server's cells, a line for each level: there every workload is asked at every level."""
    levels: dict[tuple[str, ...], list[str]] = {}
    for cell in cells:
        work = ["--workloads", cell.workload] if cell.workload in workload_names() else []
        levels.setdefault(_level(cell), []).extend(work)
    return [(*work, *level) for level, work in levels.items()]


def _level(cell: Cell) -> tuple[str, ...]:
    if cell.rate is not None:
        return ("--rate", f"{cell.rate:g}")
    if cell.load is not None:
        return ("--load", cell.load)
    return ("--concurrency", str(cell.concurrency))
