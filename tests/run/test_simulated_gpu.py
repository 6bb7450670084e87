"""The real command on simulated GPUs whose truth is known: two boards, one at work, one that dies."""

import json
import subprocess
import sys

import pytest

CELLS = ["echo/mistral-160m:fp32/prompt-32-8", "echo/mistral-160m:fp32/prompt-256-64"]
SHORT = ["--window-s", "1.0", "--windows", "2", "--idle-s", "1.0", "--warmup-s", "0.1"]
FIRST, SECOND = "GPU-00000000-0000-0000-0000-00000000000a", "GPU-00000000-0000-0000-0000-00000000000b"


def joulemark(environment, *arguments, meters="nvml"):
    done = subprocess.run(
        [sys.executable, "-P", "-m", "bench", *arguments],
        capture_output=True, text=True, env={**environment, "JOULEMARK_METERS": meters}, timeout=120, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return done


def energies(out, phase):
    found = []
    for path in sorted(out.glob("runs/*/run.json")):
        found += [e for e in json.loads(path.read_text())["energies"] if e["phase"] == phase]
    return found


@pytest.mark.slow
def test_the_board_at_work_has_coefficients_and_the_other_stands_apart(nvml_sim, tmp_path):
    """The second board's UUID is the engine's: its energy is fitted, the first is reported and never summed."""
    environment = nvml_sim.environment([f"uuid {FIRST}", "point 0 50"], [f"uuid {SECOND}", "point 0 200"])

    done = joulemark(
        environment, "run", *CELLS, *SHORT, "--out", str(tmp_path), "--json", "--weights-path", f"device={SECOND}"
    )
    fitted = json.loads(joulemark(environment, "fit", str(tmp_path), "--json").stdout)["coefficients"]

    assert done.returncode == 0, done.stderr
    work = energies(tmp_path, "work")
    for domain, power_w in (("gpu:0", 50.0), ("gpu:1", 200.0)):
        for e in [e for e in work if e["domain"] == domain]:
            truth_j = power_w * (e["end_ns"] - e["start_ns"]) * 1e-9
            assert e["low_j"] <= truth_j <= e["high_j"]
            assert e["energy_j"] == pytest.approx(truth_j, rel=0.02)
    assert [(c["boundary"], c["key"]["power_limit_w"]) for c in fitted] == [("gpu", 300.0)]
    assert fitted[0]["terms"]["idle_resident"]["value"] == pytest.approx(200.0, rel=0.02)


@pytest.mark.slow
def test_a_board_that_dies_mid_run_voids_its_cell_and_the_run_goes_on(nvml_sim, tmp_path):
    """GPU is lost after some seconds: a void cell with the driver's words, exit 1, and the next cell is tried."""
    import time

    epoch_ns = time.monotonic_ns()
    environment = nvml_sim.environment(
        [f"uuid {FIRST}", "point 0 100", "error all 15 5 1e9"], head=[f"epoch_ns {epoch_ns}"]
    )

    done = joulemark(
        environment, "run", *CELLS, *SHORT, "--out", str(tmp_path), "--json", "--weights-path", f"device={FIRST}"
    )

    cells = json.loads(done.stdout)["cells"]
    assert done.returncode == 1
    assert [c["cell"] for c in cells] == CELLS
    assert cells[0]["status"] == "void"
    assert "lost" in cells[0]["reason"].lower()
    assert cells[1]["status"] in ("void", "failed")


def test_a_slice_alone_is_no_sensor(nvml_sim):
    """MIG: the whole board's watts are not the slice's. Nothing else was asked for: exit 3, and no number."""
    environment = nvml_sim.environment([f"uuid {FIRST}", "point 0 100", "mig 1"])

    done = joulemark(environment, "meter", "--json", "--", sys.executable, "-c", "print('out')")

    error = json.loads(done.stdout)["error"]
    assert (done.returncode, error["kind"]) == (3, "NoSensor")
    assert "none of them reads anything here" in error["message"]
    assert "MIG is on" in error["message"]
    assert "out" not in done.stderr.split()  # the command never ran


def test_a_slice_beside_what_can_be_read_is_excluded_with_its_reason(nvml_sim):
    """The command runs and the host is modelled; the slice stands there without a number."""
    environment = nvml_sim.environment([f"uuid {FIRST}", "point 0 100", "mig 1"])

    done = joulemark(
        environment,
        "meter",
        "--json",
        "--",
        sys.executable,
        "-c",
        "print('out')",
        meters="nvml,constant:power_w=9",
    )

    assert done.returncode == 0, done.stderr
    domains = {d["domain"]: d for d in json.loads(done.stdout)["domains"]}
    slice_ = domains.pop("gpu:0")
    assert (slice_["basis"], slice_["energy_j"], slice_["low_j"], slice_["high_j"]) == (
        "excluded",
        None,
        None,
        None,
    )
    assert "MIG" in slice_["reasons"][0]
    assert [(d["basis"], d["energy_j"] > 0) for d in domains.values()] == [("modelled", True)]
