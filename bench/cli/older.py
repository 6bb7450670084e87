"""older: a request of the older calculator, as it was computed there, as it should be, as measured here."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.output import give, say, table, wrapped
from bench.phrases import Phrase, joined, number, told

if TYPE_CHECKING:
    from bench.estimators.older_api import OlderRequest
    from bench.estimators.older_compared import Compared

_WH_PER_KWH = 1e3


def older(
    request: Annotated[
        Path | None,
        typer.Argument(
            help="JSON as POST /calculate-raw takes it; without one, the example of that calculator's README.",
            show_default=False,
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """A request of the older calculator, as it was computed there, as it should be, as measured here."""
    from bench.estimators.older_api import calculate, older_request
    from bench.estimators.older_compared import README_EXAMPLE, compared
    from bench.files.interop.older_json import read_older_json

    found = older_request(README_EXAMPLE if request is None else read_older_json(request))
    if json:
        give(calculate(found))
    else:
        say(older_text(found, compared(found), example=request is None))


def older_text(request: "OlderRequest", rows: "tuple[Compared, ...]", *, example: bool) -> str:
    """The table, what it is of, and how far the first row is from the second."""
    server = request.server
    lines = [
        told(Phrase("the example of the older calculator's README:")) if example else "",
        told(
            Phrase(
                "one request of {read:g} tokens in, {written:g} out; {gpu_w:g} W of GPU, {cpu_w:g} W of CPU, "
                "{speed:g} tokens a second, PUE {pue:g}, {grid:g} g CO2e a kWh",
                read=request.input_size,
                written=request.output_size,
                gpu_w=server.gpu_w,
                cpu_w=server.cpu_w,
                speed=server.tokens_per_s,
                pue=server.pue,
                grid=server.grid_g_per_kwh,
            )
        ),
        "",
        table([_row(one) for one in rows], _HEAD),
        "",
        *(wrapped(told(Phrase("{name}: {because}", name=one.name, because=one.because))) for one in rows),
    ]
    first, second = rows[0].energy_kwh.value, rows[1].energy_kwh.value
    if second > 0:
        said = Phrase(
            "the first is {times:,.0f} times the second: squared, a prompt costs the more the longer it is",
            times=first / second,
        )
        lines += ["", wrapped(told(said))]
    return "\n".join(line for at, line in enumerate(lines) if line or at)


_HEAD = ("", Phrase("seconds"), "Wh", Phrase("g CO2e"))


def _row(one: "Compared") -> tuple[str, ...]:
    wh = (kwh * _WH_PER_KWH for kwh in one.energy_kwh)
    spans = (tuple(one.duration_s), tuple(wh), tuple(one.carbon_g))
    return (one.name, *(_three(*span, bounds=one.has_interval) for span in spans))


def _three(low: float, value: float, high: float, *, bounds: bool) -> str:
    said = _digits(value)
    return told(joined((said, " (", _digits(low), Phrase(" to "), _digits(high), ")"), "")) if bounds else said


def _digits(value: float) -> str:
    """Three digits, whole from a hundred on."""
    return number(value, ".3g" if value < 100 else ",.0f")
