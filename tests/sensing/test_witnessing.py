"""Peers are told outside a window's edges, become readings, and fall silent with a reason, never with a number."""

import os
import time

import psutil
import pytest
from fake_peers import MODELLED_W, STEADY_W, install

from bench.errors import BadInput, CannotRun, UnknownName
from bench.nouns import Reading, WitnessRecord
from bench.sensing.witnessing import Witnesses, require_witnesses


@pytest.fixture(autouse=True)
def peers(tmp_path, monkeypatch):
    """Every fake peer is known, here and in the processes that are started from here."""
    path = install(tmp_path / "site")
    monkeypatch.syspath_prepend(path.split(os.pathsep)[0])
    monkeypatch.setenv("PYTHONPATH", path)


def watched(*names, windows=1, window_s=0.1, **options):
    """What peers say of some windows, the windows themselves, and their records."""
    said, edges = [], []
    with Witnesses(names, **options) as watch:
        for _ in range(windows):
            watch.begin()
            start_ns = time.monotonic_ns()
            time.sleep(window_s)
            end_ns = time.monotonic_ns()
            watch.end()
            edges.append((start_ns, end_ns))
            said += watch.collect()
        return said, edges, watch.records


def test_a_peer_becomes_a_counter_whose_two_readings_hold_each_window():
    """The joules of a window are the difference of the readings before and after it, cumulative over windows."""
    said, edges, records = watched("steady", windows=3)

    mine = [one for one in said if one.domain == "gpu:0"]
    assert records == (WitnessRecord(name="steady", version="1.0"),)
    assert [one.value for one in mine[1:-1:2]] == [one.value for one in mine[2::2]]
    for (start_ns, end_ns), begun, ended in zip(edges, mine[::2], mine[1::2], strict=True):
        assert begun.t_ns <= start_ns < end_ns <= ended.t_ns
        span_s = (ended.t_ns - begun.t_ns) * 1e-9
        assert ended.value - begun.value == pytest.approx(STEADY_W["gpu:0"] * span_s, rel=0.05)


def test_a_model_of_the_peer_s_own_is_called_one():
    """A reading of a model bears another name than one of a sensor."""
    said, _, _ = watched("steady")

    fields = {(one.domain, one.field) for one in said if isinstance(one, Reading)}
    assert fields == {
        ("wall", "peer:steady"), ("gpu:0", "peer:steady"), ("host", "peer:steady (modelled)"),
    }  # fmt: skip
    assert MODELLED_W * 0.1 < max(one.value for one in said if one.domain == "host") < MODELLED_W * 0.3


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("closed", "its daemon is not there"),
        ("broken", "ended with exit code 1: ZeroDivisionError: its own bug"),
        ("endless", "expected a finite number"),
        ("hanging", "did not answer within 1 s"),
    ],
)
def test_a_peer_that_fails_says_nothing_and_why(name, why):
    """No window waits for it, no number is made of it, and the others go on."""
    said, _, records = watched(name, "steady", windows=2, answer_within_s=1.0)

    assert why in records[0].fault
    assert {one.field for one in said} == {"peer:steady", "peer:steady (modelled)"}
    assert records[1].fault is None


def test_a_peer_that_dies_inside_a_window_keeps_what_it_said_before():
    """The first of three windows has its pair of readings; from the second on there is none."""
    said, edges, records = watched("dying", windows=3)

    assert "exit code 7" in records[0].fault
    assert len(said) == 2 * 3
    assert max(one.t_ns for one in said) < edges[1][0]


def test_a_peer_sees_every_gpu_whatever_is_hidden_from_the_work(monkeypatch):
    """Under CUDA_VISIBLE_DEVICES=1 its GPU 0 would be another one than ours."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")

    _, _, records = watched("sighted")

    assert records[0].fault is None


def test_no_process_outlives_the_watch():
    """A peer that hangs is ended at once, the others with the watch."""
    before = set(psutil.Process().children())
    with Witnesses(("hanging", "steady"), answer_within_s=0.5) as watch:
        watch.begin()
        during = set(psutil.Process().children()) - before

    assert len(during) == 1
    assert set(psutil.Process().children()) == before


def test_what_cannot_watch_is_said_before_anything_runs():
    """An unknown peer offers the nearest, a missing library its command, and nobody watches twice."""
    with pytest.raises(UnknownName, match="did you mean 'steady'"):
        require_witnesses(["staedy"])
    with pytest.raises(CannotRun, match=r"pip install 'joulemark\[peers\]'"):
        require_witnesses(["absent"])
    with pytest.raises(BadInput, match="once"):
        require_witnesses(["steady", "steady"])
