"""Rows of the tables on grids, regions, buildings and hardware, each cell checked: CSV → values of one row.

The tables are described in bench/data/README.md. A missing cell is an error with its line, never a number.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from bench.carbon.factors import Scope
from bench.carbon.places import PueBasis
from bench.files.data_rows import read_rows
from bench.nouns import Range
from bench.phrases import Phrase

_SCOPES = ("life_cycle", "direct")
_BASES = ("published", "design", "assumed")
_WHAT = "a row of this table"


@dataclass(frozen=True, slots=True, kw_only=True)
class Country:
    """A country: its names, and how its grid is cut."""

    iso3: str
    iso2: str
    name: str
    continent: str
    data_zone: str  # "eu", "us" or "": Azure's data zone that its regions are in
    several_zones: bool
    aliases: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GridRow:
    """One year's figure of one zone [g/kWh]; `bounds` where the table has them itself."""

    zone: str
    scope: Scope
    year: int
    g_per_kwh: float
    bounds: Range | None
    derived: str
    source: str
    licence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionRow:
    """An Azure region: where it stands, and which rows of the grid's table are its own."""

    name: str
    iso3: str
    grid_zone: str
    live_zone: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildingRow:
    """A PUE or WUE of a region, a continent, or anywhere."""

    place: str
    quantity: str  # "PUE" or "WUE"
    basis: PueBasis
    range: Range
    year: int
    note: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbodiedRow:
    """A mass of CO2 equivalent [kg] or a life [years] of hardware."""

    kind: str
    item: str
    unit: str
    value: float
    source: str
    licence: str


def read_countries(folder: Path) -> tuple[Country, ...]:
    """Every row of countries.csv. Raises BadDeclaration naming the line."""
    return read_rows(
        folder / "countries.csv",
        lambda row: Country(
            iso3=_text(row, "iso3"),
            iso2=_text(row, "iso2"),
            name=_text(row, "country"),
            continent=_text(row, "continent"),
            data_zone=row["data_zone"],
            several_zones=_one_of(row, "grid_zones", ("one", "several")) == "several",
            aliases=tuple(name for name in row["aliases"].split("|") if name),
        ),
        _WHAT,
    )


def read_grid(folder: Path) -> tuple[GridRow, ...]:
    """Every row of grid.csv. Raises BadDeclaration naming the line."""
    return read_rows(folder / "grid.csv", _grid_row, _WHAT)


def _grid_row(row: Mapping[str, str]) -> GridRow:
    value = float(_text(row, "g_per_kwh"))
    own = bool(row["low"] or row["high"])
    return GridRow(
        zone=_text(row, "zone"),
        scope=cast(Scope, _one_of(row, "scope", _SCOPES)),
        year=int(_text(row, "year")),
        g_per_kwh=value,
        bounds=Range(low=float(row["low"]), value=value, high=float(row["high"])) if own else None,
        derived=row["derived"],
        source=_text(row, "source"),
        licence=_text(row, "licence"),
    )


def read_region_rows(folder: Path) -> tuple[RegionRow, ...]:
    """Every row of regions.csv. Raises BadDeclaration naming the line."""
    return read_rows(
        folder / "regions.csv",
        lambda row: RegionRow(
            name=_text(row, "region"),
            iso3=_text(row, "iso3"),
            grid_zone=_text(row, "grid_zone"),
            live_zone=_text(row, "live_zone"),
            note=row["notes"],
        ),
        _WHAT,
    )


def read_buildings(folder: Path) -> tuple[BuildingRow, ...]:
    """Every row of pue.csv. Raises BadDeclaration naming the line."""
    return read_rows(
        folder / "pue.csv",
        lambda row: BuildingRow(
            place=_text(row, "place"),
            quantity=_one_of(row, "quantity", ("PUE", "WUE")),
            basis=cast(PueBasis, _one_of(row, "basis", _BASES)),
            range=Range(low=float(row["low"]), value=float(row["value"]), high=float(row["high"])),
            year=int(_text(row, "year")),
            note=row["notes"],
            source=_text(row, "source"),
        ),
        _WHAT,
    )


def read_embodied_rows(folder: Path) -> tuple[EmbodiedRow, ...]:
    """Every row of embodied.csv. Raises BadDeclaration naming the line."""
    return read_rows(
        folder / "embodied.csv",
        lambda row: EmbodiedRow(
            kind=_text(row, "kind"),
            item=_text(row, "item"),
            unit=_one_of(row, "unit", ("kg", "years")),
            value=float(_text(row, "value")),
            source=_text(row, "source"),
            licence=_text(row, "licence"),
        ),
        _WHAT,
    )


def _text(row: Mapping[str, str], column: str) -> str:
    value = row[column].strip()
    if not value:
        raise ValueError(Phrase("{column} is empty; a figure that is not known has no row", column=column))
    return value


def _one_of(row: Mapping[str, str], column: str, known: tuple[str, ...]) -> str:
    value = _text(row, column)
    if value not in known:
        raise ValueError(
            Phrase("{column} is {value!r}; known are {known}", column=column, value=value, known=", ".join(known))
        )
    return value
