"""Sealed rounds become a comparison that proves itself; what can't be compared is refused or set apart."""

import json
import re
import shutil
from dataclasses import replace

import pytest
from comparison_demo import PROFILE, rounds, sealed_round

from bench.errors import BadInput, BrokenResults
from bench.files.profiles import read_profile
from bench.nouns import Endpoint
from bench.nouns.compared import ComparisonRecord, Price
from bench.run.candidates import CandidateFolder, parse_candidates, short_names
from bench.run.compare import recompute, sealed_rounds, takes
from bench.run.compare_folders import folders_id, from_folders
from bench.run.compared import compare_folders, price_of, seal
from bench.run.stopping import stopping_of
from bench.run.verify import verify

ORDER = [("echo", "mistral-160m", "q8", "", ""), ("echo", "mistral-160m", "f16", "", "")]
NAMES = ("q8", "f16")


def record_of(out, **more):
    known = sealed_rounds(out, "c0ffee00")
    return (
        ComparisonRecord(
            id="c0ffee00", names=NAMES, runs=takes(known, ORDER), interleaved=True, measured_for_it=True, **more
        ),
        known,
    )


@pytest.fixture(scope="module")
def pristine(tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    rounds(out)
    seal(out, *record_of(out, price=Price(per_hour=3.6, currency="EUR", source="as typed")))
    return out


@pytest.fixture
def out(pristine, tmp_path):
    return shutil.copytree(pristine, tmp_path / "out")


def touched(out):
    return [(d.file, d.field) for d in verify(out).differences]


def ratios(compared):
    return {(r.measure, r.boundary): r for r in compared.works[0].pairs[0].ratios}


def test_a_machine_that_slows_down_for_both_is_in_no_ratio(pristine):
    """Batches of 0.33 against 0.55 s, 0.36 against 0.6, 0.39 against 0.65: 0.6 of the time, exactly."""
    found = ratios(recompute(*record_of(pristine)))

    assert found["time", None].value == pytest.approx(0.6)
    assert found["time", None].components["statistical"] == pytest.approx(0.0, abs=1e-6)
    energy = found["energy", "gpu"]
    assert (energy.basis, energy.rounds, energy.gain_cancels) == ("measured", 3, True)
    assert energy.low < 0.6 < energy.high


def test_the_price_is_price_times_time(pristine):
    """3.6 EUR an hour is 1 EUR for 1000 s; eight tokens take 0.3 to 0.4 s."""
    price = Price(per_hour=3.6, currency="EUR", source="as typed")
    work = recompute(*record_of(pristine, price=price)).works[0]

    time_s = next(v.value for v in work.levels[0] if v.measure == "time")
    assert work.price_per_1000[0].value == pytest.approx(time_s, rel=1e-6)


def test_an_untouched_comparison_proves_itself(out):
    """Six runs, the comparison's figures and its page."""
    found = verify(out)

    assert (found.checked, found.differences) == (8, ())


def test_one_digit_of_a_ratio_is_named(out):
    """The seventh digit of a bound."""
    path = out / "comparisons" / "c0ffee00.json"
    data = json.loads(path.read_text())
    data["comparison"]["works"][0]["pairs"][0]["ratios"][0]["low"] *= 1.000002
    path.write_text(json.dumps(data))

    assert touched(out) == [("comparisons/c0ffee00.json", "comparison.works[0].pairs[0].ratios[0].low")]


def test_a_verdict_in_other_words_is_named(out):
    """Whoever calls a measured ratio larger than it is, in words alone."""
    path = out / "comparisons" / "c0ffee00.json"
    path.write_text(path.read_text().replace(" of the energy of ", " of the cost of "))

    assert ("comparisons/c0ffee00.json", "verdicts[0]") in touched(out)


def test_a_round_that_was_left_out_is_named(out):
    """A comparison that was measured holds all of its rounds: the lucky ones are not chosen."""
    known = sealed_rounds(out, "c0ffee00")
    some = tuple(t for t in takes(known, ORDER) if t.round != 2)
    record = ComparisonRecord(id="c0ffee00", names=NAMES, runs=some, interleaved=True, measured_for_it=True)
    seal(out, record, known)

    left = [field for _, field in touched(out)]
    assert [field.startswith("runs.") for field in left] == [True, True]


@pytest.mark.parametrize("pattern", [r'value="0\.6\d*">', r"0\.6\d?\d? ± 0", r'<circle cx="\d+'])
def test_a_page_that_was_touched_is_named(out, pattern):
    """A figure's value, a sentence and a dot of the plot."""
    page = out / "comparisons" / "c0ffee00.html"
    text = page.read_text()
    found = re.search(pattern, text)
    assert found, "the page has none of these"
    page.write_text(text[: found.start()] + found[0].replace("6", "5", 1) + text[found.end() :])
    if found[0].replace("6", "5", 1) == found[0]:
        page.write_text(text.replace(found[0], found[0] + "9", 1))

    assert {file for file, _ in touched(out)} == {"comparisons/c0ffee00.html"}


def test_a_comparison_without_its_runs_is_named(out):
    """A run that is gone proves nothing."""
    shutil.rmtree(sorted((out / "runs").iterdir())[0])

    assert ("comparisons/c0ffee00.json", "comparison") in touched(out)


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


def test_folders_that_were_not_interleaved_are_not_paired(tmp_path):
    """All of one, then all of the other: Welch's interval, and a note that drift is in the ratio."""
    for number in (1, 2, 3):
        sealed_round(tmp_path / "a", number, precision="q8", batch_s=0.3 + number / 100, name="", minute=number)
        sealed_round(
            tmp_path / "b", number, precision="f16", batch_s=0.5 + number / 100, name="", minute=30 + number
        )
    kept = compare_folders(
        [CandidateFolder(path=tmp_path / "a"), CandidateFolder(path=tmp_path / "b")], tmp_path / "o", (None, "EUR")
    )

    assert kept.compared.interleaved is False
    assert kept.compared.works[0].pairs[0].runs == ()
    assert any("not interleaved" in note for note in kept.compared.notes)
    assert verify(tmp_path / "o").differences == ()


def test_folders_whose_runs_came_in_turn_are_paired(tmp_path):
    """A B A B by the moments at which they began."""
    for number in (1, 2, 3):
        sealed_round(tmp_path / "a", number, precision="q8", batch_s=0.3 + number / 100, name="")
        sealed_round(tmp_path / "b", number, precision="f16", batch_s=0.5 + number / 100, name="")
    record, _ = from_folders([CandidateFolder(path=tmp_path / "a"), CandidateFolder(path=tmp_path / "b")], None)

    assert record.interleaved
    assert record.names == ("q8", "f16")


def in_turn(out, count=4):
    """Runs of q8 and f16 by turns, that were measured for nothing; q8 of 3 is slow."""
    for number in range(1, count + 1):
        slow = 1.3 if number == 3 else 1 + number / 100
        sealed_round(out / "a", number, precision="q8", batch_s=0.3 * slow, name="")
        sealed_round(out / "b", number, precision="f16", batch_s=0.5 * (1 + number / 50), name="")
    return [CandidateFolder(path=out / "a"), CandidateFolder(path=out / "b")]


def test_a_run_that_does_not_read_whole_is_named_and_keeps_its_round(tmp_path):
    """As `fit` does: q8 of round 2 is cut; round 3 of q8 is still held against round 3 of f16."""
    folders = in_turn(tmp_path)
    lost = sorted((tmp_path / "a" / "runs").iterdir())[1]
    cut = lost / "readings.csv.gz"
    cut.write_bytes(cut.read_bytes()[:-40])
    kept = compare_folders(folders, tmp_path / "o", (None, "EUR"))

    assert kept.compared.interleaved
    assert kept.compared.set_apart[0].startswith(
        f"{lost.name}, round 2 of q8: does not read whole: runs/{lost.name}"
    )
    pairs = kept.compared.works[0].pairs[0].runs
    assert [(a[9:13], b[9:13]) for a, b in pairs] == [("0010", "0011"), ("0030", "0031"), ("0040", "0041")]
    assert verify(tmp_path / "o").differences == ()


def resealed(out, folders, change):
    """A record of folders that was changed, with all that follows from it made by the tool itself."""
    record, known = from_folders(folders, None)
    record = change(record)
    record = replace(record, id=folders_id((known[t.run_id] for t in record.runs), record.left_out))
    seal(out, record, {t.run_id: known[t.run_id] for t in record.runs})
    return touched(out)


def test_a_gap_in_a_record_of_folders_is_seen(tmp_path):
    """Whoever drops the run that was left out has a round without it, and a sequence that is none."""
    folders = in_turn(tmp_path)
    (sorted((tmp_path / "a" / "runs").iterdir())[1] / "outcomes.jsonl").unlink()

    fields = [f for _, f in resealed(tmp_path / "o", folders, lambda r: replace(r, left_out=()))]
    assert any(f.startswith("runs.") for f in fields)


def test_rounds_of_folders_are_not_chosen(tmp_path):
    """q8 of 3 against f16 of 4 and the other way round."""
    folders = in_turn(tmp_path)
    swapped = {3: 4, 4: 3}

    def swap(record):
        runs = (replace(t, round=swapped.get(t.round, t.round)) if t.candidate else t for t in record.runs)
        return replace(record, runs=tuple(runs))

    fields = [f for _, f in resealed(tmp_path / "o", folders, swap)]
    assert [f.startswith("runs.") for f in fields] == [True, True]
    assert resealed(tmp_path / "honest", folders, lambda r: r) == []


def test_a_run_is_named_once(tmp_path):
    """The luckiest of q8 in every round."""
    folders = in_turn(tmp_path)

    def one_alone(record):
        best = record.runs[0].run_id
        return replace(record, runs=tuple(t if t.candidate else replace(t, run_id=best) for t in record.runs))

    assert resealed(tmp_path / "o", folders, one_alone) == [
        (f"comparisons/{next((tmp_path / 'o' / 'comparisons').glob('*.json')).name}", "comparison")
    ]


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
