"""`joulemark meter`: the command is the command's, the numbers are ours, and neither is ever lost."""

import json
import os
import subprocess
import sys

import pytest

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
def test_a_board_lost_meanwhile_is_void_and_verifies(nvml_sim, tmp_path):
    """What is sealed follows from its readings and its faults, the lost board's gap too."""
    environment = nvml_sim.environment(["point 0 100", "error all 15 1.5 1e9"], ["point 0 50"])
    given = {**environment, "JOULEMARK_METERS": "nvml"}

    done = meter("--json", "--out", str(tmp_path), "--", "sleep", "2", **given)
    checked = subprocess.run(
        [sys.executable, "-P", "-m", "bench", "verify", str(tmp_path)], capture_output=True, text=True, check=False
    )

    energies = {d["domain"]: d["energy_j"] for d in json.loads(done.stdout)["domains"]}
    assert energies["gpu:0"] is None
    assert energies["gpu:1"] == pytest.approx(100.0, rel=0.15)
    assert checked.returncode == 0, checked.stdout
