"""The peers themselves, unmodified, beside ours on a simulated board of 200 W."""

import json
import subprocess
import sys

import pytest

from bench.files.registry import load_witness

TICK_J = 0.1 * 200.0  # a counter that is read between two of its ticks is late by less than one


@pytest.mark.slow
@pytest.mark.parametrize("name", ["codecarbon", "zeus"])
def test_a_peer_is_within_a_tick_of_the_truth_over_its_span(name, nvml_sim):
    """Its board is ours by number, its joules are joules, and its span is the one that is told."""
    check = load_witness(name).check()
    if check.status == "missing":
        pytest.skip(f"{check.reason}: {check.remedy}")
    environment = nvml_sim.environment(["point 0 50"], ["point 0 200"])
    hidden = {**environment, "JOULEMARK_METERS": "nvml", "CUDA_VISIBLE_DEVICES": "1"}

    done = subprocess.run(
        [sys.executable, "-P", "-m", "bench", "meter", "--json", "--witness", name, "--", "sleep", "1"],
        capture_output=True, text=True, env=hidden, timeout=120, check=True,
    )  # fmt: skip

    found = {d["domain"]: d for d in json.loads(done.stdout)["domains"]}
    assert found["gpu:1"]["peers"][name] == pytest.approx(found["gpu:1"]["over_peers_j"][name], abs=1.5 * TICK_J)
    assert found["gpu:0"]["peers"][name] == pytest.approx(found["gpu:0"]["over_peers_j"][name], abs=TICK_J)
    assert found["gpu:1"]["peers"][name] > 200.0 - TICK_J
