"""The real line from devices to a profile: real processes on small arrays, a constant meter, a simulated board."""

import json
import os
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from fakes import GPU

import bench.run.calibrate as calibrate
import bench.run.calibrating as calibrating
import bench.run.drivable as drivable
import bench.run.tape as tape
from bench.errors import BadDeclaration, BadInput, CannotRun
from bench.files.layout import run_folders
from bench.files.machine import read_machine
from bench.files.profiles import read_profile
from bench.files.store import read_sealed
from bench.nouns import Calibration, Check, Figure, HardwareProfile, Kernel
from bench.run.host import Host, look
from bench.run.profile import render_profile
from bench.run.sensors import Sensors
from bench.run.verify import verify
from bench.sensing.recorder import APPROACH_S, rest_s
from bench.units import BYTES_PER_MIB

PASS_S = 0.002
SMALL = (Kernel(kind="triad", precision="fp32", size=262_144), Kernel(kind="matmul", precision="fp32", size=128))
WATTS = 100.0
BOARD = "GPU-00000000-0000-0000-0000-00000000000a"
# Stands in torch's place, on a CPU and on a pretended CUDA device: each pass takes two milliseconds.
TORCH = """
import time
from types import SimpleNamespace

float16, float32, float64, bfloat16 = "float16", "float32", "float64", "bfloat16"
__version__ = "0.0-pretended"
cuda = SimpleNamespace(
    is_available=lambda: True, synchronize=lambda: None, current_device=lambda: 0,
    get_device_properties=lambda _: SimpleNamespace(uuid="THE-BOARD", name="Pretended"),
)

def manual_seed(_): pass
def set_num_threads(_): pass
def set_float32_matmul_precision(_): pass
def randn(*_, dtype, **__): return dtype

def mm(a, b, out):
    if a == "bfloat16":
        raise RuntimeError("no bf16 on this board\\nand more lines")
    time.sleep(0.002)

def add(b, c, alpha, out): time.sleep(0.002)
""".replace("THE-BOARD", BOARD.removeprefix("GPU-"))


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """Two windows of each kind, a pretended library, no rests, and a meter that always says 100 W."""
    library = tmp_path_factory.mktemp("library")
    (library / "torch.py").write_text(TORCH)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(library), *filter(None, [os.environ.get("PYTHONPATH")])]))
        patch.setattr(tape, "rest_s", lambda _: 0.02)
        patch.setattr(tape, "APPROACH_S", 0.02)
        patch.setattr(calibrate, "IDLES", 2)
        patch.setattr(calibrate, "REPEATS", 2)
        patch.setenv("JOULEMARK_METERS", f"constant:power_w={WATTS:g}")
        real = calibrating.cpu

        def small(*arguments):
            asked = real(*arguments)
            return replace(asked, calibration=replace(asked.calibration, kernels=SMALL))

        patch.setattr(calibrating, "cpu", small)
        yield patch


@pytest.fixture(scope="module")
def made(quick, tmp_path_factory):
    """A calibrated CPU and its folder."""
    out = tmp_path_factory.mktemp("out")
    said = []
    return calibrating.make_profile(out, 0.3, said.append), out, said


@pytest.fixture
def out(made, tmp_path):
    return shutil.copytree(made[1], tmp_path / "out")


def figures(profile):
    return {(f.device, f.domain, f.name): f.quantity for f in profile.measured}


def test_joules_per_byte_are_those_of_a_meter_that_is_known_exactly(made):
    """100 W over the windows, by bytes that are counted: the profile says no more and no less."""
    profile, _, _ = made
    (sealed,) = map(read_sealed, run_folders(made[1]))
    known = figures(profile.profile)

    for kernel in SMALL:
        per_unit = []
        for window in sealed.trace.windows:
            if window.phase == "work" and window.label.startswith(kernel.label):
                passes = sum(
                    o.achieved.requests
                    for o in sealed.outcomes
                    if window.start_ns <= o.start_ns and o.end_ns <= window.end_ns
                )
                busy_s = sum(
                    (o.end_ns - o.start_ns) * 1e-9
                    for o in sealed.outcomes
                    if window.start_ns <= o.start_ns and o.end_ns <= window.end_ns
                )
                per_unit.append(WATTS * busy_s / (passes * kernel.per_pass))
        middle = sum(per_unit) / 2  # of two windows
        gross = known["cpu", "wall", f"{kernel.label}_gross"]
        # the meter is read every 5 ms at the edges of a window of 0.3 s
        assert gross.value == pytest.approx(middle, rel=0.05)
        assert (gross.unit, gross.basis) == (f"J/{kernel.unit}", "modelled")
        above = known["cpu", "wall", f"{kernel.label}_above_idle"]
        assert above.low <= 0.0 <= above.high
    assert known["cpu", "wall", "idle_bare"].value == pytest.approx(WATTS, rel=0.05)
    assert known["cpu", "wall", "idle_resident"].value == pytest.approx(WATTS, rel=0.05)
    assert {f.stand_in for f in profile.profile.measured if f.domain} == {"a test double: constant power"}
    assert known["cpu", None, "triad_rate"].value == pytest.approx(3 * 4 * 262_144 / PASS_S / 1e9, rel=0.5)


def test_what_is_sealed_says_what_it_is_and_holds_every_count(made):
    (folder,) = run_folders(made[1])
    seal = json.loads((folder / "run.json").read_text())
    first = json.loads((folder / "outcomes.jsonl").read_text().splitlines()[0])

    assert (seal["kind"], seal["spec"], seal["loaded"]["device"]) == ("calibration", None, "cpu")
    assert [k["size"] for k in seal["calibration"]["kernels"]] == [262_144, 128]
    assert seal["ceilings"]["refused"] == {}
    assert first["request_id"] == "triad"
    assert first["achieved"] == first["requested"]


def test_what_was_found_is_read_back_as_it_was_written(made):
    """The profile in the folder, the figures of the run, and the JSON are one and the same."""
    profile, out, said = made
    read = read_profile(profile.profile.name, out / "profiles")
    document = calibrating.profile_document(profile)

    assert read == profile.profile
    assert len(document["devices"][0]["figures"]) == len(read.measured) == 8
    assert document["devices"][0]["kernels"][0]["per_pass"] == 3 * 4 * 262_144
    assert json.loads(json.dumps(document))
    assert not profile.falls_short
    assert "keep the machine quiet" in said[0]


def test_the_folder_proves_itself(made):
    found = verify(made[1])

    assert (found.checked, found.differences) == (2, ())


def test_a_figure_of_the_profile_that_was_edited_is_named(out, made):
    path = out / "profiles" / f"{made[0].profile.name}.toml"
    text = path.read_text()
    path.write_text(re.sub(r"(idle_bare = \{ value = )[\d.]+", r"\g<1>99.9", text))

    (difference,) = verify(out).differences
    assert difference.file == f"profiles/{path.name}"
    assert difference.field == "cpu/wall/idle_bare.quantity.value"


def test_a_figure_whose_run_is_gone_is_named(out, made):
    (folder,) = run_folders(out)
    path = out / "profiles" / f"{made[0].profile.name}.toml"
    path.write_text(path.read_text().replace(folder.name, "20260101T000000Z-calibration-000000"))

    found = verify(out).differences
    assert len(found) == 8
    assert all("a sealed calibration 20260101T000000Z" in d.expected for d in found)


def test_passes_that_were_not_made_are_named_under_a_renewed_seal(out):
    """Twice the passes in every line would halve the joules per byte: the sealed figures don't follow from it."""
    import hashlib

    (folder,) = run_folders(out)
    lines = (folder / "outcomes.jsonl").read_text()
    doubled = re.sub(r'"requests": (\d+)', lambda m: f'"requests": {2 * int(m[1])}', lines)
    (folder / "outcomes.jsonl").write_text(doubled)
    seal = json.loads((folder / "run.json").read_text())
    seal["sha256"]["outcomes.jsonl"] = hashlib.sha256(doubled.encode()).hexdigest()
    (folder / "run.json").write_text(json.dumps(seal))

    fields = {d.field for d in verify(out).differences if d.file.endswith("run.json")}
    assert any(field.startswith("ceilings.figures") for field in fields)


def test_a_second_call_replaces_what_was_measured_alone(quick, out, made):
    """The former run stays, the declared figures too, also one that somebody wrote into the file."""
    name = made[0].profile.name
    path = out / "profiles" / f"{name}.toml"
    known = read_profile(name, out / "profiles")
    declared = {**known.figures, "tdp_w": Figure(value=280.0, source="a page (checked 2026-11-21)")}
    path.write_text(render_profile(replace(known, figures=declared)))
    (former,) = run_folders(out)

    again = calibrating.make_profile(out, 0.2, lambda _: None)

    assert former in run_folders(out)
    assert len(run_folders(out)) == 2
    read = read_profile(name, out / "profiles")
    assert read.figures == declared
    assert {f.run_id for f in read.measured} == {again.devices[0].sealed.name}
    assert verify(out).differences == ()


def test_figures_of_a_device_that_was_not_calibrated_again_stay(made):
    """A board's, where the CPU alone was done; and of a device whose every figure was void, the former ones."""
    profile, out, _ = made
    board = tuple(replace(f, device="gpu:0") for f in profile.profile.measured)
    known = replace(profile.profile, measured=(*board, *profile.profile.measured))
    empty = replace(profile.devices[0], published=replace(profile.devices[0].published, ceilings=None))

    with_cpu = calibrating.with_measured(known, profile.devices, (), out)
    with_nothing = calibrating.with_measured(known, (empty,), (), out)

    assert set(with_cpu.measured) == set(known.measured)
    assert with_nothing.measured == known.measured


def test_a_profile_that_does_not_load_is_refused_before_anything_is_measured(quick, out, made):
    path = out / "profiles" / f"{made[0].profile.name}.toml"
    path.write_text(path.read_text().replace('unit = "W"', 'unit = "W", colour = "red"', 1))

    with pytest.raises(BadDeclaration, match=r"idle_bare.*colour|colour"):
        calibrating.make_profile(out, 0.2, lambda _: pytest.fail("something was begun"))


@pytest.mark.parametrize("place", ["/proc/nowhere", "{}/file"])
def test_a_folder_that_cannot_be_made_is_refused_before_anything_is_measured(quick, monkeypatch, tmp_path, place):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(calibrating, "look", lambda: pytest.fail("something was looked at"))

    with pytest.raises(BadInput, match="no result folder can be made there"):
        calibrating.make_profile(Path(place.format(tmp_path)), 0.2, lambda _: None)


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
    assert rate == pytest.approx(triad.per_pass / PASS_S / 1e9, rel=0.25)
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


def test_a_passport_and_constants_that_no_run_holds_are_named(out, made):
    """Written into the file by hand, they would pass for what was found out here."""
    path = out / "profiles" / f"{made[0].profile.name}.toml"
    known = read_profile(path.stem, path.parent)
    other = replace(
        known, passports={"gpu:0": "20260101T000000Z-passport-000000"}, host_model={"idle_w_value": 3.0}
    )
    path.write_text(render_profile(other))

    assert [d.field for d in verify(out).differences] == ["passports/gpu:0", "host_model"]


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
