"""volumes: a project's months of requests → kWh and kg at P10, P50 and P90; or a folder's files → their
lengths."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bench.cli.output import give, say, table

if TYPE_CHECKING:
    from bench.estimators.likely import Likely
    from bench.estimators.volumes import Amounts
    from bench.run.volumes import Projected


def volumes(
    file: Annotated[Path | None, typer.Argument(help="A TOML of volumes: docs/how-to/volumes.md.")] = None,
    months: Annotated[int | None, typer.Option(help="How many months, in place of the file's.")] = None,
    region: Annotated[str, typer.Option(help="An Azure region or a country, in place of the file's.")] = "",
    results: Annotated[list[Path] | None, typer.Option(help="A results folder of your own; repeatable.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Project kWh and kg CO2e a month at P10, P50 and P90 from volumes, growth and lengths."""
    from bench.errors import BadInput
    from bench.run import volumes as work

    if file is None:
        raise BadInput("no file; needed is a TOML of volumes, or --scan DIR: docs/how-to/volumes.md")
    found = work.volumes(file, months=months, region=region, results=results or ())
    if json:
        give(plain_projected(found))
    else:
        say(projected_text(found))


def projected_text(found: "Projected") -> str:
    """A line a month with a bar, totals, a line a flow, then what was assumed and what it rests on."""
    top = max(one.energy_kwh.p90 for one in found.projection.months)
    rows = [
        (name, *_figures(one), _bar(one.energy_kwh, top))
        for name, one in zip(found.months, found.projection.months, strict=True)
    ]
    rows.append(("total", *_figures(found.projection.total), ""))
    rows += [
        (f"  {one.flow.name}", *_figures(amounts), "")
        for one, amounts in zip(found.flows, found.projection.flows, strict=True)
    ]
    return table(rows, ("month", "requests", "kWh P10", "P50", "P90", "kg P10", "P50", "P90", ""))


def _figures(one: "Amounts") -> tuple[str, ...]:
    return (f"{one.requests.p50:.4g}", *_three(one.energy_kwh), *_three(one.location_kg))


def _three(one: "Likely | None") -> tuple[str, ...]:
    return ("", "", "") if one is None else tuple(f"{x:.3g}" for x in (one.p10, one.p50, one.p90))


def _bar(one: "Likely", top: float) -> str:
    return "" if top <= 0 else "█" * round(24 * one.p50 / top)


def plain_projected(found: "Projected") -> dict[str, Any]:
    """The JSON object, but for its schema_version."""
    return {
        "title": found.project.title,
        "months": [
            {"month": name, **_plain(one)} for name, one in zip(found.months, found.projection.months, strict=True)
        ],
        "total": _plain(found.projection.total),
    }


def _plain(one: "Amounts") -> dict[str, Any]:
    def three(of: "Likely | None") -> dict[str, float] | None:
        return None if of is None else {"p10": of.p10, "p50": of.p50, "p90": of.p90}

    return {
        "requests": three(one.requests),
        "energy_kwh": three(one.energy_kwh),
        "carbon_kg": {"location": three(one.location_kg), "embodied": three(one.embodied_kg)},
    }
