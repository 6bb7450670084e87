"""The unmodified NVML meter, through the real nvidia-ml-py, against a simulated library."""

import json
import os
import signal
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from bench.meters.nvml.meter import due_ns

DRIVER = Path(__file__).parents[1] / "sim" / "nvml_driver.py"
NOT_SUPPORTED, TIMEOUT, GPU_IS_LOST, NOT_READY = 3, 10, 15, 27


def look(environment, seconds=0.3, period_s=0.02, own_pids=""):
    """What the meter says of the boards that the environment declares."""
    done = subprocess.run(
        [sys.executable, str(DRIVER), str(seconds), str(period_s), own_pids],
        env=environment, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    return json.loads(done.stdout)


def values(said, domain, name):
    """The values of a field or condition, in time order."""
    key = (name, domain)
    return [o["value"] for o in said["observations"] if (o.get("field", o.get("name")), o["domain"]) == key]


@pytest.fixture(scope="module")
def stranger():
    """A process that neither started these tests nor was started by them: its parent has left it."""
    left = subprocess.run(
        ["sh", "-c", "sleep 600 >/dev/null 2>&1 & echo $!"], capture_output=True, text=True, check=True
    )
    yield int(left.stdout)
    os.kill(int(left.stdout), signal.SIGTERM)


@pytest.fixture(scope="module")
def steady(nvml_library, tmp_path_factory, stranger):
    """Boards of every class, one after the other, at a steady 70 W, looked at once for all tests below."""
    from sim.build import NvmlSim

    sim = NvmlSim(nvml_library, tmp_path_factory.mktemp("boards"))
    power = "point 0 70"
    own = [f"process {pid} 1024" for pid in (os.getpid(), os.getppid())]
    foreign = f"process {stranger} 1024"
    return look(
        sim.environment(
            [power, "name A100", "uuid GPU-a", "limit_w 400", "counter_start_mj 5e9", "event 4", foreign, *own],
            [power, "mig 1"],
            [power, "virtualization 2"],
            [power, "virtualization 1", f"error counter {NOT_SUPPORTED}"],
            [power, f"error instant {NOT_SUPPORTED}"],
            [power, f"error instant {NOT_SUPPORTED}", f"error average {NOT_SUPPORTED}"],
            [power, *(f"error {call} {NOT_READY}" for call in ("counter", "instant", "average", "usage"))],
            [power, "scope module", f"error counter {NOT_SUPPORTED}"],
            [power, "scope module"],
            [f"error handle {GPU_IS_LOST}"],
            [power, f"error temperature {NOT_SUPPORTED}", f"error processes {NOT_SUPPORTED}"],
            [power, "process 4194304 1"],
            [power, "virtualization 3"],
            [power, *(f"error {call} {NOT_SUPPORTED}" for call in ("counter", "instant", "average"))],
        ),
        seconds=1.0,
        own_pids=str(os.getpid()),
    )


def test_every_gpu_of_the_machine_is_a_domain_in_nvml_order(steady):
    """14 boards, 14 domains, whether they can be measured or not."""
    domains = [s["domain"] for s in (*steady["sources"], *steady["excluded"])]

    assert sorted(domains) == sorted(f"module:{i}" if i == 7 else f"gpu:{i}" for i in range(14))


def test_a_board_is_described_by_what_answered(steady):
    """UUID, name, enforced limit, driver and fields are the ones that the library gives."""
    source = steady["sources"][0]

    assert (source["device"], source["device_name"]) == ("GPU-a", "A100")
    assert source["fields"] == ["counter", "instant", "average"]
    assert (source["power_limit_w"], source["driver"]) == (400.0, "570.00.00")
    assert (source["basis"], source["boundary"], source["gain_ratio_95"]) == ("measured", "gpu", 0.05)


def test_millijoules_and_milliwatts_become_joules_and_watts(steady):
    """70 W is 70 W, and the counter rises at 70 J a second from where it stood."""
    counter = values(steady, "gpu:0", "counter")

    assert values(steady, "gpu:0", "instant")[-1] == pytest.approx(70)
    assert values(steady, "gpu:0", "average")[-1] == pytest.approx(70)
    assert counter[0] == pytest.approx(5e6, abs=1)
    assert counter[-1] - counter[0] == pytest.approx(70, abs=2 * 7)  # two ticks of 100 ms


def test_slices_and_shared_boards_are_never_measured(steady):
    """A MIG board, a vGPU and a board lent to virtual machines are excluded with their reasons."""
    reasons = {s["domain"]: s["reason"] for s in steady["excluded"]}

    assert "MIG" in reasons["gpu:1"]
    assert "vGPU" in reasons["gpu:2"]
    assert "virtual machines" in reasons["gpu:12"]
    assert {o["domain"] for o in steady["observations"]}.isdisjoint({"gpu:1", "gpu:2", "gpu:12"})


def test_a_missing_counter_leaves_power_and_says_so(steady):
    """A passed-through board without a counter is measured by its power alone, and doctor knows."""
    source = next(s for s in steady["sources"] if s["domain"] == "gpu:3")
    check = next(c for c in steady["checks"] if c["name"] == "nvml gpu:3")

    assert source["fields"] == ["instant", "average"]
    assert source["details"]["counter"] == "Not Supported"
    assert check["status"] == "degraded"


def test_each_power_field_is_judged_by_its_own_status(steady):
    """The call succeeds while one of its fields fails: that field is absent, never 0 W."""
    source = next(s for s in steady["sources"] if s["domain"] == "gpu:4")

    assert source["fields"] == ["counter", "average"]
    assert values(steady, "gpu:4", "instant") == []


def test_the_ambiguous_power_call_is_the_last_resort(steady):
    """`usage` is read only where neither named field answers, and says that its meaning is unknown."""
    with_usage = [s for s in steady["sources"] if "usage" in s["fields"]]

    assert [s["domain"] for s in with_usage] == ["gpu:5", "gpu:8", "gpu:13"]
    assert "average on newer" in with_usage[0]["details"]["usage"]
    assert values(steady, "gpu:5", "usage")[-1] == pytest.approx(70)


def test_no_working_sensor_is_an_exclusion_with_nvmls_words(steady):
    """Neither counter nor power: excluded, with the error of each call, and not one reading."""
    source = next(s for s in steady["excluded"] if s["domain"] == "gpu:6")

    assert "neither the energy counter nor any power field" in source["reason"]
    assert "not in ready state" in source["reason"].lower()
    assert values(steady, "gpu:6", "counter") == values(steady, "gpu:6", "usage") == []


def test_module_power_is_taken_only_where_there_is_nothing_else(steady):
    """On Grace boards it holds a CPU: beside a GPU's counter it would be a false witness."""
    alone = next(s for s in steady["sources"] if s["domain"] == "module:7")
    beside_counter = next(s for s in steady["sources"] if s["domain"] == "gpu:8")

    assert alone["fields"] == ["instant", "average"]
    assert "module" in alone["details"]["power_scope"]
    assert (alone["boundary"], alone["device"][:4], alone["power_limit_w"]) == ("platform", "GPU-", None)
    assert (
        alone["passport"]["fields"]["instant"]["window_s"] == 0.01
    )  # whatever its name: the least that is published
    assert not values(steady, "module:7", "power_limit_w")  # the board's limit is not the module's
    assert "instant" not in beside_counter["fields"]
    usage_alone = next(s for s in steady["sources"] if s["domain"] == "gpu:13")
    assert (usage_alone["boundary"], usage_alone["fields"]) == ("gpu", ["usage"])


def test_a_board_that_does_not_open_leaves_the_others(steady):
    """One lost board is excluded with NVML's word for it; the other thirteen are described."""
    source = next(s for s in steady["excluded"] if s["domain"] == "gpu:9")

    assert "GPU is lost" in source["reason"]


def test_conditions_are_read_about_once_a_second(steady):
    """Each condition is there once or twice in a second that holds some fifty looks at the counter."""
    for name in (
        "temperature_c",
        "sm_clock_mhz",
        "power_cap_s",
        "event_reasons",
        "utilisation_ratio",
        "memory_used_bytes",
    ):
        assert 1 <= len(values(steady, "gpu:0", name)) <= 2, name
    assert values(steady, "gpu:0", "event_reasons")[0] == 4
    assert values(steady, "gpu:0", "power_limit_w")[0] == 400
    assert len(values(steady, "gpu:0", "counter")) > 20


@pytest.mark.parametrize(("long_s", "every_s", "looks"), [(0.4, 1.0, 7), (0.2, 1.0, 12), (0.1, 1.0, 23)])
def test_looks_keep_in_step_with_nothing(long_s, every_s, looks):
    """Whenever in each second a board slows down, one of so many looks in a row sees it."""
    times_s = [due_ns(look) * 1e-9 for look in range(300)]

    assert all(0.65 < later - earlier < 1.43 for earlier, later in pairwise(times_s))
    for phase in range(50):
        seen = [(t - phase / 50 * every_s) % every_s < long_s for t in times_s]
        assert all(any(seen[i : i + looks]) for i in range(1, 200))


def test_how_long_a_board_was_held_back_is_counted_by_the_driver(steady):
    """A running total misses no slowdown between two looks."""
    capped, slowed = (values(steady, "gpu:0", name) for name in ("power_cap_s", "thermal_slowdown_s"))

    assert capped[-1] > 0
    assert slowed == [0.0] * len(slowed)


def test_a_condition_that_is_not_supported_is_left_out(steady):
    """No temperature is no temperature, not 0 °C; the readings go on."""
    source = next(s for s in steady["sources"] if s["domain"] == "gpu:10")

    assert values(steady, "gpu:10", "temperature_c") == values(steady, "gpu:10", "process_count") == []
    assert source["details"]["temperature_c"] == "Not Supported"
    assert len(values(steady, "gpu:10", "counter")) > 20


def test_own_processes_are_not_foreign(steady):
    """Of three processes on the board those in own_pids, and what started them, are not counted as foreign."""
    assert values(steady, "gpu:0", "process_count")[0] == 3
    assert values(steady, "gpu:0", "own_processes")[0] == 2
    assert values(steady, "gpu:0", "foreign_processes")[0] == 1


def test_pids_of_another_namespace_are_not_judged(steady):
    """In a container NVML's pids are the host's: whose they are is not guessed."""
    assert values(steady, "gpu:11", "process_count")[0] == 1
    assert values(steady, "gpu:11", "own_processes")[0] == 0
    assert values(steady, "gpu:11", "foreign_processes") == []


def test_memory_that_processes_hold_is_told_apart_from_the_drivers(steady):
    """The simulated board reports a gibibyte as used, and reserves all of it: nobody holds any."""
    assert values(steady, "gpu:0", "memory_used_bytes")[0] == 1 << 30
    assert values(steady, "gpu:0", "memory_allocated_bytes")[0] == 0


def test_the_memorys_speed_is_twice_its_clock_times_its_width(steady):
    """5120 bits at 2619 MHz, both edges: the 3.35 TB/s of an H100."""
    assert steady["sources"][0]["details"]["memory_bytes_per_s"] == pytest.approx(3.352e12, rel=1e-3)


def test_readings_are_stamped_in_order(steady):
    """Every field's stamps rise strictly."""
    stamps = [o["t_ns"] for o in steady["observations"] if o.get("field") == "counter" and o["domain"] == "gpu:0"]

    assert all(a < b for a, b in pairwise(stamps))


def test_faults_in_mid_run_end_in_a_lost_sensor_or_a_gap(nvml_sim):
    """A lost GPU, a field that goes away, a board that asks for patience: never a wrong reading."""
    said = look(
        nvml_sim.environment(
            ["point 0 70", f"error all {GPU_IS_LOST} 0.3 1e9", "name Lost", "uuid GPU-lost"],
            ["point 0 70", f"error average {NOT_SUPPORTED} 0.3 1e9"],
            ["point 0 70", f"error counter {TIMEOUT} 0.3 0.6"],
            ["point 0 70", "error temperature 999 0 1e9"],
        ),
        seconds=0.9,
    )

    assert set(said["lost"]) == {"gpu:0", "gpu:1"}
    assert "GPU-lost" in said["lost"]["gpu:0"]
    assert "GPU is lost" in said["lost"]["gpu:0"]
    assert "'average': Not Supported" in said["lost"]["gpu:1"]
    stamps = [o["t_ns"] for o in said["observations"] if o.get("field") == "counter" and o["domain"] == "gpu:2"]
    longest_s = max(b - a for a, b in pairwise(stamps)) * 1e-9
    assert 0.25 < longest_s < 0.5
    assert 0.0 not in values(said, "gpu:2", "counter")[20:]


def test_a_driver_without_a_board_is_a_missing_sensor(nvml_sim):
    """No board: no meter, no exclusion, and a check that says so."""
    said = look(nvml_sim.environment(), seconds=0)

    assert said["sources"] == said["excluded"] == []
    assert [c["status"] for c in said["checks"]] == ["missing"]


def test_no_driver_is_a_missing_sensor(tmp_path):
    """Without libnvidia-ml.so.1 the meter raises nothing and names the library."""
    fake = tmp_path / "libnvidia-ml.so.1"
    fake.write_bytes(b"no library")  # hides a real one, wherever these tests run
    said = look({**os.environ, "LD_LIBRARY_PATH": str(tmp_path)}, seconds=0)

    assert said["sources"] == []
    assert [c["status"] for c in said["checks"]] == ["missing"]
    assert said["checks"][0]["remedy"]
