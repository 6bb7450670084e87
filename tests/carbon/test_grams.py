"""Grams add up over requests, grow with energy, and hold what was handed in."""

import math

import pytest
from carbon.carbon_demo import energy, factor, kind, place
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.carbon import (
    CarbonGrams,
    Embodied,
    Wue,
    added,
    carbon_of,
    embodied_g,
    grams_per_it_kwh,
    idle_kwh,
    kwh,
    mixture,
    together,
)
from bench.carbon.spread import COAL_G_PER_KWH, FUELS_RATIO, ZONES_RATIO, country_range
from bench.errors import BadInput, MissingFactor, MixedFactors
from bench.nouns import Range, exactly

amounts = st.floats(min_value=0, max_value=1e9, allow_subnormal=False)
kwhs = st.tuples(amounts, amounts, amounts).map(sorted).map(lambda t: Range(low=t[0], value=t[1], high=t[2]))
pues = st.floats(min_value=1, max_value=10)
grids = (
    st.tuples(*[st.floats(min_value=0, max_value=2000)] * 3)
    .map(sorted)
    .map(lambda t: factor(t[1], low=t[0], high=t[2]))
)
ABOUT = 1e-9  # a few roundings of doubles


def near(found, wanted):
    return all(math.isclose(a, b, rel_tol=ABOUT, abs_tol=1e-12) for a, b in zip(found, wanted, strict=True))


@settings(deadline=None)
@given(st.lists(kwhs, min_size=1, max_size=5), grids, pues)
def test_grams_of_requests_add_up_to_those_of_their_energy(parts, grid, pue):
    here = place("here", grid, pue=pue)
    whole = energy(sum(p.low for p in parts), sum(p.value for p in parts), sum(p.high for p in parts))

    assert near(added(carbon_of(p, here).location for p in parts).g, carbon_of(whole, here).location.g)
    assert near(together(carbon_of(p, here) for p in parts).energy_kwh, carbon_of(whole, here).energy_kwh)


@settings(deadline=None)
@given(kwhs, kwhs, grids, pues)
def test_more_energy_is_never_fewer_grams(less, more, grid, pue):
    here = place("here", grid, pue=pue)
    larger = energy(less.low + more.low, less.value + more.value, less.high + more.high)

    pairs = zip(carbon_of(less, here).location.g, carbon_of(larger, here).location.g, strict=True)
    assert all(a <= b for a, b in pairs)


@settings(deadline=None)
@given(kwhs, grids, pues)
def test_a_building_takes_what_its_computers_take_and_more(drawn, grid, pue):
    found = carbon_of(drawn, place("here", grid, pue=pue))

    assert all(a >= b for a, b in zip(found.energy_kwh, drawn, strict=True))
    assert found.location.g.low <= found.location.g.value <= found.location.g.high


def test_grams_are_energy_times_pue_times_factor_bound_by_bound():
    here = place("here", factor(100, low=50, high=300), pue=1.5)
    found = carbon_of(energy(1, 2, 4), here)

    assert found.location.g == energy(75, 300, 1800)
    assert found.energy_kwh == energy(1.5, 3, 6)
    assert grams_per_it_kwh(here) == energy(75, 150, 450)


@pytest.mark.parametrize("low", [-1.0, -1e-12])
def test_energy_below_zero_is_refused_with_the_place(low):
    with pytest.raises(BadInput, match="Ruritania: an energy of"):
        carbon_of(Range(low=low, value=1, high=1), place("Ruritania"))


def test_an_amount_beyond_any_number_is_refused():
    with pytest.raises(BadInput, match="beyond any number"):
        carbon_of(exactly(1e308), place("here", factor(1000)))


def test_location_and_market_stand_side_by_side_and_are_never_netted():
    """A contract of nothing a kWh takes no gram off the grid's figure."""
    found = carbon_of(exactly(10), place("here", factor(100)), market=factor(0, method="market"))

    assert found.location.g == exactly(1000)
    assert found.market.g == exactly(0)
    assert found.market.kind.method == "market"
    with pytest.raises(MixedFactors, match="method"):
        added([found.location, found.market])


def test_without_a_contract_there_is_no_market_figure():
    assert carbon_of(exactly(1), place()).market is None


@pytest.mark.parametrize("wrong", ["market", "location"])
def test_a_factor_handed_in_under_the_wrong_name_is_refused(wrong):
    other = "location" if wrong == "market" else "market"
    with pytest.raises(MixedFactors, match=f"as {wrong}="):
        carbon_of(exactly(1), place("here"), **{wrong: factor(method=other)})


def test_a_live_factor_keeps_its_kind():
    live = factor(42, mix="consumption")
    now, table = carbon_of(exactly(1), place(), location=live), carbon_of(exactly(1), place())

    assert now.location.g.value == 42
    assert now.location.kind == kind(mix="consumption")
    with pytest.raises(MixedFactors, match="mix"):
        together([now, table])


@pytest.mark.parametrize("name", ["market", "embodied"])
def test_a_sum_of_which_some_parts_lack_a_figure_fails(name):
    given_one = {"market": factor(method="market"), "embodied": exactly(1)}[name]
    parts = [carbon_of(exactly(1), place(), **{name: given_one}), carbon_of(exactly(1), place())]

    with pytest.raises(MissingFactor, match="found 1 of 2"):
        together(parts)


def test_a_sum_has_every_figure_that_all_parts_have():
    one = carbon_of(exactly(1), place(), market=factor(7, method="market"), embodied=exactly(3))
    found = together([one, one])

    assert isinstance(found, CarbonGrams)
    assert (found.market.g, found.embodied) == (exactly(14), exactly(6))
    assert found.location.zones == ("SE",)


def test_water_is_by_what_the_computers_drew():
    """WUE is litres a kWh of IT energy: PUE is not in it a second time."""
    from dataclasses import replace

    wet = replace(place(pue=2.0), wue=Wue(l_per_kwh=energy(0.1, 0.2, 0.4), basis="assumed", source="a test"))

    assert carbon_of(exactly(10), wet).water_l == energy(1, 2, 4)
    assert carbon_of(exactly(10), place()).water_l is None


def test_a_mixture_spans_its_places_and_takes_their_plain_mean():
    one, two = (
        place("one", factor(20, low=10, high=30), pue=1.1),
        place("two", factor(400, low=300, high=500), pue=1.3),
    )
    both = mixture("both", [one, two])

    assert both.factor().g_per_kwh == energy(10, 210, 500)
    assert (both.pue.ratio.low, both.pue.ratio.high, both.pue.basis) == (1.1, 1.3, "assumed")
    assert "one of 2 regions" in " ".join(carbon_of(exactly(1), both).notes)


def test_a_mixture_lacks_what_one_of_its_places_lacks():
    both = mixture("both", [place("one", factor(), factor(9, scope="direct")), place("two")])

    with pytest.raises(MissingFactor, match="1 of its regions lack it, two first"):
        both.factor(scope="direct")


def test_a_mixture_of_nothing_or_of_two_years_is_refused():
    from dataclasses import replace

    with pytest.raises(BadInput, match="no place"):
        mixture("none", [])
    with pytest.raises(MixedFactors, match=r"\[2024, 2025\]"):
        mixture("both", [place(), replace(place(), year=2024)])


def board(**changes):
    return Embodied(
        **{
            "name": "a board",
            "kg": energy(100, 200, 400),
            "lifetime_y": energy(3, 4, 6),
            "rests_on": (),
            **changes,
        }
    )


def test_embodied_grams_are_the_share_of_a_life():
    """200 kg over 4 years of 365.25 days: 50 kg a year; the bounds take the longest and the shortest life."""
    year_s = 365.25 * 86_400

    assert near(embodied_g(board(), exactly(year_s)), (100e3 / 6, 50e3, 400e3 / 3))


@pytest.mark.parametrize(
    "wrong", [{"kg": energy(-1, 1, 1)}, {"lifetime_y": energy(0, 1, 2)}], ids=["mass", "life"]
)
def test_impossible_hardware_is_refused(wrong):
    with pytest.raises(BadInput, match="a board"):
        board(**wrong)


def test_time_below_zero_is_refused():
    with pytest.raises(BadInput, match="a board"):
        embodied_g(board(), energy(-1, 0, 0))


def test_an_answer_has_the_shape_of_the_json_and_names_its_sources():
    found = carbon_of(exactly(2), place("here", factor(100), pue=1.5), embodied=energy(1, 2, 3))

    assert found.figures == {
        "location": {"low": 300, "value": 300, "high": 300},
        "market": None,
        "embodied": {"low": 1, "value": 2, "high": 3},
    }
    assert found.rests_on == (
        "grid SE, 100 (100 to 100) g/kWh: a test (none)",
        "PUE of here, 1.5 (1.5 to 1.5): a test",
    )


def test_idle_runs_through_every_provisioned_hour():
    """195 W over a month of 730 h is 142 kWh, whether anybody asked or not."""
    assert idle_kwh(energy(165, 195, 225), 730) == energy(0.165 * 730, 0.195 * 730, 0.225 * 730)
    assert kwh(exactly(3.6e6)) == exactly(1)


@pytest.mark.parametrize("hours", [-1, math.nan, math.inf])
def test_hours_that_are_no_time_are_refused(hours):
    with pytest.raises(BadInput, match="provisioned hours"):
        idle_kwh(exactly(10), hours)


def test_a_country_of_one_zone_is_as_wide_as_its_years_and_its_fuels():
    found = country_range(50, [60, 45, 50], several_zones=False, zone="XX")

    assert found == energy(45 / FUELS_RATIO, 50, 60 * FUELS_RATIO)


def test_a_country_of_several_zones_is_wider_but_not_worse_than_coal():
    clean = country_range(50, [60, 50], several_zones=True, zone="XX")
    dirty = country_range(700, [720, 700], several_zones=True, zone="XX")

    assert clean == energy(50 / ZONES_RATIO, 50, 60 * ZONES_RATIO)
    assert (dirty.low, dirty.high) == (350, COAL_G_PER_KWH)


def test_a_country_without_a_year_has_no_figure():
    with pytest.raises(MissingFactor, match="XX"):
        country_range(50, [], several_zones=False, zone="XX")
