"""What becomes of each cell when a worker fails in one of its ways: a process stands in the worker's place."""

import os
import signal
import sys
from datetime import UTC, datetime
from itertools import count

import pytest
from fakes import spec

import bench.run.worker_process as worker_process
from bench.errors import Interrupted
from bench.files.known import spec_sha256
from bench.run.supervise import run_id, run_jobs
from bench.run.worker import Job

CELLS = ("prompt-32-8", "prompt-256-8", "prompt-32-64")
SEALED = """echo '{"event": "sealed", "run_id": "x", "all_void": false, "void": []}'\n"""
VOID = (
    """echo '{"event": "sealed", "run_id": "x", "all_void": true, "void": ["throttled: hot", "fault: dead"]}'\n"""
)
FAILED = """echo '{"event": "failed", "reason": "out of memory"}'\n"""
KILL = "kill -9 $$\n"
WAIT = "for _ in $(seq 100); do sleep 0.05; done\n"


class Stage:
    """Stands in the worker's place: the first worker does the first act, the second one the second …"""

    def __init__(self, folder, monkeypatch):
        self._folder, self._acts = folder, count(1)
        player = folder / "worker"
        player.write_text(
            "#!/bin/sh\n"
            f"cd {folder}; n=$(($(ls | grep -c '^job') + 1))\n"
            "head -n 1 > job-$n\n"
            ". ./act-$n\n"
        )  # fmt: skip
        player.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(player))

    def act(self, text):
        (self._folder / f"act-{next(self._acts)}").write_text(text)
        return self

    @property
    def asked(self):
        """The cells that each worker was asked for."""
        jobs = sorted(self._folder.glob("job-*"))
        return [[c for c in CELLS if f'"{c}"' in job.read_text()] for job in jobs]


@pytest.fixture
def stage(tmp_path, monkeypatch):
    return Stage(tmp_path, monkeypatch)


def job(cells=CELLS):
    specs = tuple(spec(workload=c) for c in cells)
    return Job(out="out", specs=specs, run_ids=("",) * len(specs), meters={}, environment={})


def results(*jobs):
    return [(r.status, r.reason) for r in run_jobs(jobs or (job(),))]


def test_one_worker_seals_the_cells_of_a_model_one_by_one(stage):
    """In their order; a void one says every reason."""
    stage.act(SEALED + VOID + SEALED)

    assert results() == [("done", ""), ("void", "throttled: hot; fault: dead"), ("done", "")]
    assert stage.asked == [list(CELLS)]


def test_a_cell_that_fails_takes_no_other_along(stage):
    """Whoever said why is believed once, whatever the exit code; the next worker gets what is left."""
    stage.act(SEALED + FAILED + "exit 3\n").act(SEALED)

    assert results() == [("done", ""), ("failed", "out of memory"), ("done", "")]
    assert stage.asked == [list(CELLS), [CELLS[2]]]


@pytest.mark.parametrize(
    ("ending", "reason"),
    [
        ("echo first >&2; echo '  bye ' >&2; echo >&2; exit 3\n", "the worker ended with code 3; last: bye"),
        ("exit 1\n", "the worker ended with code 1; last: it said nothing"),
        ("echo word >&2; kill -11 $$\n", "the worker ended with signal 11; last: word"),
        (KILL, "the worker was killed (signal 9, as the kernel does when memory runs out); last: it said nothing"),
        ("", "the worker ended without a word"),
    ],
)  # fmt: skip
def test_a_worker_that_ends_says_how(stage, ending, reason):
    """Its last line is the reason that people look for; and the cells after it are tried."""
    stage.act(ending).act(SEALED + SEALED)

    assert results() == [("failed", reason), ("done", ""), ("done", "")]
    assert stage.asked == [list(CELLS), list(CELLS[1:])]


def test_a_group_that_ended_early_in_order_goes_on_with_sensors_opened_afresh(stage):
    """A sensor died: the cell is void, and the next is not called failed, for nothing was tried."""
    stage.act(VOID).act(SEALED).act(SEALED)

    assert [status for status, _ in results()] == ["void", "done", "done"]
    assert stage.asked == [list(CELLS), list(CELLS[1:]), [CELLS[2]]]


def test_a_crash_after_a_sealed_cell_costs_the_next_one_alone(stage):
    """It was under way when the worker died."""
    stage.act(SEALED + KILL).act(SEALED)

    assert [status for status, _ in results()] == ["done", "failed", "done"]


def test_each_model_has_a_worker_of_its_own(stage):
    """The next model is loaded by another process, whatever became of the first."""
    stage.act(KILL).act(SEALED)

    assert [s for s, _ in results(job(CELLS[:1]), job(CELLS[1:2]))] == ["failed", "done"]
    assert stage.asked == [[CELLS[0]], [CELLS[1]]]


def test_events_are_heard_as_they_come(stage):
    """Progress, and the failure, reach whoever listens."""
    stage.act("""echo '{"event": "phase"}'\n""" + SEALED + FAILED + "exit 2\n")
    heard = []

    list(run_jobs((job(CELLS[:2]),), heard.append))

    assert [event["event"] for event in heard] == ["phase", "sealed", "failed"]


@pytest.mark.parametrize("deaf", ["", "trap '' TERM\n"])
def test_whoever_stops_listening_leaves_no_worker_behind(stage, tmp_path, monkeypatch, deaf):
    """It is asked to end, and after a while made to."""
    monkeypatch.setattr(worker_process, "_GRACE_S", 0.3)
    stage.act(f"{deaf}echo $$ > pid\n{SEALED}{WAIT}")
    told = run_jobs((job(),))
    next(told)
    pid = int((tmp_path / "pid").read_text())

    told.close()

    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.fixture
def handlers():
    """Whoever has the signals before: a signal that is not taken from him ends nothing, the tests least of all."""
    had = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGTERM)}
    yield lambda: [signal.getsignal(number) for number in had]
    for number, handler in had.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_both_signals_stop_a_suite_in_order_and_are_given_back(stage, handlers, number):
    """The worker is ended, the words say how to go on, and whoever had the signals has them again."""
    before = handlers()
    stage.act(SEALED + WAIT)
    told = run_jobs((job(),))
    next(told)

    with pytest.raises(Interrupted, match=f"stopped by {number.name}; finished cells are kept"):
        signal.raise_signal(number)
    told.close()

    assert handlers() == before


def test_a_run_is_named_by_its_beginning_and_its_spec():
    """Sorted by name is sorted by time; two cells of one second have two names."""
    at = datetime(2026, 11, 21, 10, 15, tzinfo=UTC)
    names = [run_id(spec(workload=c), at) for c in CELLS]

    assert names[0] == f"20261121T101500Z-{spec_sha256(spec(workload=CELLS[0]))[:8]}"
    assert len(set(names)) == 3


def test_every_worker_gives_its_cells_names_of_its_own(stage, tmp_path):
    """What is tried again is another run."""
    stage.act(VOID).act(SEALED + SEALED)
    list(run_jobs((job(),)))

    for number, cells in ((1, CELLS), (2, CELLS[1:])):
        text = (tmp_path / f"job-{number}").read_text()
        assert all(spec_sha256(spec(workload=c))[:8] in text for c in cells)
        assert text.count("Z-") == len(cells)
