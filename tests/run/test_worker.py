"""What the process that holds a model tells its sensors: which work is its own, what is known of the boards."""

import os
from dataclasses import replace

import pytest
from fakes import GPU, LOADED, FakeClock, FakeSession, spec

import bench.run.worker as worker
from bench.errors import CannotRun, NoSensor
from bench.files.models import model_of
from bench.files.store import MeteredRecord, write_metered
from bench.nouns import FieldPassport, LoadSpec, Passport, Trace
from bench.run.worker import Job, run_job


@pytest.fixture
def asked(monkeypatch):
    """What a worker opens its sensors with; they can't be opened, so that it ends there."""
    found = {}

    class Refuses:
        def __init__(self, meters, period_s, *, passports):
            found.update(meters=meters, period_s=period_s, passports=passports)

        def __enter__(self):
            raise NoSensor("refused")

        def __exit__(self, *_):
            pass

    monkeypatch.setattr(worker, "Sampler", Refuses)
    return found


def start(out, meters):
    """A worker that gets as far as its sensors."""
    told = []
    job = Job(
        out=str(out), specs=(spec(sample_period_s=0.02),), run_ids=("r1",), meters=meters, environment={}
    )  # fmt: skip
    with pytest.raises(NoSensor):
        run_job(job, told.append)
    assert told == []


@pytest.mark.parametrize(
    ("options", "own"), [({}, "{}"), ({"own_pids": "7"}, "7,{}"), ({"own_pids": "7,8", "other": "1"}, "7,8,{}")]
)
def test_a_worker_tells_meters_that_its_own_work_is_not_foreign(tmp_path, asked, options, own):
    """Beside what the meter was told before; one that knows no processes is not told."""
    start(tmp_path, {"nvml": options, "rapl": {}, "host_model": {"vcpu_is": "core"}, "constant": {"power_w": "1"}})

    me = {"own_pids": str(os.getpid())}
    assert asked["meters"] == {
        "nvml": {**options, "own_pids": own.format(os.getpid())}, "rapl": me,
        "host_model": {"vcpu_is": "core", **me}, "constant": {"power_w": "1"},
    }  # fmt: skip
    assert asked["period_s"] == 0.02


def sealed(out, id_, window_s, **changed):
    """Known steps of the board that lie sealed in a result folder."""
    field = FieldPassport(update_s=0.1, window_s=window_s, lag_s=0.0, origin="steps")
    passport = Passport(fields={"counter": field}, steps=16, id=id_)
    record = MeteredRecord(
        kind="passport", id=id_, started_at="2026-11-21T10:00:00Z", environment={},
        sources=(replace(GPU, passport=None, **changed),), trace=Trace(observations=(), windows=()), energies=(),
        passports={"gpu:0": passport},
    )  # fmt: skip
    write_metered(out, record, "0")
    return passport


def test_a_worker_gives_its_sensors_the_newest_known_steps(tmp_path, asked):
    """By board and driver: a passport of another driver is another sensor's."""
    sealed(tmp_path, "20261121T100000Z-passport-1", 0.05)
    newest = sealed(tmp_path, "20261121T110000Z-passport-2", 0.025)
    other = sealed(tmp_path, "20261121T090000Z-passport-3", 0.1, driver="600.1")

    start(tmp_path, {"nvml": {}})

    assert asked["passports"] == {("GPU-1", "595.1"): newest, ("GPU-1", "600.1"): other}


class Prepares:
    """An engine that says what it was asked for, and loads wherever it likes."""

    def __init__(self, device="cpu"):
        self.asked, self.session = [], FakeSession(FakeClock(), loaded=replace(LOADED, device=device))

    def check(self):
        raise NotImplementedError

    def version(self):
        return "1"

    def prepare(self, asked):
        self.asked.append(asked.device)

    def load(self, asked):
        self.asked.append(asked.device)
        return self.session.loading(0.0)


@pytest.mark.parametrize(("device", "told"), [(None, "auto"), ("cpu", "cpu"), ("cuda", "cuda")])
def test_an_engine_is_told_the_cells_device(tmp_path, asked, monkeypatch, device, told):
    """It makes its file for it, and loads there."""
    engine, cell = Prepares(), replace(spec().cell, device=device)
    monkeypatch.setattr(worker, "load_engine", lambda name: engine)
    job = Job(
        out=str(tmp_path), specs=(replace(spec(), cell=cell),), run_ids=("r",), meters={}, environment={}
    )  # fmt: skip

    with pytest.raises(NoSensor):
        run_job(job, lambda _: None)

    assert engine.asked == [told]


@pytest.mark.parametrize(
    ("device", "found", "fits"),
    [("cpu", "cpu", True), ("cpu", "GPU-1", False), ("cuda", "cpu", False), ("cuda", "GPU-1", True),
     ("cuda", "MIG-1", True), ("auto", "cpu", True), ("auto", "GPU-1", True)],
)  # fmt: skip
def test_an_engine_that_does_not_follow_its_device_is_refused(device, found, fits):
    """Whoever wrote it: its joules would stand under the other's name."""
    load = LoadSpec(model=model_of(spec()), precision="fp32", weights="synthetic", device=device)
    loading = worker._loaded(Prepares(found), load)

    if fits:
        with loading as session:
            assert session.loaded.device == found
    else:
        with pytest.raises(CannotRun, match=f"device={device} was asked for, echo loaded"), loading:
            pass
