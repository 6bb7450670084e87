import csv
import json
import subprocess
import sys

import pytest
import typer

from bench.cli import estimate_line
from bench.cli.app import app
from bench.files.config import places

LINE = ["--model", "llama-3.1-8b", "--in_tok", "1155", "--out_tok", "211", "--hardware", "h100"]


def run(capsys, *argv):
    code = estimate_line.main([*argv])
    return code, *capsys.readouterr()


def test_both_readers_know_the_same_options():
    command = typer.main.get_command(app).commands["estimate"]
    declared = {name for one in command.params for name in one.opts if name != "--help"}
    known = {f"--{n.replace('_', '-')}" for n in (*estimate_line._VALUED, *estimate_line.FLAGS)}
    assert declared == known | {f"--{name}" for name in estimate_line._ALSO}


def test_a_process_loads_neither_numpy_nor_pydantic():
    code = (
        "import sys; from bench.__main__ import main\n"
        f"sys.argv = ['joulemark', 'estimate', *{LINE!r}, '--region', 'usa', '--shadow', '--json']\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code\n"
        "heavy = {'numpy', 'pydantic', 'pandas', 'scipy', 'torch', 'typer', 'rich'} & set(sys.modules)\n"
        "sys.exit(f'loaded: {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=places().checkout)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["schema_version"] == 1


def test_json_has_the_shape_that_others_rely_on(capsys):
    code, out, _ = run(capsys, *LINE, "--region", "usa", "--count", "1000", "--json", "--explain", "--shadow")
    found = json.loads(out)
    assert code == 0
    assert next(iter(found)) == "schema_version"
    assert found["count"] == 1000
    assert set(found["carbon_g"]) == {"location", "market", "embodied"}
    assert found["carbon_g"]["market"] is None
    for one in (found["energy_kwh"], found["carbon_g"]["location"], found["carbon_g"]["embodied"]):
        assert 0 < one["low"] < one["value"] < one["high"]
    assert set(found["terms"]) == {"input", "output", "host", "idle_share"}
    assert sum(found["terms"].values()) == pytest.approx(found["energy_kwh"]["value"])
    assert any("Our World in Data" in line for line in found["rests_on"])
    assert any("coefficient" in line for line in found["chain"])
    assert {one["rival"].split(":")[0] for one in found["shadow"]} == {"rival"}
    assert len(found["shadow"]) == 5


def test_people_read_what_is_synthetic_and_what_is_modelled(capsys):
    _, out, _ = run(capsys, "--model=mistral-160m", "--in-tokens=32", "--out-tokens=64", "--region=francecentral")
    assert "synthetic weights" in out
    assert "modelled host power" in out
    assert "g CO2e" in out
    assert "run 2026" not in out  # that is for --explain


def test_explain_goes_down_to_the_runs(capsys):
    _, out, _ = run(capsys, "--model", "mistral-160m", "--in-tokens", "32", "--out-tokens", "64", "--explain")
    assert "run 20261121T" in out
    assert "J/token, modelled × 64" in out
    assert "no region: no grams" in out


def test_a_place_of_ones_own(capsys):
    _, out, _ = run(capsys, *LINE, "--pue", "1.5", "--g-per-kwh", "100", "--json")
    found = json.loads(out)
    assert found["carbon_g"]["location"]["value"] == pytest.approx(found["energy_kwh"]["value"] * 150)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ([*LINE, "--region", "usa", "--market-factor", "12"], "a contract's figure needs its kind"),
        ([*LINE, "--region", "usa", "--market-factor", "12", "--market-kind", "ppo"], "did you mean 'ppa'"),
        ([*LINE, "--market-factor", "12", "--market-kind", "ppa"], "no region"),
        ([*LINE, "--region", "usa", "--market-factor", "-1", "--market-kind", "ppa"], "market_factor: "),
        ([*LINE, "--csv", "--csv-style", "fre"], "did you mean 'fr'"),
        ([*LINE, "--lang"], "--lang stands without a value"),
        ([*LINE, "--lang", "de"], "unknown language 'de'"),
        (["--modle", "x"], "did you mean '--model'"),
        (["--model"], "stands without a value"),
        (["--model", "a", "--model", "b"], "said twice"),
        ([], "model is missing"),
        ([*LINE, "--region", "frnce"], "did you mean 'france'"),
        ([*LINE, "--pue", "1.2"], "give either a region"),
        ([*LINE, "--grid", "lifecycle"], "did you mean 'life_cycle'"),
        ([*LINE, "--region", "france", "--grid", "direct"], "no factor that is"),
        ([*LINE, "--chars", "9k"], "chars is '9k'"),
        ([*LINE, "--results", "/nowhere"], "no coefficients"),
        (["--model", "whisper-tiny", "--audio-seconds", "9", "--shadow"], "rivals count tokens alone"),
    ],
)
def test_bad_lines_are_one_line_and_code_2(capsys, argv, message):
    code, out, err = run(capsys, *argv)
    assert code == 2
    assert not out
    assert message in err
    assert len(err.strip().splitlines()) == 1


def test_errors_are_json_where_json_was_asked_for(capsys):
    code, out, _ = run(capsys, "--model", "gpt-4o", "--out-tokens", "1", "--json")
    assert code == 2
    assert json.loads(out)["error"]["kind"] == "UnknownName"


def test_results_of_ones_own_are_measured_cells(capsys):
    folder = places().checkout / "results" / "engines" / "cpu-2-threads"
    _, out, _ = run(capsys, "--model", "intent-lstm", "--count", "1000", "--results", str(folder))
    assert "measured cell" in out


def test_what_a_simulated_sensor_said_is_called_that(capsys):
    folder = places().checkout / "results" / "simulated" / "servers"
    line = ["--model", "simulated-model", "--in-tokens", "50", "--out-tokens", "50", "--results", str(folder)]
    assert "simulated sensors" in run(capsys, *line)[1]


def test_a_contract_stands_beside_the_grid_and_says_its_kind(capsys):
    contract = ["--region", "usa", "--market-factor", "12.5", "--market-kind", "ppa"]
    found = json.loads(run(capsys, *LINE, *contract, "--json")[1])
    grid, market = found["carbon_g"]["location"], found["carbon_g"]["market"]
    built = json.loads(run(capsys, *LINE, "--region", "usa", "--json")[1])["carbon_g"]
    assert built["location"] == grid
    assert market["value"] < grid["value"]
    assert any("power purchase agreement, stated by the user" in note for note in found["notes"])
    table = run(capsys, *LINE, *contract)[1]
    assert "average, direct, production, market-based" in " ".join(table.split())


def test_without_a_contract_the_answer_says_why_there_is_no_figure(capsys):
    found = json.loads(run(capsys, *LINE, "--region", "usa", "--json")[1])
    assert any(note.startswith("no market-based grams: no contract") for note in found["notes"])


@pytest.mark.parametrize(
    ("style", "delimiter", "decimal"), [((), ",", "."), (("--csv-style", "fr"), ";", ",")], ids=["plain", "fr"]
)
def test_csv_holds_the_figures_of_the_json(capsys, style, delimiter, decimal):
    line = [*LINE, "--region", "usa", "--shadow"]
    found = json.loads(run(capsys, *line, "--json")[1])
    _, out, _ = run(capsys, *line, "--csv", *style)
    rows = {row["figure"]: row for row in csv.DictReader(out.splitlines(), delimiter=delimiter)}
    for name, one in (("energy", found["energy_kwh"]), ("carbon_location", found["carbon_g"]["location"])):
        for bound, value in one.items():
            assert float(rows[name][bound].replace(decimal, ".")) == pytest.approx(value, rel=1e-6)
    assert rows["output"]["low"] == ""
    assert sum(name.startswith("rival: ") for name in rows) == len(found["shadow"])
