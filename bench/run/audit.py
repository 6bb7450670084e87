"""`audit`: named checks over a result folder, each with what was expected, what was found, and where.

`verify` asks whether the figures follow from the readings; this asks whether the readings deserve it.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from bench.run.checks import (
    circumstances,
    clocks,
    grounds,
    integrity,
    learnt,
    ledger,
    power,
    sampling,
    sensors,
    uncertainty,
    windows,
    work,
)
from bench.run.checks.case import Case, Folder, read_record
from bench.run.checks.line import AuditLine
from bench.run.evidence import sealed_folders

FolderCheck: TypeAlias = Callable[[Folder], Iterable[AuditLine]]
CaseCheck: TypeAlias = Callable[[Case], Iterable[AuditLine]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """Checks that belong together: of the folder, of every record in it, and of runs of a cell alone."""

    of_folder: tuple[FolderCheck, ...] = ()
    of_every: tuple[CaseCheck, ...] = ()
    of_cells: tuple[CaseCheck, ...] = ()  # never asked of a metered command


THEMES = (
    Theme(
        of_folder=(
            integrity.schema_version, integrity.part_hashes, integrity.readable, integrity.run_id,
            integrity.no_copies, integrity.finished, integrity.tool_version, integrity.declared,
        ),
        of_cells=(integrity.settings_recorded,),
    ),
    Theme(
        of_every=(
            clocks.readings_in_order, clocks.counters_rise, clocks.windows_in_readings,
            clocks.windows_apart,
        ),
        of_cells=(clocks.requests_in_windows,),
        of_folder=(clocks.one_run_at_a_time, clocks.wall_clock),
    ),
    Theme(of_every=(sampling.longest_gap, sampling.sampler_lateness), of_cells=(sampling.sampling_period,)),
    Theme(
        of_cells=(
            windows.window_length, windows.repeats, windows.two_windows, windows.warm_up,
            windows.no_cooling_down, windows.resident_idle,
        ),
        of_folder=(windows.time_per_cell, windows.bare_idle),
    ),
    Theme(of_every=(power.power_in_bounds,), of_cells=(power.memory_floor, power.idle_repeats)),
    Theme(
        of_every=(
            circumstances.temperature, circumstances.temperature_drift, circumstances.clock_drift,
            circumstances.slowdown, circumstances.power_limit_kept, circumstances.steal_time,
        ),
        of_cells=(circumstances.foreign_processes, circumstances.foreign_cpu_work, circumstances.quiet_before),
    ),
    Theme(
        of_every=(sensors.witness, sensors.sensor_passport, grounds.gain_of_meters),
        of_cells=(sensors.board_read,),
        of_folder=(grounds.passport_of_steps,),
    ),
    Theme(
        of_cells=(work.no_failed_request, work.work_as_asked, work.loaded_as_asked, grounds.batch_as_run),
        of_folder=(work.seed_and_payload, grounds.workload_as_shipped),
    ),
    Theme(of_every=(uncertainty.interval, uncertainty.statistical_part), of_cells=(uncertainty.precision,)),
    Theme(of_every=(ledger.basis, ledger.reasons, ledger.complete, ledger.no_test_doubles, ledger.verdicts)),
    Theme(
        of_folder=(
            learnt.coefficient_runs, learnt.coefficient_key, learnt.coefficients_current,
            learnt.one_setting, learnt.page_runs,
        )
    ),
)  # fmt: skip


def audit(out: Path) -> tuple[AuditLine, ...]:
    """Every line on OUT, check by check. Raises BadInput and BrokenResults as `sealed_folders`."""
    records = tuple(read_record(folder) for folder in sealed_folders(out, "audit"))
    return tuple(lines(Folder(out=out, records=records)))


def lines(folder: Folder) -> Iterator[AuditLine]:
    """Every line on a folder that has been read, check by check, in the order of the themes."""
    for theme in THEMES:
        for of_folder in theme.of_folder:
            yield from of_folder(folder)
        for of_every in theme.of_every:
            for case in folder.cases:
                yield from of_every(case)
        for of_cell in theme.of_cells:
            for case in folder.cells:
                yield from of_cell(case)


def check_name(check: FolderCheck | CaseCheck) -> str:
    """The name under which a check's lines stand: the function's own, in words."""
    return check.__name__.replace("_", " ")


def fails(found: Iterable[AuditLine]) -> bool:
    """Whether any line fails."""
    return any(line.status == "fail" for line in found)
