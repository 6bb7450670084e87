"""`joulemark export DIR`: the tables of a result folder as CSV or Parquet files."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from bench.cli.output import give, note, say, table


def export(
    folder: Annotated[Path, typer.Argument(help="The result folder.")] = Path("results"),
    to: Annotated[Path | None, typer.Option(help="Where the files go; by default FOLDER/export.")] = None,
    format: Annotated[Literal["csv", "parquet"], typer.Option(help="csv, or parquet.")] = "csv",
    csv_style: Annotated[
        Literal["plain", "fr"],
        typer.Option(help="fr: semicolons and decimal commas, as French spreadsheets read."),
    ] = "plain",
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Write runs, windows, requests and coefficients as tables: CSV or Parquet."""
    from bench.cli.apart_text import apart_text
    from bench.files.codec import plain
    from bench.files.frames.export import export as export_folder
    from bench.run.apart import set_apart, told_in

    target = to or folder / "export"
    written = export_folder(folder, target, format, csv_style)
    apart = set_apart(told_in(folder), folder)
    if json:
        files = [{"file": str(w.file), "table": w.table, "rows": w.rows} for w in written]
        give({"folder": str(target), "files": files, "kept_apart": [plain(one) for one in apart]})
        return
    rows = [(w.table, str(w.rows), str(w.file)) for w in written if w.table]
    say(table(rows, ("TABLE", "ROWS", "FILE")))
    note(f"what the columns mean: {target / 'README.md'}")
    if apart:
        note(apart_text(apart))
