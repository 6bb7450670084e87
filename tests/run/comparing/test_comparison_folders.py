"""Runs of folders: paired where they came in turn, whole or named, and none of them chosen."""

from dataclasses import replace

from compared_demo import in_turn, resealed
from comparison_demo import sealed_round

from bench.run.candidates import CandidateFolder
from bench.run.compare_folders import from_folders
from bench.run.compared import compare_folders
from bench.run.verify import verify


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
