"""Which devices are calibrated and how: sizes, peaks, boards that can be driven and those that cannot."""

from dataclasses import replace

import pytest
from calibrated_demo import BOARD, PASS_S, SMALL, figures
from fakes import GPU

import bench.run.calibrating as calibrating
import bench.run.drivable as drivable
import bench.run.tape as tape
from bench.errors import CannotRun
from bench.files.machine import read_machine
from bench.files.profiles import read_profile
from bench.nouns import Calibration, Check, Figure, HardwareProfile
from bench.run.host import Host, look
from bench.run.sensors import Sensors
from bench.run.verify import verify
from bench.sensing.recorder import APPROACH_S, rest_s
from bench.units import BYTES_PER_MIB


def test_arrays_are_four_times_the_caches_or_say_that_they_are_not():
    """32 MiB of cache ask for 128 MiB; of 1 GiB free memory an array takes a sixteenth at most."""
    assert drivable.array_size(32 * BYTES_PER_MIB, None) == (128 * BYTES_PER_MIB, "")
    assert drivable.array_size(1 * BYTES_PER_MIB, 1e12) == (64 * BYTES_PER_MIB, "")
    size, said = drivable.array_size(256 * BYTES_PER_MIB, 1024 * BYTES_PER_MIB)
    assert size == 64 * BYTES_PER_MIB
    assert said == "memory: arrays of 64 MiB, 1024 MiB are 4 times its caches"


def test_a_cpu_without_torch_is_driven_by_what_is_there(monkeypatch):
    """A core installation: numpy's copy and its products, in the one format that it multiplies fast."""
    monkeypatch.setattr(drivable, "has_torch", lambda: False)
    profile = HardwareProfile(name="m", title="m", kind="machine")

    asked = drivable.cpu(look(), read_machine(), profile)

    assert [k.label for k in asked.calibration.kernels] == ["copy", "fp32_matmul"]
    assert asked.calibration.peaks == {}
    assert f"of the machine's {read_machine().cpu.threads} threads" in asked.calibration.limits[0]


def test_what_is_declared_of_a_cpu_is_its_peak_and_of_a_machine_with_a_board_the_boards():
    """Bandwidth and FLOP/s in a machine's own file are its CPU's; a GPU's machine declares its GPU's."""
    figures = {name: Figure(value=20.0, source="a page") for name in ("bandwidth_gb_s", "dense_fp32_tflops")}
    alone = HardwareProfile(name="m", title="m", kind="machine", figures=figures)
    beside = replace(alone, accelerator="nvidia-t4", accelerator_count=1.0)

    peaks = drivable.cpu(look(), read_machine(), alone).calibration.peaks

    assert (peaks["triad"].per_s, peaks["fp32_matmul"].per_s) == (20e9, 20e12)
    assert peaks["triad"].source == "bandwidth_gb_s of m: a page"
    assert drivable.cpu(look(), read_machine(), beside).calibration.peaks == {}


@pytest.mark.parametrize(
    ("name", "bandwidth", "source"),
    [
        ("NVIDIA H200", 4800e9, "bandwidth_gb_s of nvidia-h200-sxm5-141gb"),
        ("Some Board", 1e12, "NVML"),
        ("", None, ""),
    ],
)
def test_a_boards_peaks_are_those_of_its_own_profile_or_nvmls(name, bandwidth, source):
    """By the name that NVML tells; where nobody has declared it, its memory's clock times its width."""
    details = {"memory_bytes_per_s": 1e12} if name else {}
    board = replace(GPU, device_name=name, details={**details, "memory_free_bytes": 8 * 1024**3})
    host = Host(
        profile=HardwareProfile(name="m", title="m", kind="machine"), memory_bytes=None,
        sensors=Sensors(meters={}, sources=(board, replace(board, basis="excluded")), checks=()),
    )  # fmt: skip

    (asked,) = drivable.boards(host)

    peak = asked.calibration.peaks.get("triad")
    assert (peak.per_s if peak else None) == bandwidth
    assert not peak or peak.source.startswith(source)
    assert (asked.visible, asked.calibration.device) == ("GPU-1", "gpu:0")
    assert asked.calibration.kernels[0].held_bytes == 3 * 512 * 1024**2  # a sixteenth of 8 GiB each


@pytest.fixture
def board(quick, nvml_sim, monkeypatch):
    """A simulated board of 120 W that a pretended torch drives; rests and approaches as long as they are."""
    monkeypatch.setattr(tape, "rest_s", rest_s)
    monkeypatch.setattr(tape, "APPROACH_S", APPROACH_S)
    for name, value in nvml_sim.environment([f"uuid {BOARD}", "point 0 120"]).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("JOULEMARK_METERS", "nvml")
    asked = next(iter(drivable.boards(look())))
    triad, _, _, bf16 = asked.calibration.kernels
    few = replace(asked, calibration=replace(asked.calibration, kernels=(triad, bf16)))
    monkeypatch.setattr(calibrating, "cpu", lambda *_: few)
    monkeypatch.setattr(calibrating, "boards", lambda _: ())
    monkeypatch.setattr(calibrating, "check", lambda: Check(name="load", status="ok", reason="pretended"))


@pytest.mark.slow
def test_a_board_is_calibrated_through_the_drivers_library(board, tmp_path):
    """Its own joules, measured, to the counter's ticks; a format that it lacks is left out with its reason."""
    made = calibrating.make_profile(tmp_path / "out", 1.0, lambda _: None, passports=False)

    known = figures(made.profile)
    assert known["gpu:0", "gpu:0", "idle_bare"].value == pytest.approx(120.0, rel=0.06)
    assert known["gpu:0", "gpu:0", "idle_bare"].basis == "measured"
    triad = made.devices[0].calibration.kernels[0]
    rate = known["gpu:0", None, "triad_rate"].value
    asked = triad.per_pass / PASS_S / 1e9
    assert 0.5 * asked < rate < 1.05 * asked  # a pass is a sleep, which a busy machine makes longer
    joules = known["gpu:0", "gpu:0", "triad_gross"]
    # waiting for the sensor's phases is in no gross figure
    assert joules.low <= 120.0 / (rate * 1e9) <= joules.high
    assert joules.value == pytest.approx(120.0 / (rate * 1e9), rel=0.1)
    assert made.devices[0].calibration.left_out == {"bf16_matmul": "no bf16 on this board"}
    assert made.devices[0].calibration.kernels == (triad,)
    assert verify(tmp_path / "out").differences == ()


def test_a_board_without_a_library_is_skipped_with_its_reason(quick, monkeypatch, tmp_path):
    """And the CPU is calibrated all the same; without any device nothing is written."""
    lacks = Check(name="load", status="missing", reason="no torch", remedy="install it")
    asked = drivable.Asked(
        calibration=Calibration(device="gpu:0", hardware="x", kernels=SMALL), device="cuda", name="B",
        visible=BOARD, threads=1,
    )  # fmt: skip
    monkeypatch.setattr(calibrating, "check", lambda: lacks)
    monkeypatch.setattr(calibrating, "cpu", lambda *_: asked)

    with pytest.raises(CannotRun, match="gpu:0: no torch → install it"):
        calibrating.make_profile(tmp_path / "out", 0.2, lambda _: None)
    assert not (tmp_path / "out" / "profiles").exists()


def test_what_is_done_is_written_before_the_next_device_begins(quick, monkeypatch, tmp_path):
    """Ctrl-C during the second device leaves the first one's figures, and its run."""
    tried = []

    def interrupted(*arguments):
        if tried:
            raise KeyboardInterrupt
        tried.append(arguments)
        return real(*arguments)

    real = calibrating._tried
    monkeypatch.setattr(calibrating, "_tried", interrupted)
    monkeypatch.setattr(calibrating, "boards", lambda _: (None,))

    with pytest.raises(KeyboardInterrupt):
        calibrating.make_profile(tmp_path, 0.2, lambda _: None)

    (path,) = (tmp_path / "profiles").glob("*.toml")
    assert len(read_profile(path.stem, path.parent).measured) == 8
    assert verify(tmp_path).differences == ()


def test_a_slice_of_a_board_is_named_and_not_driven(quick, made, monkeypatch, tmp_path):
    """What NVML shows and nobody can read has no figure, and says why."""
    host = look()
    slice_ = replace(GPU, basis="excluded", reason="a MIG slice")
    monkeypatch.setattr(
        calibrating, "look",
        lambda: replace(host, sensors=replace(host.sensors, sources=(*host.sensors.sources, slice_))),
    )  # fmt: skip
    monkeypatch.setattr(calibrating, "_tried", lambda *_: made[0].devices[0])

    assert calibrating.make_profile(tmp_path, 0.2, lambda _: None).skipped == {"gpu:0": "a MIG slice"}
