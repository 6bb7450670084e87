"""Rivals answer what their originals answer, labelled, and refuse what is no request."""

import csv
import math
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bench.errors import BadInput
from bench.estimators.rivals import (
    OlderServer,
    RivalFigure,
    RivalRequest,
    beside,
    ccf_compute,
    codecarbon_load,
    corrected_input,
    ecologits,
    flat,
    linear_characters,
    squared_input,
    teads_curve,
)

VECTORS = list(csv.DictReader(Path(__file__).with_name("rival_vectors.csv").read_text("utf-8").splitlines()))
PLACES = {"USA": {}, "SWE": {"grid_g_per_kwh": 35.82, "plant_l_per_kwh": 6.0315}}
ALL = (
    ccf_compute,
    codecarbon_load,
    corrected_input,
    ecologits,
    flat,
    linear_characters,
    squared_input,
    teads_curve,
)


def by_ecologits(text):
    active, total, output, pue = map(float, re.findall(r"(?:active|total|out|PUE)=([\d.]+)", text))
    wue = re.search(r"WUE=([\d.]+)", text)
    place = PLACES["SWE" if "SWE" in text else "USA"] | ({"wue_l_per_kwh": float(wue[1])} if wue else {})
    return ecologits.figure(active_params_b=active, total_params_b=total, output_tokens=output, pue=pue, **place)


def by_flat(text):
    read, written = map(float, re.findall(r"=(\d+)", text))
    return flat.figure(input_tokens=read, output_tokens=written)


def by_squares(text):
    found = re.fullmatch(r"in=(\d+) out=(\d+) tokens, (\d+) tok/s, (\d+) W GPU (\d+) W CPU, PUE ([\d.]+)", text)
    read, written, speed, gpu_w, cpu_w, pue = map(float, found.groups())
    server = OlderServer(gpu_w=gpu_w, cpu_w=cpu_w, tokens_per_s=speed, pue=pue)
    return squared_input.figure(input_tokens=read, output_tokens=written, server=server)


def by_codecarbon(text):
    tdp_w, load, hours, pue = map(float, re.findall(r"([\d.]+)(?= W| 1 h| h|$)", text.replace("load=", "")))
    return codecarbon_load.figure(tdp_w=tdp_w, load_ratio=load, hours=hours, pue=pue)


def by_ccf(text):
    found = re.fullmatch(r"(\d+) vCPU Milan ([\d.]+)/([\d.]+) W, u=([\d.]+), (\d+) h, PUE ([\d.]+)", text)
    threads, least_w, most_w, used, hours, pue = map(float, found.groups())
    return ccf_compute.figure(
        threads=threads, least_w=least_w, most_w=most_w, utilisation_ratio=used, hours=hours, pue=pue
    )


def by_teads(text):
    found = re.fullmatch(r"load=(\d+) % TDP=(\d+) W (\d+) h", text)
    load, tdp_w, hours = map(float, found.groups())
    return teads_curve.figure(tdp_w=tdp_w, load_ratio=load / 100, hours=hours)


HOW = {
    "ecologits": by_ecologits,
    "fluidtopics_rse": by_flat,
    "env5001": by_squares,
    "codecarbon cpu_load": by_codecarbon,
    "ccf compute": by_ccf,
    "teads_curve": by_teads,
}


@pytest.mark.parametrize("row", VECTORS, ids=lambda row: f"{row['estimator']}: {row['inputs']}")
def test_each_answers_what_its_original_answers(row):
    """To half a unit of the last digit that the original's figure is kept with."""
    found = HOW[row["estimator"]](row["inputs"])

    ours = (found.energy_kwh * 1e3, found.carbon_g, found.embodied_g, litres_as_ml(found))
    for value, name in zip(ours, ("wh", "usage_gco2e", "embodied_gco2e", "water_ml"), strict=True):
        if row[name]:
            decimals = min(6, len(row[name].partition(".")[2]))
            assert value == pytest.approx(float(row[name]), abs=0.5001 * 10**-decimals), name


def litres_as_ml(found):
    return None if found.water_l is None else found.water_l * 1e3


def test_every_row_has_a_formula_and_the_rows_are_all_there():
    assert len(VECTORS) == 22
    assert {row["estimator"] for row in VECTORS} == set(HOW)


def test_the_squared_formula_is_off_from_what_its_authors_meant_by_thousands():
    """Their README's example, 1000 in and 200 out: 1.889 kWh; by their own comment 0.397 Wh."""
    server = OlderServer(gpu_w=400, cpu_w=100, cpu_share_ratio=0.2, tokens_per_s=60, pue=1.2, grid_g_per_kwh=55)
    squared = squared_input.figure(input_tokens=1000, output_tokens=200, server=server)
    meant = corrected_input.figure(input_tokens=1000, output_tokens=200, server=server)

    assert squared.energy_kwh == pytest.approx(1.889, abs=5e-4)
    assert squared.carbon_g == pytest.approx(103.9, abs=0.05)
    assert meant.energy_kwh == pytest.approx(0.000397, abs=5e-7)
    assert meant.carbon_g == pytest.approx(0.0218, abs=5e-5)
    assert squared.energy_kwh / meant.energy_kwh == pytest.approx(4763, abs=1)


def test_the_linear_sibling_divides_by_its_utilisation():
    """2500 and 300 characters are 700 tokens: at 200 tokens a second 3.5 s of 700 W ÷ 0.7, with a PUE of 1.3."""
    found = linear_characters.figure(input_characters=2500, output_characters=300, tokens_per_s=200)

    assert found.energy_kwh == pytest.approx(3.5 * 1000 * 1.3 / 3.6e6)
    assert found.carbon_g == pytest.approx(found.energy_kwh * 60)


def test_a_translation_is_flat_by_the_character():
    """The first day of their own report, 3000 characters each way: 24 mWh before the PUE."""
    found = flat.translation(input_characters=3000, output_characters=3000)

    assert found.energy_kwh == pytest.approx(6000 * 4e-6 * 1.2)


@pytest.mark.parametrize(
    ("total", "boards"), [(0.5, 1), (33.3, 1), (33.4, 2), (66.7, 4), (123, 4), (133.4, 8), (675, 32)]
)
def test_ecologits_takes_boards_by_powers_of_two(total, boards):
    """1.2 × 2 bytes a weight over 80 GB, rounded up to a power of two."""
    assert ecologits.gpus(total) == boards


def test_ecologits_takes_a_latency_that_was_measured_where_it_is_shorter():
    """It shortens the server's and the hardware's share, never the GPU's."""
    known = {"active_params_b": 8, "total_params_b": 8, "output_tokens": 211}
    usual, quick = ecologits.figure(**known), ecologits.figure(**known, latency_s=0)
    late = ecologits.figure(**known, latency_s=1e6)

    gpu_kwh = 211 * (1.1665273170451914e-06 * math.exp(-0.011205921025579175 * 64) * 8 + 4.052928146734005e-05)
    assert quick.energy_kwh == pytest.approx(1.2 * gpu_kwh / 1e3)
    assert quick.embodied_g == 0
    assert late == usual


def test_one_request_beside_each_other():
    """All that answer for a request, EcoLogits' where the model's size is known; the two extremes 2e5 apart."""
    asked = RivalRequest(input_tokens=1155, output_tokens=211, active_params_b=24, total_params_b=24)
    found = {one.rival.name: one.energy_kwh for one in beside(asked)}
    unsized = [one.rival.name for one in beside(RivalRequest(input_tokens=1155, output_tokens=211))]

    assert list(found)[1:] == unsized
    assert found["EcoLogits"] * 1e3 == pytest.approx(0.0229, abs=5e-5)
    assert found["flat Wh per 1k tokens"] * 1e3 == pytest.approx(1.15, abs=5e-3)
    assert found["squared input"] == pytest.approx(4.862, abs=5e-4)
    assert found["linear characters"] == pytest.approx((1155 + 211) / 150 * 700 / 0.7 * 1.3 / 3.6e6)
    assert max(found.values()) / min(found.values()) == pytest.approx(2.1e5, rel=0.02)


def test_a_place_and_a_machine_that_are_known_take_the_place_of_defaults():
    """PUE, grid, card and speed reach each formula that has them."""
    plain = RivalRequest(input_tokens=1000, output_tokens=200, total_params_b=8)
    told = RivalRequest(
        input_tokens=1000, output_tokens=200, total_params_b=8, pue=2.0, grid_g_per_kwh=10, gpu_w=350,
        tokens_per_s=120,
    )  # fmt: skip
    ratios = {}
    for before, after in zip(beside(plain), beside(told), strict=True):
        ratios[before.rival.name] = after.energy_kwh / before.energy_kwh
        assert after.carbon_g == pytest.approx(after.energy_kwh * 10)

    assert ratios["EcoLogits"] == pytest.approx(2.0 / 1.2)
    assert ratios["flat Wh per 1k tokens"] == pytest.approx(2.0 / 1.2)
    assert ratios["linear characters"] == pytest.approx(2.0 / 1.3 / 2 * 150 / 120)
    assert ratios["squared input"] == pytest.approx(2.0 / 1.3 / 2 * (350 * 0.85 + 10.5) / 605.5)


@pytest.mark.parametrize("module", ALL, ids=lambda one: one.__name__.rpartition(".")[2])
def test_a_figure_says_whose_it_is(module):
    """Name and version in the label; what it counts, what it leaves out, where it stands, under which licence."""
    rival = module.RIVAL
    shown = RivalFigure(rival=rival, energy_kwh=1.0)

    assert shown.label.startswith("rival: ")
    assert rival.name in shown.label
    assert rival.version in shown.label
    assert all((rival.counts, rival.leaves_out, rival.source, rival.licence))


@pytest.mark.parametrize("bad", [-1.0, math.nan, math.inf, 1e12])
@pytest.mark.parametrize("name", ["input_tokens", "output_tokens"])
def test_what_is_no_count_of_tokens_is_refused(name, bad):
    """Negative, not finite, beyond any request."""
    for rival in (flat.figure, lambda **k: squared_input.figure(**k, server=OlderServer())):
        with pytest.raises(BadInput, match="needed is a number of 0 to 1e\\+09"):
            rival(**{"input_tokens": 1, "output_tokens": 1, name: bad})


@pytest.mark.parametrize(
    "field",
    [{"gpu_w": -1}, {"cpu_share_ratio": 1.1}, {"tokens_per_s": 0}, {"pue": 0.9}, {"grid_g_per_kwh": math.nan}],
)
def test_a_server_that_cannot_be_is_refused(field):
    with pytest.raises(BadInput, match="needed is"):
        OlderServer(**field)


def test_more_parameters_at_work_than_there_are_is_refused():
    with pytest.raises(BadInput, match="no more than all"):
        ecologits.figure(active_params_b=9, total_params_b=8, output_tokens=1)


def test_hours_and_a_building_multiply():
    """Two hours are twice one, and a PUE of 1.5 half as much again."""
    busy = codecarbon_load.figure(tdp_w=200, load_ratio=1, hours=2, pue=1.5)
    threads = ccf_compute.figure(threads=10, least_w=1, most_w=3, hours=2, pue=1.5)
    server = teads_curve.figure(tdp_w=200, load_ratio=0.1, hours=2)

    assert busy.energy_kwh == pytest.approx(0.6)
    assert threads.energy_kwh == pytest.approx(10 * 2 * 2 * 1.5 / 1e3)
    assert server.energy_kwh == pytest.approx(200 * 0.32 * 2 / 1e3)


@pytest.mark.parametrize(
    ("least_w", "most_w", "said"),
    [(-1, 2, "least_w is -1"), (1, 2e3, "most_w is 2000"), (3, 2, "needed is least_w ≤ most_w")],
)
def test_a_thread_that_cannot_be_is_refused(least_w, most_w, said):
    with pytest.raises(BadInput, match=said):
        ccf_compute.figure(threads=1, least_w=least_w, most_w=most_w, hours=1)


def test_a_thread_that_never_rests_is_a_thread():
    assert ccf_compute.figure(threads=1, least_w=2, most_w=2, hours=1, pue=1).energy_kwh == pytest.approx(2e-3)


def test_of_a_mixture_of_experts_both_sizes_count():
    """41 billion of 675 are at work; all of them need boards."""
    asked = RivalRequest(input_tokens=1, output_tokens=400, active_params_b=41, total_params_b=675)

    assert beside(asked)[0].energy_kwh * 1e3 == pytest.approx(1.653686, abs=1e-6)


@pytest.mark.parametrize(
    ("size", "output", "said"),
    [(0, 1, "active_params_b is 0"), (2e5, 1, "active_params_b is 200000"), (8, -1, "output_tokens is -1")],
)
def test_a_model_or_an_answer_that_cannot_be_is_refused(size, output, said):
    with pytest.raises(BadInput, match=said):
        ecologits.figure(active_params_b=size, total_params_b=size, output_tokens=output)


@pytest.mark.parametrize("latency_s", [-1.0, math.nan])
def test_a_latency_that_cannot_be_is_refused(latency_s):
    with pytest.raises(BadInput, match="latency_s"):
        ecologits.figure(active_params_b=8, total_params_b=8, output_tokens=1, latency_s=latency_s)


def test_a_figure_is_a_number():
    with pytest.raises(BadInput, match="energy_kwh"):
        RivalFigure(rival=flat.RIVAL, energy_kwh=math.nan)


def test_their_import_is_light():
    """No numpy, pandas, pydantic or YAML with them."""
    code = (
        "import sys, bench.estimators.rivals; print([m for m in ('numpy','pydantic','yaml') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
