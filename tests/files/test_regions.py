"""The tables on grids and regions: each name finds its place; four known mistakes are not in ours."""

import csv
import math
import shutil

import pytest

from bench.carbon import ZONES_RATIO, carbon_of
from bench.errors import BadDeclaration, BadInput, MissingFactor, UnknownName
from bench.files.config import places
from bench.files.embodied import board_embodied, server_embodied
from bench.files.grid_tables import read_countries, read_embodied_rows, read_grid, read_region_rows
from bench.files.regions import YEARS, read_regions
from bench.nouns import exactly

DATA = places().data
NORTH_AMERICA = ("United States", "Canada")


@pytest.fixture(scope="module")
def regions():
    return read_regions()


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("francecentral", "francecentral"),
        ("France Central", "francecentral"),
        ("france-central", "francecentral"),
        ("France", "France"),
        ("FR", "France"),
        ("fra", "France"),
        ("usa", "United States"),
        ("us", "United States"),
        ("États-Unis", "United States"),
        ("etats unis", "United States"),
        ("germany", "Germany"),
        ("Iceland", "Iceland"),
        ("UK", "United Kingdom"),
        ("East US 2", "eastus2"),
        ("Global", "global"),
        ("GlobalStandard", "global"),
        ("data-zone-eu", "eu-data-zone"),
    ],
)
def test_a_name_finds_its_place_however_it_is_written(regions, name, own):
    assert regions.place(name).name == own


@pytest.mark.parametrize(
    ("name", "near"), [("francecentrl", "francecentral"), ("Germny", "germany"), ("", "known")]
)
def test_a_name_that_is_unknown_gets_the_nearest(regions, name, near):
    with pytest.raises(UnknownName, match=near):
        regions.place(name)


def test_every_place_has_a_default_figure_with_source_and_licence(regions):
    for place in regions.places.values():
        factor = place.factor()
        assert (factor.source, factor.licence) != ("", "")
        assert 0 < factor.g_per_kwh.low <= factor.g_per_kwh.value <= factor.g_per_kwh.high
        assert place.pue.ratio.low >= 1
        assert all(year <= regions.year for year in factor.data_years)


def test_the_first_trap_no_marginal_figure_stands_for_an_average(regions):
    """A table's column grid-carbon-intensity was marginal: Sweden 782 g/kWh, where the average is 25."""
    sweden = regions.place("swedencentral")

    assert {f.kind.accounting for p in regions.places.values() for f in p.factors} == {"average"}
    assert sweden.factor().g_per_kwh.low < 25 < sweden.factor().g_per_kwh.high < 100
    with pytest.raises(MissingFactor, match="marginal"):
        sweden.factor(accounting="marginal")


def test_the_second_trap_no_direct_figure_stands_for_a_life_cycle(regions):
    """A table went from 52.9 g/kWh in 2023 to 16.3 in 2024 for France: stacks alone."""
    france = regions.place("francecentral").factor()
    virginia = regions.place("eastus")

    assert france.kind.scope == "life_cycle"
    assert france.g_per_kwh.low > 30
    with pytest.raises(MissingFactor, match="direct"):
        regions.place("francecentral").factor(scope="direct")
    assert virginia.factor(scope="direct").g_per_kwh.value == 244.8
    assert virginia.factor().g_per_kwh.value == 280
    assert "derived" in " ".join(carbon_of(exactly(1), virginia).notes)


def test_the_third_trap_quincy_is_westus2_and_ireland_is_not_finland(regions):
    """A table files Quincy (Washington, PUE 1.15) under westus, and copies Finland to northeurope."""
    west, west2, ireland = (regions.place(name) for name in ("westus", "westus2", "northeurope"))

    assert (west.factor().zone, west.pue.basis) == ("US-CA", "assumed")
    assert (west2.factor().zone, west2.pue.basis) == ("US-WA", "published")
    assert (ireland.factor().zone, ireland.live_zone) == ("IRL", "IE")
    assert ireland.factor().g_per_kwh.low > regions.place("finland").factor().g_per_kwh.high


def test_the_fourth_trap_no_region_lies_in_another_country():
    """Lists put southeastasia in Denmark, israelcentral in Jordan and japaneast in Tohoku."""
    iso2 = {row.iso3: row.iso2 for row in read_countries(DATA)}
    rows = {row.name: row for row in read_region_rows(DATA)}

    assert [r.name for r in rows.values() if r.live_zone.split("-")[0] != iso2[r.iso3]] == []
    assert [r.name for r in rows.values() if r.grid_zone[:2] != iso2[r.iso3] and r.grid_zone != r.iso3] == []
    assert (rows["southeastasia"].live_zone, rows["israelcentral"].live_zone) == ("SG", "IL")
    assert rows["japaneast"].live_zone == "JP-TK"


def test_how_far_a_zone_is_from_its_country_is_computed_from_the_table(regions):
    """ZONES_RATIO: the root mean square of ln(own ÷ country) over the regions whose own figure is open."""
    logs = [
        math.log(place.factor().g_per_kwh.value / regions.place(place.country).factor().g_per_kwh.value)
        for name, place in regions.places.items()
        if place.country in NORTH_AMERICA and name != place.country and "zone" not in name
    ]

    assert len(logs) == 12
    assert math.exp(math.sqrt(sum(x * x for x in logs) / len(logs))) == pytest.approx(ZONES_RATIO, rel=0.05)


def test_derived_figures_lie_between_the_states_and_the_countrys(regions):
    for row in read_grid(DATA):
        if row.bounds is not None:
            assert row.derived
            assert row.bounds.low <= row.g_per_kwh <= row.bounds.high


def test_no_figure_is_of_a_licence_that_is_not_open():
    """ODbL, AGPL and unlicensed tables were read to check with, and are not in ours."""
    grid = {row.licence for row in read_grid(DATA)}
    hardware = {row.licence for row in read_embodied_rows(DATA)}
    public = "public domain (US government work)"

    assert grid == {"CC BY 4.0", public, f"{public}; CC BY 4.0", "MIT; CC BY 4.0"}
    assert hardware == {"Apache-2.0", "MPL-2.0", "CC BY 4.0"}


def test_every_row_of_every_table_says_where_it_is_from():
    for name in ("grid.csv", "pue.csv", "embodied.csv"):
        with (DATA / name).open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        assert rows
        assert [
            row for row in rows if not ("http" in row["source"] and "checked" in row["source"] and row["licence"])
        ] == []


def test_an_assumed_pue_says_that_it_is(regions):
    france, poland, spain = (regions.place(n).pue for n in ("francecentral", "polandcentral", "spaincentral"))

    assert [one.basis for one in (france, poland, spain)] == ["assumed", "published", "design"]
    assert "PUE 1.16 (1.12 to 1.3), assumed" in " ".join(
        carbon_of(exactly(1), regions.place("francecentral")).notes
    )


def test_a_countrys_figure_for_a_region_of_several_zones_says_so(regions):
    sweden, virginia, france = (regions.place(n) for n in ("swedencentral", "eastus", "francecentral"))

    assert "that of all Sweden, which has several grid zones" in " ".join(sweden.notes)
    assert not any("several grid zones" in note for place in (virginia, france) for note in place.notes)


def test_a_deployment_of_many_places_spans_them(regions):
    eu, world = regions.place("eu-data-zone"), regions.place("global")

    assert eu.factor().g_per_kwh.low == regions.place("swedencentral").factor().g_per_kwh.low
    assert eu.factor().g_per_kwh.high == regions.place("polandcentral").factor().g_per_kwh.high
    assert world.factor().g_per_kwh.low < eu.factor().g_per_kwh.low
    assert "which one is not told" in " ".join(world.notes)
    assert regions.place("us-data-zone").factor(scope="direct").g_per_kwh.value < 400


def test_norway_and_the_united_kingdom_are_in_no_data_zone(regions):
    zones = {row.iso3: row.data_zone for row in read_countries(DATA)}

    assert {zones[iso3] for iso3 in ("NOR", "GBR", "CHE", "CAN")} == {""}


@pytest.mark.parametrize("year", YEARS)
def test_a_table_of_a_year_uses_nothing_newer(year):
    factor = read_regions(year=year).place("france").factor()

    assert (factor.kind.year, factor.data_years) == (year, (year,))
    assert factor.g_per_kwh.value == {2023: 56.0, 2024: 44.2, 2025: 41.4}[year]


def test_a_year_without_tables_is_refused():
    with pytest.raises(BadInput, match=r"2031.*2023, 2024, 2025"):
        read_regions(year=2031)


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("grid.csv", "ARE,life_cycle,2022,,561.1", "ARE,life_cycle,2022,,", "2: .*g_per_kwh is empty"),
        ("grid.csv", "ARE,life_cycle,2022,,561.1", "ARE,lifecycle,2022,,561.1", "2: .*scope is 'lifecycle'"),
        ("grid.csv", "ARE,life_cycle,2022,,561.1", "ARE,life_cycle,2022,600,561.1", "2: "),
        ("grid.csv", "zone,scope", "zone,skope", "scope"),
        ("pue.csv", "PUE,published,1.07,1.13,1.19", "PUE,published,1.2,1.13,1.19", "2: .*low ≤ value"),
        ("regions.csv", "uaecentral,ARE", "uaecentral,XXX", "no known country"),
        ("countries.csv", "argentine", "suisse", "'suisse' is"),
    ],
)
def test_a_damaged_table_is_refused_with_its_line(tmp_path, file, old, new, said):
    for path in DATA.glob("*.csv"):
        shutil.copy(path, tmp_path)
    text = (tmp_path / file).read_text(encoding="utf-8")
    assert old in text
    (tmp_path / file).write_text(text.replace(old, new, 1), encoding="utf-8")

    with pytest.raises(BadDeclaration, match=said):
        read_regions(tmp_path)


def test_a_board_carries_its_share_of_the_host_and_the_spread_of_what_is_published():
    h100 = board_embodied("H100", 79.6)

    assert h100.kg.value == 273 + 5700 / 8
    assert h100.kg.high / h100.kg.value == pytest.approx(2.2)
    assert (h100.lifetime_y.low, h100.lifetime_y.high) == (3, 6)
    assert any("MPL-2.0" in line for line in h100.rests_on)
    assert board_embodied("T4", 15).kg.value == 150 + 5700 / 8


@pytest.mark.parametrize(("name", "memory_gib"), [("H200", 141), ("B200", 180), ("none", 0), ("half", 55)])
def test_a_board_without_an_open_figure_is_refused(name, memory_gib):
    with pytest.raises(MissingFactor, match=f"{name}: no open figure"):
        board_embodied(name, memory_gib)


def test_a_share_of_a_server_without_boards():
    assert server_embodied("a VM", share_ratio=0.25).kg.value == 250
    for wrong in (0, 1.5, -1):
        with pytest.raises(BadInput, match="a share of"):
            server_embodied("a VM", share_ratio=wrong)
    with pytest.raises(BadInput, match="boards in a host"):
        board_embodied("H100", 80, boards_per_host=0)
