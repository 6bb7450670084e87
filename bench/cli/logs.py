"""`joulemark logs FILE…`: request logs and daily counts → kWh and kg by day, endpoint, language, model."""

from pathlib import Path
from typing import Annotated, Any

import typer

from bench.cli.output import give, note, say


def _number(help: str, *names: str) -> Any:
    return typer.Option(*names, help=help, metavar="NUMBER")


def logs(
    files: Annotated[
        list[str], typer.Argument(help="Parquet, CSV, JSONL, JSON or YAML; folders and patterns too.")
    ],
    by: Annotated[str, typer.Option(help="Of day,endpoint,language,model,hardware,region.")] = "",
    columns: Annotated[list[str] | None, typer.Option(help="KEY=COLUMN where names are your own.")] = None,
    model: Annotated[str, typer.Option(help="Where a row names none; so are the next ones.")] = "",
    hardware: Annotated[str, typer.Option(help="A card or a machine.")] = "",
    region: Annotated[str, typer.Option(help="An Azure region or a country.")] = "",
    engine: Annotated[str, typer.Option(help="vllm, llama_cpp, transformers …")] = "",
    precision: Annotated[str, typer.Option(help="bf16, fp8, q4_k_m …")] = "",
    language: Annotated[str, typer.Option(help="Of characters: fr, en, es, ar.")] = "",
    batch: Annotated[str | None, _number("Requests that run at once.")] = None,
    cards: Annotated[str | None, _number("How many cards.")] = None,
    in_tokens: Annotated[str | None, _number("Tokens of a prompt.")] = None,
    out_tokens: Annotated[str | None, _number("Tokens of an answer.")] = None,
    audio_seconds: Annotated[str | None, _number("Seconds of sound.")] = None,
    chars: Annotated[str | None, _number("Characters of an input.")] = None,
    of: Annotated[
        list[str] | None, typer.Option(help="Of one endpoint: chatbots:model=llama-3.1-8b,in_tokens=1155,…")
    ] = None,
    as_: Annotated[
        list[str] | None, typer.Option("--as", help="A model to price as another: gpt-4o=llama-3.1-405b.")
    ] = None,
    tz: Annotated[str, typer.Option(help="Whose days: Europe/Paris; else UTC, or as times stand.")] = "",
    per_request: Annotated[
        bool, typer.Option("--per-request", help="Lengths beside a count are each request's, not their sum.")
    ] = False,
    pue: Annotated[str | None, _number("Of a place of your own, with --g-per-kwh.")] = None,
    g_per_kwh: Annotated[str | None, _number("Of a place of your own, with --pue.")] = None,
    grid: Annotated[str, typer.Option(help="life_cycle, or direct where an open figure is known.")] = "life_cycle",
    scope: Annotated[str, typer.Option(help="What joules hold: gpu, machine or wall.")] = "",
    results: Annotated[list[Path] | None, typer.Option(help="A results folder of your own; repeatable.")] = None,
    threads: Annotated[int, typer.Option(min=0, help="Of DuckDB; 0 takes all cores.")] = 0,
    csv: Annotated[Path | None, typer.Option(help="A CSV to write, a row of the table each.")] = None,
    csv_style: Annotated[
        str, typer.Option(help="CSV: plain, or fr with semicolons and decimal commas.")
    ] = "plain",
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Sum what a log's requests took: kWh and kg CO2e with intervals, and what no sum holds."""
    from bench.cli.logs_text import log_table, plain_log, write_log
    from bench.cli.logs_words import asked_of
    from bench.files.csv_out import style_of
    from bench.report.stored import in_language
    from bench.run.logged import read_logs

    style = style_of(csv_style)
    said = {name: value for name, value in locals().items() if isinstance(value, str | list | bool | int)}
    found = read_logs(asked_of(said), note)
    if csv is not None:
        write_log(csv, found, style)
    if json:
        give(in_language(plain_log(found)))
    else:
        say(log_table(found))
    raise typer.Exit(1 if found.partial else 0)
