"""A projection and a scan as CSV: a row a month, flow or distribution; names stay English."""

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from bench.files.csv_out import style_of, write_table
from bench.stats import quantile

if TYPE_CHECKING:
    from bench.estimators.volumes import Amounts
    from bench.run.scanning import Distribution
    from bench.run.volumes import Projected

_FIGURES = ("requests", "energy_kwh", "location_kg", "embodied_kg")
_LEVELS = ("p10", "p50", "p90")
PROJECTED = ("kind", "name", *(f"{figure}_{level}" for figure in _FIGURES for level in _LEVELS))
SCANNED = ("kind", "language", "unit", "files", "p10", "p50", "p90", "total")


def write_projected(found: "Projected", style: str) -> None:
    """Months, their total, flows and machines that wait, on stdout. Raises UnknownName."""
    asked = style_of(style)
    write_table(sys.stdout, PROJECTED, _projected(found), delimiter=asked.delimiter, decimal=asked.decimal)


def _projected(found: "Projected") -> Iterator[tuple[object, ...]]:
    made = found.projection
    for name, one in zip(found.months, made.months, strict=True):
        yield "month", name, *_figures(one)
    yield "total", "", *_figures(made.total)
    for flow, one in zip(found.flows, made.flows, strict=True):
        yield "flow", flow.flow.name, *_figures(one)
    for waits, one in zip(found.project.waiting, made.waiting, strict=True):
        yield "always_on", waits.name, *_figures(one)


def _figures(one: "Amounts") -> Iterator[float | None]:
    for figure in _FIGURES:
        likely = getattr(one, figure)
        yield from (None if likely is None else getattr(likely, level) for level in _LEVELS)


def write_scanned(by_kind: Sequence["Distribution"], style: str) -> None:
    """A row a distribution, tokens after characters, on stdout. Raises UnknownName."""
    asked = style_of(style)
    write_table(sys.stdout, SCANNED, _scanned(by_kind), delimiter=asked.delimiter, decimal=asked.decimal)


def _scanned(by_kind: Sequence["Distribution"]) -> Iterator[tuple[object, ...]]:
    for one in by_kind:
        for unit, values in (("characters" if one.kind == "text" else "s", one.lengths), ("tokens", one.tokens)):
            if values:
                shown = [quantile(values, share) for share in (0.1, 0.5, 0.9)]
                yield one.kind, one.language, unit, len(values), *shown, sum(values)
