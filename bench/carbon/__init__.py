"""Joules → grams: factors with their kind, which refuse to mix; PUE, embodied shares, water. It reads no file.

A light import: none of numpy, pandas, scipy or torch. Tables become places in bench.files.regions.
"""

from bench.carbon.contracts import CONTRACTS, contract, contract_kind
from bench.carbon.embodied import Embodied, embodied_g
from bench.carbon.factors import Factor, Kind, same_kind
from bench.carbon.grams import CarbonGrams, Grams, added, carbon_of, grams_per_it_kwh, together
from bench.carbon.mixture import mixture
from bench.carbon.places import Place, Pue, Wue, place_of
from bench.carbon.provisioned import idle_kwh, kwh
from bench.carbon.spread import ZONES_RATIO, country_range, direct_range

__all__ = [
    "CONTRACTS",
    "ZONES_RATIO",
    "CarbonGrams",
    "Embodied",
    "Factor",
    "Grams",
    "Kind",
    "Place",
    "Pue",
    "Wue",
    "added",
    "carbon_of",
    "contract",
    "contract_kind",
    "country_range",
    "direct_range",
    "embodied_g",
    "grams_per_it_kwh",
    "idle_kwh",
    "kwh",
    "mixture",
    "place_of",
    "same_kind",
    "together",
]
