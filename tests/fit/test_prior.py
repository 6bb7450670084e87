import math
from dataclasses import replace

import numpy as np
import pytest
from estimators.jobs import DENSE, PRIOR, job
from fit.measured_csv import rows, write
from typer.testing import CliRunner

from bench.cli.app import app
from bench.errors import BadInput
from bench.estimators.prior import energy_j
from bench.files.prior_file import prior_text, read_prior
from bench.fit.prior import NAMES, Row, calibrate, fit_population, prior_of
from bench.fit.prior_book import book_of
from bench.run.validating import check_prior, fitted_prior


def lab(source: str = "lab", factor: float = 1.0, machine: str = "m", **coefficients: float) -> list[Row]:
    """Rows that follow PRIOR's coefficients, some of them replaced, times `factor`."""
    true = replace(
        PRIOR,
        coefficients={
            name: replace(one, value=coefficients.get(name, one.value)) for name, one in PRIOR.coefficients.items()
        },
    )
    made = []
    for size in (1e9, 7e9, 13e9, 30e9):
        shape = replace(DENSE, name=f"{size:g}", parameters=size, active=size)
        for batch in (1.0, 8.0, 64.0, 256.0):
            for prompt, output in ((50.0, 400.0), (1000.0, 20.0), (300.0, 300.0)):
                one = job(shape=shape, batch=batch, prompt_tokens=prompt, output_tokens=output, fits=True)
                made.append(
                    Row(
                        source=source,
                        machine=machine,
                        model=shape.name,
                        job=one,
                        energy_j=energy_j(true, one) * factor,
                    )
                )
    return made


def test_without_data_the_prior_is_the_rooflines() -> None:
    logs, covariance = fit_population([])
    assert math.exp(logs[NAMES.index("weights")]) == pytest.approx(0.70)
    assert covariance.shape == (len(NAMES), len(NAMES))


def test_calibrating_finds_the_machine() -> None:
    rows = lab(weights=1.0, sequence=2.0)
    moved = calibrate(prior_of([], 1.0), rows)
    off = [abs(math.log(energy_j(moved, row.job) / row.energy_j)) for row in rows]
    assert np.median(off) < 0.03
    assert moved.coefficients["weights"].value == pytest.approx(1.0, rel=0.1)
    assert moved.coefficients["weights"].spread < prior_of([], 1.0).coefficients["weights"].spread


def test_one_lab_is_one_vote() -> None:
    once, often = lab("a", machine="a1", weights=1.2), lab("a", machine="a2", weights=1.2)
    other = lab("b", machine="b1", weights=0.6)
    one = prior_of(once + other, 1.0).coefficients["weights"].value
    two = prior_of(once + often + other, 1.0).coefficients["weights"].value
    assert two == pytest.approx(one, rel=0.06)  # twice the rows of a lab hardly move what another machine does


def test_values_lie_above_the_medians_so_that_their_sum_is_one() -> None:
    logs, _ = fit_population(lab())
    for i, name in enumerate(NAMES):
        one = prior_of(lab(), 1.0).coefficients[name]
        assert one.value == pytest.approx(math.exp(logs[i] + one.spread**2 / 4))


def test_a_wild_row_moves_little() -> None:
    rows = lab()
    wild = [replace(rows[0], energy_j=rows[0].energy_j * 1000), *rows[1:]]
    for name, one in prior_of(rows, 1.0).coefficients.items():
        assert prior_of(wild, 1.0).coefficients[name].value == pytest.approx(one.value, rel=0.2)


def test_every_coefficient_stays_positive() -> None:
    rows = [replace(row, energy_j=row.energy_j * 1e-3) for row in lab()]
    assert all(one.value > 0 for one in prior_of(rows, 1.0).coefficients.values())


def test_a_book_has_a_prior_for_every_set_of_labs_and_the_same_bytes() -> None:
    rows = lab("a") + lab("b", 1.3, machine="b1") + lab("c", 0.8, machine="c1")
    book = book_of(rows)
    assert len(book.priors) == 8
    assert book.without(("b",)).sources == ("a", "c")
    assert prior_text(book, []) == prior_text(book_of(list(rows)), [])


def test_leaving_a_lab_out_forgets_its_rows() -> None:
    rows = lab("a") + lab("b", machine="b1")
    poisoned = [replace(r, energy_j=r.energy_j * 50) if r.source == "b" else r for r in rows]
    assert book_of(rows).without(("b",)).coefficients == book_of(poisoned).without(("b",)).coefficients


def test_a_wider_spread_of_labs_widens_the_interval() -> None:
    close = lab("a") + lab("b", 1.05, machine="b1") + lab("c", 0.95, machine="c1")
    apart = lab("a") + lab("b", 3.0, machine="b1") + lab("c", 0.3, machine="c1")
    assert book_of(apart).without(()).width > book_of(close).without(()).width


def test_the_fit_says_which_file_is_missing(tmp_path) -> None:
    with pytest.raises(BadInput, match=r"ml_energy_v2\.csv.*github"):
        fitted_prior(tmp_path)


def test_a_prior_that_the_data_no_longer_teach_is_named(tmp_path) -> None:
    names = ("source", "file", "repository", "commit", "licence", "measured")
    table = [dict.fromkeys(names, "x") | {"source": f"lab-{i}", "file": f"{i}.csv"} for i in (1, 2)]
    sources = write(tmp_path / "sources.csv", table)
    for i in (1, 2):
        write(tmp_path / f"{i}.csv", rows((1, 16), f"lab-{i}", factor=0.8 + i / 5)[:24])
    path = tmp_path / "prior.json"
    path.write_text(fitted_prior(tmp_path, sources), encoding="utf-8")
    assert list(check_prior(tmp_path, path, sources)) == []
    path.write_text(path.read_text(encoding="utf-8").replace('"rows": 24', '"rows": 25', 1), encoding="utf-8")
    assert [one.field for one in check_prior(tmp_path, path, sources)] == ["sources[0].rows"]


def test_verify_with_data_asks_for_the_prior_alone(tmp_path) -> None:
    said = CliRunner().invoke(app, ["verify", "--data", str(tmp_path)])
    assert isinstance(said.exception, BadInput)
    assert "ml_energy_v2.csv" in str(said.exception)


def test_the_shipped_prior_says_where_it_comes_from() -> None:
    import json

    from bench.files.prior_file import prior_path

    for one in json.loads(prior_path().read_text(encoding="utf-8"))["sources"]:
        assert len(one["sha256"]) == 64
        assert one["commit"]
        assert one["licence"]
        assert one["rows"] > 0
    assert read_prior().sources == tuple(sorted(read_prior().sources))
