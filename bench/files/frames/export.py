"""The tables of a result folder as files: CSV without any library, Parquet where pandas and pyarrow are."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, TypeAlias

from bench.errors import BadInput, CannotRun
from bench.files.atomic import write_whole
from bench.files.frames.columns import FrameTable
from bench.files.frames.describe import readme, schema
from bench.files.frames.gather import Columns, gather
from bench.files.frames.tables import TABLES
from bench.files.json_text import json_bytes
from bench.stats import significant

Format: TypeAlias = Literal["csv", "parquet"]
# What a server says of itself lands in cells (OWASP, CSV Injection: these begin a formula; checked 2026-11-21).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
README, SCHEMA = "README.md", "schema.json"
_ASK_FOR_PARQUET = (
    "Parquet needs pandas and pyarrow (some 250 MB installed): pip install 'joulemark[parquet]'; "
    "or leave --format out: CSV needs neither"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How a CSV file writes numbers and parts columns."""

    delimiter: str
    decimal: str
    encoding: str
    said: str
    guards: bool = False  # texts that a spreadsheet would take for a formula begin with an apostrophe


# A spreadsheet set to French reads `;` between columns and `,` before decimals, and takes a file without a byte
# order mark for Windows-1252 (Microsoft: "Opening CSV UTF-8 files correctly in Excel"; checked 2026-11-21).
STYLES: Mapping[str, Style] = {
    "plain": Style(delimiter=",", decimal=".", encoding="utf-8", said="commas between columns, a decimal point"),
    "fr": Style(
        delimiter=";",
        decimal=",",
        encoding="utf-8-sig",
        said="semicolons between columns, a decimal comma, UTF-8 with a byte order mark; a text that a "
        "spreadsheet would run as a formula begins with an apostrophe",
        guards=True,
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One file of an export; `table` is None for those that describe the others."""

    file: Path
    table: str | None
    rows: int | None


def export(out: Path, to: Path, kind: Format, style: str) -> tuple[Written, ...]:
    """Writes every table of OUT into the folder `to`, empty ones too, and returns what was written.

    Raises BadInput where OUT is no result folder or `to` holds runs; CannotRun for Parquet without its libraries;
    BrokenResults naming the damaged file, before anything is written.
    """
    if (to / "runs").is_dir():
        raise BadInput(f"{to}: is a result folder; sealed runs and exports do not share one, choose another --to")
    if kind == "parquet":
        _check_parquet()
    found = gather(out)
    sizes = {table.name: _size(found[table.name]) for table in TABLES}
    written = []
    for table in TABLES:
        path = to / f"{table.name}.{kind}"
        columns = found[table.name]
        content = csv_bytes(table, columns, STYLES[style]) if kind == "csv" else parquet_bytes(table, columns)
        write_whole(path, content)
        written.append(Written(file=path, table=table.name, rows=sizes[table.name]))
    write_whole(to / README, readme(TABLES, sizes, written=_said(kind, style)).encode())
    write_whole(to / SCHEMA, json_bytes(schema(TABLES)))
    about = (Written(file=to / name, table=None, rows=None) for name in (README, SCHEMA))
    return (*written, *about)


def _size(columns: Columns) -> int:
    return len(next(iter(columns.values())))


def _said(kind: Format, style: str) -> str:
    if kind == "parquet":
        return "- Parquet: every column has the type that `schema.json` names; what is missing is null.\n"
    return (
        f"- CSV: {STYLES[style].said}; figures at the 7 significant digits that are published, counts and "
        "nanoseconds whole; what is missing is an empty cell; yes and no are true and false.\n"
    )


def csv_bytes(table: FrameTable, columns: Columns, style: Style) -> bytes:
    """One table as the bytes of a CSV file (RFC 4180, but for its line ends)."""
    text = io.StringIO()
    rows = csv.writer(text, delimiter=style.delimiter, lineterminator="\n")
    rows.writerow(column.name for column in table.columns)
    rows.writerows(_rows(columns, style))
    return text.getvalue().encode(style.encoding)


def _rows(columns: Columns, style: Style) -> Iterator[tuple[str, ...]]:
    every = zip(*columns.values(), strict=True)
    return (tuple(_cell(value, style) for value in row) for row in every)


def _cell(value: object, style: Style) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(significant(value)).replace(".", style.decimal)
    if isinstance(value, str) and style.guards and value.startswith(_FORMULA):
        return f"'{value}"
    return value.isoformat() if isinstance(value, datetime) else str(value)


def parquet_bytes(table: FrameTable, columns: Columns) -> bytes:
    """One table as the bytes of a Parquet file."""
    import pandas

    from bench.files.frames.results import frame

    content = io.BytesIO()
    frame(pandas, table, columns).to_parquet(content, engine="pyarrow", index=False)
    return content.getvalue()


def _check_parquet() -> None:
    try:
        import pandas
        import pyarrow
    except ImportError as error:
        raise CannotRun(_ASK_FOR_PARQUET) from error
    del pandas, pyarrow  # only whether they are there was asked
