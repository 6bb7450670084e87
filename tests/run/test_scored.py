"""A run's answers become F1 by class: each sentence once, none before all were asked, on the page and in words."""

from dataclasses import replace

import pytest
from fakes import LOADED, outcome, run_of

from bench.nouns import Quantity
from bench.report.figures import entries
from bench.report.page import render
from bench.report.proof import check_page
from bench.report.quality_text import quality_table
from bench.report.views import ReportInput, RunView
from bench.run.scored import quality_of, why_unscored


def answered(index, meant, said, start_s=0.0):
    return replace(outcome(start_s, start_s + 0.1), request_id=f"s-{index}", meant=meant, said=said)


def classified(outcomes, labelled, weights="pretrained", family="classifier"):
    run = run_of(outcomes=outcomes)
    run = run_of(outcomes=outcomes)
    asked = replace(run.spec, family=family)
    return replace(run, spec=asked, labelled=labelled, loaded=replace(LOADED, weights=weights))


# train: 2 meant, 1 said, 1 right → 2/3; hotel: 1 meant, 2 said, 1 right → 2/3; 2 of 3 right
THREE = [answered(0, "train", "train"), answered(1, "train", "hotel"), answered(2, "hotel", "hotel")]


def test_f1_by_class_its_mean_and_the_share_that_is_right():
    """By hand: 2·1/(2+1) twice."""
    found = quality_of(classified(THREE, 3))

    assert (found.requests, found.of, found.unsteady) == (3, 3, 0)
    assert found.f1 == {"hotel": 0.6666667, "train": 0.6666667}
    assert found.macro_f1.value == 0.6666667
    assert found.accuracy.value == 0.6666667
    assert found.macro_f1.low < 0.6666667 < found.macro_f1.high


def test_a_sentence_that_was_asked_often_counts_once():
    """Its first answer; the interval is that of three sentences, and another answer later is told."""
    again = [replace(one, start_ns=one.start_ns + 10**9) for one in THREE * 50]
    changed = replace(again[-1], said="train", start_ns=10**12)

    assert quality_of(classified([*again, *THREE], 3)) == quality_of(classified(THREE, 3))
    assert quality_of(classified([changed, *again, *THREE], 3)) == replace(
        quality_of(classified(THREE, 3)), unsteady=1
    )


def test_what_was_asked_first_is_no_sample():
    """Sentences stand class after class: before all were answered there is no score, and their number is told."""
    found = quality_of(classified(THREE[:2], 3))

    assert (found.requests, found.of) == (2, 3)
    assert found.macro_f1 is None
    assert found.accuracy is None
    assert found.f1 == {}


@pytest.mark.parametrize(
    "run",
    [
        classified(THREE, 3, weights="synthetic"),
        classified([outcome(0, 1)], 0),
        classified([replace(one, error="status: HTTP 500") for one in THREE], 3),
    ],
    ids=["synthetic weights", "no label", "no answer"],
)
def test_nothing_to_score_is_no_score(run):
    """Never a figure for weights that mean nothing."""
    assert quality_of(run) is None


def test_labels_that_the_server_does_not_know_are_named_and_no_score():
    """A perfect classifier that calls a class otherwise would have an F1 of nearly nothing in it."""
    run = classified(THREE, 3)
    strange = replace(run, loaded=replace(run.loaded, facts={"classes_unknown": "'train'"}))

    assert quality_of(strange) is None
    assert why_unscored(strange, None) == "the server knows no class 'train'"
    assert quality_of(run) is not None


def view(quality):
    joules = Quantity(value=0.04, low=0.03, high=0.05, unit="J/request", basis="modelled")
    return RunView(
        id="r1", cell="http/m:int8/intent-fr@rate=20", model_title="m", weights="pretrained", hardware="h",
        started_at="2026-11-21T00:00:00Z", engine="http", engine_version="uvicorn", precision="int8",
        device_name="http://127.0.0.1:1", rates={"host/request": joules}, quality=quality,
    )  # fmt: skip


def test_f1_stands_beside_joules_in_words_and_on_the_page():
    """Both in one block, basis and all; the page proves itself."""
    whole = view(quality_of(classified(THREE, 3)))
    words = quality_table([whole])
    report = ReportInput(title="t", generated_by="g", hardware_title="h", runs=(whole,))
    page = render(report)

    assert "macro F1 0.67" in words
    assert "J/request gross, host MODELLED" in words
    assert "hotel 0.667; train 0.667" in words
    assert "Quality beside energy" in page
    assert entries(report)["runs/r1/quality/f1/train"].value == 0.6666667
    assert check_page(page, report) == []


def test_windows_too_short_are_said_and_a_page_without_scores_has_no_such_section():
    """No empty table, no made-up zero."""
    short = view(quality_of(classified(THREE[:2], 3)))
    report = ReportInput(title="t", generated_by="g", hardware_title="h", runs=(short,))
    bare = ReportInput(title="t", generated_by="g", hardware_title="h", runs=(view(None),))

    assert "2 of 3 sentences" in quality_table([short])
    assert "not scored" in render(report)
    assert check_page(render(report), report) == []
    assert quality_table([view(None)]) == ""
    assert "Quality beside energy" not in render(bare)
