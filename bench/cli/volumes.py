"""volumes: a project's months of requests → kWh and kg at P10, P50 and P90; or a folder's files → lengths."""

from pathlib import Path
from typing import Annotated

import typer

from bench.cli.output import give, note, say
from bench.phrases import Phrase


def volumes(
    file: Annotated[Path | None, typer.Argument(help="A TOML of volumes: docs/how-to/volumes.md.")] = None,
    months: Annotated[int | None, typer.Option(help="How many months, in place of the file's.")] = None,
    region: Annotated[str, typer.Option(help="An Azure region or a country, in place of the file's.")] = "",
    results: Annotated[list[Path] | None, typer.Option(help="A results folder of your own; repeatable.")] = None,
    scan: Annotated[
        Path | None, typer.Option("--scan", help="A folder of your files: their lengths, by language.")
    ] = None,
    language: Annotated[str, typer.Option(help="Of files whose name and folders say none: fr, en …")] = "",
    tokenizer: Annotated[
        str, typer.Option(help="What counts a text's tokens: tekken, v3 …, or table; tekken unless said.")
    ] = "",
    hidden: Annotated[bool, typer.Option("--hidden", help="Scan hidden files and folders too.")] = False,
    most_files: Annotated[int, typer.Option(help="Stop scanning after so many files.")] = 200_000,
    write: Annotated[
        Path | None, typer.Option("--write", help="With --scan: the TOML of volumes to write.")
    ] = None,
    csv: Annotated[bool, typer.Option("--csv", help="The figures as CSV on stdout.")] = False,
    csv_style: Annotated[
        str, typer.Option(help="CSV: plain, or fr with semicolons and decimal commas.")
    ] = "plain",
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Project kWh and kg CO2e a month at P10, P50 and P90, or scan a folder of files for their lengths."""
    from bench.errors import BadInput
    from bench.files.csv_out import style_of

    style_of(csv_style)
    if csv and json:
        raise BadInput(Phrase("--csv and --json are two answers to one question; ask for one of them"))
    form = "json" if json else (csv_style if csv else "")
    if scan is None:
        _projected(file, months, region, results or [], write, form)
        return
    _scanned(file, scan, language, tokenizer, hidden, most_files, write, form)


def _projected(
    file: Path | None, months: int | None, region: str, results: list[Path], write: Path | None, form: str
) -> None:
    from bench.cli import volumes_text as text
    from bench.cli.volumes_csv import write_projected
    from bench.errors import BadInput
    from bench.run.volumes import volumes as work

    if file is None or file.is_dir():
        what = Phrase("no file") if file is None else str(file)
        raise BadInput(
            Phrase("{what}; needed is a TOML of volumes, or --scan DIR: docs/how-to/volumes.md", what=what)
        )
    if write is not None:
        raise BadInput(Phrase("--write without --scan; needed is a folder whose lengths are to be written"))
    found = work(file, months=months, region=region, results=results)
    if form == "json":
        give(text.plain_projected(found))
    elif form:
        write_projected(found, form)
    else:
        say(text.projected_text(found))


def _scanned(
    file: Path | None,
    folder: Path,
    language: str,
    tokenizer: str,
    hidden: bool,
    most_files: int,
    write: Path | None,
    form: str,
) -> None:
    from bench.cli import scan_text as text
    from bench.cli.volumes_csv import write_scanned
    from bench.files.atomic import write_whole
    from bench.run.scanning import distributions, scan_folder, volumes_text

    _refuse(file, folder, write)
    found = scan_folder(folder, language=language, tokenizer=tokenizer, hidden=hidden, most_files=most_files)
    by_kind = distributions(found)
    if write is not None and by_kind:
        write_whole(write, volumes_text(found).encode("utf-8"))
        note(
            Phrase(
                "wrote {file}; put right what it holds as `assumed`, then: joulemark volumes {file}", file=write
            )
        )
    if form == "json":
        give(text.plain_scan(found, by_kind))
    elif form:
        write_scanned(by_kind, form)
    else:
        say(text.scan_table(found, by_kind))
    if not by_kind:
        raise typer.Exit(1)


def _refuse(file: Path | None, folder: Path, write: Path | None) -> None:
    """Raises BadInput where a scan's words do not go together."""
    from bench.errors import BadInput

    if file is not None:
        raise BadInput(
            Phrase(
                "{file} and --scan {folder}; needed is one of them: a TOML to project, or a folder",
                file=file,
                folder=folder,
            )
        )
    if write is not None and write.exists():
        raise BadInput(
            Phrase("{file} is there already; needed is a new name, so that nothing of yours is lost", file=write)
        )
