"""The whole line from a plan to a page: jobs for the workers, what was skipped, coefficients, report."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from bench.errors import CannotRun, SensorLost
from bench.files.atomic import held, write_whole
from bench.files.json_text import json_bytes
from bench.files.layout import skipped_path
from bench.report.terminal import coefficient_table
from bench.run.arrange import Ask
from bench.run.characterise import characterise, unknown_devices
from bench.run.host import Host, keep_profile, look
from bench.run.in_turns import run_in_turns
from bench.run.learn import fit_folder, report_folder
from bench.run.plan import Plan, PlannedCell, loaded_as
from bench.run.supervise import CellResult, Listen, run_jobs
from bench.run.worker import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What the line leaves for people."""

    table: str
    report: Path
    files: tuple[Path, ...]
    broken: tuple[str, ...] = ()  # runs that could not be read


def choose_suite() -> str:
    """The suite that this machine can hold: standard with a GPU, quick without."""
    return "standard" if look().gpus else "quick"


def measure_plan(ask: Ask, plan: Plan, host: Host, listen: Listen) -> Iterator[CellResult]:
    """Every cell's result: the skipped and the finished at once, the others as they are sealed."""
    with held(ask.out):
        keep_profile(host, ask.out)
        write_whole(skipped_path(ask.out), json_bytes({str(c.cell): c.skipped for c in plan.cells if c.skipped}))
        for cell in plan.cells:
            if cell.skipped:
                yield CellResult(cell=str(cell.cell), status="skipped", reason=cell.skipped)
            elif cell.done:
                yield CellResult(cell=str(cell.cell), status="already done", run_id=cell.done.name)
        _find_out_sensors(ask.out, plan.due, host, listen)
        yield from run_jobs(_jobs(ask, plan, host), listen)


def measure_in_turns(sides: Sequence[tuple[Ask, Plan]], host: Host, listen: Listen) -> Iterator[CellResult]:
    """Every cell's result of candidates that are loaded at once; none of them is skipped."""
    out = sides[0][0].out
    with held(out):
        keep_profile(host, out)
        _find_out_sensors(out, [cell for _, plan in sides for cell in plan.due], host, listen)
        yield from run_in_turns([job for ask, plan in sides for job in _jobs(ask, plan, host)], listen)


def _find_out_sensors(out: Path, due: Sequence[PlannedCell], host: Host, listen: Listen) -> None:
    """What boards' sensors see, where OUT does not know it yet."""
    if all(one.cell.device == "cpu" for one in due):
        return  # no board is loaded for work that is kept off it
    for device in unknown_devices(host.sensors.sources, out):
        listen({"event": "sensor", "device": device.device_name})
        with suppress(CannotRun, SensorLost):  # no load can be made here: its windows stay as published
            characterise(host.sensors.meters, device, out)


def finish(out: Path) -> Ended:
    """Fits and renders OUT."""
    learnt = fit_folder(out)
    return Ended(
        table=coefficient_table(learnt.coefficients),
        report=report_folder(out).path,
        files=learnt.files,
        broken=learnt.broken,
    )


def families_left(plan: Plan, results: Sequence[CellResult]) -> list[str]:
    """The model families of the plan of which not one cell was measured."""
    good = {r.cell for r in results if r.status in ("done", "already done")}
    families = {c.model.family for c in plan.cells if c.model.family != "video"}
    held = {c.model.family for c in plan.cells if str(c.cell) in good}
    return sorted(families - held)


def _jobs(ask: Ask, plan: Plan, host: Host) -> list[Job]:
    """One job for each model that is loaded."""
    jobs = []
    for _, members in groupby(plan.due, key=lambda one: loaded_as(one.cell)):
        cells = tuple(members)
        jobs.append(
            Job(
                out=str(ask.out),
                specs=tuple(c.spec for c in cells),
                run_ids=tuple("" for _ in cells),
                meters=host.sensors.meters,
                environment=host.environment,
                manifest=str(ask.manifest.resolve()) if ask.manifest else None,
                load_path=_load_path(ask, cells[0]),
                witnesses=ask.witnesses,
            )
        )
    return jobs


def _load_path(ask: Ask, cell: PlannedCell) -> str | None:
    """Where pretrained weights come from: what was named, else the model's own hub id."""
    if ask.weights == "synthetic":
        return ask.weights_path
    return ask.weights_path or cell.model.hub
