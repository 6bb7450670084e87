"""The table of a calibrated device: 80 columns, declared beside measured, and nothing absent without a why."""

from bench.nouns import Calibration, Ceilings, Kernel, Loaded, MeasuredFigure, Peak, Quantity, Verdict
from bench.report.profile_text import device_text, figure_name

TRIAD = Kernel(kind="triad", precision="fp32", size=1024**2)
FP16 = Kernel(kind="matmul", precision="fp16", size=1000)
LOADED = Loaded(
    engine="ceilings", engine_version="torch 2.13.0", precision="none", weights="synthetic", device="GPU-1",
    device_name="NVIDIA H200", parameters=0,
)  # fmt: skip


def figure(name, domain, unit, value, basis="measured", **more):
    quantity = Quantity(value=value, low=value * 0.95, high=value * 1.05, unit=unit, basis=basis)
    return MeasuredFigure(device="gpu:0", domain=domain, name=name, quantity=quantity, run_id="r", **more)


CALIBRATION = Calibration(
    device="gpu:0", hardware="h", kernels=(TRIAD, FP16), left_out={"bf16_matmul": "no bf16 here"},
    peaks={"triad": Peak(per_s=4.8e12, source="a page")},
)  # fmt: skip
FOUND = Ceilings(
    figures=(
        figure("triad_rate", None, "GB/s", 3600.0),
        figure("fp16_matmul_rate", None, "TFLOP/s", 700.0, limited_by="its power limit of 700 W"),
        figure("idle_bare", "gpu:0", "W", 75.0),
        figure("triad_above_idle", "gpu:0", "J/byte", 1.2e-10),
        figure("triad_gross", "host", "J/byte", 9e-11, "modelled"),
    ),
    refused={"host/idle_bare": "busy machine", "host/idle_resident": "busy machine"},
)
VERDICTS = (
    Verdict(name="busy machine", level="void", domain="host", evidence="30 % were busy", remedy="stop it"),
)


def lines():
    return device_text(CALIBRATION, LOADED, FOUND, VERDICTS, "RUN-ID").splitlines()


def test_measured_stands_beside_declared_with_their_ratio():
    """3600 of 4800 GB/s are 0.75; what is declared nowhere has a dash."""
    triad, fp16 = (next(one for one in lines() if one.startswith(name)) for name in ("triad  ", "fp16 matmul"))

    assert triad.split()[-4:] == ["measured", "4800", "GB/s", "0.75"]
    assert fp16.split()[-2:] == ["-", "-"]


def test_where_nothing_is_declared_there_are_no_columns_for_it():
    bare = Calibration(device="cpu", hardware="h", kernels=(TRIAD,))
    text = device_text(bare, LOADED, FOUND, (), "RUN-ID")

    assert text.splitlines()[1].split() == ["what", "where", "found", "basis"]
    assert "declared: nothing of its bandwidth or FLOP/s" in text


def test_no_line_is_wider_than_a_terminal():
    assert max(map(len, lines())) <= 80


def test_modelled_is_in_capitals_and_says_what_its_bounds_are():
    text = "\n".join(lines())

    assert "MODELLED" in next(one for one in lines() if one.startswith("triad, gross"))
    assert "no coverage is claimed" in text


def test_what_no_sensor_told_is_never_called_measured():
    """A simulated board's, as everywhere else."""
    board = figure("idle_bare", "gpu:0", "W", 75.0, stand_in="a test double: Simulated H100")
    text = device_text(CALIBRATION, LOADED, Ceilings(figures=(board,)), (), "RUN-ID")

    assert "SIMULATED" in text
    assert "measured" not in text.splitlines()[3]
    assert "a test double: Simulated H100, and no sensor: gpu:0" in text


def test_what_bounds_what_is_absent_and_why_is_all_there():
    text = " ".join("\n".join(lines()).split())

    assert "fp16 matmul limited by its power limit of 700 W" in text
    assert "bf16_matmul: not driven: no bf16 here" in text
    assert "host/idle_bare, host/idle_resident: void: busy machine" in text
    assert "void, host: busy machine: 30 % were busy; stop it" in text
    assert "triad: fp32 arrays of 4 MiB, 12.58 MB a pass" in text
    assert "fp16_matmul: dense products of side 1000, 2 GFLOP each" in text


def test_figures_have_names_that_people_read():
    names = [figure_name(one) for one in FOUND.figures]

    assert names == ["triad", "fp16 matmul", "idle, bare", "triad, above idle", "triad, gross"]
