"""POST /calculate-raw: the older calculator's request and answer, with what interfaces promise beside them."""

import copy

import pytest
from asked import OLDER, post, refusal

from bench.estimators.older_api import calculate, older_request

PATH = "/calculate-raw"
KEYS = {"unit_gCO2e", "total_gCO2e", "total_kWh", "total_kgCO2e"}


def test_the_older_shape_with_low_high_and_the_older_formula_beside_it():
    status, found = post(PATH, OLDER)
    assert status == 200
    assert {"inputs", "performance", "results", "low", "high", "older_formula"} <= set(found)
    for name in ("results", "low", "high", "older_formula"):
        assert set(found[name]) >= KEYS
    assert found["low"]["total_kWh"] < found["results"]["total_kWh"] < found["high"]["total_kWh"]
    assert found["older_formula"]["total_kWh"] == pytest.approx(1.889, rel=1e-3)  # what its README's example gives
    assert found == calculate(older_request(OLDER))


@pytest.mark.parametrize(
    ("section", "field", "value", "words"),
    [
        ("region", "pue", 0.5, "1 to 10"),
        ("region", "carbon_intensity", "55", "a number"),
        ("region", "carbon", 55, "did you mean carbon_intensity"),
        ("hardware", "eta_cpu", 1.5, "0 to 1"),
        ("profile", "throughput", 0, "above 0"),
        ("profile", "count", 1.5, "a whole number"),
        ("profile", "input_size", -1, "0 to"),
        ("profile", "name", 5, "text"),
    ],
)
def test_a_field_that_is_wrong_is_named_by_its_path(section, field, value, words):
    body = copy.deepcopy(OLDER)
    body[section][field] = value
    status, problem = refusal(body, path=PATH)
    assert status == 422
    assert problem["loc"] == ["body", section, field]
    assert words in problem["msg"]


def test_a_section_that_is_missing_is_named():
    status, problem = refusal({name: OLDER[name] for name in ("region", "profile")}, path=PATH)
    assert (status, problem["loc"]) == (422, ["body", "hardware"])
