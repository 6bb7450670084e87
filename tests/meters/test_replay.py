"""The replay test double."""

import json

import pytest
from fakes import GPU, FakeClock

from bench.errors import BadInput
from bench.files.codec import plain
from bench.files.parts import readings_bytes
from bench.meters import replay
from bench.nouns import Condition, Reading

RECORDED = (
    Reading(1_000, "gpu:0", "counter", "energy", 1.0),
    Reading(1_000, "sampler", "ignored", "power", 1.0),
    Condition(1_500, "gpu:0", "temperature_c", 40.0),
    Reading(3_000, "gpu:0", "counter", "energy", 2.5),
)


@pytest.fixture
def run_folder(tmp_path):
    """A recording with the seal's list of sources beside it."""
    (tmp_path / "readings.csv.gz").write_bytes(readings_bytes(RECORDED))
    (tmp_path / "run.json").write_text(json.dumps({"sources": [plain(GPU)]}))
    return tmp_path


def gpu_meter(folder, clock):
    found = replay.open_meters({"path": str(folder)}, clock_ns=clock.clock_ns)
    return next(m for m in found.meters if m.source.domain == "gpu:0")


def test_a_recording_comes_back_in_its_own_time(run_folder):
    """Values stay, distances in time stay, and nothing comes before its moment or twice."""
    clock = FakeClock()
    start_ns = clock.clock_ns()
    meter = gpu_meter(run_folder, clock)
    first = meter.read()
    clock.sleep(1.5e-6)
    second = meter.read()
    clock.sleep(1.0)
    third = meter.read()

    assert [(o.t_ns - start_ns, o.value) for o in (*first, *second, *third)] == [
        (0, 1.0),
        (500, 40.0),
        (2_000, 2.5),
    ]
    assert meter.read() == ()


def test_the_source_is_the_recorded_one_and_says_that_it_is_played(run_folder):
    """Device and boundary stay; the meter is replay and the reason says so."""
    source = gpu_meter(run_folder, FakeClock()).source

    assert (source.device, source.boundary, source.basis) == (GPU.device, "gpu", "measured")
    assert (source.meter, source.details["recorded_by"]) == ("replay", "nvml")
    assert "recorded" in source.reason


def test_readings_without_their_run_are_not_called_measured(run_folder):
    """A bare file does not say what it is, so it is modelled."""
    (run_folder / "run.json").unlink()

    assert gpu_meter(run_folder / "readings.csv.gz", FakeClock()).source.basis == "modelled"


def test_a_missing_path_is_bad_input():
    """The message names the option."""
    with pytest.raises(BadInput, match="path"):
        replay.open_meters({})
