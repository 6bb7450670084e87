"""The real command on a simulated board that others use, whose limit moves, and whose work cannot be true."""

import json
import subprocess
import sys

import pytest

CELL = "echo/mistral-160m:fp32/prompt-32-8"
SHORT = ["--window-s", "1.0", "--windows", "1", "--idle-s", "2.4", "--warmup-s", "0.1"]
BOARD = "GPU-00000000-0000-0000-0000-00000000000a"
OTHERS = ["process 4194304 1024", "memory_bytes 3e9", "utilisation 30"]
FALLING_LIMIT = ["limit_point 0 300", "limit_point 60 200"]


@pytest.mark.slow
def test_what_voids_a_board_is_found_by_the_meter_and_proven_by_verify(nvml_sim, tmp_path):
    """Others hold 2 GB before loading and use the board at rest; steps of 10 GB take 0.1 ms; its limit falls."""
    environment = nvml_sim.environment([f"uuid {BOARD}", "point 0 100", *OTHERS, *FALLING_LIMIT])
    given = {**environment, "JOULEMARK_METERS": "nvml"}
    echo = f"device={BOARD},per_output_token_s=0.0001,weight_bytes_per_step=10000000000"

    def joulemark(*arguments):
        command = [sys.executable, "-P", "-m", "bench", *arguments]
        return subprocess.run(command, capture_output=True, text=True, env=given, timeout=120, check=False)

    done = joulemark("run", CELL, *SHORT, "--out", str(tmp_path), "--json", "--weights-path", echo)
    checked = joulemark("verify", str(tmp_path))

    [sealed] = [json.loads(path.read_text()) for path in tmp_path.glob("runs/*/run.json")]
    found = {v["name"]: v for v in sealed["verdicts"]}
    assert done.returncode == 1, done.stderr
    assert checked.returncode == 0, checked.stdout
    assert {name for name, v in found.items() if v["level"] == "void"} == {
        "busy board", "foreign processes", "power limit changed", "faster than memory", "below the cost of memory",
    }  # fmt: skip
    assert "1837 MiB of its memory were held" in found["foreign processes"]["evidence"]
    assert "ids are not this container's" in found["foreign processes"]["evidence"]
    assert (found["foreign processes"]["domain"], found["faster than memory"]["domain"]) == ("gpu:0", None)
