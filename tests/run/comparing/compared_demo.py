"""Records of sealed rounds and of folders, and what `verify` says of them."""

from dataclasses import replace

from comparison_demo import sealed_round

from bench.nouns.compared import ComparisonRecord
from bench.run.candidates import CandidateFolder
from bench.run.compare import sealed_rounds, takes
from bench.run.compare_folders import folders_id, from_folders
from bench.run.compared import seal
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


def touched(out):
    return [(d.file, d.field) for d in verify(out).differences]


def ratios(compared):
    return {(r.measure, r.boundary): r for r in compared.works[0].pairs[0].ratios}


def in_turn(out, count=4):
    """Runs of q8 and f16 by turns, that were measured for nothing; q8 of 3 is slow."""
    for number in range(1, count + 1):
        slow = 1.3 if number == 3 else 1 + number / 100
        sealed_round(out / "a", number, precision="q8", batch_s=0.3 * slow, name="")
        sealed_round(out / "b", number, precision="f16", batch_s=0.5 * (1 + number / 50), name="")
    return [CandidateFolder(path=out / "a"), CandidateFolder(path=out / "b")]


def resealed(out, folders, change):
    """A record of folders that was changed, with all that follows from it made by the tool itself."""
    record, known = from_folders(folders, None)
    record = change(record)
    record = replace(record, id=folders_id((known[t.run_id] for t in record.runs), record.left_out))
    seal(out, record, {t.run_id: known[t.run_id] for t in record.runs})
    return touched(out)
