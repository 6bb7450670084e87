"""The tables of a result folder as files: CSV without any library, Parquet where pandas and pyarrow are."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from bench.errors import BadInput, CannotRun
from bench.files.atomic import write_whole
from bench.files.csv_out import STYLES, Style, table_text
from bench.files.frames.columns import FrameTable
from bench.files.frames.describe import readme, schema
from bench.files.frames.gather import Columns, gather
from bench.files.frames.tables import TABLES
from bench.files.json_text import json_bytes

Format: TypeAlias = Literal["csv", "parquet"]
README, SCHEMA = "README.md", "schema.json"
_ASK_FOR_PARQUET = (
    "Parquet needs pandas and pyarrow (some 250 MB installed): pip install 'joulemark[parquet]'; "
    "or leave --format out: CSV needs neither"
)


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
    """One table as the bytes of a CSV file."""
    names = [column.name for column in table.columns]
    return table_text(names, zip(*columns.values(), strict=True), style).encode(style.encoding)


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
