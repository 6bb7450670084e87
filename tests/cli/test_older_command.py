"""`joulemark older`: the older calculator's request as computed there, as it should be, as measured."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bench.cli.app import app
from bench.errors import BadInput
from bench.estimators.older_api import calculate, older_request
from bench.estimators.older_compared import README_EXAMPLE, compared
from bench.files.interop.older_json import read_older_json

ROOT = Path(__file__).resolve().parents[2]


def older(*argv):
    return CliRunner().invoke(app, ["older", *map(str, argv)], env={"COLUMNS": "100"}, catch_exceptions=False)


def test_the_example_says_all_three_and_how_far_apart():
    said = older().output
    for row in ("as it was computed there", "as it should be", "as measured here", "as measured on GPUs"):
        assert row in said
    assert "104" in said  # g CO2e of one request, by the square
    assert "0.0218" in said
    assert "4,763 times" in said
    assert "synthetic weights" in said


def test_rows_agree_with_the_api():
    request = older_request(README_EXAMPLE)
    rows = {one.key: one for one in compared(request)}
    answer = calculate(request)
    assert rows["older_formula"].energy_kwh.value == pytest.approx(answer["older_formula"]["total_kWh"])
    assert rows["measured_on_gpus"].energy_kwh.low == pytest.approx(answer["low"]["total_kWh"])
    assert rows["measured_on_gpus"].carbon_g.high == pytest.approx(answer["high"]["unit_gCO2e"])
    assert rows["as_meant"].duration_s.value == pytest.approx((1000 / 100 + 200) / 60)
    assert not rows["as_meant"].has_interval


def test_a_request_of_ones_own_and_its_json(tmp_path):
    path = tmp_path / "request.json"
    path.write_text(json.dumps({**README_EXAMPLE, "profile": {"input_size": 10, "output_size": 20}}))
    assert "one request of 10 tokens in, 20 out" in older(path).output
    assert json.loads(older(path, "--json").output)["older_formula"]["total_kWh"] > 0


def test_nothing_asked_has_no_factor(tmp_path):
    path = tmp_path / "request.json"
    path.write_text(json.dumps({**README_EXAMPLE, "profile": {"input_size": 0, "output_size": 0}}))
    assert "times the second" not in older(path).output


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{\n'a': 1}", ":2: no JSON"),
        (b"\xff", "not UTF-8"),
        (b"[" * 100_000, "without end"),
        (b" " * 1_000_001, "more than"),
    ],
)
def test_a_bad_file_is_one_line(tmp_path, content, message):
    path = tmp_path / "request.json"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=message):
        read_older_json(path)


def test_a_file_that_is_not_there():
    with pytest.raises(BadInput, match="cannot be read"):
        read_older_json(Path("/nowhere.json"))


def test_make_demo_ends_with_it():
    text = (ROOT / "Makefile").read_text()
    assert text.partition("demo: ")[2].partition("\n\n")[0].rstrip().endswith("$(JOULEMARK) older")
