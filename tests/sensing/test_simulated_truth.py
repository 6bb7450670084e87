"""The whole way from a simulated board's power to the energy of a window, against the closed form."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sim.truth import Curve

from bench.nouns import Trace, Window
from bench.physics.energy import window_energies
from bench.sensing.sampler import Sampler

DRIVER = Path(__file__).parents[1] / "sim" / "nvml_driver.py"
SQUARE = Curve(((0, 80), (0.35, 80), (0.35, 300), (0.7, 300)), repeat_s=0.7)
RAMP = Curve(((0, 50), (2, 450)), repeat_s=2.0)


def test_a_window_holds_the_energy_that_the_board_drew(nvml_sim, monkeypatch):
    """A second of load between rests: the joules of the span that is given are the truth of that span."""
    epoch_ns = time.monotonic_ns()
    # a sampler's process starts in half a second, on a busy machine in more
    load = Curve(((0, 70), (2.0, 70), (2.0, 320), (3.0, 320), (3.0, 70)))
    environment = nvml_sim.environment(load.statements, head=[f"epoch_ns {epoch_ns}"])
    for name in ("LD_LIBRARY_PATH", "NVML_SIM_CONFIG"):
        monkeypatch.setenv(name, environment[name])
    with Sampler({"nvml": {}}, 0.05) as sampler:
        for edge_s in (2.0, 3.0):
            time.sleep(max(0.0, edge_s - (time.monotonic_ns() - epoch_ns) * 1e-9))
            sampler.mark()
        time.sleep(0.35)
        trace = Trace(observations=sampler.collect(), windows=(_window(epoch_ns, 2.0, 3.0),))
        (energy,) = window_energies(trace, sampler.sources)

    span_s = ((energy.start_ns - epoch_ns) * 1e-9, (energy.end_ns - epoch_ns) * 1e-9)
    assert energy.method == "counter"
    # each edge is known to the 5 ms between two looks, at 70 W beside the load
    assert energy.energy_j == pytest.approx(load.energy_j(*span_s), abs=2 * 0.010 * 320)
    assert energy.low_j < load.energy_j(*span_s) < energy.high_j
    assert span_s[0] <= 2.0
    assert span_s[1] >= 3.0


def _window(epoch_ns, start_s, end_s):
    start_ns, end_ns = (epoch_ns + round(s * 1e9) for s in (start_s, end_s))
    return Window(phase="work", label="1", start_ns=start_ns, end_ns=end_ns)


@pytest.mark.parametrize("curve", [SQUARE, RAMP], ids=["square", "ramp"])
def test_the_simulated_sensor_says_what_it_declares(nvml_sim, curve):
    """Counter, gated counter, gain, average and lag follow from the curve at their own ticks and windows."""
    epoch_ns = time.monotonic_ns()
    environment = nvml_sim.environment(
        curve.statements,
        [*curve.statements, "counter_window_ms 25", "gain 1.05"],
        [*curve.statements, "lag_ms 30", "instant_window_ms 25", "average_window_ms 400"],
        head=[f"epoch_ns {epoch_ns}"],
    )
    done = subprocess.run(
        [sys.executable, str(DRIVER), "1.2", "0.03", ""], env=environment, capture_output=True, check=True
    )
    seen = json.loads(done.stdout)["observations"]

    def last_of(domain, field):
        one = [o for o in seen if (o["domain"], o.get("field")) == (domain, field)][-1]
        t = (one["t_ns"] - epoch_ns) * 1e-9
        return one["value"], t - t % 0.1

    value, tick = last_of("gpu:0", "counter")
    assert value == pytest.approx(curve.energy_j(0, tick), abs=2e-3)
    value, tick = last_of("gpu:1", "counter")
    gated = sum(curve.energy_j(k / 10 - 0.025, k / 10) * 4 for k in range(1, round(tick * 10) + 1))
    assert value == pytest.approx(1.05 * gated, rel=1e-4)
    value, tick = last_of("gpu:2", "average")
    assert value == pytest.approx(curve.energy_j(tick - 0.43, tick - 0.03) / 0.4, rel=1e-4)
    value, tick = last_of("gpu:2", "instant")
    assert value == pytest.approx(curve.energy_j(tick - 0.055, tick - 0.03) / 0.025, rel=1e-4)
