"""A board whose power follows what a program does: the meter's readings against what the program drew."""

import itertools
import json
import math
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from fakes import FakeClock
from sim.live import LiveLoad
from sim.powercap import SimulatedZone

SIM = Path(__file__).parents[1] / "sim"
IDLE_W, BUSY_W = 70.0, 320.0


def look(environment, work, meter, *options):
    """What the unmodified meter sees in 1.5 s, while this process calls `work` again and again."""
    command = [sys.executable, str(SIM / "meter_driver.py"), meter, "1.5", "0.01", *options]
    with tempfile.TemporaryFile() as said, subprocess.Popen(command, env=environment, stdout=said) as process:
        while process.poll() is None:
            work()
        said.seek(0)
        return json.load(said)["observations"]


def requests(load):
    """Requests of milliseconds to a third of a second, by turns, with rests."""
    durations = itertools.cycle((0.004, 0.03, 0.11, 0.3))

    def work():
        load.busy(next(durations))
        time.sleep(0.03)

    return work


def readings(seen, domain, field, epoch_ns):
    return [
        ((o["t_ns"] - epoch_ns) * 1e-9, o["value"])
        for o in seen
        if (o["domain"], o.get("field")) == (domain, field)
    ]


def test_boards_draw_what_the_program_does(nvml_sim, tmp_path):
    """A counter that sees all, a gated one, and the average: each follows the appended records in closed form."""
    load = LiveLoad(tmp_path / "load", time.monotonic_ns(), IDLE_W, BUSY_W)
    environment = nvml_sim.environment(
        load.statements, [*load.statements, "counter_window_ms 25"], head=[f"epoch_ns {load.epoch_ns}"]
    )
    seen = look(environment, requests(load), "nvml")
    curve = load.curve()

    def gated_j(tick):
        return sum(curve.mean_w(k * 0.1, 0.025) * 0.1 for k in range(1, tick + 1))

    def average_w(tick):
        return curve.mean_w(tick * 0.1, 1.0)

    expected = {
        ("gpu:0", "counter"): lambda tick: curve.energy_j(0, tick * 0.1),
        ("gpu:1", "counter"): gated_j,
        ("gpu:0", "average"): average_w,
    }
    for (domain, field), shown in expected.items():
        found = readings(seen, domain, field, load.epoch_ns)
        ticks = {math.floor(t * 1e3 / 100): value for t, value in found if 5 < t * 1e3 % 100 < 95}
        assert len(ticks) > 10
        for tick, value in ticks.items():
            assert value == pytest.approx(shown(tick), abs=2e-3), (domain, field, tick)
    assert load.energy_j(load.epoch_ns, load.epoch_ns + round(1e9)) > IDLE_W + 1


def test_a_package_draws_what_the_program_does(powercap_sim, tmp_path):
    """RAPL's counter at its own millisecond, read while the file grows."""
    load = LiveLoad(tmp_path / "load", time.monotonic_ns(), IDLE_W, BUSY_W)
    environment = powercap_sim.environment(
        SimulatedZone(folder="intel-rapl:0", name="package-0", statements=load.statements),
        head=[f"epoch_ns {load.epoch_ns}"],
    )
    seen = look(environment, requests(load), "rapl", f"powercap_root={powercap_sim.root}")
    curve = load.curve()

    found = readings(seen, "cpu-package:0", "counter", load.epoch_ns)
    assert len(found) > 50
    for t, value in found:
        # the moment of the read lies within 2 ms of its stamp, and the counter is a millisecond old at most
        assert curve.energy_j(0, t - 0.003) - 1e-3 <= value <= curve.energy_j(0, t + 0.002) + 1e-3


def test_a_record_of_the_past_mends_a_gated_counter(nvml_sim, tmp_path):
    """Ticks that were added up before the record arrived are added up anew."""
    epoch_ns = time.monotonic_ns() - 2_000_000_000
    load = LiveLoad(tmp_path / "load", epoch_ns, IDLE_W, BUSY_W)
    environment = nvml_sim.environment([*load.statements, "counter_window_ms 25"], head=[f"epoch_ns {epoch_ns}"])
    late = LiveLoad(load.path, epoch_ns, IDLE_W, BUSY_W, clock_ns=lambda: epoch_ns + 1_000_000_000)

    def work():
        time.sleep(0.8)
        if not load.path.exists():
            late.switch(BUSY_W)

    seen = look(environment, work, "nvml")

    t, value = readings(seen, "gpu:0", "counter", epoch_ns)[-1]
    tick = math.floor(t * 1e3 / 100)
    # the switch lies 0.2 ms after a second: the tick at 1.0 s saw idle alone
    assert value == pytest.approx(0.1 * (10 * IDLE_W + (tick - 10) * BUSY_W), abs=2e-3)


def test_a_load_says_beforehand_what_it_will_draw(tmp_path):
    """Both ends of a busy span are written before it begins, and `busy` returns after its end."""
    clock = FakeClock(5_000_000_000)
    load = LiveLoad(tmp_path / "load", 0, IDLE_W, BUSY_W, clock.clock_ns, clock.sleep)
    before = load.curve()
    start_ns, end_ns = load.busy(0.25)

    assert before.energy_j(0, 1) == IDLE_W
    assert 0 < start_ns - 5_000_000_000 <= 1_000_000
    assert end_ns == start_ns + 250_000_000 <= clock.now_ns
    assert load.energy_j(start_ns, end_ns) == pytest.approx(0.25 * BUSY_W)
    assert load.energy_j(0, 10_000_000_000) == pytest.approx(10 * IDLE_W + 0.25 * (BUSY_W - IDLE_W))
