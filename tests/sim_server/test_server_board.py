"""The simulated board of a simulated server: what a meter reads is what the truth log says, and whose it is."""

import json
import math
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest
from sim.served import simulated_server
from sim.truth import live_curve
from sim_server.client import ask, complete, generate

DRIVER = Path(__file__).parents[1] / "sim" / "meter_driver.py"
PHYSICS = (
    "--request-s", "0.01", "--prefill-token-s", "1e-3", "--decode-step-s", "6e-3", "--prefill-w", "310",
    "--decode-w", "130", "--load-s", "0.2", "--mode", "mixed", "--chunk-tokens", "8",
)  # fmt: skip
TICK_S = 0.1


def look(environment, work, duration_s, *options):
    """What the unmodified meter sees, while this process calls `work` again and again."""
    command = [sys.executable, str(DRIVER), "nvml", str(duration_s), "0.01", *options]
    with tempfile.TemporaryFile() as said, subprocess.Popen(command, env=environment, stdout=said) as process:
        while process.poll() is None:
            work()
        said.seek(0)
        return json.load(said)["observations"]


def last(seen, name):
    return [o["value"] for o in seen if o.get("name") == name][-1]


def test_the_counter_shows_the_truth_of_the_log(nvml_sim, tmp_path):
    """Loading, prompts, decoding, mixed steps, rests and unloading: at every tick of a second and a half."""
    with simulated_server(tmp_path, *PHYSICS, "--unloaded") as served:
        epoch_ns = int(served.head[0].split()[1])
        environment = nvml_sim.environment(served.statements, head=served.head)

        def work():
            others = [threading.Thread(target=complete, args=(served.url, n)) for n in (3, 9)]
            for one in others:
                one.start()
            generate(served.url, 5, "word " * 20, keep_alive="30ms")
            for one in others:
                one.join()
            time.sleep(0.1)

        seen = look(environment, work, 1.5, f"own_pids={served.pid}")
    truth = served.truth()
    curve = live_curve(tmp_path / "board.bin", 60.0)

    assert {step.kind for step in truth.steps} == {"load", "prefill", "decode", "mixed"}
    found = [((o["t_ns"] - epoch_ns) * 1e-9, o["value"]) for o in seen if o.get("field") == "counter"]
    ticks = {math.floor(t / TICK_S): value for t, value in found if 0.005 < t % TICK_S < 0.095}
    assert len(ticks) > 10
    for tick, value in ticks.items():
        end_ns = epoch_ns + round(tick * TICK_S * 1e9)
        assert value == pytest.approx(truth.energy_j(epoch_ns, end_ns), abs=2e-3)
        assert value == pytest.approx(curve.energy_j(0, tick * TICK_S), abs=2e-3)
    assert (last(seen, "own_processes"), last(seen, "foreign_processes")) == (1, 0)
    assert sum(step.kind == "load" for step in truth.steps) > 1
    assert [level.level_w for level in truth.levels][:4] == [60.0, 90.0, 60.0, 90.0]


def test_to_others_the_board_is_anothers(nvml_sim, tmp_path):
    """NVML names the server's process on it, which is foreign to a process beside it."""
    with simulated_server(tmp_path) as served, subprocess.Popen(["sleep", "30"]) as other:
        environment = nvml_sim.environment(served.statements, head=served.head)
        seen = look(environment, lambda: ask(served.url, "/health"), 0.15, f"own_pids={other.pid}")
        other.kill()

    assert (last(seen, "own_processes"), last(seen, "foreign_processes")) == (0, 1)
