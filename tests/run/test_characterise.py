"""Sensor passports on a simulated board and a virtual clock: made, sealed, known from then on."""

import json
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import pytest
from fakes import GPU
from sim.classes import CLASSES
from sim.stepped import Stepped

import bench.run.characterise as characterise
from bench.errors import CannotRun
from bench.files.known import known_passports
from bench.nouns import Check, HardwareProfile
from bench.run.host import Host
from bench.run.sensors import Sensors
from bench.sensing.passport import STEPS, watch, watch_steps

BY_NAME = {one.name: one for one in CLASSES}
LOADABLE, NO_LOAD = (Check(name="load", status=s, reason=f"is {s}") for s in ("ok", "missing"))


@pytest.fixture
def stepped(monkeypatch):
    """A gated H100 in the place of sensors and load."""
    made = Stepped(of=BY_NAME["hopper"], flaws={"counter": "gated", "phase_s": 0.0137, "lag_s": 0.02})
    monkeypatch.setattr(characterise, "Sampler", made.opened)
    monkeypatch.setattr(characterise, "remote_load", made.opened)
    monkeypatch.setattr(characterise, "watch_steps", partial(watch_steps, sleep=made.clock.sleep))
    monkeypatch.setattr(characterise, "watch", partial(watch, sleep=made.clock.sleep))
    monkeypatch.setattr(characterise, "check", lambda: LOADABLE)
    return made


def test_known_steps_are_sealed_and_known_from_then_on(stepped, tmp_path):
    """By board and driver, with the id of the folder that proves them; what was told is what is read back."""
    (source,) = stepped.sources
    assert characterise.unknown_devices((source,), tmp_path) == (source,)

    found = characterise.characterise({"nvml": {}}, source, tmp_path)

    passport = found.passports["gpu:0"]
    assert (passport.steps, passport.id) == (STEPS, found.sealed.name)
    assert passport.fields["counter"].window_s == pytest.approx(0.025, abs=0.005)
    assert passport.fields["average"].lag_s == pytest.approx(0.02, abs=0.005)
    assert known_passports(tmp_path) == {(source.device, source.driver): passport}
    assert characterise.unknown_devices((source,), tmp_path) == ()
    assert characterise.unknown_devices((replace(source, driver="600.1"),), tmp_path) != ()


def test_what_is_sealed_says_what_it_is(stepped, tmp_path):
    """A passport's folder is no run and no command, and holds no energies."""
    found = characterise.characterise({"nvml": {}}, stepped.sources[0], tmp_path)
    seal = json.loads((found.sealed / "run.json").read_text())

    assert (seal["kind"], seal["spec"], seal["energies"]) == ("passport", None, [])
    assert seal["id"] == found.sealed.name
    assert (
        sum(line.startswith("work,step-") for line in (found.sealed / "windows.csv").read_text().splitlines())
        == STEPS
    )


def test_without_a_folder_nothing_is_sealed(stepped, tmp_path):
    """The passports are told all the same."""
    found = characterise.characterise({"nvml": {}}, stepped.sources[0], None)

    assert found.sealed is None
    assert found.passports["gpu:0"].fields["instant"].origin == "steps"


def test_devices_are_unknown_only_where_a_load_can_be_made(monkeypatch, tmp_path):
    """A model and a slice have no sensor to find out; without a load nothing can be."""
    slice_ = replace(GPU, basis="excluded", reason="a MIG slice")
    cpu = replace(GPU, boundary="cpu", device="intel-rapl:0")
    monkeypatch.setattr(characterise, "check", lambda: LOADABLE)
    assert characterise.unknown_devices((slice_, cpu, GPU), tmp_path) == (GPU,)

    monkeypatch.setattr(characterise, "check", lambda: NO_LOAD)
    assert characterise.unknown_devices((GPU,), tmp_path) == ()


def on(*boards):
    """A machine with these boards."""
    profile = HardwareProfile(name="m", title="m", kind="machine")
    return Host(
        profile=profile, memory_bytes=None, sensors=Sensors(meters={"nvml": {}}, sources=boards, checks=())
    )


def test_every_measured_board_is_made_busy_by_itself(stepped, monkeypatch, tmp_path):
    """Each under its own load; whoever waits is told which, and why the machine has to be quiet."""
    busy, said = [], []

    @contextmanager
    def load(device):
        busy.append(device)
        yield stepped

    boards = (GPU, replace(GPU, domain="gpu:1", device="GPU-2"), replace(GPU, domain="gpu:2", basis="excluded"))
    monkeypatch.setattr(characterise, "look", lambda: on(*boards))
    monkeypatch.setattr(characterise, "remote_load", load)

    found = characterise.characterise_all(tmp_path, said.append)

    assert busy == ["GPU-1", "GPU-2"]
    assert len(found) == len(said) == 2
    assert said[0] == f"Fake is made busy {STEPS} times: keep the machine quiet meanwhile"


@pytest.mark.parametrize(("check", "why"), [(NO_LOAD, "is missing"), (LOADABLE, "torch sees no CUDA device")])
def test_without_a_load_the_sensors_are_watched_and_what_lacks_is_said(stepped, monkeypatch, tmp_path, check, why):
    """Nothing is sealed, and no field is said to be known from steps."""

    def refuses(_):
        raise CannotRun("torch sees no CUDA device")

    monkeypatch.setattr(characterise, "look", lambda: on(GPU))
    monkeypatch.setattr(characterise, "check", lambda: check)
    monkeypatch.setattr(characterise, "remote_load", refuses)

    (found,) = characterise.characterise_all(tmp_path, lambda _: None)

    assert why in found.why
    assert found.sealed is None
    assert {f.origin for f in found.passports["gpu:0"].fields.values()} <= {"published", "readings", "unknown"}
    assert stepped.spans_s == []
