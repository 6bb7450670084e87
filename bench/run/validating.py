"""The prior from measured data, and measured rows against estimates: files in, groups out."""

import csv
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.errors import BadInput
from bench.files.config import places
from bench.files.estimating import read_catalogue
from bench.files.measured_rows import MeasuredRow, read_measured
from bench.files.prior_file import FedBy, prior_path, prior_text, read_prior
from bench.fit.prior import Row
from bench.fit.prior_book import book_of
from bench.fit.rivals import RIVALS
from bench.fit.validate import Asking, Judged, LeaveOut, ask, judge, machine_of
from bench.fit.validated import Group, groups_of
from bench.run.compare_figures import Mismatch, differences


@dataclass(frozen=True, slots=True, kw_only=True)
class Validated:
    """A file's rows with their estimates, and what they come to."""

    rows: int
    judged: tuple[Judged, ...]
    groups: tuple[Group, ...]


def validate_file(path: Path, leave_out: LeaveOut | None = None, calibrate_on: str | None = None) -> Validated:
    """Every row of a CSV against its estimate. Raises BadInput."""
    rows = read_asked(read_measured(path))
    judged = judge(rows, read_prior(), leave_out, calibrate_on)
    return Validated(rows=len(rows), judged=tuple(judged), groups=tuple(groups_of(judged, RIVALS)))


ROW_COLUMNS = (
    "line", "source", "model", "gpu", "scope", "measured_j", "low_j", "value_j", "high_j", "method", "basis",
    "rests_on", "filled_in", "in_sample", "refused",
)  # fmt: skip


def rows_of(judged: Sequence[Judged]) -> Iterator[tuple[object, ...]]:
    """Each row with its estimate, how it was come by and what was filled in, by ROW_COLUMNS."""
    for one in judged:
        row, priced = one.row, one.priced
        found = [_six(j) for j in priced.energy_j] if priced else [None, None, None]
        yield (
            *(row.line, row.source, row.asked.model, row.asked.gpu, row.asked.scope, _six(row.energy_j)),
            *found,
            *((priced.method, priced.basis, priced.rests_on) if priced else ("", "", "")),
            "; ".join(row.job.notes) if row.job else "",
            "yes" if one.in_sample else "no",
            row.refused,
        )


def _six(value: float) -> float:
    """At six digits, as rows are measured."""
    return float(f"{value:.6g}")


def read_asked(rows: tuple[MeasuredRow, ...]) -> list[Asking]:
    """Rows with their jobs, by the declared models, cards and prompts."""
    catalogue = read_catalogue()
    return [ask(row.source, row.asked, row.energy_j, row.refused, catalogue, row.number) for row in rows]


def fitted_prior(folder: Path, sources: Path | None = None) -> str:
    """The text of prior.json as the files of a folder teach it, those that the table `sources` names.

    Raises BadInput where one is missing.
    """
    rows: list[Row] = []
    fed: list[FedBy] = []
    for source in _sources(sources or places().data / "measured_sources.csv"):
        path = folder / source["file"]
        if not path.is_file():
            raise BadInput(
                f"{path}: not there; needed are the files of bench/data/measured_sources.csv, "
                f"of which {source['file']} is made from {source['repository']} at {source['commit']}"
            )
        asked = [row for row in read_asked(read_measured(path)) if row.job is not None]
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        fed.append(FedBy(**source, sha256=digest, rows=len(asked)))
        rows += [
            Row(
                source=one.source,
                machine=machine_of(one.asked),
                model=one.asked.model,
                job=one.job,
                energy_j=one.energy_j,
            )
            for one in asked
            if one.job is not None
        ]
    return prior_text(book_of(rows), fed)


def check_prior(folder: Path, prior: Path | None = None, sources: Path | None = None) -> Iterator[Mismatch]:
    """Where prior.json differs from the prior that the files of a folder teach, in half a unit of the last digit.

    Least squares end in other last digits on another CPU, so that text is compared as text and figures as figures.
    """
    path = prior or prior_path()
    expected, found = json.loads(fitted_prior(folder, sources)), json.loads(path.read_text(encoding="utf-8"))
    yield from differences(path.name, expected, found)


def _sources(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
