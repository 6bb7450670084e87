"""Runs that were measured alone and runs that had others in memory: no ratio is of the two."""

import pytest
from comparison_demo import sealed_round

from bench.errors import BadInput
from bench.run.candidates import CandidateFolder
from bench.run.compared import compare_folders
from bench.run.verify import verify

OTHER = {"q8": "f16", "f16": "q8"}


def run_of(out, number, precision, *, beside=True, at=0):
    """A run of a comparison in turn, or alone; q8 of 0.3 s a batch. `at`: its window's place in its round."""
    asked = {"beside": (f"echo/mistral-160m:{OTHER[precision]}",)} if beside else {}
    batch_s = {"q8": 0.3, "f16": 0.5}[precision] * (1 + number / 10)
    name = "c0ffee00" if beside else ""
    minute = 10 * number + at
    return sealed_round(
        out, number, precision=precision, batch_s=batch_s, name=name, minute=minute, asked_for=asked
    )


def compared(tmp_path):
    folders = [CandidateFolder(path=tmp_path / name) for name in ("a", "b")]
    return compare_folders(folders, tmp_path / "o", (None, "EUR")).compared


def test_alone_is_not_held_against_in_turn(tmp_path):
    """Only one of the two energies holds the other's idle power, and it was said of both."""
    for number in (1, 2, 3):
        run_of(tmp_path / "a", number, "q8", beside=False)
        run_of(tmp_path / "b", number, "f16", at=1)

    with pytest.raises(BadInput, match="q8 was measured alone, f16 with 2 candidates in memory") as told:
        compared(tmp_path)
    assert "`joulemark compare echo/mistral-160m:q8 echo/mistral-160m:f16 --on prompt-32-8`" in str(told.value)


def test_of_folders_that_hold_both_kinds_the_newest_stands(tmp_path):
    """A round alone, then rounds in turn: four runs were averaged as of one kind."""
    for number in (1, 2, 3, 4):
        for at, precision in enumerate(("q8", "f16")):
            run_of(tmp_path / "ab"[at], number, precision, beside=number > 1, at=at)
    one = compared(tmp_path)

    assert [len(pair.runs) for pair in one.works[0].pairs] == [3]
    assert len(one.set_apart) == 2
    assert "round 1 of q8: measured alone, others with 2 candidates in memory" in one.set_apart[0]
    assert [d.field for d in verify(tmp_path / "o").differences if not d.field.startswith("rounds.")] == []


def test_rounds_in_turn_agree_in_what_was_in_memory(tmp_path):
    """Each names the others, and all of them together are the same for each."""
    for number in (1, 2, 3):
        run_of(tmp_path / "a", number, "q8")
        run_of(tmp_path / "b", number, "f16", at=1)

    assert compared(tmp_path).set_apart == ()
