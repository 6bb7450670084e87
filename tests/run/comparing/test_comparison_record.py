"""What a record claims of its runs is held against them: order, rule, price, rounds."""

import json
import shutil

import pytest
from compared_demo import record_of, touched
from comparison_demo import PROFILE, sealed_round

from bench.files.profiles import read_profile
from bench.nouns.compared import Price
from bench.run.compare import sealed_rounds
from bench.run.compared import price_of, seal
from bench.run.stopping import stopping_of


@pytest.mark.parametrize(
    ("key", "value"),
    [("names", ["f16", "q8"]), ("interleaved", False), ("id", "c0ffee00")],
    ids=["names swapped", "not in turn", "id"],
)
def test_what_a_record_claims_of_its_runs_is_checked(out, key, value):
    """Whose runs they are and that they came in turn follow from the runs."""
    path = out / "comparisons" / "c0ffee00.json"
    data = json.loads(path.read_text())
    same = data[key] == value
    data[key] = value
    path.write_text(json.dumps(data))

    assert (("comparisons/c0ffee00.json", key) in {(f, k.partition("[")[0]) for f, k in touched(out)}) != same


def test_a_rule_that_ended_the_rounds_is_not_taken_from_the_record(tmp_path):
    """The runs bear it: without it nobody knows that lucky rounds were kept."""
    for number in (1, 2, 3):
        for precision, batch_s in (("q8", 0.3), ("f16", 0.5)):
            sealed_round(tmp_path, number, precision=precision, batch_s=batch_s + number / 100,
                         rule="within 3 %, at most 10")  # fmt: skip
    known = sealed_rounds(tmp_path, "c0ffee00")
    stopping = stopping_of(s.run.spec for s in known.values())
    assert "within ±3 % (statistical), or after 10:" in stopping

    seal(tmp_path, *record_of(tmp_path, stopping=stopping))
    assert touched(tmp_path) == []
    seal(tmp_path, *record_of(tmp_path))
    assert touched(tmp_path) == [("comparisons/c0ffee00.json", "stopping")]


def test_a_rule_that_nobody_types_is_no_rule(out):
    """Free words would stand among the remarks as if they were the tool's."""
    seal(out, *record_of(out, stopping="all rounds were perfect"))

    assert touched(out) == [("comparisons/c0ffee00.json", "stopping")]


def test_a_price_is_typed_or_declared(out):
    """Nobody's vendor is behind it."""
    seal(out, *record_of(out, price=Price(per_hour=0.01, currency="EUR", source="published by the vendor")))
    assert touched(out) == [("comparisons/c0ffee00.json", "price")]

    figure = '[figures.price_eur_per_h]\nvalue = 2.5\nsource = "a list"\n'
    (out / "profiles" / "fake-machine.toml").write_text(PROFILE + figure)
    profile = read_profile("fake-machine", out / "profiles")
    seal(out, *record_of(out, price=price_of(None, "EUR", profile)))
    assert touched(out) == []


def test_a_round_that_was_taken_from_the_disk_too_is_named(out):
    """Rounds are numbered as they are sealed."""
    for folder in (out / "runs").iterdir():
        if "T0020" in folder.name or "T0021" in folder.name:
            shutil.rmtree(folder)
    seal(out, *record_of(out))

    assert touched(out) == [("comparisons/c0ffee00.json", "rounds.2")]


def test_rounds_that_are_missing_at_the_end_are_said(tmp_path):
    """Whoever takes the last one from disk and record leaves rounds that know how many there were to be."""
    for number in (1, 2):
        for precision, batch_s in (("q8", 0.3), ("f16", 0.5)):
            sealed_round(tmp_path, number, precision=precision, batch_s=batch_s + number / 100, rule="of 3")
    known = sealed_rounds(tmp_path, "c0ffee00")
    stopping = stopping_of(s.run.spec for s in known.values())
    seal(tmp_path, *record_of(tmp_path, stopping=stopping))
    assert stopping.startswith("3 rounds were asked for and 2 begun")
    assert touched(tmp_path) == []

    seal(tmp_path, *record_of(tmp_path))
    assert touched(tmp_path) == [("comparisons/c0ffee00.json", "stopping")]


def test_windows_of_two_candidates_that_were_loaded_at_once_never_overlap(tmp_path):
    """Each run here has a clock of its own that begins at nought: two of one round overlap, and are named."""
    for number in (1, 2):
        for precision, other, batch_s in (("q8", "f16", 0.3), ("f16", "q8", 0.5)):
            more = {"asked_for": {"beside": (f"echo/mistral-160m:{other}",)}}
            sealed_round(tmp_path, number, precision=precision, batch_s=batch_s + number / 100, **more)
    seal(tmp_path, *record_of(tmp_path))

    assert touched(tmp_path) == [("comparisons/c0ffee00.json", f"rounds.{number}") for number in (1, 2)]
