"""`joulemark meter`: the command is the command's, the numbers are ours, and neither is ever lost."""

import json
import math
import os
import signal
import subprocess
import sys

import pytest

from bench.stats import t95

SLOW_TO_START_S = 60


def meter(*arguments, stdin=None, **more):
    environment = {**os.environ, "JOULEMARK_METERS": "constant:power_w=100", **more}
    return subprocess.run(
        [sys.executable, "-P", "-m", "bench", "meter", *arguments],
        input=stdin, capture_output=True, env=environment, timeout=SLOW_TO_START_S, check=False,
    )  # fmt: skip


def test_stdout_is_one_object_whatever_the_command_prints():
    """Binary output and stdin pass by; the code of a signal is 128 and its number."""
    done = meter("--json", "--", "sh", "-c", "cat; printf '\\377'; kill -9 $$", stdin=b"hello")

    found = json.loads(done.stdout)
    assert (done.returncode, found["command_exit_code"]) == (137, 137)
    assert b"hello" in done.stderr
    assert [d["basis"] for d in found["domains"]] == ["modelled"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)])
def test_a_signal_is_the_commands_and_its_energy_is_said_all_the_same(number, code):
    """Ctrl-C reaches the command itself, SIGTERM is passed on; neither leaves it behind or its joules unsaid."""
    slept = "import sys, time; print('up', file=sys.stderr, flush=True); time.sleep(2)"
    command = [sys.executable, "-P", "-m", "bench", "meter", "--json", "--", sys.executable, "-c", slept]
    environment = {**os.environ, "JOULEMARK_METERS": "constant:power_w=100"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stderr.readline() == b"up\n"
        process.send_signal(number)
        said = process.communicate(timeout=SLOW_TO_START_S)[0]

    found = json.loads(said)
    took_s = (found["command_end_ns"] - found["command_start_ns"]) * 1e-9
    assert (process.returncode, found["command_exit_code"]) == (code, code)
    assert (took_s < 2) == (number == signal.SIGTERM)
    assert found["domains"][0]["energy_j"] > 0


def test_json_keeps_its_domains_and_adds_the_ledger():
    """Beside the published keys stands the ledger, modelled here, with the building excluded by name."""
    done = meter("--json", "--", "sleep", "0.5")
    found = json.loads(done.stdout)

    [domain] = found["domains"]
    [entry] = found["ledger"]["entries"]
    assert set(domain) == {
        "domain", "device", "boundary", "basis", "energy_j", "low_j", "high_j", "start_ns", "end_ns", "method",
        "witness_j", "components", "freedom", "peers", "over_peers_j", "flags", "reasons",
    }  # fmt: skip
    assert domain["flags"] == ["a test double: 100 W by declaration, not a sensor"]
    assert (entry["basis"], entry["boundary"], entry["domains"]) == ("modelled", "wall", ["wall"])
    assert [entry[k] for k in ("energy_j", "low_j", "high_j")] == [
        domain[k] for k in ("energy_j", "low_j", "high_j")
    ]
    assert [x["what"] for x in found["ledger"]["excluded"]] == ["x PUE"]
    assert (found["ledger"]["pue_ratio"], found["ledger"]["facility"]) == (None, [])


def test_a_pue_factor_stands_beside_the_ledger_and_not_in_it():
    """The entries stay what they were; their product is modelled, and PUE is excluded no more."""
    found = json.loads(meter("--json", "--pue", "1.5", "--", "sleep", "0.5").stdout)["ledger"]

    assert found["facility"][0]["energy_j"] == pytest.approx(1.5 * found["entries"][0]["energy_j"], rel=1e-6)
    assert found["facility"][0]["basis"] == "modelled"
    assert "x PUE" not in [x["what"] for x in found["excluded"]]


@pytest.mark.parametrize("factor", ["0.9", "3.1", "nan", "inf"])
def test_a_pue_factor_of_no_building_is_refused_before_the_command_runs(tmp_path, factor):
    """A mistyped factor costs no hour's command."""
    done = meter("--pue", factor, "--", "touch", str(tmp_path / "ran"))

    assert done.returncode == 2
    assert b"from 1 to 3" in done.stderr
    assert not (tmp_path / "ran").exists()


def test_the_summary_tells_the_ledger_and_each_component():
    """People read the same ledger; --components adds the parts of the interval and how they combine."""
    done = meter("--components", "--pue", "1.2", "--", "sleep", "0.5")
    said = done.stderr.decode()

    assert "measured  nothing: no power sensor was read" in said
    assert "MODELLED  wall 5" in said
    assert "x PUE 1.2 -> wall 6" in said
    assert "add in quadrature" in said
    assert done.stdout == b""


def test_a_command_that_cannot_start_is_125_and_an_object():
    """A script that reads stdout finds the reason there."""
    done = meter("--json", "--", "/no/such/command")

    assert done.returncode == 125
    assert "could not be started" in json.loads(done.stdout)["error"]["message"]


def test_a_mistyped_option_is_not_taken_for_a_command():
    """The nearest option is offered before anything is measured."""
    done = meter("--jsno", "--", "true")

    assert done.returncode == 2
    assert b"'--json'" in done.stderr


def test_a_folder_that_cannot_be_made_is_said_before_the_command_runs(tmp_path):
    """An hour's command is not run in vain."""
    (tmp_path / "file").write_text("in the way")

    done = meter("--out", str(tmp_path / "file"), "--", "touch", str(tmp_path / "ran"))

    assert done.returncode == 2
    assert not (tmp_path / "ran").exists()
    assert b"Traceback" not in done.stderr


@pytest.mark.slow
def test_an_interval_follows_from_its_components_and_degrees_of_freedom(nvml_sim):
    """As docs/method.md says it, by a reader who has the JSON alone."""
    boards = (["name Simulated T4", "instant_window_ms 100"], ["name Simulated A100", "instant_window_ms 25"])
    environment = nvml_sim.environment(*(["point 0 100", "noise_mw 2000 5", *own] for own in boards))

    done = meter("--json", "--", "sleep", "2", **{**environment, "JOULEMARK_METERS": "nvml"})

    for one in json.loads(done.stdout)["domains"]:
        low_j, high_j = (one["components"].pop(f"unseen_{side}_j", 0.0) for side in ("low", "high"))
        u_j = math.hypot(*one["components"].values())
        weight = sum(one["components"][name] ** 4 / nu for name, nu in one["freedom"].items())
        k = t95(u_j**4 / weight) if weight else 1.96
        assert one["low_j"] == pytest.approx(one["energy_j"] - k * u_j - low_j, rel=1e-4)
        assert one["high_j"] == pytest.approx(one["energy_j"] + k * u_j + high_j, rel=1e-4)


@pytest.mark.slow
def test_a_module_s_power_is_no_gpu_s_and_counted_once(nvml_sim):
    """Where a driver tells the whole module's power alone, two boards may tell the same joules."""
    board = [
        "name NVIDIA GB200",
        "scope module",
        "error counter 3",
        "point 0 700",
        "noise_mw 2000 5",
        "limit_w 1200",
    ]

    done = meter(
        "--json", "--", "sleep", "1", **{**nvml_sim.environment(board, board), "JOULEMARK_METERS": "nvml"}
    )

    found = json.loads(done.stdout)
    assert [(d["domain"], d["boundary"]) for d in found["domains"]] == [
        ("module:0", "platform"),
        ("module:1", "platform"),
    ]
    for one in found["domains"]:
        truth_j = 700 * (one["end_ns"] - one["start_ns"]) * 1e-9
        assert one["low_j"] <= truth_j <= one["high_j"]
        assert any(flag.startswith("the module's power") for flag in one["flags"])
    assert [(e["boundary"], e["energy_j"]) for e in found["ledger"]["entries"]] == [("platform", None)]
    assert "gpu" not in [x["what"] for x in found["ledger"]["excluded"]]


@pytest.mark.slow
def test_replayed_readings_are_no_figure_of_this_machine(tmp_path):
    """What another command took is void when it is played again, sealed so, and proven so."""
    meter("--out", str(tmp_path), "--", "sleep", "0.5")
    (recorded,) = (tmp_path / "runs").iterdir()

    done = meter(
        "--json", "--out", str(tmp_path), "--", "sleep", "0.5", JOULEMARK_METERS=f"replay:path={recorded}"
    )
    checked = subprocess.run(
        [sys.executable, "-P", "-m", "bench", "verify", str(tmp_path)], capture_output=True, text=True, check=False
    )

    found = json.loads(done.stdout)
    assert (
        [d["energy_j"] for d in found["domains"]] == [e["energy_j"] for e in found["ledger"]["entries"]] == [None]
    )
    assert found["domains"][0]["reasons"][0].startswith("replayed readings: they were recorded elsewhere")
    assert checked.returncode == 0, checked.stdout


@pytest.mark.slow
def test_a_board_lost_meanwhile_is_void_and_verifies(nvml_sim, tmp_path):
    """What is sealed follows from its readings and its faults, the lost board's gap too."""
    environment = nvml_sim.environment(["point 0 100", "error all 15 1.5 1e9"], ["point 0 50"])
    given = {**environment, "JOULEMARK_METERS": "nvml"}

    done = meter("--json", "--out", str(tmp_path), "--", "sleep", "2", **given)
    checked = subprocess.run(
        [sys.executable, "-P", "-m", "bench", "verify", str(tmp_path)], capture_output=True, text=True, check=False
    )

    lost, other = json.loads(done.stdout)["domains"]
    assert (lost["domain"], lost["energy_j"]) == ("gpu:0", None)
    assert other["energy_j"] == pytest.approx(50.0 * (other["end_ns"] - other["start_ns"]) * 1e-9, rel=0.01)
    assert checked.returncode == 0, checked.stdout
