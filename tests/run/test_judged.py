"""Answers of two runs to the same questions: how often they agree, and differences that rest on the pairs."""

import hashlib
import json
from dataclasses import dataclass, field, replace
from importlib import metadata

import pytest
from fakes import LOADED, FakeClock, FakeRecorder, FakeSession, outcome, run_of, spec

from bench.files.store import write_run
from bench.fit.comparison import compare
from bench.fit.showings import showing
from bench.nouns import Request, Share, Told, Usage, Workload
from bench.nouns.compared import Agreement, ComparisonRecord
from bench.quality.paired import equal_half
from bench.report.compare_text import comparison_text
from bench.run.compare import recompute, sealed_rounds, takes
from bench.run.compared import seal
from bench.run.judged import judge, judged
from bench.run.publish import measured, published
from bench.run.runner import Task, measure_group
from bench.run.scored import quality_of
from bench.run.tape import Clockwork
from bench.run.verify import verify

CLASSES = ("book", "cancel", "change", "other")
PROFILE = 'title = "A machine that is not there"\nkind = "machine"\ngenerated = true\n'


def classified(said, meant=None):
    """A run that answered each of so many sentences once, classes in turn."""
    meant = meant or [CLASSES[i % 4] for i in range(len(said))]
    done = [
        replace(outcome(i, i + 0.5), request_id=f"s-{i:03d}", meant=m, said=s)
        for i, (m, s) in enumerate(zip(meant, said, strict=True))
    ]
    run = run_of(outcomes=done)
    asked = replace(run.spec, family="classifier")
    return replace(run, spec=asked, labelled=len(done), loaded=replace(LOADED, weights="pretrained"))


def nearly_right(count, wrong):
    return [CLASSES[(i + (i in wrong)) % 4] for i in range(count)]


def shares(run):
    found = quality_of(run)
    return {"macro_f1": found.macro_f1, "accuracy": found.accuracy}


def judged_of(one, other):
    return judged(one, other, shares(one), shares(other))


def test_pairs_tell_far_more_than_two_scores_do():
    """236 of 240 sentences alike, of which 24 are wrong for both; two more are wrong for either alone."""
    shared = set(range(0, 240, 10))
    one, other = (classified(nearly_right(240, shared | more)) for more in ({1, 3}, {5, 7}))
    found = judged_of(one, other)

    assert found.agreement == Agreement(same=236, of=240)
    assert found.agreement.others_high_ratio is None
    for low, high in found.bounds.values():
        assert low < 0 < high
        assert high - low < 0.05
    own = shares(one)["macro_f1"]
    assert own.high - own.low > 0.07


def test_a_candidate_that_is_better_on_the_same_questions_is_told():
    """Of 240 sentences 12 more are right: 5 points, where either score alone is known to ±4."""
    shared = set(range(0, 240, 10))
    one, other = (
        classified(nearly_right(240, shared)),
        classified(nearly_right(240, shared | set(range(1, 240, 20)))),
    )
    found = judged_of(one, other)

    assert {name: low > 0 for name, (low, _) in found.bounds.items()} == {"macro_f1": True, "accuracy": True}


def test_equal_answers_leave_room_for_what_was_not_asked():
    """None of 240 differs: a difference of 0, and a bound for others of the kind."""
    run = classified(nearly_right(240, set(range(0, 240, 10))))
    found = judged_of(run, run)

    assert found.agreement == Agreement(same=240, of=240)
    assert found.agreement.others_high_ratio == pytest.approx(3 / 240, rel=0.01)
    assert found.bounds["macro_f1"] == pytest.approx((-equal_half(240), equal_half(240)), rel=1e-6)
    assert found.bounds["accuracy"] == pytest.approx((-equal_half(240), equal_half(240)), rel=1e-6)


def test_equal_answers_to_few_questions_are_known_no_worse_than_two_scores():
    """Twelve: the rule of three would leave more open than the scores' own intervals do."""
    run = classified(nearly_right(12, {0, 5, 7}))
    narrow = {"macro_f1": Share(value=0.75, low=0.70, high=0.80)}

    assert judged(run, run, narrow, narrow).bounds["macro_f1"] == pytest.approx((-0.0707107, 0.0707107), rel=1e-5)


def test_what_was_asked_again_counts_once():
    """Later answers change neither the agreement nor the bounds: the scores rest on the first ones too."""
    one, other = classified(nearly_right(40, {1})), classified(nearly_right(40, {2}))
    again = [replace(o, start_ns=o.start_ns + 10**12, said="other") for o in other.outcomes]

    assert judged_of(one, replace(other, outcomes=(*other.outcomes, *again))) == judged_of(one, other)


@pytest.mark.parametrize(
    "meant", [["book"] * 12, [CLASSES[i % 4] for i in range(11)]], ids=["other references", "one fewer"]
)
def test_other_questions_are_no_pairs(meant):
    """Neither bounds nor an agreement."""
    one = classified(nearly_right(12, {1}))
    other = classified(["book"] * len(meant), meant)

    assert judged_of(one, other) is None


def test_a_prompts_answer_is_its_first_line_under_the_rules():
    """`Paris` and `paris.` are one answer; a translation is one word for word."""
    one, other = (
        classified(["Paris", "Rome"], ["Paris", "Rome"]),
        classified(["paris.\nNext", "Lyon"], ["Paris", "Rome"]),
    )
    prompts = [replace(run, spec=replace(run.spec, family="causal-lm")) for run in (one, other)]
    texts = [replace(run, spec=replace(run.spec, family="translation")) for run in (one, other)]

    assert judged(*prompts, {}, {}).agreement == Agreement(same=1, of=2)
    assert judged(*texts, {}, {}).agreement == Agreement(same=0, of=2)
    half = Share(value=0.5, low=0.1, high=0.9)
    assert judged(*prompts, {"exact_match": half}, {"exact_match": half}).bounds["exact_match"][1] > 0.5


@dataclass
class Speaker(FakeSession):
    """Answers by request id, told after the window."""

    answers: dict[str, Told] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def run(self, batch):
        self.asked += [one.id for one in batch]
        return super().run(batch)

    def forget(self):
        self.asked = []

    def told(self):
        asked, self.asked = self.asked, []
        return [self.answers.get(id_) for id_ in asked]


ORDER = [("echo", "whisper-tiny", "q8", "", ""), ("echo", "whisper-tiny", "f16", "", "")]


def heard_round(out, number, precision, misheard, clips=12):
    """A run that heard twelve clips of two words, of which one candidate gets some wrong."""
    asked = Usage(requests=1, audio_s=2.0, audio_windows=1, output_tokens=8)
    requests = tuple(
        Request(id=f"r-{i:02d}", token_ids=(1,), asked=asked, meant="bonjour monde", source_language="fr")
        for i in range(clips)
    )
    answers = {
        f"r-{i:02d}": Told(text="bonjour ronde" if i in misheard else "bonjour monde", ended=True)
        for i in range(clips)
    }
    clock = FakeClock()
    loaded = replace(LOADED, weights="pretrained", precision=precision)
    session = Speaker(clock, batch_s=0.2, loaded=loaded, answers=answers)
    told = replace(
        spec(workload="mine", window_s=8.0), family="speech", weights="pretrained", round=f"c0ffee00/{number}"
    )
    told = replace(told, cell=replace(told.cell, model="whisper-tiny", precision=precision))
    minute = number * 10 + (precision == "f16")
    task = Task(
        spec=told, workload=Workload(name="mine", family="speech", requests=requests),
        run_id=f"20261121T00{minute:02d}00Z-{precision:0>8}",
    )  # fmt: skip
    recorder = FakeRecorder(clock, session, busy_w=400.0 + minute)  # the same readings twice would be a copy
    time_ = Clockwork(clock_ns=clock.clock_ns, sleep=clock.sleep)
    (run,) = measure_group([task], session.loading, recorder, {}, time_=time_)
    write_run(out, run, published(run), "0")
    (out / "profiles").mkdir(exist_ok=True)
    (out / "profiles" / "fake-machine.toml").write_text(PROFILE)


@pytest.fixture
def out(tmp_path):
    pytest.importorskip("jiwer")
    for number in (1, 2):
        heard_round(tmp_path, number, "q8", {0, 3, 6})
        heard_round(tmp_path, number, "f16", {0, 3})
    seal(tmp_path, *record_of(tmp_path))
    return tmp_path


def record_of(out):
    known = sealed_rounds(out, "c0ffee00")
    runs = takes(known, ORDER)
    return (
        ComparisonRecord(id="c0ffee00", names=("q8", "f16"), runs=runs, interleaved=True, measured_for_it=True),
        known,
    )


def test_a_comparison_says_that_it_is_paired_and_how_often_the_two_agree(out):
    """In its file, in words and on its page; verify finds it whole."""
    compared = recompute(*record_of(out))
    pair = compared.works[0].pairs[0]
    text = " ".join(comparison_text(compared).split())
    page = (out / "comparisons" / "c0ffee00.html").read_text()
    data = json.loads((out / "comparisons" / "c0ffee00.json").read_text())

    assert pair.agreement == Agreement(same=11, of=12)
    assert [(d.score, d.paired) for d in pair.differences] == [("wer", True)]
    assert pair.differences[0].value == pytest.approx(1 / 24)
    assert "the same answer to 11 of 12 clips" in text
    assert "differences of scores are paired, question by question" in text
    assert "the same answer to 11 of 12 clips" in page
    assert "paired, question by question" in page
    assert data["comparison"]["works"][0]["pairs"][0]["agreement"] == {"same": 11, "of": 12}
    assert verify(out).differences == ()


def test_an_answer_changed_under_renewed_seals_moves_the_paired_bounds(out):
    """They follow from outcomes.jsonl alone: no score changes, for two answers of one run are exchanged."""
    folder = next(f for f in sorted((out / "runs").iterdir(), reverse=True) if f.name.endswith("f16"))
    path, seal_path = folder / "outcomes.jsonl", folder / "run.json"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    said = {"r-03": "bonjour monde", "r-08": "bonjour ronde"}
    for line in lines:
        line["said"] = said.get(line["request_id"], line["said"]) if line.get("said") else line.get("said")
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    data = json.loads(seal_path.read_text())
    data["sha256"]["outcomes.jsonl"] = hashlib.sha256(path.read_bytes()).hexdigest()
    seal_path.write_text(json.dumps(data))

    fields = {d.field.partition("pairs[0].")[2] for d in verify(out).differences}
    assert {"agreement.same", "differences[0].low"} <= fields
    assert "differences[0].value" not in fields


def test_without_its_library_a_paired_difference_cannot_be_told(out, monkeypatch):
    """Named with the remedy, and nothing else in its place."""
    real = metadata.version

    def version(asked):
        if asked == "jiwer":
            raise metadata.PackageNotFoundError(asked)
        return real(asked)

    monkeypatch.setattr("bench.quality.library.metadata.version", version)
    found = [d.found for d in verify(out).differences if d.file.startswith("comparisons")]

    assert len(found) == 1
    assert "pip install 'joulemark[quality]'" in found[0]


def showings(record, known):
    return [
        showing(
            measured(known[t.run_id]), known[t.run_id].published.quality, candidate=t.candidate, round_=t.round
        )
        for t in record.runs
    ]


def test_the_other_way_round_is_the_same_mirrored(out):
    """Of three candidates each pair is asked for from both sides, for the front."""
    record, known = record_of(out)
    one, other = showings(record, known)[:2]
    asked = judge(known)
    low, high = asked(one, other).bounds["wer"]

    assert one.candidate != other.candidate
    assert asked(other, one).bounds["wer"] == (-high, -low)
    assert judge(known)(other, one).bounds["wer"] == pytest.approx((-high, -low))
    assert asked(other, one).agreement == asked(one, other).agreement


def test_other_questions_fall_back_to_two_independent_scores_and_say_so(out):
    """As where nobody judges the two together."""
    record, known = record_of(out)
    compared = compare(showings(record, known), record.names)
    pair, paired = compared.works[0].pairs[0], recompute(record, known).works[0].pairs[0]

    assert (pair.agreement, pair.differences[0].paired) == (None, False)
    assert (
        pair.differences[0].high - pair.differences[0].low > paired.differences[0].high - paired.differences[0].low
    )
    text = " ".join(comparison_text(compared).split())
    assert (
        "WER: the interval is that of two independent scores, for they did not answer the same questions" in text
    )
