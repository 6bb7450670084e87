"""How far a grid's published figure may lie from the truth of one data centre: rules, with their sources."""

from collections.abc import Sequence

from bench.errors import MissingFactor
from bench.nouns import Range
from bench.phrases import Phrase

# A country's figure multiplies each fuel by one number. The narrowest that matters, coal, runs from 740 to 910
# about 820 g/kWh over plants, so from 0.90 to 1.11: no figure is surer than that.
# Source: IPCC AR5 WG III (2014), annex III, table A.III.2, life-cycle emissions, checked 2026-11-21; on 2026-11-22
# the table was not reached, and the medians were read where Electricity Maps' wiki, Default emission factors, has
# them.
FUELS_RATIO = 1.11
# Where a country has several grid zones, one of them may be far from the country's figure. Of the twelve Azure
# regions of the US and Canada, for which open data have both, ln(own ÷ country) has a root mean square of 0.71:
# a factor of 2.0. tests/files/test_regions.py computes it anew from grid.csv.
ZONES_RATIO = 2.0
# … but no grid is worse than coal's worst plant in that table, where the country's own figure is not.
COAL_G_PER_KWH = 910.0
# The same table's direct emissions: coal, from 670 to 870 about 760 g/kWh.
STACKS_RATIO = 1.14


def country_range(newest: float, years: Sequence[float], *, several_zones: bool, zone: str) -> Range:
    """A country's figure [g/kWh] with its interval: the span of its recent years, widened. Raises MissingFactor.

    `years` are the figures of all recent years, the newest among them: demand and weather move it, and the year of
    a request is not yet in any table.
    """
    if not years:
        raise MissingFactor(Phrase("{zone}: no figure of any year; needed is one at least", zone=zone))
    ratio = ZONES_RATIO if several_zones else FUELS_RATIO
    lowest, highest = min(*years, newest), max(*years, newest)
    high = max(highest * FUELS_RATIO, min(highest * ratio, COAL_G_PER_KWH))
    return Range(low=lowest / ratio, value=newest, high=high)


def direct_range(value: float) -> Range:
    """A figure of stacks [g/kWh] with its interval, as wide as plants of one fuel differ."""
    return Range(low=value / STACKS_RATIO, value=value, high=value * STACKS_RATIO)
