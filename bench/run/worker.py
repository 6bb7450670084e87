"""The process that holds a model: reads one job from stdin, seals its runs, says what happens on stdout.

A process of its own, so that a model's memory and its CUDA context end with it, an engine that crashes
takes only its own cells along, and "bare" idle is idle without a context. Its stdout carries events, one
JSON object a line; whatever a library prints goes to stderr. When its parent dies it ends at once.
"""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bench import __version__
from bench.errors import CannotRun, JoulemarkError
from bench.files.codec import build, plain
from bench.files.known import known_passports
from bench.files.models import model_of
from bench.files.registry import load_engine
from bench.files.store import write_run
from bench.files.work import find_workload
from bench.loading.parent import end_with_parent
from bench.nouns import Engine, Fact, LoadSpec, Meters, Run, RunSpec, Session
from bench.nouns.engines import PreparingEngine
from bench.physics.verdict import spoilt
from bench.run.publish import published
from bench.run.runner import Announce, Announcement, Task, measure_group
from bench.run.turns import ALONE, Told, Turns
from bench.sensing.events import Emit, claim_stdout
from bench.sensing.sampler import Sampler
from bench.sensing.witnessing import Witnesses

OWN_CPU = ("host_model", "rapl")  # meters that tell our own CPU time from the machine's


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Cells that share one engine, model, precision, weights and device."""

    out: str
    specs: tuple[RunSpec, ...]
    run_ids: tuple[str, ...]
    meters: Meters
    environment: Mapping[str, Fact]
    manifest: str | None = None
    load_path: str | None = None
    witnesses: tuple[str, ...] = ()


def main() -> int:
    """Runs the job on stdin; 0 when its cells were sealed, else the error's exit code."""
    emit = claim_stdout()
    job = build(Job, json.loads(sys.stdin.readline()), "job")
    told = Told(emit)
    end_with_parent(told.hear)  # nobody would seal its runs
    try:
        run_job(job, emit, told if job.specs[0].beside else ALONE)
    except JoulemarkError as error:
        emit({"event": "failed", "reason": str(error), "kind": type(error).__name__})
        return error.exit_code
    return 0


def run_job(job: Job, emit: Emit, turns: Turns = ALONE) -> None:
    """Measures and seals the job's cells in order, emitting `phase` and `sealed` events."""
    first = job.specs[0]
    model = model_of(first)
    engine = load_engine(first.cell.engine)
    manifest = Path(job.manifest) if job.manifest else None
    tasks = [
        Task(
            spec=spec,
            workload=find_workload(spec.cell.workload, model, spec.seed, manifest),
            run_id=run_id,
        )
        for spec, run_id in zip(job.specs, job.run_ids, strict=True)
    ]
    load = LoadSpec(
        model=model,
        precision=first.cell.precision,
        weights=first.weights,
        path=job.load_path or first.weights_path,
        seed=first.seed,
        device=first.cell.device or "auto",
        endpoint=first.endpoint,
    )

    def announce(announcement: Announcement) -> None:
        emit({"event": "phase", **plain(announcement)})

    _prepare(engine, load, str(first.cell), announce)
    passports = known_passports(Path(job.out))
    meters = _with_own_pid(job.meters, served=first.endpoint is not None)
    sampling = Sampler(meters, first.timing.sample_period_s, passports=passports)
    with Witnesses(job.witnesses) as witnesses, sampling as sampler:
        runs = measure_group(
            tasks, lambda: _loaded(engine, load), sampler, job.environment, announce=announce,
            witnesses=witnesses, turns=turns,
        )  # fmt: skip
        for run in runs:
            _seal(Path(job.out), run, emit)


def _prepare(engine: Engine, load: LoadSpec, cell: str, announce: Announce) -> None:
    """Converts the model where its engine needs that: minutes of work that are no part of loading it."""
    if not isinstance(engine, PreparingEngine):
        return
    said = Announcement(cell=cell, phase="prepare", label="weights", expected_s=0.0)
    announce(said)
    engine.prepare(load)
    announce(replace(said, over=True))


def with_pids(options: Mapping[str, str], *pids: int) -> Mapping[str, str]:
    """A meter's options, these process ids named as our own too."""
    return {**options, "own_pids": ",".join(filter(None, (options.get("own_pids"), *map(str, pids))))}


@contextmanager
def _loaded(engine: Engine, load: LoadSpec) -> Iterator[Session]:
    """The engine's session. Raises CannotRun where it is not on the device that was asked for."""
    with engine.load(load) as session:
        found = session.loaded
        if load.device != "auto" and (load.device == "cpu") != (found.device == "cpu"):
            raise CannotRun(
                f"device={load.device} was asked for, {found.engine} loaded {load.model.name} on "
                f"{found.device_name}: leave the device out, or take an engine that follows it"
            )
        yield session


def _seal(out: Path, run: Run, emit: Emit) -> None:
    figures = published(run)
    folder = write_run(out, run, figures, __version__)
    void = [f"{v.name}: {v.evidence}; {v.remedy}" for v in figures.verdicts if v.level == "void"]
    emit(
        {
            "event": "sealed",
            "cell": str(run.spec.cell),
            "run_id": run.id,
            "folder": str(folder),
            "void": void,
            "all_void": spoilt(run.sources, run.loaded.device, figures.verdicts),
        }
    )


def _with_own_pid(meters: Meters, *, served: bool) -> Meters:
    """Tells meters that this process's work is not foreign, beside what they were told before.

    Those of the CPU are told where the engine works in it: of a server's work the parts would be missing that its
    children do.
    """
    told = ("nvml",) if served else ("nvml", *OWN_CPU)
    return {name: with_pids(options, os.getpid()) if name in told else options for name, options in meters.items()}


if __name__ == "__main__":
    sys.exit(main())
