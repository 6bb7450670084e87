"""The sections of `make perf TABLE=estimators` about speed: what they say of what they measured."""

import stat

import estimators_columns
import estimators_process


def test_what_a_process_loads_is_seen():
    assert {"json", "bench"} <= estimators_process.modules(["--version"])


def test_a_process_beside_codecarbon_and_without(tmp_path, monkeypatch):
    slow = tmp_path / "codecarbon"
    slow.write_text("#!/bin/sh\nsleep 2\n")
    slow.chmod(slow.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setattr(estimators_process, "ROUNDS", 1)
    monkeypatch.setattr(estimators_process.shutil, "which", lambda name, path=None: None if path else str(slow))
    beside, light = estimators_process.section().goals
    assert beside.met
    assert light.met
    slow.write_text("#!/bin/sh\n")
    assert estimators_process.section().goals[0].met is False
    monkeypatch.setattr(estimators_process.shutil, "which", lambda *_, **__: None)
    monkeypatch.setattr(estimators_process, "HEAVY", ("json", "numpy"))
    absent, heavy = estimators_process.section().goals
    assert absent.met is None
    assert "joulemark[peers]" in absent.found
    assert (heavy.met, heavy.found) == (False, "json")


def test_columns_beside_plain_numpy_give_one_answer(monkeypatch):
    monkeypatch.setattr(estimators_columns, "CALL", 4000)
    monkeypatch.setattr(estimators_columns, "ROUNDS", 2)
    section = estimators_columns.section()
    assert [row[0] for row in section.rows][:3] == ["mixed", "one cell", "no batch said"]
    assert [goal.asked for goal in section.goals] == ["12 million", "0.8", "40 million", "0.8"]
