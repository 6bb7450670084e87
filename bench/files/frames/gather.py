"""A result folder → the columns of every table, as plain values; a missing one is None."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from bench.files.frames import of_compared, of_fits, of_runs
from bench.files.frames.columns import FrameTable
from bench.files.frames.evidence import read_run, sealed_runs
from bench.files.frames.tables import TABLES
from bench.files.store import Sealed
from bench.nouns import Boundary
from bench.physics.doubles import pretends

Columns: TypeAlias = Mapping[str, Sequence[object]]
Row: TypeAlias = Mapping[str, object]

_OF_RUNS: Mapping[str, Callable[[Sealed], Iterable[Row]]] = {
    "runs": of_runs.run_rows,
    "windows": of_runs.window_rows,
    "components": of_runs.component_rows,
    "work": of_runs.work_rows,
    "requests": of_runs.request_rows,
    "latencies": of_runs.latency_rows,
    "verdicts": of_runs.verdict_rows,
    "quality": of_runs.quality_rows,
    "ceilings": of_runs.ceiling_rows,
}
_OF_FITS: Mapping[str, Callable[[of_fits.NamedFits], Iterable[Row]]] = {
    "coefficients": of_fits.coefficient_rows,
    "fits": of_fits.fit_rows,
    "fit_runs": of_fits.fit_run_rows,
    "validity": of_fits.validity_rows,
    "curves": of_fits.curve_rows,
    "curve_lines": of_fits.curve_line_rows,
}

_OF_COMPARISONS: Mapping[str, Callable[[of_compared.Comparisons], Iterable[Row]]] = {
    "levels": of_compared.level_rows,
    "ratios": of_compared.ratio_rows,
    "differences": of_compared.difference_rows,
}


def gather(out: Path) -> Mapping[str, Columns]:
    """The name of each table → its columns, runs in the order of their ids.

    Raises BadInput as `sealed_runs`; BrokenResults naming the file that is damaged: a table that left it out
    would be a smaller one, and not say so.
    """
    rows: dict[str, list[Row]] = {table.name: [] for table in TABLES}
    doubles: set[tuple[str, Boundary]] = set()
    for folder in sealed_runs(out):
        run = read_run(folder)  # its raw readings go again with it
        doubles |= {(run.id, source.boundary) for source in run.sources if pretends(source)}
        for name, rows_of_run in _OF_RUNS.items():
            rows[name] += rows_of_run(run)
    learnt = of_fits.read_learnt(out, frozenset(doubles))
    for name, rows_of_fits in _OF_FITS.items():
        rows[name] += rows_of_fits(learnt)
    compared = of_compared.read_comparisons(out)
    for name, rows_of_comparisons in _OF_COMPARISONS.items():
        rows[name] += rows_of_comparisons(compared)
    return {table.name: _columns(table, rows[table.name]) for table in TABLES}


def _columns(table: FrameTable, rows: Sequence[Row]) -> Columns:
    names = [column.name for column in table.columns]
    strange = {name for row in rows[:1] for name in row} - set(names)
    assert not strange, f"table {table.name} has no column {', '.join(sorted(strange))}"
    return {name: [row[name] for row in rows] for name in names}
