"""The older calculator's request, as it was computed there and as it should be."""

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import BadInput
from bench.estimators.older_api import OlderRequest, calculate, older_request
from bench.estimators.prefill import ON_GPUS, ON_TWO_THREADS, PrefillRatio, ratio_of, spread_of
from bench.estimators.rivals import OlderServer
from bench.nouns import Range

README_EXAMPLE = {
    "region": {"pue": 1.2, "carbon_intensity": 55},
    "hardware": {"power_gpu": 400, "power_cpu": 100, "eta_cpu": 0.2},
    "profile": {"name": "test", "input_size": 1000, "output_size": 200, "throughput": 60, "count": 1},
}
KEYS = ("unit_gCO2e", "total_gCO2e", "total_kWh", "total_kgCO2e")


def ratio(low, value, high):
    return replace(ON_GPUS, ratio=Range(low=low, value=value, high=high))


def edited(section, **fields):
    return README_EXAMPLE | {section: README_EXAMPLE[section] | fields}


def test_the_example_of_its_readme_as_it_was_computed_there():
    """16 670 s, 1.889 kWh, 103.9 g for one request: the squared formula's figure, labelled."""
    older = calculate(older_request(README_EXAMPLE))["older_formula"]

    assert older["total_kWh"] == pytest.approx(340 * (1000**2 + 200) / 60 * 1.2 / 3.6e6, rel=1e-6)
    assert older["total_kWh"] == pytest.approx(1.889, abs=5e-4)
    assert older["unit_gCO2e"] == pytest.approx(103.9, abs=0.05)
    assert older["formula_used"] == "quadratic (input²)"
    assert older["rival"].startswith("squared input")


def test_the_example_of_its_readme_as_it_should_be():
    """200 tokens at 60 a second, and 1000 read at 60 × the measured ratio: some four seconds of 340 W."""
    found = calculate(older_request(README_EXAMPLE), prefill=ratio(20, 50, 100))

    span_s = 200 / 60 + 1000 / (60 * 50)
    assert found["performance"]["time_per_request_sec"] == pytest.approx(span_s)
    assert found["performance"]["decode_time_sec"] == pytest.approx(200 / 60)
    assert found["performance"]["prefill_time_sec"] == pytest.approx(1000 / 3000)
    assert found["results"]["total_kWh"] == pytest.approx(340 * span_s * 1.2 / 3.6e6)
    assert found["results"]["unit_gCO2e"] == pytest.approx(340 * span_s * 1.2 / 3.6e6 * 55)
    assert found["low"]["total_kWh"] == pytest.approx(340 * (200 + 10) / 60 * 1.2 / 3.6e6)
    assert found["high"]["total_kWh"] == pytest.approx(340 * (200 + 50) / 60 * 1.2 / 3.6e6)
    assert found["inputs"] == {"profile": "test", "volume": 1, "region_carbon": 55}


def test_the_answer_has_the_older_shape_and_three_more_of_its_results():
    found = calculate(older_request(README_EXAMPLE))

    assert list(found)[:3] == ["inputs", "performance", "results"]
    assert tuple(found["results"]) == tuple(found["low"]) == tuple(found["high"]) == KEYS
    assert tuple(found["older_formula"])[:4] == KEYS
    assert {"time_per_request_sec", "formula_used"} <= set(found["performance"])
    assert json.loads(json.dumps(found)) == found


def test_where_the_ratio_was_measured_stands_in_the_answer():
    found = calculate(older_request(README_EXAMPLE), prefill=ON_TWO_THREADS)["performance"]

    assert found["prefill_to_decode"] == {"low": 13.5, "value": 16.6, "high": 29.6}
    assert "EPYC" in found["measured_on"]
    assert "Apache-2.0" in found["source"]


def test_calls_add_and_grams_are_kilograms():
    """A thousand calls are a thousand times one, in all three figures."""
    one = calculate(older_request(README_EXAMPLE))
    many = calculate(older_request(edited("profile", count=1000)))

    for name in ("results", "low", "high", "older_formula"):
        assert many[name]["total_kWh"] == pytest.approx(1000 * one[name]["total_kWh"], rel=1e-6)
        assert many[name]["unit_gCO2e"] == one[name]["unit_gCO2e"]
        assert many[name]["total_kgCO2e"] == pytest.approx(many[name]["total_gCO2e"] / 1000, rel=1e-6)


def test_what_is_not_said_is_what_the_older_api_assumed():
    """Its defaults: 700 and 70 W, 15 % of the CPU, 60 tokens a second, 1000 in and 500 out, PUE 1.3, 60 g."""
    found = older_request({"region": {}, "hardware": {}, "profile": {}})

    assert found == OlderRequest(
        server=OlderServer(
            gpu_w=700, cpu_w=70, cpu_share_ratio=0.15, tokens_per_s=60, pue=1.3, grid_g_per_kwh=60
        ),
        name="custom_request", input_size=1000, output_size=500, count=1,
    )  # fmt: skip


@given(
    read=st.integers(0, 10**6), written=st.integers(0, 10**6), more=st.integers(0, 10**5),
    speed=st.floats(0.01, 1e6), count=st.integers(0, 10**9),
)  # fmt: skip
def test_the_interval_holds_its_value_and_more_work_never_costs_less(read, written, more, speed, count):
    asked = OlderRequest(server=OlderServer(tokens_per_s=speed), input_size=read, output_size=written, count=count)
    found = calculate(asked)
    longer = calculate(replace(asked, input_size=read + more, output_size=written + more))

    for name in KEYS:
        assert found["low"][name] <= found["results"][name] <= found["high"][name]
        assert found["results"][name] <= longer["results"][name]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ([], "body is"),
        ({}, "region is missing"),
        (README_EXAMPLE | {"hardwear": {}}, "body.hardwear is no field of it; did you mean hardware?"),
        (README_EXAMPLE | {"region": 3}, "region is 3; needed is an object"),
        (edited("region", pue=0.5), "region.pue is 0.5"),
        (edited("region", carbon_intensity=-1), "region.carbon_intensity is -1"),
        (edited("region", peu=1.2), "region.peu is no field of it; did you mean pue?"),
        (edited("hardware", power_gpu=math.nan), "hardware.power_gpu is nan"),
        (edited("hardware", power_cpu=math.inf), "hardware.power_cpu is inf"),
        (edited("hardware", eta_cpu=1.5), "hardware.eta_cpu is 1.5"),
        (edited("hardware", eta_cpu="0.2"), "hardware.eta_cpu is '0.2'; needed is a number"),
        (edited("hardware", eta_cpu=True), "hardware.eta_cpu is True; needed is a number"),
        (edited("profile", throughput=0), "profile.throughput is 0"),
        (edited("profile", input_size=-1), "profile.input_size is -1"),
        (edited("profile", input_size=10**12), "profile.input_size is 1e+12"),
        (edited("profile", output_size=1.5), "profile.output_size is 1.5; needed is a whole number"),
        (edited("profile", output_size=math.nan), "profile.output_size is nan; needed is a whole number"),
        (edited("profile", count=10**400), "profile.count is an integer beyond any"),
        (edited("profile", count=10**13), "profile.count is 1e+13; needed is a number of 0 to 1e+12"),
        (edited("profile", name=None), "profile.name is None; needed is text"),
        (edited("profile", name="x" * 201), "profile.name has 201 characters"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_by_its_path(body, path):
    with pytest.raises(BadInput) as refused:
        calculate(older_request(body))

    assert str(refused.value).startswith(path)


@pytest.mark.parametrize("sizes", [{"input_size": -1}, {"output_size": -1}, {"name": "x" * 201}])
def test_a_request_that_cannot_be_is_never_made(sizes):
    with pytest.raises(BadInput, match=f"profile.{next(iter(sizes))}"):
        OlderRequest(server=OlderServer(), **sizes)


def test_a_name_may_have_two_hundred_characters():
    assert len(OlderRequest(server=OlderServer(), name="x" * 200).name) == 200


def test_a_ratio_is_prompt_speed_over_answer_speed():
    """100 tokens in 0.5 s are 200 a second; a token in 50 ms is 20 a second."""
    assert ratio_of(prompt_tokens=100, first_s=0.5, token_s=0.05) == pytest.approx(10)


def test_a_spread_is_of_its_ratios():
    """Of 0 to 100, one by one: 5, 50 and 95."""
    found = spread_of([float(one) + 1 for one in range(100, -1, -1)])

    assert tuple(found) == pytest.approx((6, 51, 96))


def test_twenty_ratios_are_a_spread_with_lines_between_neighbours():
    """Of 1 to 20 the median is 10.5; 5 % of the nineteen steps is 0.95 of the first."""
    assert tuple(spread_of([float(one) for one in range(1, 21)])) == pytest.approx((1.95, 10.5, 19.05))
    assert tuple(spread_of([4.0 * one for one in range(1, 21)])) == pytest.approx((7.8, 42, 76.2))


def test_a_few_ratios_are_no_spread():
    with pytest.raises(BadInput, match="19 ratios"):
        spread_of([1.0] * 19)


def test_a_ratio_of_nothing_is_refused():
    with pytest.raises(BadInput, match="above 0"):
        PrefillRatio(ratio=Range(low=0, value=1, high=2), measured_on="nothing", source="nobody", licence="none")
