"""A log's sums are those of its requests: alike ones to the digit, parts added up, cells within a bound."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from logs.logs_made import HEADER, drawn_parquet, row, write_csv, write_parquet

from bench.estimators.wanted import Wanted
from bench.run.estimating import estimate
from bench.run.log_pricing import Filling
from bench.run.logged import LogAsked, read_logs

H100 = Filling(names={"hardware": "h100", "batch": "8"})
few = settings(max_examples=15, deadline=None)


def asked(*files, **options):
    return LogAsked(files=tuple(map(str, files)), filling=options.pop("filling", H100), **options)


def close(one, other):
    return tuple(one) == pytest.approx(tuple(other), rel=1e-9)


@few
@given(
    model=st.sampled_from(("llama-3.1-8b", "mixtral-8x7b", "llama-3.1-70b", "gemma-2-9b", "mistral-160m")),
    x=st.integers(0, 6000),
    y=st.integers(1, 2500),
    count=st.integers(1, 40),
    exact=st.booleans(),
)
def test_requests_that_are_alike_are_that_many_estimates(tmp_path_factory, model, x, y, count, exact):
    """To 1e-9: energy, grams and embodied grams, low, value and high."""
    file = write_parquet(tmp_path_factory.mktemp("l") / "a.parquet", [row(model, x, y)] * count)
    names = {} if model == "mistral-160m" else {"hardware": "h100", "batch": 8.0}
    filling = Filling(names={name: f"{value}" for name, value in names.items()})

    found = read_logs(asked(file, filling=filling, region="france", exact=exact)).total
    told = estimate(Wanted(model=model, input_tokens=x, output_tokens=y, count=count, **names), region="france")

    assert found.requests == count
    assert close(found.kwh, told.answer.energy_kwh)
    assert close(found.kg, (g / 1000 for g in told.carbon.location.g))
    if told.carbon.embodied is None:
        assert found.embodied_kg is None
    else:
        assert close(found.embodied_kg, (g / 1000 for g in told.carbon.embodied))


rows = st.lists(
    st.builds(
        row,
        st.sampled_from(("llama-3.1-8b", "gpt-oss-20b", "llama-3.1-70b")),
        st.integers(0, 5000),
        st.integers(0, 2500),
        endpoint=st.sampled_from(("chat", "code")),
        when=st.sampled_from(("2026-10-01T10:00:00Z", "2026-10-02T10:00:00Z")),
    ),
    min_size=2,
    max_size=12,
)


@few
@given(every=rows, at=st.integers(1, 11))
def test_parts_of_a_log_add_up_to_the_whole(tmp_path_factory, every, at):
    folder = tmp_path_factory.mktemp("l")
    parts = [part for part in (every[:at], every[at:]) if part]
    whole = read_logs(asked(write_csv(folder / "whole.csv", every), region="usa"))
    found = [
        read_logs(asked(write_csv(folder / f"{n}.csv", part), region="usa")).total for n, part in enumerate(parts)
    ]

    for name in ("kwh", "kg"):
        assert close(
            getattr(whole.total, name), map(sum, zip(*(getattr(one, name) for one in found), strict=True))
        )
        assert close(
            getattr(whole.total, name), map(sum, zip(*(getattr(one, name) for one in whole.rows), strict=True))
        )


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    return drawn_parquet(tmp_path_factory.mktemp("large") / "a.parquet", 60_000)


def test_cells_of_lengths_give_the_sums_of_rows_within_their_bound(large):
    """Dense, memory-bound and mixed: the value within 2 in a thousand, a bound within 4 in a hundred."""
    exact = read_logs(asked(large, exact=True))
    cells = read_logs(asked(large, exact=False))

    assert cells.total.kwh.value == pytest.approx(exact.total.kwh.value, rel=2e-3)
    assert [one.keys for one in cells.rows] == [one.keys for one in exact.rows]
    for one, other in zip([cells.total, *cells.rows], [exact.total, *exact.rows], strict=True):
        assert one.requests == other.requests
        assert one.kwh.value == pytest.approx(other.kwh.value, rel=6e-3)  # of some 2000 requests
        assert one.kwh.low == pytest.approx(other.kwh.low, rel=4e-2)
        assert one.kwh.high == pytest.approx(other.kwh.high, rel=4e-2)
    assert any("lengths in cells" in note for note in cells.notes)


def test_a_model_that_no_sample_had_is_read_again(tmp_path):
    """A few rows of a model, far from where the sample is taken, are priced as in a log of their own."""
    many = drawn_parquet(tmp_path / "1.parquet", 30_000, models=("llama-3.1-8b",))
    when = "2026-10-01 10:00:00"
    header = ("created", "endpoint", "model", "input_tokens", "output_tokens")
    alike = [(when, "chat", "mistral-7b", 700, 90)] * 600
    bound = [(when, "chat", "llama-3.1-70b", x, y) for x in range(50, 8000, 300) for y in (30, 300, 1500)]
    types = ("TIMESTAMP", "VARCHAR", "VARCHAR", "INTEGER", "INTEGER")
    rare = write_parquet(tmp_path / "0.parquet", alike + bound, header, types)
    found = {one.keys["model"]: one for one in read_logs(asked(rare, many, exact=False, by=("model",))).rows}
    alone = {one.keys["model"]: one for one in read_logs(asked(rare, exact=True, by=("model",))).rows}

    assert found["llama-3.1-70b"].requests == len(bound)
    assert found["llama-3.1-70b"].kwh.value == pytest.approx(alone["llama-3.1-70b"].kwh.value, rel=1e-3)
    assert found["llama-3.1-70b"].kwh.high == pytest.approx(alone["llama-3.1-70b"].kwh.high, rel=5e-3)
    assert found["llama-3.1-8b"].requests == 30_000


def test_cells_are_exact_for_a_batch_that_runs_whole(tmp_path):
    """Every term is of the second degree, and so is the sum."""
    file = drawn_parquet(tmp_path / "a.parquet", 20_000, models=("llama-3.1-8b",))

    exact, cells = (read_logs(asked(file, exact=one)).total for one in (True, False))

    assert cells.kwh.value == pytest.approx(exact.kwh.value, rel=1e-9)


def test_two_machines_that_were_measured_apart_do_not_err_alike(tmp_path):
    """A measured machine's meter and the prior have nothing to do with each other: their distances are squared."""
    one = read_logs(
        asked(write_csv(tmp_path / "a.csv", [row("mistral-160m")] * 9), filling=Filling(), scope=None)
    ).total
    other = read_logs(asked(write_csv(tmp_path / "b.csv", [row("llama-3.2-1b")]))).total
    mixed = [(*row("mistral-160m"), "")] * 9 + [(*row("llama-3.2-1b"), "h100")]
    both = read_logs(
        asked(
            write_csv(tmp_path / "c.csv", mixed, (*HEADER, "hardware")),
            filling=replace(H100, names={"batch": "8"}),
            by=("model",),
        )
    )

    assert both.total.kwh.value > 0
    assert both.total.kwh.high < sum(row.kwh.high for row in both.rows)
    assert both.total.kwh.high > max(row.kwh.high for row in both.rows)
    assert any("quadrature" in note for note in both.notes)
    assert one.kwh.value > 0
    assert other.kwh.value > 0


def test_what_cannot_be_estimated_is_counted_and_in_no_sum(tmp_path):
    good, bad = [row()] * 3, [row("llama-3.1-8x"), row(x=-5), row(x="many"), row(y=None), row(when="yesterday")]
    found = read_logs(asked(write_csv(tmp_path / "a.csv", good + bad)))
    alone = read_logs(asked(write_csv(tmp_path / "b.csv", good)))

    assert found.partial
    assert not alone.partial
    assert found.log_rows == 8
    assert sum(gap.rows for gap in found.gaps) == 5
    assert found.total.rows == 3
    assert close(found.total.kwh, alone.total.kwh)
    told = " ".join(gap.reason for gap in found.gaps)
    assert "did you mean 'llama-3.1-8b'" in told
    assert "output_tokens is missing" in told
    assert "time that is none" in told


def test_a_day_without_rows_is_missing_and_not_zero(tmp_path):
    days = [row(when=f"2026-10-0{day}T10:00:00Z") for day in (1, 2, 5)]

    found = read_logs(asked(write_csv(tmp_path / "a.csv", days)))

    assert found.missing == ("2 days without a row, not zero: 2026-10-03, 2026-10-04",)
    assert found.partial
    assert [one.keys["day"] for one in found.rows] == ["2026-10-01", "2026-10-02", "2026-10-05"]


def test_a_region_that_is_unknown_has_no_grams_and_says_so(tmp_path):
    rows = [(*row(), "france"), (*row(), "frnace")]
    found = read_logs(asked(write_csv(tmp_path / "a.csv", rows, (*HEADER, "region"))))

    assert found.partial
    assert found.total.placed_kwh == pytest.approx(found.total.kwh.value / 2)
    assert any("frnace" in note and "france" in note for note in found.notes)
