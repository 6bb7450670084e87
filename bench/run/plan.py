"""A suite becomes cells with predicted minutes, kWh and price, before anything runs."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.files.known import finished_specs, spec_sha256
from bench.nouns import Cell, ModelSpec, RunSpec, Timing, Usage, Weights, Workload
from bench.run.workmodel import layer_passes, predicted
from bench.sensing.recorder import APPROACH_S, REST_S
from bench.units import J_PER_KWH, S_PER_MIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Speeds:
    """What the device sustains, for predicting minutes; never a published figure."""

    flop_per_s: float
    bytes_per_s: float
    layer_pass_s: float  # what starting one layer's kernels costs, whatever they compute
    fill_bytes_per_s: float  # making or reading weights
    start_s: float  # a worker process with its libraries
    busy_w: float | None  # all domains together while working; None: unknown
    rest_s: float = REST_S  # between windows: longer where a board shows trailing means alone


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCell:
    """One cell of a plan. `skipped`: why this machine can't hold it; `done`: the run that already has it."""

    cell: Cell
    spec: RunSpec
    model: ModelSpec
    seconds: float
    kwh: float | None
    further_s: float = 0.0  # in which it may go on, where its repeats do not agree well enough
    skipped: str | None = None
    done: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What will run, in order; cells of one model stand together and share its loading."""

    name: str
    weights: Weights
    hardware: str
    cells: tuple[PlannedCell, ...]

    @property
    def due(self) -> tuple[PlannedCell, ...]:
        """The cells that are neither skipped nor done."""
        return tuple(c for c in self.cells if c.skipped is None and c.done is None)

    @property
    def minutes(self) -> float:
        """The predicted minutes of the cells that are due."""
        return math.fsum(c.seconds for c in self.due) / S_PER_MIN

    @property
    def further_minutes(self) -> float:
        """The minutes for which due cells may go on beyond that."""
        return math.fsum(c.further_s for c in self.due) / S_PER_MIN

    @property
    def kwh(self) -> float | None:
        """The predicted energy of the cells that are due; None when no power is known."""
        parts = [c.kwh for c in self.due]
        return None if None in parts else math.fsum(p for p in parts if p is not None)


def loaded_as(cell: Cell) -> tuple[str, str, str, str | None]:
    """What is loaded for a cell, and on what was asked for: cells that agree in it share one loaded model."""
    return cell.engine, cell.model, cell.precision, cell.device


def request_seconds(model: ModelSpec, precision: str, usage: Usage, batch: int, speeds: Speeds) -> float:
    """The predicted time of one batch of equal requests: compute, memory traffic and launches in turn."""
    flop, moved = predicted(model, precision, usage, batch)
    launches_s = layer_passes(model, usage) * speeds.layer_pass_s
    return flop / speeds.flop_per_s + moved / speeds.bytes_per_s + launches_s


def cell_seconds(timing: Timing, batch_s: float, rest_s: float = REST_S) -> float:
    """The predicted time of one cell once its model is loaded: whole batches, at least one a window."""
    around_s = rest_s + APPROACH_S
    idle_s = timing.idle_s + 2 * around_s
    warm_s = max(1, math.ceil(timing.warmup_s / batch_s)) * batch_s
    work_s = max(1, math.ceil(timing.window_s / batch_s)) * batch_s
    return idle_s + warm_s + APPROACH_S + timing.windows * (work_s + around_s) + 2 * rest_s


def load_seconds(weight_bytes: float, timing: Timing, speeds: Speeds) -> float:
    """The predicted time of starting a worker, bare idle and loading the model."""
    return (
        speeds.start_s + timing.idle_s + 3 * (speeds.rest_s + APPROACH_S) + weight_bytes / speeds.fill_bytes_per_s
    )


def typical_usage(workload: Workload) -> Usage:
    """The asked work of the request in the middle: a workload's requests are alike."""
    asked = [r.asked for r in workload.requests]
    return asked[len(asked) // 2]


def mark_done(cells: Sequence[PlannedCell], out: Path, needed: frozenset[str]) -> tuple[PlannedCell, ...]:
    """The same cells, with those that OUT holds sealed, sound and seen by all meters and witnesses as done."""
    finished: Mapping[str, Path] = finished_specs(out, needed)
    return tuple(replace(c, done=finished.get(spec_sha256(c.spec))) for c in cells)


def kwh(seconds: float, speeds: Speeds) -> float | None:
    """The energy of `seconds` at the machine's busy power."""
    return None if speeds.busy_w is None else seconds * speeds.busy_w / J_PER_KWH
