import csv
import io
import json

import pytest
from typer.testing import CliRunner

from bench.cli import estimate_line
from bench.cli.app import app
from bench.errors import BadInput, JoulemarkError

PROJECT = """
title = "Calls"
start = "2026-12"
months = 4
region = "francecentral"
[[flow]]
name = "calls"
model = "whisper-tiny"
per_month = {p10 = 400, p50 = 500, p90 = 700}
audio_seconds = {p10 = 10, p50 = 25, p90 = 50}
growth = {per_month = {p10 = 0.0, p50 = 0.04, p90 = 0.08}, known_months = 2}
[[flow]]
name = "articles"
model = "mistral-7b"
hardware = "h100"
per_month = 2000
characters = {low = 3000, high = 5000}
languages = {fr = 0.6, en = 0.4}
output_tokens = 250
"""


def run(*argv):
    done = CliRunner().invoke(app, ["volumes", *map(str, argv)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


@pytest.fixture
def project(tmp_path):
    path = tmp_path / "calls.toml"
    path.write_text(PROJECT)
    return path


def test_a_line_a_month_with_grams_bars_and_what_was_assumed(project):
    out = run(project).stdout
    lines = out.splitlines()
    assert lines[0].startswith("Calls: 4 months from 2026-12, francecentral; energy at the wall")
    assert [line.split()[0] for line in lines[2:6]] == ["2026-12", "2027-01", "2027-02", "2027-03"]
    assert "2027-02 *" in lines[4]
    assert "*" not in lines[3]
    assert "█" in lines[2]
    assert lines[6].startswith("all")
    assert "growth was seen over 2 months; months 3 to 4 (*) lie beyond" in out
    assert "assumed: articles: no growth said, every month as the first" in out
    assert "the mean length alone would say" in out
    assert "these percentiles claim none either" in out
    assert "synthetic weights" in out  # of the measured cell: said wherever its figures are


def test_json_has_percentiles_of_months_flows_and_all(project):
    found = json.loads(run(project, "--json", "--months", 2).stdout)
    assert next(iter(found)) == "schema_version"
    assert [one["month"] for one in found["months"]] == ["2026-12", "2027-01"]
    for one in (*found["months"], found["total"]):
        kwh, kg = one["energy_kwh"], one["carbon_kg"]["location"]
        assert 0 < kwh["p10"] < kwh["p50"] < kwh["p90"]
        assert 0 < kg["p10"] < kg["p50"] < kg["p90"]
    assert found["months"][0]["requests"]["p50"] == pytest.approx(2500, rel=0.01)
    assert {one["name"]: one["beyond_month"] for one in found["flows"]} == {"calls": None, "articles": None}
    assert found["scope"] == "wall"
    assert json.loads(run(project, "--json", "--months", 2).stdout) == found


def test_requests_of_one_length_take_what_estimate_says(tmp_path, capsys):
    path = tmp_path / "one.toml"
    path.write_text(
        'months = 1\nregion = "francecentral"\n[[flow]]\nmodel = "mistral-7b"\nhardware = "h100"\n'
        "per_month = 1000\ninput_tokens = 800\noutput_tokens = 250\n"
    )
    told = json.loads(run(path, "--json").stdout)["total"]
    line = (
        "--model mistral-7b --hardware h100 --in-tokens 800 --out-tokens 250 --count 1000 --region francecentral"
    )
    assert estimate_line.main([*line.split(), "--json"]) == 0
    single = json.loads(capsys.readouterr().out)
    assert told["energy_kwh"]["p50"] == pytest.approx(single["energy_kwh"]["value"], rel=1e-3)
    assert single["energy_kwh"]["low"] < told["energy_kwh"]["p10"]  # of 90 %, these are of 80 %
    assert told["energy_kwh"]["p90"] < single["energy_kwh"]["high"]
    assert told["carbon_kg"]["location"]["p50"] * 1000 == pytest.approx(
        single["carbon_g"]["location"]["value"], rel=0.15
    )  # the middle of a product of lopsided figures is not the product of their middles
    assert told["carbon_kg"]["embodied"]["p50"] * 1000 == pytest.approx(
        single["carbon_g"]["embodied"]["value"], rel=1e-3
    )


def test_a_cleaner_region_has_fewer_kilograms_and_no_region_none(project, tmp_path):
    here, there = (
        json.loads(run(project, "--json", "--region", name).stdout)["total"] for name in ("sweden", "poland")
    )
    assert here["carbon_kg"]["location"]["p50"] < there["carbon_kg"]["location"]["p50"] / 5
    assert here["energy_kwh"] == there["energy_kwh"]
    bare = tmp_path / "bare.toml"
    bare.write_text(PROJECT.replace('region = "francecentral"\n', ""))
    out = run(bare).stdout
    assert "assumed: no region: no grams" in out
    assert "CO2e" not in out.splitlines()[0]
    assert " g " not in out.splitlines()[1]


def test_machines_that_wait_have_a_line_and_flows_are_told_at_the_plug(project):
    told = run(project).stdout
    assert "say them as [[always_on]]" in told
    project.write_text(
        PROJECT.partition('[[flow]]\nname = "articles"')[0] + '[[always_on]]\nname = "the server"\nwatts = 200\n'
    )
    out = run(project).stdout
    assert "energy at the wall" in out
    assert "the idle of a busy hour is counted twice" in out
    found = json.loads(run(project, "--json").stdout)
    (waits,) = found["always_on"]
    assert waits["total"]["energy_kwh"]["p50"] == pytest.approx(4 * 0.2 * 730.5)
    assert found["total"]["energy_kwh"]["p50"] > waits["total"]["energy_kwh"]["p50"]


def test_flows_of_different_scopes_are_not_added_in_silence(project, tmp_path):
    mixed = tmp_path / "mixed.toml"
    mixed.write_text(PROJECT.replace('hardware = "h100"', 'hardware = "h100"\nscope = "gpu"'))
    with pytest.raises(BadInput, match="do not add: calls the wall, articles the gpu"):
        run(mixed)
    alone = tmp_path / "alone.toml"
    alone.write_text(PROJECT.partition('[[flow]]\nname = "articles"')[0])
    assert "energy of the machine" in run(alone).stdout


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("whisper-tiny", "wisper-tiny"), "calls.toml:7: flow .calls.: .*measured is whisper/whisper-tiny"),
        (('"mistral-7b"', '"mystral"'), "calls.toml:13: flow 'articles': unknown model 'mystral': did you mean"),
        (('"h100"', '"h10000"'), "flow 'articles': unknown hardware 'h10000': did you mean"),
        (("francecentral", "francecentrale"), "unknown region or country .*did you mean 'francecentral'"),
        (("months = 4", "months = 121"), "months is 121; needed is 1 to 120"),
    ],
)  # fmt: skip
def test_what_is_unknown_names_its_flow_its_line_and_the_nearest(project, change, message):
    project.write_text(PROJECT.replace(*change))
    with pytest.raises(JoulemarkError, match=message):
        run(project)


def test_csv_for_programs_and_for_french_spreadsheets(project, tmp_path):
    plain = list(csv.DictReader(io.StringIO(run(project, "--csv").stdout)))
    assert [one["kind"] for one in plain] == ["month"] * 4 + ["total", "flow", "flow"]
    assert float(plain[0]["energy_kwh_p50"]) > 0
    assert plain[0]["embodied_kg_p50"] == ""  # of speech none is known: absent, not zero
    french = list(csv.DictReader(io.StringIO(run(project, "--csv", "--csv-style", "fr").stdout), delimiter=";"))
    assert float(french[0]["energy_kwh_p50"].replace(",", ".")) == float(plain[0]["energy_kwh_p50"])
    (tmp_path / "fr").mkdir()
    (tmp_path / "fr" / "a.txt").write_text("Bonjour")
    out = run("--scan", tmp_path / "fr", "--language", "fr", "--tokenizer", "table", "--csv").stdout
    assert out.splitlines()[1].startswith("text,fr,characters,1,7")
    with pytest.raises(BadInput, match="two answers to one question"):
        run(project, "--csv", "--json")
    with pytest.raises(BadInput, match="unknown CSV style 'english'"):
        run(project, "--csv", "--csv-style", "english")


def test_a_scan_prints_writes_and_is_projected(tmp_path):
    folder = tmp_path / "files"
    (folder / "fr").mkdir(parents=True)
    for at in range(5):
        (folder / "fr" / f"{at}.txt").write_text("Bonjour à tous. " * (at + 1))
    (folder / "bad.json").write_text("{")
    written = tmp_path / "out.toml"
    done = run("--scan", folder, "--tokenizer", "table", "--write", written)
    assert "5 files read in 2 folders, on this machine alone" in done.stdout
    assert "not read: bad.json: is no JSON" in done.stdout
    assert "fr by folders called fr" in done.stdout
    assert "put in place of what nobody has said yet" in run(written).stdout
    with pytest.raises(BadInput, match="is there already"):
        run("--scan", folder, "--write", written)
    found = json.loads(run("--scan", folder, "--json", "--tokenizer", "table").stdout)
    (only,) = found["distributions"]
    assert only["characters"] == {
        "n": 5, "p10": pytest.approx(21.4), "p50": 47.0, "p90": pytest.approx(72.6), "least": 15.0, "most": 79.0,
        "total": 235.0,
    }  # fmt: skip
    assert found["unread"][0]["path"] == "bad.json"


def test_an_empty_folder_falls_short(tmp_path):
    done = run("--scan", tmp_path, "--tokenizer", "table")
    assert done.exit_code == 1
    assert "no sound, video or text" in done.stdout


def test_neither_or_both_are_refused(project, tmp_path):
    for argv in ((), (tmp_path,), (project, "--scan", tmp_path), (project, "--write", tmp_path / "x.toml")):
        with pytest.raises(BadInput, match="needed is"):
            run(*argv)
