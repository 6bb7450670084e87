"""Several workers at once: who goes when, what each is told, and a round that one of them leaves."""

import os
import signal
import sys
from dataclasses import replace

import pytest
from fakes import spec

from bench.errors import Interrupted
from bench.run.in_turns import run_in_turns
from bench.run.worker import Job

ASK = """turn() {
  echo "$me asks $1" >> ../log
  printf '{"event": "turn", "stage": "%s", "enough": %s}\\n' "$1" "${2:-false}"
  read -r word; echo "$me $word $1" >> ../log; [ "$word" = go ]
}
"""
SEAL = 'echo \'{"event": "sealed", "run_id": "x", "all_void": false, "void": []}\'\n'
CELL = f"turn idle; turn load; turn idle; turn warmup; turn work; turn work; turn work; turn end; {SEAL}"


@pytest.fixture
def play(tmp_path, monkeypatch):
    """Shell scripts in the workers' place, each of its own candidate: `play(q8="…", f16="…")` → results."""
    player = tmp_path / "worker"
    player.write_text(
        "#!/bin/sh\n"
        f"cd {tmp_path}; read -r job\n"
        f"{ASK}"
        'for me in *.act; do me=${me%.act}; case "$job" in *\'"precision": "\'$me*) break;; esac; done\n'
        f'mkdir -p {tmp_path}/at && cd {tmp_path}/at && echo "$job" > ../$me.job; . ../$me.act\n'
    )
    player.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(player))

    def played(listen=lambda _: None, meters=None, **acts):
        for name, act in acts.items():
            (tmp_path / f"{name}.act").write_text(act)
        return run_in_turns([job(name, meters or {}) for name in acts], listen)

    return played


def job(precision, meters):
    one = spec()
    one = replace(one, cell=replace(one.cell, precision=precision), beside=("another",))
    return Job(out="out", specs=(one,), run_ids=("",), meters=meters, environment={})


@pytest.fixture
def log(tmp_path):
    return lambda word: [
        line.replace(f" {word}", "") for line in (tmp_path / "log").read_text().splitlines() if f" {word} " in line
    ]


def test_windows_come_in_turn_and_the_order_is_turned_every_time_round(play, log):
    """A B B A A B: a steady drift cancels over two."""
    results = list(play(q8=CELL, f16=CELL))

    assert [r.status for r in results] == ["done", "done"]
    went = log("go")
    work = [line.split()[0] for line in went if line.endswith("work")]
    assert work == ["q8", "f16", "f16", "q8", "q8", "f16"]
    loads = [line for line in went if line.endswith(("load", "warmup"))]
    assert loads == ["q8 load", "f16 load", "q8 warmup", "f16 warmup"]


def test_nobody_works_before_the_one_before_rests(play, tmp_path):
    """Between a candidate's going and its next question no other goes."""
    list(play(q8=CELL, f16=CELL))
    at_work = None
    for line in (tmp_path / "log").read_text().splitlines():
        me, word, stage = line.split()
        if word == "go" and stage not in ("idle", "end"):
            assert at_work is None
            at_work = me
        elif word == "asks" and me == at_work:
            at_work = None


def test_all_rest_together(play, tmp_path):
    """Both are told to rest before either is asked again: an idle window is idle for both."""
    list(play(q8=CELL, f16=CELL))
    lines = (tmp_path / "log").read_text().splitlines()
    first_load = next(i for i, line in enumerate(lines) if line.endswith("go load"))
    assert {"q8 asks load", "f16 asks load"} <= set(lines[:first_load])


def test_work_goes_on_until_all_have_enough(play, log):
    """One that is sure goes on beside one that is not: a window without its partner tells nothing."""
    sure = f"turn work true; turn work true; turn end; {SEAL}"
    unsure = f"turn work; turn work true; turn end; {SEAL}"
    results = list(play(q8=sure, f16=unsure))

    assert [r.status for r in results] == ["done", "done"]
    assert [line for line in log("go") if line.endswith("work")] == ["q8 work", "f16 work"]
    assert sorted(log("stop")) == ["f16 work", "q8 work"]


def test_a_candidate_that_fails_ends_the_round_for_all(play):
    """A ratio needs every side: the other is stopped, and whose fault it was is said first."""
    fails = """turn idle; turn load; echo '{"event": "failed", "reason": "out of memory"}'\n"""
    results = list(play(q8=CELL, f16=fails))

    assert [(r.status, r.reason) for r in results] == [
        ("failed", "out of memory"),
        ("failed", "ended with echo/mistral-160m:f16/prompt-32-8: a round needs every candidate"),
    ]
    assert results[0].cell.startswith("echo/mistral-160m:f16/")


def test_a_worker_that_is_killed_is_a_failure_with_its_signal(play):
    """As of a worker that is alone."""
    results = list(play(q8=CELL, f16="turn idle; kill -9 $$\n"))

    assert "killed (signal 9" in results[0].reason


def test_a_candidate_that_ends_while_the_others_wait_leaves_nobody_waiting(play):
    """No word, no seal: its round ends."""
    results = list(play(q8=CELL, f16="turn idle\n"))

    assert results[0].reason == "the worker ended without a word"


def test_work_of_the_others_on_a_board_is_not_foreign(play, tmp_path):
    """Each is told the process ids of all, and what was told before stays."""
    list(play(meters={"nvml": {"own_pids": "17"}, "rapl": {}}, q8=CELL, f16=CELL))
    told = [(tmp_path / f"{name}.job").read_text() for name in ("q8", "f16")]

    pids = [text.split('"own_pids": "')[1].split('"')[0].split(",") for text in told]
    assert pids[0] == pids[1]
    assert pids[0][0] == "17"
    assert len(pids[0]) == 3


def test_an_interrupt_leaves_no_worker_behind(play, tmp_path):
    """All of them are ended, those that wait too."""
    waits = 'echo $$ >> ../pids; echo \'{"event": "phase"}\'; turn idle; sleep 20\n'
    told = play(listen=lambda _: signal.raise_signal(signal.SIGINT), q8=waits, f16=waits)
    with pytest.raises(Interrupted, match="stopped by SIGINT"):
        list(told)

    for pid in (tmp_path / "pids").read_text().split():
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid), 0)
