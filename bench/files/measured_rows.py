"""Measured energy in tidy CSV: the columns that an estimate may read, the truth, and what rows are grouped by."""

import csv
import io
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.errors import BadInput
from bench.estimators.asked import Asked
from bench.estimators.roofline import Scope
from bench.phrases import Phrase

NEEDED = ("source", "model", "gpu", "energy_scope", "output_tokens")
_MANY = 1_000_000  # rows
_MOST = 1e9  # of tokens, joules, parameters in billions, requests at once: beyond any measurement


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredRow:
    """One row: what may be asked of it, and its measured joules a request. `refused` says why it has none."""

    number: int  # of its line
    source: str
    asked: Asked
    energy_j: float
    refused: str = ""


def read_measured(path: Path) -> tuple[MeasuredRow, ...]:
    """Every row of a CSV with the columns of NEEDED; the others may be absent or empty. Raises BadInput."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(Phrase("{path}: cannot be read as UTF-8 text: {error}", path=path, error=error)) from error
    reader = csv.DictReader(io.StringIO(text, newline=""))
    try:
        return _read(path, reader)
    except csv.Error as error:
        raise BadInput(
            Phrase("{path}:{line_num}: not CSV: {error}", path=path, line_num=reader.line_num, error=error)
        ) from error


def _read(path: Path, reader: "csv.DictReader[str]") -> tuple[MeasuredRow, ...]:
    lacks = [name for name in NEEDED if name not in (reader.fieldnames or ())]
    if lacks:
        raise BadInput(
            Phrase(
                "{path}: no column {lacks}; needed are comma-separated columns {needed} and "
                "energy_j_per_request or energy_j_per_output_token",
                path=path,
                lacks=", ".join(lacks),
                needed=", ".join(NEEDED),
            )
        )
    rows = tuple(_rows(path, reader))
    if not rows:
        raise BadInput(Phrase("{path}: not one row", path=path))
    return rows


def _rows(path: Path, reader: "csv.DictReader[str]") -> Iterator[MeasuredRow]:
    for row in reader:
        if reader.line_num > _MANY:
            raise BadInput(Phrase("{path}: more than {many} lines; split the file", path=path, many=_MANY))
        yield _row(path, reader.line_num, {k: (v or "").strip() for k, v in row.items() if isinstance(k, str)})


def _row(path: Path, line: int, row: Mapping[str, str]) -> MeasuredRow:
    def number(name: str) -> float | None:
        said = row.get(name, "")
        if not said:
            return None
        try:
            value = float(said)
        except ValueError:
            raise BadInput(
                Phrase(
                    "{path}:{line}: {name} is {said!r}; needed is a number",
                    path=path,
                    line=line,
                    name=name,
                    said=said,
                )
            ) from None
        if not 0 <= value <= _MOST:
            raise BadInput(
                Phrase(
                    "{path}:{line}: {name} is {said}; needed is a finite number from 0 to {most:g}",
                    path=path,
                    line=line,
                    name=name,
                    said=said,
                    most=_MOST,
                )
            )
        return value

    output = number("output_tokens")
    each = number("energy_j_per_request")
    if each is None:
        a_token = number("energy_j_per_output_token")
        each = a_token * output if a_token is not None and output is not None else None
    scope = scope_of(row["energy_scope"])
    asked = Asked(
        model=row["model"],
        params_b=number("params_b"),
        active_params_b=number("active_params_b"),
        precision=row.get("precision", ""),
        gpu=row["gpu"],
        n_gpus=number("n_gpus"),
        batch=number("batch_or_concurrency"),
        input_tokens=number("input_tokens"),
        output_tokens=output,
        engine=row.get("engine", ""),
        task=row.get("task", ""),
        scope=scope or "gpu",
    )
    refused = (
        Phrase("no scope in {energy_scope!r}: wall, machine or GPU", energy_scope=row["energy_scope"])
        if scope is None
        else Phrase("no measured energy")
        if not each
        else ""
    )
    return MeasuredRow(number=line, source=row["source"], asked=asked, energy_j=each or math.nan, refused=refused)


def scope_of(text: str) -> Scope | None:
    """What a text of `energy_scope` says was metered: wall before machine before GPU, the first that is named."""
    if "wall" in text.lower():
        return "wall"
    if "machine" in text.lower():
        return "machine"
    return "gpu" if "gpu" in text.lower() else None
