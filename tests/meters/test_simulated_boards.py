"""Every statement about a simulated board, through the unmodified NVML meter, against its closed form."""

import json
import math
import subprocess
import sys
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
from sim.build import NvmlSim
from sim.truth import Curve, deviate

SIM = Path(__file__).parents[1] / "sim"
SQUARE = Curve(((0, 80), (0.35, 80), (0.35, 300), (0.7, 300)), repeat_s=0.7)
TICK_S = 0.1
SLACK_S = 0.003  # a look is stamped at its middle: its own moment lies this near

# statements of each board, which draws the square
BOARDS = {
    "phase": ["phase_ms 40"],
    "lag": ["counter_lag_ms 30"],
    "frozen": ["counter_frozen 0.5 0.95"],
    "reset": ["counter_start_mj 5e6", "counter_reset 0.75"],
    "jump": ["counter_jump 0.75 50000"],
    "faster": ["counter_gain 1.1 0.4 0.9"],
    "lost": ["counter_gain 0 0.5 1.0"],
    "wrap": ["counter_range_mj 60000"],
    "restless counter": ["counter_noise 20000 7"],
    "restless gated counter": ["counter_window_ms 25", "counter_noise 20000 7"],
    "stuck gauge": ["gauge_frozen instant 0.5 0.95"],
    "glitch": ["gauge_value average 4294967295 0.5 0.8", "gauge_value instant 0 0.6 0.7"],
    "noise": ["noise_mw 1500 3"],
    "dropout": ["dropout counter 0.5 0.8"],
    "circumstances": [
        "temperature_point 0 40", "temperature_point 1 60", "clock_point 0 1410", "clock_point 0.6 1410",
        "clock_point 0.6 700", "utilisation_point 0 0", "utilisation_point 2 100", "memory_point 0 1e9",
        "memory_point 1 2e9", "limit_point 0 300", "limit_point 0.6 300", "limit_point 0.6 150",
    ],
    "volta": ["architecture 5"],
    "sliced": ["mig 1"],
    "guest": ["virtualization 2", "error counter 3", "error fields 3", "error usage 3"],
    "superchip": ["c2c 1", "scope module"],
    "no fields": ["error fields 3"],
    "fields go": ["error fields 15 0.6"],
    "lagged": ["lag_ms 30", "phase_ms 40"],
}  # fmt: skip


def look(environment, seconds=1.3, period_s=0.01):
    """What the unmodified meter says of the boards that the environment declares."""
    command = [sys.executable, str(SIM / "meter_driver.py"), "nvml", str(seconds), str(period_s)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    return json.loads(done.stdout) if done.returncode == 0 else done.stderr


@dataclass(frozen=True)
class Looked:
    """What was read of all boards, in seconds since the epoch."""

    said: dict
    epoch_ns: int
    domains: dict

    def values(self, board, name):
        """(seconds, value) of a field or condition."""
        key = (self.domains[board], name)
        return [
            ((o["t_ns"] - self.epoch_ns) * 1e-9, o["value"])
            for o in self.said["observations"]
            if (o["domain"], o.get("field", o.get("name"))) == key
        ]


def declare(library, folder, boards, head=()):
    epoch_ns = time.monotonic_ns()
    sim = NvmlSim(library, folder)
    statements = [[f"name {name}", *SQUARE.statements, *own] for name, own in boards.items()]
    return epoch_ns, sim.environment(*statements, head=[f"epoch_ns {epoch_ns}", *head])


@pytest.fixture(scope="module")
def looked(nvml_library, tmp_path_factory):
    """All boards, looked at together once."""
    epoch_ns, environment = declare(nvml_library, tmp_path_factory.mktemp("boards"), BOARDS)
    said = look(environment)
    return Looked(said, epoch_ns, {name: f"gpu:{i}" for i, name in enumerate(BOARDS)})


def agree(seen, truth, tolerance):
    """How many looks there were, when every one shows the closed form of its moment or of one beside it."""
    off = [
        (t, value, truth(t))
        for t, value in seen
        if not any(abs(value - truth(t + d)) <= tolerance for d in (0, -SLACK_S, SLACK_S))
    ]
    assert off == []
    return len(seen)


def tick(t):
    """How many ticks of 100 ms lie before t, rounded as the library rounds."""
    return math.floor(t * 1e3 / 100)


def counted(t, *, phase_s=0.0, lag_s=0.0):
    """Joules that an undisturbed counter shows at t."""
    return SQUARE.energy_j(0, tick(t - phase_s) * TICK_S + phase_s - lag_s)


def between(t, start_s, end_s):
    """Joules that such a counter counts inside a span until t."""
    return counted(min(t, end_s)) - counted(start_s) if t > start_s else 0.0


COUNTERS = {
    "phase": lambda t: counted(t, phase_s=0.04),
    "lag": lambda t: counted(t, lag_s=0.03),
    "frozen": lambda t: counted(0.5 if 0.5 <= t < 0.95 else t),
    "reset": lambda t: counted(t) - counted(0.75) if t >= 0.75 else 5000 + counted(t),
    "jump": lambda t: counted(t) + (50 if t >= 0.75 else 0),
    "faster": lambda t: counted(t) + 0.1 * between(t, 0.4, 0.9),
    "lost": lambda t: counted(t) - between(t, 0.5, 1.0),
    "wrap": lambda t: counted(t) % 60,
    "dropout": counted,
}


@pytest.mark.parametrize("board", COUNTERS)
def test_the_counter_shows_its_closed_form(looked, board):
    """Every look, to the millijoule in which NVML counts."""
    seen = looked.values(board, "counter")

    assert agree(seen, COUNTERS[board], 1.1e-3) > 30
    assert max(t for t, _ in seen) > 1.1


def test_a_counter_that_drops_out_leaves_a_gap_and_no_joule_is_missing(looked):
    """No reading between 0.5 and 0.8 s; afterwards the counter stands where it would have."""
    times = [t for t, _ in looked.values("dropout", "counter")]

    assert not [t for t in times if 0.5 + SLACK_S < t < 0.8 - SLACK_S]
    assert min(t for t in times if t > 0.7) < 0.8 + 0.1


@pytest.mark.parametrize(("board", "window_s"), [("restless counter", 0.1), ("restless gated counter", 0.025)])
def test_a_restless_counter_adds_the_noise_of_its_own_ticks(looked, board, window_s):
    """Each tick holds the mean power that it saw, and noise that follows from seed and tick alone."""

    def shown(t):
        ticks = range(1, tick(t) + 1)
        seen = [max(0.0, SQUARE.mean_w(k * TICK_S, window_s) + 20 * deviate(7, 0, k)) * TICK_S for k in ticks]
        return sum(seen)

    assert agree(looked.values(board, "counter"), shown, 1.1e-3) > 30


def gauge(t, window_s, *, phase_s=0.0, lag_s=0.0):
    """Watts that an undisturbed field shows at t."""
    return SQUARE.mean_w(tick(t - phase_s) * TICK_S + phase_s - lag_s, window_s)


GAUGES = {
    ("stuck gauge", "instant"): lambda t: gauge(0.5 if 0.5 <= t < 0.95 else t, 0),
    ("stuck gauge", "average"): lambda t: gauge(t, 1),
    ("glitch", "average"): lambda t: 4294967.295 if 0.5 <= t < 0.8 else gauge(t, 1),
    ("glitch", "instant"): lambda t: 0.0 if 0.6 <= t < 0.7 else gauge(t, 0),
    ("noise", "instant"): lambda t: max(0, gauge(t, 0) + 1.5 * deviate(3, 1, tick(t))),
    ("noise", "average"): lambda t: max(0, gauge(t, 1) + 1.5 * deviate(3, 2, tick(t))),
    ("lagged", "average"): lambda t: gauge(t, 1, phase_s=0.04, lag_s=0.03),
    ("superchip", "counter"): counted,
}


@pytest.mark.parametrize(("board", "field"), GAUGES)
def test_the_power_field_shows_its_closed_form(looked, board, field):
    """Every look, to the milliwatt in which NVML speaks."""
    assert agree(looked.values(board, field), GAUGES[board, field], 2e-3) > 30


def test_circumstances_follow_their_points(looked):
    """Temperature and use rise on straight lines; clock and limit step; NVML rounds to whole units."""
    at = {name: looked.values("circumstances", name) for name in (
        "temperature_c", "sm_clock_mhz", "utilisation_ratio", "memory_used_bytes", "power_limit_w",
    )}  # fmt: skip
    assert all(len(seen) >= 1 for seen in at.values())
    assert {*(v for _, v in at["sm_clock_mhz"])} == {1410.0, 700.0}

    agree(at["temperature_c"], lambda t: 40 + 20 * min(t, 1), 0.51)
    agree(at["sm_clock_mhz"], lambda t: 1410 if t < 0.6 else 700, 0)
    agree(at["utilisation_ratio"], lambda t: t / 2, 0.006)
    agree(at["memory_used_bytes"], lambda t: 1e9 + 1e9 * min(t, 1), 1e7)
    agree(at["power_limit_w"], lambda t: 300 if t < 0.6 else 150, 0)


def test_boards_that_are_not_whole_or_say_nothing_are_excluded(looked):
    """A sliced board, and a guest whose counter and power are not supported."""
    reasons = {s["device_name"]: s["reason"] for s in looked.said["excluded"]}

    assert set(reasons) == {"sliced", "guest"}
    assert "vGPU" in reasons["guest"]


def test_the_call_for_all_fields_can_fail_from_the_start_or_later(looked):
    """Without it the ambiguous call remains; a board whose call says that it is gone is lost."""
    fields = {s["device_name"]: s["fields"] for s in looked.said["sources"]}

    assert fields["no fields"] == ["counter"] or "usage" in fields["no fields"]
    assert list(looked.said["lost"]) == [looked.domains["fields go"]]


PYNVML = """
import json, pynvml as n
n.nvmlInit()
def ask(call, *arguments):
    try:
        found = getattr(n, call)(*arguments)
    except n.NVMLError as error:
        return str(error)
    return found if isinstance(found, (int, str)) else True
boards = {}
for i in range(n.nvmlDeviceGetCount()):
    h = n.nvmlDeviceGetHandleByIndex(i)
    energy = n.nvmlDeviceGetFieldValues(h, [n.NVML_FI_DEV_TOTAL_ENERGY_CONSUMPTION])[0]
    boards[n.nvmlDeviceGetName(h)] = {
        "architecture": ask("nvmlDeviceGetArchitecture", h),
        "slices": ask("nvmlDeviceGetMaxMigDeviceCount", h),
        "slice": ask("nvmlDeviceGetMigDeviceHandleByIndex", h, 0),
        "c2c": ask("nvmlDeviceGetC2cModeInfoV", h),
        "use": ask("nvmlDeviceGetUtilizationRates", h),
        "temperature": ask("nvmlDeviceGetTemperatureV", h, n.NVML_TEMPERATURE_GPU),
        "by uuid": ask("nvmlDeviceGetHandleByUUID", n.nvmlDeviceGetUUID(h).encode()),
        "counter field": [energy.nvmlReturn, abs(energy.value.ullVal - n.nvmlDeviceGetTotalEnergyConsumption(h))],
    }
print(json.dumps(boards))
"""


def test_calls_that_only_peers_make(nvml_library, tmp_path):
    """Architecture, slices, the superchip's link, the newer temperature, the counter as a field."""
    boards = {name: BOARDS[name] for name in ("volta", "sliced", "superchip")}
    _, environment = declare(nvml_library, tmp_path, boards)

    done = subprocess.run([sys.executable, "-c", PYNVML], env=environment, capture_output=True, check=True)

    said = json.loads(done.stdout)
    assert [said["volta"]["architecture"], said["sliced"]["architecture"]] == [5, 9]
    assert (said["sliced"]["slices"], said["sliced"]["slice"]) == (7, "Not Found")
    assert (said["volta"]["slices"], said["volta"]["slice"]) == (0, "Not Supported")
    assert (said["volta"]["c2c"], said["superchip"]["c2c"]) == ("Not Supported", True)
    assert (said["volta"]["use"], said["sliced"]["use"]) == (True, "Not Supported")
    assert said["volta"]["temperature"] == 40
    assert said["volta"]["by uuid"] is True
    assert said["volta"]["counter field"][0] == 0
    assert said["volta"]["counter field"][1] <= 300 * TICK_S * 1e3  # one tick may lie between the two looks


@pytest.mark.parametrize("call", ["init", "count", "driver"])
def test_the_whole_library_can_fail(nvml_library, tmp_path, call):
    """From the start: no meter, and a check with the driver's words."""
    _, environment = declare(nvml_library, tmp_path, {"one": []}, head=[f"error {call} 9"])
    said = look(environment, seconds=0)

    assert said["sources"] == []
    assert "Driver Not Loaded" in said["checks"][0]["reason"]


def test_a_call_can_stall(nvml_library, tmp_path):
    """0.4 s inside one call, once its time has come: the looks are that far apart."""
    _, environment = declare(nvml_library, tmp_path, {"slow": ["stall counter 400 0.5 0.9"]})
    said = look(environment, seconds=0.8)

    stamps = [o["t_ns"] * 1e-9 for o in said["observations"] if o.get("field") == "counter"]
    assert 0.2 <= max(b - a for a, b in pairwise(stamps)) < 0.6


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("counter_flozen 1 2", "unknown statement counter_flozen"),
        ("error conter 3", "is not known"),
        ("gauge_value instent 3", "is not known"),
        ("point 0", "a number is missing"),
        ("lag_ms 3O", "what is 'O'"),
        ("point 1 80\npoint 0 80", "comes after a later one"),
    ],
)
def test_a_wrong_declaration_is_refused(nvml_library, tmp_path, statement, why):
    """A misspelt fault would be no fault, and the test that relies on it would prove nothing."""
    environment = NvmlSim(nvml_library, tmp_path).environment([*statement.split("\n")])
    code = "import pynvml; pynvml.nvmlInit()"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )

    assert done.returncode != 0
    assert why in done.stderr
