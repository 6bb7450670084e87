"""Two kinds of carbon figures never meet in one sum, and what is not known is not replaced."""

import math
import subprocess
import sys

import pytest
from carbon.carbon_demo import energy, factor, kind, place

from bench.carbon import Grams, added, carbon_of, place_of, same_kind
from bench.errors import BadInput, MissingFactor, MixedFactors
from bench.nouns import Range, exactly


@pytest.mark.parametrize(
    "other",
    [
        {"accounting": "marginal"},
        {"scope": "direct"},
        {"mix": "consumption"},
        {"method": "market"},
        {"year": 2024},
    ],
    ids=lambda other: next(iter(other)),
)
def test_kinds_that_differ_in_anything_never_add(other):
    """The sentence says both kinds, and what to ask for alike."""
    one = Grams(kind=kind(), g=exactly(1), zones=("SE",))
    with pytest.raises(MixedFactors) as said:
        added([one, one, Grams(kind=kind(**other), g=exactly(1), zones=("SE",))])

    assert "needed is one kind in one sum" in str(said.value)
    assert next(iter(other)) in str(said.value)
    assert kind().words in str(said.value)
    assert kind(**other).words in str(said.value)


def test_swedens_average_and_marginal_figures_cannot_meet():
    """25 g/kWh on average, 782 on the margin: a table that held one under the other's name."""
    average, marginal = factor(25), factor(782, accounting="marginal")
    parts = [
        carbon_of(exactly(1), place("SE3", average, marginal), accounting=which).location
        for which in ("average", "marginal")
    ]

    assert [part.g.value for part in parts] == [25, 782]
    with pytest.raises(MixedFactors, match="accounting"):
        added(parts)


def test_direct_and_life_cycle_figures_cannot_meet():
    """France in 2024: 16 g/kWh from stacks, 53 with fuel and plants."""
    parts = [carbon_of(exactly(1), place("FR", factor(g, scope=scope)), scope=scope).location for g, scope in
             ((16.3, "direct"), (52.9, "life_cycle"))]  # fmt: skip

    with pytest.raises(MixedFactors, match="scope"):
        added(parts)


def test_a_sum_of_nothing_is_no_zero():
    with pytest.raises(BadInput, match="nothing to add"):
        same_kind([], "a sum")


@pytest.mark.parametrize(
    ("wanted", "hint"),
    [
        ({"method": "market"}, "supplier's factor"),
        ({"accounting": "marginal"}, "not openly licensed"),
        ({"mix": "consumption"}, "live source"),
        ({"scope": "direct"}, "scope='life_cycle'"),
    ],
    ids=lambda one: str(one)[:12],
)
def test_a_factor_that_is_not_known_is_an_error_that_names_the_place(wanted, hint):
    with pytest.raises(MissingFactor) as said:
        place("Ruritania").factor(**wanted)

    assert str(said.value).startswith("Ruritania: no factor that is ")
    assert hint in str(said.value)
    assert factor().kind.words in str(said.value)  # what is known


@pytest.mark.parametrize("wrong", [-1.0, 4000.0])
def test_a_factor_in_another_unit_is_refused(wrong):
    with pytest.raises(BadInput, match="look at its unit"):
        factor(wrong)


@pytest.mark.parametrize(
    ("g", "pue", "said"),
    [
        (100, 0.9, "1 to 10"),
        (100, 11, "1 to 10"),
        (100, math.nan, "finite"),
        (math.inf, 1.2, "finite"),
        (math.nan, 1.2, "finite"),
        (-1, 1.2, "0 to 2000"),
    ],
)
def test_a_stated_place_with_an_impossible_number_is_refused_by_its_name(g, pue, said):
    with pytest.raises(BadInput, match=f"place 'attic'.*{said}"):
        place_of("attic", g_per_kwh=g, pue=pue, year=2025)


def test_a_stated_place_is_taken_as_it_is_said():
    attic = place_of("attic", g_per_kwh=55, pue=1.2, year=2025)

    assert carbon_of(exactly(2), attic).location.g == energy(2 * 1.2 * 55)
    assert attic.pue.basis == "stated"


@pytest.mark.parametrize(
    "numbers", [(math.nan, 1, 2), (0, math.inf, math.inf), (-math.inf, 0, 1), (2, 1, 3), (1, 3, 2)]
)
def test_a_range_is_three_finite_numbers_in_order(numbers):
    low, value, high = numbers
    with pytest.raises(BadInput, match="a range of"):
        Range(low=low, value=value, high=high)


def test_it_stays_light():
    """What an API server imports for a figure a request; the reader of tables is light too."""
    code = (
        "import sys, bench.carbon, bench.files.regions, bench.files.embodied\n"
        "heavy = {'numpy', 'scipy', 'pandas', 'torch', 'pydantic', 'ssl', 'asyncio', 'rich', 'typer'}\n"
        "raise SystemExit(' '.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
