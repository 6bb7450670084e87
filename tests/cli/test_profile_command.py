"""The command itself: text for people, JSON for machines, exit codes; the work behind it is a fake."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

import bench.run.calibrating as calibrating
from bench.cli.app import app
from bench.files.store import Published
from bench.nouns import Calibration, Ceilings, HardwareProfile, Kernel, Loaded, MeasuredFigure, Quantity
from bench.run.calibrating import Profile, Profiled

RATE = MeasuredFigure(
    device="cpu", domain=None, name="triad_rate", run_id="RUN",
    quantity=Quantity(value=31.5, low=31.0, high=32.0, unit="GB/s", basis="measured"),
)  # fmt: skip
DONE = Profiled(
    calibration=Calibration(
        device="cpu", hardware="m", kernels=(Kernel(kind="triad", precision="fp32", size=1024),)
    ),
    loaded=Loaded(
        engine="ceilings", engine_version="torch 2.13", precision="none", weights="synthetic", device="cpu",
        device_name="AMD EPYC", parameters=0,
    ),
    published=Published(energies=(), verdicts=(), ceilings=Ceilings(figures=(RATE,))),
    sealed=Path("out/runs/RUN"),
)  # fmt: skip
MADE = Profile(
    profile=HardwareProfile(name="m", title="A machine", kind="machine", host_model={"threads": 2}),
    path=Path("out/profiles/m.toml"), devices=(DONE,), skipped={},
)  # fmt: skip


@pytest.fixture
def asked(monkeypatch):
    """What the command asked for; what it gets can be set."""
    seen = {"made": MADE}

    def make(out, seconds, say, *, passports):
        say("keep the machine quiet")
        seen.update(out=out, seconds=seconds, passports=passports)
        return seen["made"]

    monkeypatch.setattr(calibrating, "make_profile", make)
    return seen


def test_people_get_a_table_and_what_a_modelled_host_cannot_see(asked):
    done = CliRunner().invoke(app, ["profile", "--out", "here", "--seconds", "2", "--no-passport"])

    assert done.exit_code == 0
    assert (asked["out"], asked["seconds"], asked["passports"]) == (Path("here"), 2.0, False)
    assert "31.50 (31.0 to 32.0) GB/s" in done.stdout
    assert "sees busy time, not instructions" in " ".join(done.stdout.split())
    assert "joulemark verify here" in done.stdout


def test_machines_get_one_object_with_every_count(asked):
    done = CliRunner().invoke(app, ["profile", "--json"])
    found = json.loads(done.stdout)

    assert found["schema_version"] == 1
    (device,) = found["devices"]
    assert device["figures"][0]["quantity"]["value"] == 31.5
    assert device["kernels"][0]["per_pass"] == 3 * 4 * 1024
    assert (device["run"], found["path"]) == ("RUN", "out/profiles/m.toml")
    assert "keep the machine quiet" in done.stderr


@pytest.mark.parametrize("flag", [[], ["--json"]])
@pytest.mark.parametrize(
    "short",
    [
        replace(MADE, skipped={"gpu:0": "no torch"}),
        replace(
            MADE,
            devices=(replace(DONE, published=replace(DONE.published, ceilings=Ceilings(refused={"a": "b"}))),),
        ),
    ],
)
def test_what_is_absent_is_the_exit_code_and_said(asked, flag, short):
    """1: a device or a figure falls short; both ways of asking name it."""
    asked["made"] = short
    done = CliRunner().invoke(app, ["profile", *flag])

    assert done.exit_code == 1
    assert "no torch" in done.stdout if short.skipped else "b" in done.stdout


@pytest.mark.parametrize("seconds", ["0.1", "601", "soon"])
def test_windows_too_short_or_too_long_are_bad_input(asked, seconds):
    assert CliRunner().invoke(app, ["profile", "--seconds", seconds]).exit_code == 2
    assert "out" not in asked
