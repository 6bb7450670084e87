"""Factors and places that tests of carbon share."""

from bench.carbon import Factor, Kind, Place, Pue
from bench.nouns import Range, exactly


def kind(**changes):
    return Kind(
        **{
            "accounting": "average",
            "scope": "life_cycle",
            "mix": "production",
            "method": "location",
            "year": 2025,
            **changes,
        }
    )


def factor(g=100.0, *, low=None, high=None, zone="SE", **changes):
    return Factor(
        kind=kind(**changes),
        zone=zone,
        g_per_kwh=Range(low=g if low is None else low, value=g, high=g if high is None else high),
        data_years=(2025,),
        source="a test",
        licence="none",
    )


def place(name="somewhere", *factors, pue=1.0):
    return Place(
        name=name,
        country="Nowhere",
        year=2025,
        factors=factors or (factor(),),
        pue=Pue(ratio=exactly(pue), basis="stated", source="a test"),
    )


def energy(low, value=None, high=None):
    return Range(low=low, value=low if value is None else value, high=low if high is None else high)
