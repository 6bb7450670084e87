"""Options that several commands share, and what was typed under them as values."""

import math
from pathlib import Path
from typing import Annotated, Literal

import typer

WeightsOption = Annotated[str, typer.Option(help="synthetic (seeded, no download) or pretrained.")]
Manifest = Annotated[
    Path | None, typer.Option("--workload", help="A manifest of your own clips, texts or prompts.")
]
WindowS = Annotated[float | None, typer.Option(min=0.2, help="Seconds a work window lasts at least.")]
IdleS = Annotated[float | None, typer.Option(min=0.4, help="Seconds of idle before a cell's work.")]
WarmupS = Annotated[float | None, typer.Option(min=0.0, help="Seconds of warm-up at least.")]
Windows = Annotated[int | None, typer.Option(min=1, help="Work windows a cell at least.")]


def timing_of(
    window_s: float | None,
    windows: int | None,
    most_windows: int | None,
    precision_percent: float | None,
    **seconds: float | None,
) -> dict[str, float]:
    """What was typed of a suite's timing. So many windows are so many, unless more are allowed."""
    asked = {
        "window_s": window_s,
        "windows": windows,
        "most_windows": most_windows or windows,
        "precision_ratio": precision_percent / 100 if precision_percent else None,
        **seconds,
    }
    return {name: value for name, value in asked.items() if value is not None}


def finite(price_per_hour: float | None) -> None:
    """Raises BadInput for a price without end, one that is no number, or one that no machine has."""
    from bench.errors import BadInput
    from bench.nouns.compared import check_price

    if price_per_hour is not None and not math.isfinite(price_per_hour):
        raise BadInput(f"--price-per-hour: expected EUR an hour, found {price_per_hour}")
    if price_per_hour is not None:
        check_price(price_per_hour, "--price-per-hour")


def weights_of(text: str) -> Literal["synthetic", "pretrained"]:
    """The kind of weights of a run in process. Raises UnknownName."""
    from bench.errors import UnknownName

    if text == "synthetic":
        return "synthetic"
    if text == "pretrained":
        return "pretrained"
    raise UnknownName("kind of weights", text, ("synthetic", "pretrained"))
