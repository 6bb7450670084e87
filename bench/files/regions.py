"""Names of regions and countries → places with their factors, from the tables in bench/data.

read_regions().place("francecentral")      also "France Central", "France", "FR", "usa", "global", "eu-data-zone"
"""

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.carbon.factors import Factor, Kind, Scope
from bench.carbon.mixture import mixture
from bench.carbon.places import Place, Pue, Wue, place_of
from bench.carbon.spread import ZONES_RATIO, country_range, direct_range
from bench.errors import BadDeclaration, BadInput, UnknownName
from bench.files.config import places as folders
from bench.files.grid_tables import (
    BuildingRow,
    Country,
    GridRow,
    RegionRow,
    read_buildings,
    read_countries,
    read_grid,
    read_region_rows,
)
from bench.nouns import Range
from bench.phrases import Phrase

YEARS = (2023, 2024, 2025)  # of the tables; a figure stands for its own year and for later ones until the next
NEWEST = YEARS[-1]
_ANYWHERE = "anywhere"
_DATA_ZONES = {"eu": "eu-data-zone", "us": "us-data-zone"}
GLOBAL = "global"


@dataclass(frozen=True, slots=True, kw_only=True)
class Regions:
    """Every place of one year's tables, by its own name, and the other names it goes by."""

    year: int
    places: Mapping[str, Place]
    aliases: Mapping[str, str]  # a name as `folded` gives it → a place's own name

    def place(self, name: str) -> Place:
        """The place of that name, however it is written. Raises UnknownName with the nearest ones."""
        own = self.aliases.get(folded(name))
        if own is None:
            raise UnknownName("region or country", name.strip().lower(), [n.lower() for n in self.places])
        return self.places[own]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tables:
    year: int
    countries: Mapping[str, Country]
    grid: Mapping[tuple[str, Scope], Sequence[GridRow]]  # by zone and scope
    regions: tuple[RegionRow, ...]
    buildings: Mapping[tuple[str, str], BuildingRow]


def read_regions(folder: Path | None = None, *, year: int = NEWEST) -> Regions:
    """Every region, country and mixture. Raises BadInput for a year without tables, BadDeclaration."""
    if year not in YEARS:
        raise BadInput(
            Phrase(
                "no tables of the year {year!r}; known are {years}; ask for one of them",
                year=year,
                years=", ".join(map(str, YEARS)),
            )
        )
    tables = _read(folder or folders().data, year)
    regions = {row.name: _region(tables, row) for row in tables.regions}
    countries = {one.name: _country(tables, one) for one in tables.countries.values()}
    mixtures = {GLOBAL: mixture(GLOBAL, list(regions.values()))}
    for zone, name in _DATA_ZONES.items():
        inside = [regions[row.name] for row in tables.regions if tables.countries[row.iso3].data_zone == zone]
        mixtures[name] = mixture(name, inside)
    found = {**regions, **countries, **mixtures}
    return Regions(year=year, places=found, aliases=_aliases(found, tables.countries.values()))


def place_asked(
    region: str,
    *,
    pue: float | None = None,
    g_per_kwh: float | None = None,
    regions: Callable[[], Regions] = read_regions,
) -> Place | None:
    """The place by its name, or by two numbers of the user's own; None where neither is said.

    Raises BadInput, UnknownName.
    """
    if pue is None and g_per_kwh is None:
        return regions().place(region) if region else None
    if pue is None or g_per_kwh is None or region:
        raise BadInput(Phrase("give either a region, or both pue and g_per_kwh of a place of your own"))
    return place_of(Phrase("a place of the user's own"), g_per_kwh=g_per_kwh, pue=pue, year=NEWEST)


def folded(name: str) -> str:
    """A name without case, accents, spaces, hyphens and underscores: 'États-Unis' → 'etatsunis'."""
    plain = (c for c in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(c))
    return "".join(c for c in plain if c not in " -_\t.'")


def _read(folder: Path, year: int) -> _Tables:
    countries = {row.iso3: row for row in read_countries(folder)}
    regions = read_region_rows(folder)
    for row in regions:
        if row.iso3 not in countries:
            raise BadDeclaration(
                str(folder / "regions.csv"),
                None,
                Phrase("{row} is in {iso3}, no known country", row=row.name, iso3=row.iso3),
            )
    grid: dict[tuple[str, Scope], list[GridRow]] = {}
    for found in read_grid(folder):
        grid.setdefault((found.zone, found.scope), []).append(found)
    return _Tables(
        year=year,
        countries=countries,
        grid=grid,
        regions=regions,
        buildings={(row.quantity, row.place): row for row in read_buildings(folder)},
    )


def _region(tables: _Tables, row: RegionRow) -> Place:
    country = tables.countries[row.iso3]
    building = tables.buildings.get(("PUE", row.name)) or tables.buildings[("PUE", country.continent)]
    water = tables.buildings[("WUE", country.continent)]
    factors = tuple(_factors(tables, country, row.grid_zone))
    notes = [row.note] if row.note else []
    notes += [_whole(country)] if country.several_zones and row.grid_zone == country.iso3 else []
    return Place(
        name=row.name,
        country=country.name,
        year=tables.year,
        factors=factors,
        pue=_pue(building),
        wue=Wue(l_per_kwh=water.range, basis=water.basis, source=water.source),
        live_zone=row.live_zone,
        notes=tuple(notes),
    )


def _country(tables: _Tables, country: Country) -> Place:
    return Place(
        name=country.name,
        country=country.name,
        year=tables.year,
        factors=tuple(_factors(tables, country, country.iso3)),
        pue=_pue(tables.buildings[("PUE", _ANYWHERE)]),
        live_zone=None if country.several_zones else country.iso2,
        notes=(_whole(country),) if country.several_zones else (),
    )


def _whole(country: Country) -> str:
    return Phrase(
        "the figure is that of all {country}, which has several grid zones: its interval is a "
        "factor of {zones_ratio:g} either way",
        country=country.name,
        zones_ratio=ZONES_RATIO,
    )


def _factors(tables: _Tables, country: Country, zone: str) -> Iterator[Factor]:
    scopes: tuple[Scope, ...] = ("life_cycle", "direct")
    for scope in scopes:
        rows = tables.grid.get((zone, scope), ())
        past = [row for row in rows if row.year <= tables.year]
        if past:
            newest = max(past, key=lambda row: row.year)
            yield Factor(
                kind=Kind(
                    accounting="average", scope=scope, mix="production", method="location", year=tables.year
                ),
                zone=zone,
                g_per_kwh=_range(newest, rows, several_zones=country.several_zones),
                data_years=(newest.year,),
                source=newest.source,
                licence=newest.licence,
                derived=Phrase(newest.derived),
            )


def _range(newest: GridRow, rows: Iterable[GridRow], *, several_zones: bool) -> Range:
    if newest.bounds is not None:
        return newest.bounds
    if newest.scope == "direct":
        return direct_range(newest.g_per_kwh)
    years = [row.g_per_kwh for row in rows]
    return country_range(newest.g_per_kwh, years, several_zones=several_zones, zone=newest.zone)


def _pue(row: BuildingRow) -> Pue:
    return Pue(ratio=row.range, basis=row.basis, source=row.source, note=row.note)


def _aliases(found: Iterable[str], countries: Iterable[Country]) -> Mapping[str, str]:
    pairs = [(name, name) for name in found]
    for one in countries:
        pairs += [(name, one.name) for name in (one.iso3, one.iso2, *one.aliases)]
    for zone, name in _DATA_ZONES.items():
        pairs += [(f"data-zone-{zone}", name), (f"datazone-standard-{zone}", name)]
    pairs += [("global-standard", GLOBAL)]
    known: dict[str, str] = {}
    for name, own in pairs:
        if known.setdefault(folded(name), own) != own:
            raise BadDeclaration(
                "countries.csv",
                None,
                Phrase(
                    "{name!r} is {known} and {own}: needed is one", name=name, known=known[folded(name)], own=own
                ),
            )
    return known
