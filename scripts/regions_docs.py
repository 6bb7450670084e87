"""The section on regions in docs/reference.md, from the tables that estimates use."""

from bench.carbon.places import Place
from bench.files.regions import NEWEST, Regions, read_regions


def section() -> list[str]:
    """Lines: a table of regions and mixtures, then the countries."""
    known = read_regions()
    countries = sorted({place.country for place in known.places.values()} & known.places.keys())
    regions = [place for name, place in known.places.items() if name not in countries]
    return [
        "## Regions",
        "",
        f"Average, life cycle, production, location-based; tables of {NEWEST}. What these words mean, and where "
        "the figures come from: [how-to/carbon.md](how-to/carbon.md).",
        "",
        "| name | country | g CO2e/kWh, low to high | data of | PUE, low to high | its basis |",
        "|---|---|---|---|---|---|",
        *map(_row, regions),
        "",
        "Countries, by name or code, g CO2e/kWh: " + "; ".join(_short(known, name) for name in countries) + ".",
        "",
    ]


def _row(place: Place) -> str:
    factor = place.factor()
    derived = " (derived)" if factor.derived and len(factor.data_years) == 1 else ""
    years = " to ".join(map(str, sorted({factor.data_years[0], factor.data_years[-1]})))
    cells = (f"`{place.name}`", place.country, f"{factor.g_per_kwh.words}{derived}", years)
    return f"| {' | '.join((*cells, place.pue.ratio.words, place.pue.basis))} |"


def _short(known: Regions, name: str) -> str:
    return f"{name} {known.places[name].factor().g_per_kwh.words}"
