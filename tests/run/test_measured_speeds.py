"""A plan goes by what `profile` measured of the board, where the result folder holds it."""

from dataclasses import replace

import pytest
from fakes import GPU

from bench.files.layout import profile_folder
from bench.nouns import HardwareProfile, MeasuredFigure, Quantity
from bench.run.host import Host
from bench.run.profile import render_profile
from bench.run.sensors import Sensors
from bench.run.speeds import speeds_of

HOST = Host(
    profile=HardwareProfile(name="m", title="m", kind="machine", accelerator="nvidia-t4", accelerator_count=1.0),
    memory_bytes=1e12, sensors=Sensors(meters={}, sources=(GPU,), checks=()),
)  # fmt: skip


def rate(device, name, value, unit):
    quantity = Quantity(value=value, low=value, high=value, unit=unit, basis="measured")
    return MeasuredFigure(device=device, domain=None, name=name, quantity=quantity, run_id="r")


def test_measured_ceilings_stand_in_the_place_of_declared_ones(tmp_path):
    """Half of the declared 320 GB/s and 65.13 TFLOP/s halves both; the CPU's own rates have no part in it."""
    declared = speeds_of(HOST, tmp_path)
    measured = (
        rate("cpu", "triad_rate", 1.0, "GB/s"),
        rate("gpu:0", "triad_rate", 160.0, "GB/s"),
        rate("gpu:0", "fp16_matmul_rate", 65.13 / 2, "TFLOP/s"),
    )
    folder = profile_folder(tmp_path)
    folder.mkdir()
    (folder / "m.toml").write_text(render_profile(replace(HOST.profile, measured=measured)))

    found = speeds_of(HOST, tmp_path)

    assert found.bytes_per_s == pytest.approx(declared.bytes_per_s / 2)
    assert found.flop_per_s == pytest.approx(declared.flop_per_s / 2)
    assert found.layer_pass_s == declared.layer_pass_s
