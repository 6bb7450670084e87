"""Configurations of the older calculators: read, written, and holding a measurement that their formulas give."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import BadDeclaration, BadInput, UnknownName
from bench.estimators.rivals import OlderServer, corrected_input, flat, linear_characters
from bench.files.interop.older_config import (
    OlderConfig,
    OlderPaths,
    OlderRegion,
    older_config_text,
    read_older_config,
    write_older_config,
)
from bench.files.interop.older_constants import (
    older_constants_text,
    read_older_constants,
    with_measured_text,
)
from bench.files.interop.older_measured import OlderMeasurement, older_models_of, work_done
from bench.files.interop.older_models import (
    OlderModels,
    OlderPart,
    OlderProfile,
    older_models_text,
    read_older_models,
    write_older_models,
)
from bench.nouns import Outcome, Usage, WindowEnergy

GOLDEN = Path(__file__).parents[2] / "golden" / "older"
S = 1_000_000_000


def file(folder, name, edit):
    """A golden file with one part of it replaced."""
    before, after = edit
    text = (GOLDEN / name).read_text(encoding="utf-8")
    assert before in text
    path = folder / name
    path.write_text(text.replace(before, after, 1), encoding="utf-8")
    return path


def test_regions_are_read_with_their_default():
    """Norway is NO, no boolean."""
    found = read_older_config(GOLDEN / "config.yaml")

    assert found.regions[0] == OlderRegion(name="norway", country="NO", pue=1.15, carbon_intensity_g_per_kwh=28)
    assert found.default_region == "france"
    assert found.paths == OlderPaths(data_dir="data", analytics_file="week.yaml", output_dir="outputs")


def test_hardware_and_profiles_are_read():
    """A chatbot may lack its characters."""
    found = read_older_models(GOLDEN / "config_model.yaml")

    assert (found.gpu, found.cpu) == (
        OlderPart(power_w=400, eta_ratio=0.8),
        OlderPart(power_w=100, eta_ratio=0.2),
    )
    assert found.profile("chatbot").input_characters is None
    assert found.profile("translation") == OlderProfile(
        name="translation", description="Traduction d'une page", input_characters=3000,
        output_characters=3100, throughput_tokens_per_s=250, utilization_ratio=0.5,
    )  # fmt: skip
    assert found.profile("completion") is None


def test_what_is_written_reads_as_what_was_read(tmp_path):
    """By our reader, and by the loader that the older calculators call."""
    config, models = read_older_config(GOLDEN / "config.yaml"), read_older_models(GOLDEN / "config_model.yaml")
    write_older_config(tmp_path / "config.yaml", config)
    write_older_models(tmp_path / "config_model.yaml", models)

    assert read_older_config(tmp_path / "config.yaml") == config
    assert read_older_models(tmp_path / "config_model.yaml") == models
    theirs = yaml.safe_load((tmp_path / "config.yaml").read_text(encoding="utf-8"))
    assert theirs["regions"]["norway"] == {"country": "NO", "pue": 1.15, "carbon_intensity_g_per_kwh": 28}
    theirs = yaml.safe_load((tmp_path / "config_model.yaml").read_text(encoding="utf-8"))
    assert theirs["hardware"]["gpu"] == {"power_w": 400, "eta": 0.8}
    assert "input_characters" not in theirs["profiles"]["chatbot"]
    assert theirs["profiles"]["translation"]["utilization_rate"] == 0.5


@given(name=st.text(min_size=1), country=st.text(min_size=1), g=st.floats(0, 1e4))
def test_any_name_survives(name, country, g):
    region = OlderRegion(name=name, country=country, pue=1.0, carbon_intensity_g_per_kwh=g)
    text = older_config_text(OlderConfig(regions=(region,), default_region=name))

    assert yaml.safe_load(text) == {
        "regions": {name: {"country": country, "pue": 1.0, "carbon_intensity_g_per_kwh": g}},
        "default_region": name,
    }


def test_a_default_that_is_no_region_is_refused():
    with pytest.raises(UnknownName, match="unknown region 'x'"):
        OlderConfig(regions=(), default_region="x")


@pytest.mark.parametrize(
    ("name", "edit", "line", "said"),
    [
        ("config.yaml", ("pue: 1.15", "peu: 1.15"), 10, "regions.norway.peu is not known; did you mean 'pue'?"),
        ("config.yaml", ("pue: 1.15", "pue: 0.15"), 10, "regions.norway.pue is '0.15'; needed is a number of 1"),
        ("config.yaml", ("pue: 1.15\n", "\n"), 8, "regions.norway.pue is missing"),
        ("config.yaml", ('"france"\n', '"frence"\n'), 17, "did you mean 'france'?"),
        ("config.yaml", ("default_region", "default_regoin"), 17, "did you mean 'default_region'?"),
        ("config_model.yaml", ("eta: 0.8", "eta: 8"), 5, "hardware.gpu.eta is '8'; needed is a number of 0 to 1"),
        ("config_model.yaml", ("eta: 0.8", "eat: 0.8"), 5, "hardware.gpu.eat is not known; did you mean 'eta'?"),
        ("config_model.yaml", ("\nhardware:", "\nx: 1\nhardware:"), 2, "x is not known; known are hardware, prof"),
        ("config_model.yaml", ("power_w: 400", "power_w: -4"), 4, "hardware.gpu.power_w is '-4'"),
        ("config_model.yaml", ("gpu:", "gpus:"), 3, "hardware.gpus is not known; did you mean 'gpu'?"),
        ("config_model.yaml", (": 60", ": 0"), 13, "throughput_tokens_per_s is '0'"),
        ("config_model.yaml", ("throughput_", "thruput_"), 13, "did you mean 'throughput_tokens_per_s'?"),
        ("config_model.yaml", ("3000", "3000.5"), 18, "input_characters is '3000.5'; needed is a whole number"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(tmp_path, name, edit, line, said):
    read = read_older_config if name == "config.yaml" else read_older_models
    with pytest.raises(BadDeclaration) as refused:
        read(file(tmp_path, name, edit))

    assert refused.value.line == line
    assert said in str(refused.value)


CHAT = OlderMeasurement(
    profile="chatbot", description="measured", input_tokens=1000, output_tokens=200, input_characters=4400,
    output_characters=900, requests_per_s=0.5, power_w=300.0, boundary="gpu", basis="measured",
    rests_on=("run-1",),
)  # fmt: skip
PAGE = replace(
    CHAT, profile="translation", input_tokens=700, output_tokens=720, power_w=240.0, requests_per_s=0.2,
    input_characters=3000, output_characters=3100, rests_on=("run-2",),
)  # fmt: skip


@pytest.mark.parametrize("measured", [(CHAT,), (CHAT, PAGE)])
def test_the_multiplied_dialect_gives_the_measured_joules(tmp_path, measured):
    """By its authors' correction: watts ÷ requests a second, for each profile."""
    write_older_models(tmp_path / "m.yaml", older_models_of(measured, "multiplied"))
    found = read_older_models(tmp_path / "m.yaml")

    for one in measured:
        profile = found.profile(one.profile)
        server = OlderServer(
            gpu_w=found.gpu.power_w, cpu_w=found.cpu.power_w, cpu_share_ratio=found.cpu.eta_ratio,
            tokens_per_s=profile.throughput_tokens_per_s, pue=1.0,
        )  # fmt: skip
        theirs = corrected_input.figure(
            input_tokens=profile.input_characters, output_tokens=profile.output_characters, server=server
        )
        joules = theirs.energy_kwh * 3.6e6 * profile.utilization_ratio
        assert joules == pytest.approx(one.power_w / one.requests_per_s)


@pytest.mark.parametrize("measured", [(CHAT,), (CHAT, PAGE)])
def test_the_divided_dialect_gives_the_measured_joules(tmp_path, measured):
    """It reads no utilization_rate and divides by eta."""
    write_older_models(tmp_path / "m.yaml", older_models_of(measured, "divided"))
    found = read_older_models(tmp_path / "m.yaml")

    for one in measured:
        profile = found.profile(one.profile)
        theirs = linear_characters.figure(
            input_characters=profile.input_characters, output_characters=profile.output_characters,
            tokens_per_s=profile.throughput_tokens_per_s, gpu_w=found.gpu.power_w,
            eta_ratio=found.gpu.eta_ratio, pue=1.0,
        )  # fmt: skip
        assert theirs.energy_kwh * 3.6e6 == pytest.approx(one.power_w / one.requests_per_s)


def test_a_written_measurement_says_where_it_comes_from():
    """Basis, boundary, watts and run in comments that no reader stumbles over."""
    text = older_models_text(
        older_models_of([replace(CHAT, basis="modelled", rests_on=("r\n1\x00",))], "multiplied")
    )

    comments = [line for line in text.splitlines() if line.startswith("#")]
    assert "boundary gpu, modelled" in comments[0]
    assert "far too high with input squared" in comments[2]
    assert comments[3] == "# chatbot: 300 W, 0.5 requests/s; runs r 1?"
    assert yaml.safe_load(text)["hardware"]["cpu"] == {"power_w": 0, "eta": 0}


@pytest.mark.parametrize(
    ("measured", "said"),
    [
        ([], "no measurement"),
        ([CHAT, CHAT], "two measurements of one profile"),
        ([CHAT, replace(PAGE, basis="modelled")], "several boundaries or bases"),
        ([CHAT, replace(PAGE, boundary="host")], "several boundaries or bases"),
        ([replace(CHAT, power_w=0.0)], "a power or a rate of requests of 0"),
        ([replace(CHAT, requests_per_s=0.0)], "a power or a rate of requests of 0"),
    ],
)
def test_measurements_that_do_not_go_together_are_refused(measured, said):
    with pytest.raises(BadInput, match=said):
        older_models_of(measured, "divided")


def window(start_s, end_s, energy_j=600.0, **fields):
    return WindowEnergy(
        **{
            "domain": "gpu:0", "device": "d", "boundary": "gpu", "basis": "measured", "energy_j": energy_j,
            "low_j": energy_j, "high_j": energy_j, "start_ns": int(start_s * S), "end_ns": int(end_s * S),
            "method": "counter",
        }
        | fields
    )  # fmt: skip


def outcome(start_s, end_s, read=100, written=20, error=None):
    work = Usage(requests=1, prompt_tokens=read, output_tokens=written)
    return Outcome(
        request_id=str(start_s), batch_id=0, start_ns=int(start_s * S), first_output_ns=None,
        end_ns=int(end_s * S), requested=work, achieved=work, error=error,
    )  # fmt: skip


def test_power_and_pace_are_those_of_the_work_windows():
    """Idle windows, failures and requests outside are no work; 1200 J in 4 s for 4 requests."""
    windows = [window(0, 2), window(5, 7), window(2, 5, phase="idle")]
    outcomes = [outcome(0, 1), outcome(1, 2), outcome(5, 6, read=300), outcome(6, 7, written=60), outcome(2, 3)]
    found = work_done([*outcomes, outcome(5, 6, error="broken")], windows)

    assert (found.power_w, found.requests_per_s) == (300.0, 1.0)
    assert (found.input_tokens, found.output_tokens) == (150, 30)
    assert (found.boundary, found.basis) == ("gpu", "measured")


@pytest.mark.parametrize(
    ("windows", "outcomes", "said"),
    [
        ([], [outcome(0, 1)], "work windows of 0 domains"),
        ([window(0, 2), window(0, 2, domain="gpu:1")], [outcome(0, 1)], "work windows of 2 domains"),
        ([window(0, 2, None, reasons=("a gap",), label="3")], [outcome(0, 1)], r"work window 3 is void \(a gap\)"),
        ([window(0, 2)], [outcome(3, 4)], "0 requests"),
        ([window(0, 2)], [outcome(0, 1, written=None)], "1 requests, 0 of them with prompt and output"),
    ],
)
def test_what_is_no_measurement_is_refused(windows, outcomes, said):
    with pytest.raises(BadInput, match=said):
        work_done(outcomes, windows)


def test_the_third_dialect_is_parsed_and_never_run():
    """The file would abort this process."""
    found = read_older_constants(GOLDEN / "constants.py.txt")

    assert (found.pue, found.carbon_intensity, found.topic_size_chars) == (1.1, 50, 2000)
    assert found.nmt_energy_per_char == 3e-6


def test_the_third_dialect_is_written_as_python(tmp_path):
    found = read_older_constants(GOLDEN / "constants.py.txt")
    (tmp_path / "c.py").write_text(older_constants_text(found, ("measured\nhere",)), encoding="utf-8")

    assert read_older_constants(tmp_path / "c.py") == found
    held = {}
    exec((tmp_path / "c.py").read_text(encoding="utf-8"), held)
    assert held["CONSTANTS"]["LLM_STATIC_POWER_KW"] == 0.2


def test_a_measured_text_costs_by_its_formula_what_was_measured():
    """1 Wh in 4 s, 90 W of it unasked: its two terms give 1 Wh back for as many tokens."""
    base = read_older_constants(GOLDEN / "constants.py.txt")
    found = with_measured_text(base, energy_kwh=1e-3, duration_s=4.0, static_kw=0.09, tokens=500)

    its_own = 500 / 1e3 * found.llm_energy_per_1k_tokens
    its_own += found.llm_static_power_kw * found.llm_avg_latency_s / 3600
    assert its_own == pytest.approx(1e-3)
    assert found.pue == base.pue
    assert flat.KWH_PER_1K_TOKENS == 0.0006


@pytest.mark.parametrize(
    ("energy_kwh", "static_kw", "tokens"), [(1e-5, 0.09, 500), (1e-3, -0.01, 500), (1e-3, 0.09, 0)]
)
def test_more_idle_than_whole_and_no_token_are_refused(energy_kwh, static_kw, tokens):
    base = read_older_constants(GOLDEN / "constants.py.txt")
    with pytest.raises(BadInput, match="an idle share within the whole, and one token or more"):
        with_measured_text(base, energy_kwh=energy_kwh, duration_s=4.0, static_kw=static_kw, tokens=tokens)


def test_what_is_idle_throughout_has_nothing_for_its_tokens():
    base = read_older_constants(GOLDEN / "constants.py.txt")
    found = with_measured_text(base, energy_kwh=1e-3, duration_s=3600.0, static_kw=1e-3, tokens=1)

    assert found.llm_energy_per_1k_tokens == 0


@pytest.mark.parametrize(
    ("edit", "line", "said"),
    [
        (('"PUE": 1.1', '"PEU": 1.1'), 12, "did you mean 'PUE'?"),
        (('"PUE": 1.1', '"PUE": -1.1'), 12, "CONSTANTS['PUE'] is an expression; needed is a number"),
        (('"PUE": 1.1', '"PUE": "1.1"'), 12, "CONSTANTS['PUE'] is '1.1'"),
        (('"PUE": 1.1', '"PUE": True'), 12, "CONSTANTS['PUE'] is True"),
        (('"PUE": 1.1', '"PUE": 1e999'), 12, "CONSTANTS['PUE'] is inf"),
        (('"PUE": 1.1', '"PUE": ' + "1+" * 900 + "1"), 12, "is an expression"),
        (('"PUE": 1.1,', '"PUE": 1.1, "PUE": 1.2,'), 12, "CONSTANTS['PUE'] stands twice"),
        (('"PUE": 1.1,', ""), 11, "CONSTANTS['PUE'] is missing"),
        (("CONSTANTS = {", "CONSTANTZ = {"), None, "no CONSTANTS = {…} in it; did you mean 'CONSTANTZ'?"),
        (("CONSTANTS = {", "CONSTANTS = None or {"), 11, "CONSTANTS is no dictionary"),
        (("import os", "import os os"), 2, "no Python 3 that parses"),
    ],
)
def test_what_is_wrong_in_python_is_refused_with_its_line(tmp_path, edit, line, said):
    with pytest.raises(BadDeclaration) as refused:
        read_older_constants(file(tmp_path, "constants.py.txt", edit))

    assert refused.value.line == line
    assert said in str(refused.value)


def test_a_divided_measurement_says_how_its_throughput_was_made():
    comments = [line for line in older_models_text(older_models_of([CHAT], "divided")).splitlines() if "#" in line]

    assert comments[1] == "# throughput: (characters in + out) / 4, times requests a second."
    assert len(comments) == 3


def test_files_without_a_region_or_a_profile_are_refused(tmp_path):
    (tmp_path / "c.yaml").write_text("regions: {}\ndefault_region: x\n")
    (tmp_path / "m.yaml").write_text(
        "hardware: {gpu: {power_w: 1, eta: 1}, cpu: {power_w: 1, eta: 0}}\nprofiles: {}\n"
    )

    with pytest.raises(BadDeclaration, match="needed is one region or more"):
        read_older_config(tmp_path / "c.yaml")
    with pytest.raises(BadDeclaration, match="needed is one profile or more"):
        read_older_models(tmp_path / "m.yaml")


def test_a_python_file_beyond_a_mebibyte_is_refused(tmp_path):
    whole = (GOLDEN / "constants.py.txt").read_bytes() + b"#"
    (tmp_path / "c.py").write_bytes(whole.ljust(1024**2, b"x"))
    assert read_older_constants(tmp_path / "c.py").pue == 1.1

    (tmp_path / "c.py").write_bytes(whole.ljust(1024**2 + 1, b"x"))
    with pytest.raises(BadInput, match="more than 1 MiB"):
        read_older_constants(tmp_path / "c.py")


def test_a_models_file_of_another_kind_is_refused(tmp_path):
    empty = OlderModels(gpu=OlderPart(power_w=1, eta_ratio=1), cpu=OlderPart(power_w=1, eta_ratio=1), profiles=())
    (tmp_path / "m.yaml").write_text(older_models_text(empty), encoding="utf-8")

    with pytest.raises(BadDeclaration, match="profiles is empty; needed is names"):
        read_older_models(tmp_path / "m.yaml")
