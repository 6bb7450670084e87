"""Scores, comparisons and ceilings as tidy frames: a missing one is a row with its reason."""

from dataclasses import replace

import pytest
from frames_demo import comparison_file, made, sealed

import bench
from bench.files.codec import plain
from bench.files.frames.of_runs import ceiling_rows
from bench.files.frames.tables import TABLES
from bench.files.store import read_sealed, write_run
from bench.nouns import Quality, Quantity, Share
from bench.nouns.calibration import Ceilings, MeasuredFigure
from bench.nouns.compared import Compared, Level, Made, Pair, Ratio, Work, WorkCompared
from bench.nouns.scores import Score
from bench.run.publish import published

pytest.importorskip("pandas", reason="pandas is not installed: pip install 'joulemark[frames]'")


def test_a_score_stands_with_its_part_and_a_missing_one_with_its_reason(tmp_path):
    """By class or language; a run that could not be scored has one row that says why."""
    figures = published(made())
    text = Quality(
        requests=4, of=4, unsteady=0, library="jiwer 4.0.0", voice="synthetic", languages=("fr",),
        scores={"wer@fr": Score(value=0.5, low=0.25, high=1.1, n=4)},
    )  # fmt: skip
    classes = Quality(
        requests=3, of=3, unsteady=0, macro_f1=Share(value=0.75, low=0.5, high=0.9), f1={"a": 0.75, "b": None}
    )
    few = Quality(requests=2, of=9, unsteady=0)
    for number, quality in enumerate((text, classes, few)):
        write_run(tmp_path, made(f"r{number}"), replace(figures, quality=quality), "0")

    found = bench.read_results(tmp_path).quality

    wer, macro, a, b, none = found.itertuples()
    assert (wer.metric, wer.part, wer.value, wer.high, wer.requests) == ("wer", "fr", 0.5, 1.1, 4)
    assert (wer.voice, wer.library) == ("synthetic", "jiwer 4.0.0")
    assert (macro.metric, macro.value, macro.low) == ("macro_f1", 0.75, 0.5)
    assert (a.part, a.value, b.part, b.reason) == ("a", 0.75, "b", "neither meant nor said")
    assert none.reason == "2 of 9 labelled requests were asked: what came first is no sample"
    assert found.value.isna().tolist() == [False, False, False, True, True]


def test_a_comparison_s_ratios_name_both_candidates_and_their_basis(tmp_path):
    """And a missing score its reason; a declared power is no sensor's."""
    level = Level(measure="energy", boundary="gpu", basis="measured", value=2.0, low=None, high=None, rounds=1)
    ratio = Ratio(
        measure="energy",
        boundary="gpu",
        basis="measured",
        value=0.61,
        low=0.58,
        high=0.64,
        rounds=5,
        simulated=True,
    )
    pair = Pair(one=1, other=0, ratios=(ratio,), no_quality="synthetic weights")
    work = WorkCompared(
        work=Work(workload="prompt-32-8", batch=8), unit="output_token", levels=((level,), (level,)), pairs=(pair,)
    )
    made_of = Made(
        engine="echo", engine_version="1", model="m", precision="fp32", weights="synthetic", hardware="h",
        device="cpu", workload_sha256="0",
    )  # fmt: skip
    compared = Compared(candidates=(made_of, made_of), names=("bf16", "int4"), works=(work,), interleaved=True)
    comparison_file(tmp_path, "c1", {"comparison": plain(compared)})

    results = bench.read_results(tmp_path)

    [ratio_row] = results.ratios.itertuples()
    assert (ratio_row.one, ratio_row.other, ratio_row.value) == ("int4", "bf16", 0.61)
    assert (ratio_row.work, ratio_row.basis, ratio_row.test_double) == ("prompt-32-8@batch=8", "measured", True)
    assert results.levels.unit.tolist() == ["J/output_token"] * 2
    assert results.levels.low.isna().all()
    assert results.differences.reason.tolist() == ["synthetic weights"]


def test_a_machine_s_ceilings_are_rows_and_those_it_lacks_too(tmp_path):
    """With what bounds them, and what was read in a sensor's place."""
    rate = Quantity(value=20.0, low=19.0, high=21.0, unit="GB/s", basis="measured")
    figure = MeasuredFigure(
        device="cpu", domain=None, name="triad_rate", quantity=rate, run_id="r1", limited_by="2 threads"
    )
    one = read_sealed(sealed(tmp_path))
    found = replace(one.published, ceilings=Ceilings(figures=(figure,), refused={"gpu:0/triad_gross": "void"}))

    told, refused = ceiling_rows(replace(one, published=found))
    assert (told["name"], told["value"], told["unit"], told["limited_by"]) == (
        "triad_rate",
        20.0,
        "GB/s",
        "2 threads",
    )
    assert (refused["domain"], refused["name"], refused["value"]) == ("gpu:0", "triad_gross", None)
    assert refused["reason"] == "void"
    assert set(told) == set(refused) == {c.name for t in TABLES if t.name == "ceilings" for c in t.columns}
