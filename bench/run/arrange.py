"""Names on the command line → a plan for this machine: cells, what each will take, and why one is left out."""

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.errors import BadInput, UnknownName
from bench.files.cells import parse_cell
from bench.files.models import model_names, read_model, weight_bytes
from bench.files.registry import engine_names, load_engine
from bench.files.suites import read_suite, suite_names
from bench.files.work import find_sha256, find_workload, find_workload_names
from bench.loading.boards import first_cuda_device
from bench.nouns import Cell, Engine, ModelSpec, RunSpec, ServingEngine, Timing, Weights
from bench.run.commands import recorded_weights
from bench.run.host import Host
from bench.run.plan import (
    Plan,
    PlannedCell,
    Speeds,
    cell_seconds,
    kwh,
    load_seconds,
    loaded_as,
    mark_done,
    request_seconds,
    typical_usage,
)
from bench.run.speeds import speeds_of
from bench.sensing.witnessing import require_witnesses
from bench.units import BYTES_PER_GIB

# Weights are not all that a run holds: activations, caches and the library itself. Measured with
# nllb-600m in fp32 on a CPU: 2.5 GB of weights, 3.3 GB resident at its peak.
_MEMORY_OVER_WEIGHTS_RATIO = 1.2
_MEMORY_BESIDE_BYTES = 1.0 * BYTES_PER_GIB
_ON_GPUS = ("fp16", "int8_fp16")  # a CPU has no fp16 arithmetic to speak of
_ON_CPUS = ("ffmpeg",)  # engines that never work on a board
_SMALL_FILE_BYTES = 1 << 20  # configurations and tokenizers; reading whole weights would take minutes


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What was typed: suites and cells, whose weights, where to, and what overrides the suite's timing."""

    names: tuple[str, ...]
    out: Path
    weights: Weights = "synthetic"
    weights_path: str | None = None
    manifest: Path | None = None
    timing: Mapping[str, float] = field(default_factory=dict)  # fields of Timing → what overrides the suite's
    fresh: bool = False
    witnesses: tuple[str, ...] = ()  # peers that watch the same windows


def arrange(ask: Ask, host: Host) -> Plan:
    """The plan. Raises UnknownName, BadInput, and CannotRun for a witness, before anything runs."""
    require_witnesses(ask.witnesses)
    cells, usual, needs, name = _asked(ask)
    _check_weights(ask, cells)
    timing = asked_timing(usual, ask.timing)
    engines = {e: load_engine(e) for e in sorted({c.engine for c in cells})}
    speeds = {on: speeds_of(host, ask.out, on_gpu=on) for on in {_on_gpu(host, cell) for cell in cells}}
    planned = [
        _planned(ask, host, cell, timing, needs, engines, speeds[_on_gpu(host, cell)]) for cell in _together(cells)
    ]
    charged = _charge_loading(planned, timing, lambda cell: speeds[_on_gpu(host, cell)])
    needed = frozenset((*(s.meter for s in host.sensors.live), *ask.witnesses))
    marked = charged if ask.fresh else mark_done(charged, ask.out, needed)
    return Plan(name=name, weights=ask.weights, hardware=host.profile.name, cells=tuple(marked))


def asked_timing(usual: Timing, asked: Mapping[str, float]) -> Timing:
    """A suite's timing with what was typed in its place. Raises BadInput where it can't be kept."""
    for name, value in asked.items():
        if not math.isfinite(value):
            raise BadInput(f"--{name.replace('_', '-')}: expected a finite number, found {value}")
    timing = replace(usual, **asked)  # type: ignore[arg-type]
    if timing.most_windows is not None and timing.most_windows < timing.windows:
        raise BadInput(
            f"--most-windows {timing.most_windows}: fewer than the {timing.windows} that are made anyway"
        )
    return timing


def _check_weights(ask: Ask, cells: Sequence[Cell]) -> None:
    """A place of weights that would be ignored or is not there is found before anything is loaded."""
    path = ask.weights_path
    if path is None or all(cell.engine == "echo" for cell in cells):
        return
    if ask.weights == "synthetic":
        raise BadInput(f"--weights-path {path!r} needs --weights pretrained: synthetic weights are made, not read")
    if not Path(path).exists() and (name := recorded_weights(path)):
        raise BadInput(
            f"--weights-path {path!r}: that is what a record says of local weights; give the path of {name} itself"
        )
    if path.startswith((".", "/", "~")) and not Path(path).exists():
        raise BadInput(f"--weights-path {path!r}: there is nothing; give a folder, a checkpoint, or a hub id")


def _asked(ask: Ask) -> tuple[list[Cell], Timing, str | None, str]:
    """Cells, timing and needs of all names; a suite's timing holds when it is the only name."""
    cells: list[Cell] = []
    timing, needs = Timing(), None
    for name in ask.names:
        if "/" in name:
            cells.append(parse_cell(name))
        elif name in suite_names():
            suite = read_suite(name)
            cells += suite.cells
            timing = suite.timing if len(ask.names) == 1 else timing
            needs = suite.needs if len(ask.names) == 1 else None
        else:
            raise UnknownName("suite or cell", name, suite_names())
    for cell in cells:
        _known(cell, ask.manifest)
    unique = list(dict.fromkeys(cells))
    return unique, timing, needs, ask.names[0] if len(ask.names) == 1 else "cells"


def _known(cell: Cell, manifest: Path | None) -> None:
    for kind, name, known in (
        ("engine", cell.engine, engine_names()),
        ("model", cell.model, model_names()),
        ("workload", cell.workload, find_workload_names(manifest)),
    ):
        if name not in known:
            raise UnknownName(kind, name, known)
    if cell.device is not None and isinstance(load_engine(cell.engine), ServingEngine):
        raise BadInput(f"{cell}: its work is done where the server runs; leave out device={cell.device}")
    model = read_model(cell.model)
    if cell.engine not in (*model.engines, "echo"):
        raise BadInput(f"{cell}: {cell.model} runs on {', '.join(model.engines)}, not on {cell.engine}")
    if cell.concurrency != 1:
        # every engine here runs one batch after the other: the cell would be measured at 1 and published at more
        raise BadInput(f"{cell}: {cell.engine} answers one batch at a time; ask for batch={cell.concurrency}")
    precisions = model.precisions_on(cell.engine)
    if cell.precision not in precisions:
        raise UnknownName(f"precision of {cell.model} on {cell.engine}", cell.precision, precisions)


def _together(cells: Sequence[Cell]) -> list[Cell]:
    """The same cells, those that share a loaded model side by side, in order of appearance."""
    groups: dict[tuple[str, str, str, str | None], list[Cell]] = {}
    for cell in cells:
        groups.setdefault(loaded_as(cell), []).append(cell)
    return [cell for group in groups.values() for cell in group]


def _planned(
    ask: Ask,
    host: Host,
    cell: Cell,
    timing: Timing,
    needs: str | None,
    engines: Mapping[str, Engine],
    speeds: Speeds,
) -> PlannedCell:
    model = read_model(cell.model)
    spec = RunSpec(
        cell=cell,
        family=model.family,
        weights="pretrained" if model.included else ask.weights,
        weights_path=_named_weights(ask.weights_path, model),
        hardware=host.profile.name,
        engine_version=_version(engines[cell.engine]),
        timing=timing,
        workload_sha256=find_sha256(cell.workload, ask.manifest),
    )
    skipped = _why_not(ask, host, cell, model, needs, engines[cell.engine])
    seconds = further_s = 0.0
    if skipped is None:
        usage = typical_usage(find_workload(cell.workload, model, spec.seed, ask.manifest))
        batch_s = request_seconds(model, cell.precision, usage, cell.batch, speeds)
        seconds = cell_seconds(timing, batch_s, speeds.rest_s)
        longest = replace(timing, windows=timing.most_windows or timing.windows)
        further_s = cell_seconds(longest, batch_s, speeds.rest_s) - seconds
    return PlannedCell(
        cell=cell, spec=spec, model=model, seconds=seconds, further_s=further_s, kwh=kwh(seconds, speeds),
        skipped=skipped,
    )  # fmt: skip


def _named_weights(path: str | None, model: ModelSpec) -> str | None:
    """The name of weights other than the model's own: its hub id, typed or not, is one set of weights."""
    return None if path == model.hub else _path_name(path)


def _path_name(path: str | None) -> str | None:
    """What a record says of pretrained weights: a hub id as it is; of a local folder its last part, no more.

    Two folders of one name are told apart by what lies in them: names and sizes, and the small files' content.
    """
    if path is None or not Path(path).exists():
        return path
    folder = Path(path).resolve()
    files = sorted(f for f in folder.rglob("*") if f.is_file()) if folder.is_dir() else [folder]
    seal = hashlib.sha256()
    for file in files:
        size = file.stat().st_size
        seal.update(f"{file.name} {size}\n".encode())
        if size < _SMALL_FILE_BYTES:
            seal.update(file.read_bytes())
    return f"{folder.name}#{seal.hexdigest()[:12]}"


def _version(engine: Engine) -> str:
    return engine.version() if engine.check().status != "missing" else "missing"


def _why_not(ask: Ask, host: Host, cell: Cell, model: ModelSpec, needs: str | None, engine: Engine) -> str | None:
    """Why this machine can't hold the cell, and what would help; None when it can."""
    check = engine.check()
    if check.status == "missing":
        return f"{check.reason}; {check.remedy}" if check.remedy else check.reason
    if needs == "gpu" and not host.gpus:
        return "needs a GPU: none found here; try the suite 'quick'"
    if (why := _not_there(host, cell)) is not None:
        return why
    on_gpu = _on_gpu(host, cell)
    if not on_gpu and cell.precision in _ON_GPUS:
        others = [p for p in model.precisions_on(cell.engine) if p not in _ON_GPUS]
        return f"{cell.precision} needs a GPU; on a CPU use {' or '.join(others)}"
    named = ask.weights_path or model.hub or model.included
    if ask.weights == "pretrained" and not named:
        return "no pretrained weights are known for this model; name them with --weights-path"
    return _too_big(host, _needed_bytes(cell, model), on_gpu=on_gpu)


def why_not_together(host: Host, cells: Sequence[PlannedCell]) -> str:
    """Why candidates, a cell of each, can't be in memory at once; "" where they can."""
    for on_gpu in (True, False):
        needed = [_needed_bytes(c.cell, c.model) for c in cells if _on_gpu(host, c.cell) == on_gpu]
        if why := _too_big(host, math.fsum(needed), on_gpu=on_gpu):
            return f"all at once: {why}"
    return ""


def _needed_bytes(cell: Cell, model: ModelSpec) -> float:
    if cell.engine == "echo":
        return 0.0
    return weight_bytes(model, cell.precision) * _MEMORY_OVER_WEIGHTS_RATIO + _MEMORY_BESIDE_BYTES


def _too_big(host: Host, needed: float, *, on_gpu: bool) -> str | None:
    have = host.gpu_memory_bytes if on_gpu else host.memory_bytes
    if have is None or needed <= have:
        return None
    return f"needs about {needed / BYTES_PER_GIB:.1f} GiB of memory, {have / BYTES_PER_GIB:.1f} GiB are free"


def _on_gpu(host: Host, cell: Cell) -> bool:
    """Whether the cell's work is to be expected on a board."""
    return cell.device == "cuda" or (bool(host.gpus) and cell.device is None)


def _not_there(host: Host, cell: Cell) -> str | None:
    """Why the device that was asked for can't be measured here; None where it can, or none was asked for."""
    if cell.device == "cpu" and host.sensors.live and all(s.boundary == "gpu" for s in host.sensors.live):
        return "nothing here tells the CPU's energy; joulemark doctor says what would"
    if cell.device != "cuda":
        return None
    if cell.engine in _ON_CPUS:
        return f"{cell.engine} works on the CPU alone; ask for device=cpu"
    found = host.gpus if cell.engine == "echo" else first_cuda_device()
    return None if found else "device=cuda needs a GPU: CUDA shows none here; ask for device=cpu"


def _charge_loading(
    cells: Sequence[PlannedCell], timing: Timing, speeds: Callable[[Cell], Speeds]
) -> tuple[PlannedCell, ...]:
    """Adds bare idle and loading to the first cell of each model that is not skipped."""
    seen: set[tuple[str, str, str, str | None]] = set()
    charged = []
    for planned in cells:
        cell = planned.cell
        if planned.skipped is None and loaded_as(cell) not in seen:
            seen.add(loaded_as(cell))
            fast = speeds(cell)
            seconds = planned.seconds + load_seconds(weight_bytes(planned.model, cell.precision), timing, fast)
            planned = replace(planned, seconds=seconds, kwh=kwh(seconds, fast))
        charged.append(planned)
    return tuple(charged)
