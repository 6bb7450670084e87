"""Scenarios are read as they are written; a cell's load, rate or users say how its requests are sent."""

import pytest

from bench.errors import BadDeclaration, UnknownName
from bench.files.loads import load_names, pace_of, read_load
from bench.nouns import Cell, Pace

DECLARED = {
    "thirty_per_second": Pace(kind="open", rate_per_s=30.0),
    "two_hundred_users": Pace(kind="closed", users=200, least_think_s=0.5, most_think_s=1.0),
}


def cell(**load):
    return Cell(engine="http", model="intent-api", precision="served", workload="w", **load)


def test_these_scenarios_are_declared():
    assert load_names() == tuple(sorted(DECLARED))


@pytest.mark.parametrize("name", DECLARED)
def test_a_scenario_does_what_its_name_says(name):
    assert read_load(name) == DECLARED[name]


@pytest.mark.parametrize("name", DECLARED)
def test_a_cell_of_a_scenario_is_paced_by_it(name):
    assert pace_of(cell(load=name)) == DECLARED[name]


def test_a_cell_of_a_rate_is_an_open_loop():
    assert pace_of(cell(rate=2.5)) == Pace(kind="open", rate_per_s=2.5)


@pytest.mark.parametrize("users", [1, 64])
def test_any_other_cell_is_users_who_never_think(users):
    asked = cell(concurrency=users)

    assert pace_of(asked) == Pace(kind="closed", users=users, least_think_s=0.0, most_think_s=0.0)


def test_a_scenario_that_nobody_declared_is_named_with_those_that_are():
    with pytest.raises(UnknownName, match="two_hundred_users"):
        read_load("two_hundred_user")


@pytest.mark.parametrize(
    ("text", "pace"),
    [
        ('kind = "open"\nrate_per_s = 0.5', Pace(kind="open", rate_per_s=0.5)),
        ('kind = "closed"\nusers = 3', Pace(kind="closed", users=3)),
        (
            'kind = "closed"\nusers = 3\nleast_think_s = 2.0',  # always as long
            Pace(kind="closed", users=3, least_think_s=2.0, most_think_s=2.0),
        ),
        (
            'kind = "closed"\nusers = 3\nmost_think_s = 2.0',
            Pace(kind="closed", users=3, least_think_s=0.0, most_think_s=2.0),
        ),
    ],
)
def test_what_is_left_out_of_a_scenario_is_no_thought(tmp_path, text, pace):
    (tmp_path / "one.toml").write_text(f'description = "d"\n{text}\n')

    assert read_load("one", tmp_path) == pace


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('kind = "bursts"\nusers = 3', "closed, open"),
        ('kind = "open"', "rate_per_s"),
        ('kind = "open"\nrate_per_s = 0', "rate_per_s"),
        ('kind = "open"\nrate_per_s = 10001', "rate_per_s"),
        ('kind = "open"\nrate_per_s = 3\nusers = 2', "users"),
        ('kind = "closed"', "users"),
        ('kind = "closed"\nusers = 0', "users"),
        ('kind = "closed"\nusers = 10001', "users"),
        ('kind = "closed"\nusers = 3\nleast_think_s = -1', "least_think_s"),
        ('kind = "closed"\nusers = 3\nleast_think_s = 2.0\nmost_think_s = 1.0', "most_think_s"),
        ('kind = "closed"\nusers = 3\nrate_per_s = 3', "rate_per_s"),
    ],
)
def test_a_scenario_that_cannot_be_meant_is_refused_with_its_key(tmp_path, text, named):
    (tmp_path / "one.toml").write_text(f'description = "d"\n{text}\n')

    with pytest.raises(BadDeclaration, match=named):
        read_load("one", tmp_path)
