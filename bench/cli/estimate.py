"""estimate: usage, model, hardware, load and place → kWh and grams, each with its interval and its basis."""

from pathlib import Path
from typing import Annotated, Any

import typer

# Numbers come as text, as to the reader that `joulemark estimate` has of its own (bench.cli.estimate_line)


def _option(*names: str, help: str) -> Any:
    return typer.Option(*names, help=help, metavar="NUMBER")


def estimate(
    model: Annotated[str, typer.Option(help="A model's name: llama-3.1-8b, whisper-tiny.")],
    in_tokens: Annotated[str | None, _option("--in-tokens", "--in_tok", help="Tokens of a prompt.")] = None,
    out_tokens: Annotated[str | None, _option("--out-tokens", "--out_tok", help="Tokens of an answer.")] = None,
    audio_seconds: Annotated[str | None, _option(help="Seconds of sound, for speech.")] = None,
    chars: Annotated[str | None, _option(help="Characters of the input, in place of tokens.")] = None,
    language: Annotated[str, typer.Option(help="Of these characters: fr, en, es, ar.")] = "",
    hardware: Annotated[str, typer.Option(help="A card or a machine: h100, or a profile's name.")] = "",
    cards: Annotated[str | None, _option(help="How many cards.")] = None,
    engine: Annotated[str, typer.Option(help="vllm, llama_cpp, transformers …")] = "",
    precision: Annotated[str, typer.Option(help="bf16, fp8, q4_k_m …")] = "",
    batch: Annotated[str | None, _option(help="Requests that run at once.")] = None,
    params_b: Annotated[str | None, _option(help="Billions of parameters, of a model unknown.")] = None,
    active_params_b: Annotated[str | None, _option(help="Billions at work for a token.")] = None,
    count: Annotated[str, _option(help="How many such requests.")] = "1",
    region: Annotated[str, typer.Option(help="An Azure region or a country: francecentral, usa, global.")] = "",
    pue: Annotated[str | None, _option(help="Of a place of your own, with --g-per-kwh.")] = None,
    g_per_kwh: Annotated[str | None, _option(help="Of a place of your own, with --pue.")] = None,
    grid: Annotated[str, typer.Option(help="life_cycle, or direct where an open figure is known.")] = "life_cycle",
    market_factor: Annotated[str | None, _option(help="g CO2e a kWh of a contract of yours.")] = None,
    market_kind: Annotated[
        str, typer.Option(help="Its kind: guarantee_of_origin, ppa, supplier or residual_mix.")
    ] = "",
    market_scope: Annotated[str, typer.Option(help="What its figure counts: direct or life_cycle.")] = "direct",
    scope: Annotated[str | None, typer.Option(help="What joules hold: gpu, machine or wall.")] = None,
    results: Annotated[list[Path] | None, typer.Option(help="A results folder of your own; repeatable.")] = None,
    shadow: Annotated[bool, typer.Option("--shadow", help="Others' formulas beside it.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="The chain down to runs and sources.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="The figures as CSV on stdout.")] = False,
    csv_style: Annotated[
        str, typer.Option(help="CSV: plain, or fr with semicolons and decimal commas.", show_default="plain")
    ] = "",
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Estimate the energy and the grams of requests, or refuse what is not known."""
    said = {name: value for name, value in locals().items() if value not in (None, "", False)}
    from bench.cli.estimate_line import show

    show({name: [str(v) for v in (value if isinstance(value, list) else [value])] for name, value in said.items()})
