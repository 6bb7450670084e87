"""Runs of two makes, machines or weights are never averaged: set apart, refused, or told by their names."""

import pytest
from compared_demo import ratios, record_of
from comparison_demo import rounds, sealed_round

from bench.errors import BadInput, BrokenResults
from bench.nouns import Endpoint
from bench.nouns.compared import Price
from bench.run.candidates import CandidateFolder, parse_candidates, short_names
from bench.run.compare import recompute
from bench.run.compare_folders import from_folders
from bench.run.compared import compare_folders, price_of
from bench.run.verify import verify


def test_rounds_of_another_engine_version_are_set_apart(tmp_path):
    """Two rounds of version 1, then two of version 2: the newest stand, the others are named with the remedy."""
    for number in (1, 2):
        sealed_round(tmp_path, number, precision="q8", batch_s=0.3 + number / 100, version="1")
        sealed_round(tmp_path, number, precision="f16", batch_s=0.5 + number / 100, version="1")
    for number in (3, 4):
        sealed_round(tmp_path, number, precision="q8", batch_s=0.35 * (1 + number / 50), version="2")
        sealed_round(tmp_path, number, precision="f16", batch_s=0.5 * (1 + number / 50), version="2")
    made = recompute(*record_of(tmp_path))

    assert ratios(made)["time", None].rounds == 2
    assert ratios(made)["time", None].value == pytest.approx(0.7)
    assert len(made.set_apart) == 4
    assert "engine version 1, others 2" in made.set_apart[0]
    assert "--fresh" in made.set_apart[0]


@pytest.mark.parametrize(
    ("asked_for", "made", "said"),
    [
        (({"weights_path": "full"}, {"weights_path": "pruned"}), ({}, {}), "weights path full, others pruned"),
        (({"endpoint": Endpoint(url="http://a:1")}, {"endpoint": Endpoint(url="http://b:1")}), ({}, {}),
         "endpoint http://a:1, others http://b:1"),
        (({}, {}), ({"facts": {"threads": 2}}, {"facts": {"threads": 1}}), "threads 2, others 1"),
        (({}, {}), ({"parameters": 9}, {"parameters": 7}), "parameters 9, others 7"),
    ],
    ids=["weights", "servers", "threads", "parameters"],
)  # fmt: skip
def test_two_makes_of_one_candidate_are_never_averaged(tmp_path, asked_for, made, said):
    """Of a folder's runs the newest make stands; the others are named; and verify agrees."""
    for number in (1, 2, 3, 4):
        is_new, watts = number > 2, 400.0 + 2 * number  # no two runs of the same readings
        more = {"asked_for": {"weights": "pretrained", **asked_for[is_new]},
                "made": {"weights": "pretrained", **made[is_new]}, "name": ""}  # fmt: skip
        sealed_round(tmp_path / "a", number, precision="q8", batch_s=0.3 if is_new else 0.2, busy_w=watts, **more)
        sealed_round(tmp_path / "b", number, precision="f16", batch_s=0.5, busy_w=watts + 1, **more)
    folders = [CandidateFolder(path=tmp_path / name) for name in "ab"]
    found = compare_folders(folders, tmp_path / "o", (None, "EUR")).compared

    assert ratios(found)["time", None].value == pytest.approx(0.6)
    assert len(found.set_apart) == 4
    assert all(said in one for one in found.set_apart)
    assert verify(tmp_path / "o").differences == ()


def test_candidates_may_differ_in_their_weights_alone(tmp_path):
    """Pruned against full: their paths are their names; without them there is nothing to compare."""
    for number in (1, 2, 3):
        for minute, (path, batch_s) in enumerate((("hub/full", 0.5), ("hub/pruned", 0.3))):
            sealed_round(
                tmp_path / path, number, precision="q8", batch_s=batch_s, busy_w=400.0 + 2 * number + minute,
                minute=number * 10 + minute, name="",
                asked_for={"weights": "pretrained", "weights_path": path}, made={"weights": "pretrained"},
            )  # fmt: skip
    folders = [CandidateFolder(path=tmp_path / "hub" / name) for name in ("pruned", "full")]
    found = compare_folders(folders, tmp_path / "o", (None, "EUR")).compared

    assert found.names == ("pruned", "full")
    assert ratios(found)["time", None].value == pytest.approx(0.6)
    assert verify(tmp_path / "o").differences == ()
    with pytest.raises(BadInput, match="and weights: nothing to compare"):
        from_folders([folders[0], folders[0]], None)


def test_one_cell_may_be_typed_twice_with_two_weights():
    found, _ = parse_candidates(["e/m:q8", "e/m:q8"], ["w"], ["full", "pruned"])
    assert [c.parts for c in found] == [("e", "m", "q8", "", "full"), ("e", "m", "q8", "", "pruned")]
    for paths in ((), ("full",), ("full", "full")):
        with pytest.raises(BadInput, match="named twice"):
            parse_candidates(["e/m:q8", "e/m:q8"], ["w"], paths)


def test_a_version_that_both_have_goes_before_a_newer_one_of_one_alone(tmp_path):
    """q8 has versions 1 and 2, f16 has 1 alone: the ratio is one of precisions, at version 1."""
    for number in (1, 2):
        sealed_round(tmp_path, number, precision="q8", batch_s=0.3 + number / 100, version="1")
        sealed_round(tmp_path, number, precision="f16", batch_s=0.5 + number / 100, version="1")
    sealed_round(tmp_path, 3, precision="q8", batch_s=0.2, version="2")
    made = recompute(*record_of(tmp_path))

    assert [c.engine_version for c in made.candidates] == ["1", "1"]
    assert "round 3 of q8: engine version 2, others 1" in made.set_apart[0]


def test_versions_of_which_none_is_shared_are_said(tmp_path):
    """The ratio is one of versions too."""
    sealed_round(tmp_path, 1, precision="q8", batch_s=0.3, version="2")
    sealed_round(tmp_path, 1, precision="f16", batch_s=0.5, version="1")

    notes = recompute(*record_of(tmp_path)).works[0].pairs[0].notes
    assert "q8 ran on 2, f16 on 1: the ratio is one of these versions or setups too" in notes


def test_two_machines_are_refused(tmp_path):
    """A ratio of two machines is no ratio of two models."""
    sealed_round(tmp_path, 1, precision="q8", batch_s=0.3)
    sealed_round(tmp_path, 1, precision="f16", batch_s=0.5, hardware="another-machine")

    with pytest.raises(BadInput, match="a ratio of two machines; measure both on one"):
        recompute(*record_of(tmp_path))


def test_a_round_whose_power_fell_below_idle_is_set_apart(tmp_path):
    """Idle is 70 W: a run that worked at 20 W is void, and its round has no pair."""
    rounds(tmp_path, 2)
    sealed_round(tmp_path, 3, precision="q8", batch_s=0.3, busy_w=20.0)
    sealed_round(tmp_path, 3, precision="f16", batch_s=0.5)
    made = recompute(*record_of(tmp_path))

    assert ratios(made)["energy", "gpu"].rounds == 2
    assert "round 3 of q8: void: below idle" in made.set_apart[0]


def test_where_every_run_of_one_is_void_there_is_no_comparison(tmp_path):
    """The reason is in the refusal."""
    sealed_round(tmp_path, 1, precision="q8", batch_s=0.3, busy_w=20.0)
    sealed_round(tmp_path, 1, precision="f16", batch_s=0.5)

    with pytest.raises(BrokenResults, match=r"no run of q8 can be compared.*below idle"):
        recompute(*record_of(tmp_path))


def test_a_folder_of_several_candidates_asks_for_one(tmp_path):
    """It names them."""
    rounds(tmp_path / "a", 1)

    with pytest.raises(BadInput, match="holds runs of 2 candidates: echo/mistral-160m:f16, echo/mistral-160m:q8;"):
        from_folders([CandidateFolder(path=tmp_path / "a"), CandidateFolder(path=tmp_path / "a")], None)


def test_names_tell_apart_what_differs_alone():
    """The precision where all else is one; the engine beside it where that differs too."""
    assert short_names([("e", "m", "q8", "", ""), ("e", "m", "f16", "", "")]) == ("q8", "f16")
    assert short_names([("e", "m", "q8", "", ""), ("f", "m", "f16", "", "")]) == ("e/q8", "f/f16")
    assert short_names([("e", "m", "q8", "cpu", ""), ("e", "m", "q8", "cuda", "")]) == (
        "device=cpu",
        "device=cuda",
    )
    assert short_names([("e", "small", "q8", "", ""), ("e", "large", "q8", "", "")]) == ("small", "large")
    both = [("e", "m", "q8", "", "hub/full"), ("e", "m", "q8", "", "")]
    assert short_names([*both, ("e", "m", "f16", "", "x")]) == ("q8 full", "q8 own-weights", "f16")


def test_a_candidate_meets_every_work():
    """Levels of the work and the device of the candidate come together in a cell."""
    found, _ = parse_candidates(["e/m:q8@device=cpu", "e/m:q8@device=cuda"], ["w@batch=8", "v"])

    assert [str(c) for c in found[0].cells] == ["e/m:q8/w@batch=8,device=cpu", "e/m:q8/v@device=cpu"]


def test_a_typed_price_goes_before_a_declared_one():
    """None where neither is known."""
    assert price_of(3.2, "USD", None) == Price(per_hour=3.2, currency="USD", source="as typed")
    assert price_of(None, "EUR", None) is None
