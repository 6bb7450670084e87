"""From a labelled workload to the page: answers sealed beside what was meant, scored, proven, never made up."""

import hashlib
import json
import shutil
from dataclasses import dataclass, field, replace
from importlib import metadata

import pytest
from fakes import LOADED, FakeClock, FakeRecorder, FakeSession, spec

from bench.files.store import read_sealed, write_run
from bench.fit.showings import scores
from bench.nouns import MOST_CHARACTERS, Request, Telling, Told, Usage, Workload
from bench.report.quality_text import quality_table
from bench.run.answers import with_answers
from bench.run.learn import fit_folder, report_folder
from bench.run.publish import published
from bench.run.runner import Task, measure_group
from bench.run.scored import why_unscored
from bench.run.tape import Clockwork
from bench.run.verify import verify

pytest.importorskip("jiwer")
pytest.importorskip("sacrebleu")
PROFILE = 'title = "A machine that is not there"\nkind = "machine"\ngenerated = true\n'
REAL = replace(LOADED, weights="pretrained")


@dataclass
class Speaker(FakeSession):
    """Answers by request id, told after the window; the last word may be another from the second time on."""

    answers: dict[str, Told | None] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def run(self, batch):
        self.asked += [one.id for one in batch]
        return super().run(batch)

    def forget(self):
        self.asked = []

    def told(self):
        asked, self.asked = self.asked, []
        return [self.answers.get(id_) for id_ in asked]


def workload(family, meant, voice="", **languages):
    asked = {"speech": Usage(requests=1, audio_s=2.0, audio_windows=1, output_tokens=8)}.get(
        family, Usage(requests=1, prompt_tokens=8, output_tokens=8)
    )
    requests = tuple(
        Request(id=f"r-{i:02d}", token_ids=(1,), asked=asked, meant=text, **languages)
        for i, text in enumerate(meant)
    )
    return Workload(name="mine", family=family, requests=requests, voice=voice)


def sealed_run(out, work, answers, *, loaded=REAL, window_s=8.0, weights="pretrained"):
    clock = FakeClock()
    session = Speaker(clock, batch_s=0.2, loaded=loaded, answers=answers)
    assert isinstance(session, Telling)
    asked = replace(spec(workload="mine", window_s=window_s), family=work.family, weights=weights)
    model = {"speech": "whisper-tiny", "translation": "nllb-600m"}.get(work.family, "mistral-160m")
    asked = replace(asked, cell=replace(asked.cell, model=model))
    task = Task(spec=asked, workload=work, run_id="20261121T000000Z-00000000")
    time_ = Clockwork(clock_ns=clock.clock_ns, sleep=clock.sleep)
    (run,) = measure_group([task], session.loading, FakeRecorder(clock, session), {}, time_=time_)
    folder = write_run(out, run, published(run), "0")
    (out / "profiles").mkdir(exist_ok=True)
    (out / "profiles" / "fake-machine.toml").write_text(PROFILE)
    return folder


def heard(count=12, **more):
    """Clips of two words each; of every second one the last word is misheard: WER 1/4."""
    work = workload("speech", ["bonjour monde"] * count, source_language="fr", **more)
    said = {r.id: Told(text="Bonjour, monde !" if i % 2 else "Bonjour, ronde !", ended=True)
            for i, r in enumerate(work.requests)}  # fmt: skip
    return work, said


@pytest.fixture(scope="module")
def pristine(tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    sealed_run(out, *heard(voice="synthetic"))
    return out


@pytest.fixture
def out(pristine, tmp_path):
    return shutil.copytree(pristine, tmp_path / "out")


def quality(out):
    return json.loads(next(out.glob("runs/*/run.json")).read_text())["quality"]


def test_a_word_error_rate_is_sealed_shown_and_proven(out):
    """Each clip once, however often it was heard; voice, library, rules, interval, on the page and in words."""
    learnt, page = fit_folder(out), report_folder(out).path.read_text()
    found, text = quality(out), quality_table(learnt.scored)
    score = found["scores"]["wer"]

    assert (found["requests"], found["of"], found["unsteady"], found["unended"]) == (12, 12, 0, 0)
    assert (score["value"], score["n"]) == (0.25, 12)
    assert score["low"] < 0.25 < score["high"]
    assert (found["library"], found["rules"]) == (f"jiwer {metadata.version('jiwer')}", "wer-1")
    assert "WER 0.25 (" in text
    assert "of 12 clips, SYNTHETIC VOICE" in text
    assert "a request" in text
    assert "WER" in page
    assert "synthetic voice" in page
    assert verify(out).differences == ()


def test_an_answer_changed_under_a_renewed_seal_changes_the_score(out):
    """The score follows from outcomes.jsonl alone."""
    (path,), (seal,) = out.glob("runs/*/outcomes.jsonl"), out.glob("runs/*/run.json")
    path.write_text(path.read_text().replace("ronde", "monde"))
    data = json.loads(seal.read_text())
    data["sha256"]["outcomes.jsonl"] = hashlib.sha256(path.read_bytes()).hexdigest()
    seal.write_text(json.dumps(data))

    assert ("quality.scores.wer.value", 0.0, 0.25) in [
        (d.field, d.expected, d.found) for d in verify(out).differences
    ]


def without(monkeypatch, name):
    real = metadata.version

    def version(asked):
        if asked == name:
            raise metadata.PackageNotFoundError(asked)
        return real(asked)

    monkeypatch.setattr("bench.quality.library.metadata.version", version)


def test_without_the_library_verify_says_that_it_cannot_tell(out, monkeypatch):
    """One difference, with the remedy; the page is still proven as far as it goes."""
    report_folder(out)
    without(monkeypatch, "jiwer")
    (found,) = verify(out).differences

    assert found.field == "quality"
    assert "pip install 'joulemark[quality]'" in found.found


def test_what_lacked_the_library_alone_is_scored_when_it_is_there(tmp_path, monkeypatch):
    """The answers are sealed, the reason is said; a later reading with the library has the score, and verifies."""
    with monkeypatch.context() as patch:
        without(patch, "jiwer")
        sealed_run(tmp_path, *heard())
        assert "pip install" in quality_table(fit_folder(tmp_path).scored)
        assert quality(tmp_path)["scores"] == {}
        assert verify(tmp_path).differences == ()

    report_folder(tmp_path)
    assert "WER 0.25" in quality_table(fit_folder(tmp_path).scored)
    assert verify(tmp_path).differences == ()


def test_another_version_with_the_same_figures_is_no_difference(out, monkeypatch):
    """What is proven is the score; what computed it is told as it was sealed."""
    real = metadata.version
    monkeypatch.setattr(
        "bench.quality.library.metadata.version", lambda name: "9.9" if name == "jiwer" else real(name)
    )

    assert verify(out).differences == ()


def test_translations_have_chrf_and_bleu_with_signatures(tmp_path):
    """By language pair; fewer than ten sentences have no interval, and that is said."""
    work = workload("translation", ["the cat sat on the mat"] * 3, source_language="fr", target_language="en")
    answers = {one.id: Told(text="the cat sat on the mat", ended=True) for one in work.requests}
    sealed_run(tmp_path, work, answers)
    found, text = quality(tmp_path), quality_table(fit_folder(tmp_path).scored)

    assert found["languages"] == ["fr-en"]
    assert found["scores"]["chrf"] == {"value": 100.0, "low": None, "high": None, "n": 3}
    assert set(found["signatures"]) == {"chrf", "bleu"}
    assert read_sealed(next(tmp_path.glob("runs/*"))).published.quality.main[0] == "chrf"
    assert "BLEU 100.0 of 3 sentences; too few for an interval" in text
    assert "tok:13a" in text


def test_questions_in_two_languages_are_told_apart_and_together(tmp_path):
    """English right, French wrong: 1, 0, and one half of all; what was cut at its tokens is counted."""
    english = workload("causal-lm", ["four\n4"], source_language="en").requests[0]
    french = replace(english, id="r-99", meant="Paris", source_language="fr")
    work = Workload(name="mine", family="causal-lm", requests=(english, french))
    answers = {"r-00": Told(text=" 4\nQuestion", ended=None), "r-99": Told(text="Lyon", ended=False)}
    sealed_run(tmp_path, work, answers)
    found, text = quality(tmp_path), quality_table(fit_folder(tmp_path).scored)

    assert {k: v["value"] for k, v in found["scores"].items()} == {
        "exact_match": 0.5, "exact_match@en": 1.0, "exact_match@fr": 0.0,
    }  # fmt: skip
    assert found["unended"] == 1
    assert "exact match (fr) 0" in text
    assert "1 cut at the asked tokens" in text
    report_folder(tmp_path)
    assert verify(tmp_path).differences == ()


def test_synthetic_weights_seal_no_answer_and_have_no_score_but_a_reason(tmp_path):
    """On the page and in words; nothing that was said lies on disk."""
    folder = sealed_run(tmp_path, *heard(), loaded=LOADED, weights="synthetic")
    text, page = quality_table(fit_folder(tmp_path).scored), report_folder(tmp_path).path.read_text()

    assert quality(tmp_path) is None
    assert "onde" not in (folder / "outcomes.jsonl").read_text()
    assert "not scored, synthetic weights write no meaningful text:\n  echo/whisper-tiny:fp32/mine" in text
    assert "Not scored, synthetic weights write no meaningful text" in page
    assert verify(tmp_path).differences == ()


def test_an_engine_that_tells_nothing_is_said_to(tmp_path):
    """Real weights, labelled work, and no text of an answer."""
    sealed_run(tmp_path, heard()[0], {})

    assert "no answer's text was handed over by the engine" in quality_table(fit_folder(tmp_path).scored)


def test_windows_too_short_for_all_have_no_score(tmp_path):
    """Of twelve clips nine were heard: what came first is no sample."""
    sealed_run(tmp_path, *heard(), window_s=0.8)
    text = quality_table(fit_folder(tmp_path).scored)

    assert quality(tmp_path)["scores"] == {}
    assert "of 12 requests were answered; longer windows ask them all" in text


def test_answers_are_sealed_with_a_bound_and_then_not_scored(tmp_path):
    """Cut, an answer without end would look better than it is."""
    work, answers = heard(count=1)
    answers = {"r-00": Told(text="x" * (MOST_CHARACTERS + 5), ended=False)}
    folder = sealed_run(tmp_path, work, answers)
    (one, *_) = read_sealed(folder).run.outcomes

    assert len(one.said) == MOST_CHARACTERS
    assert f"{MOST_CHARACTERS} characters or more" in quality_table(fit_folder(tmp_path).scored)


def test_only_labelled_and_sound_answers_are_kept():
    """Neither one that nobody labelled nor one that failed; order is that of the outcomes."""
    clock = FakeClock()
    session = Speaker(clock, loaded=REAL, answers={"a": Told(text="A"), "b": Told(text="B")})
    both = [Request(id=i, token_ids=(1,), meant=m, source_language="fr") for i, m in (("a", "right"), ("b", None))]
    ran = session.run(both)
    told = with_answers(ran, session, both)
    session.run(both)
    failed = with_answers([replace(one, error="no") for one in ran], session, both)

    assert [(o.said, o.meant, o.language) for o in told] == [("A", "right", "fr"), (None, None, None)]
    assert [(o.said, o.meant) for o in failed] == [(None, None), (None, None)]


def test_a_comparison_takes_scores_that_have_an_interval(out, tmp_path):
    """A word error rate of twelve clips; none of three sentences, which have no interval."""
    work = workload("translation", ["the cat sat on the mat"] * 3, source_language="fr", target_language="en")
    few = sealed_run(tmp_path / "few", work, {one.id: Told(text="a mat", ended=True) for one in work.requests})
    (heard_,) = out.glob("runs/*")

    assert scores(read_sealed(heard_).published.quality)["wer"].value == 0.25
    assert scores(read_sealed(few).published.quality) == {}


def test_text_is_made_when_the_last_rest_is_over(tmp_path, monkeypatch):
    """Once, at the end, and of the warm-up never: no window is widened over it."""
    moments = []
    told = Speaker.told
    monkeypatch.setattr(Speaker, "told", lambda self: moments.append(self.clock.now_ns) or told(self))
    folder = sealed_run(tmp_path, *heard())

    (moment,) = moments
    assert moment > max(w.end_ns for w in read_sealed(folder).trace.windows) + 10**8


def test_a_run_whose_requests_all_failed_is_not_called_silent(out):
    """Nobody answered: that is the reason, and no engine's silence."""
    run = read_sealed(next(out.glob("runs/*"))).run
    failed = replace(run, outcomes=tuple(replace(one, error="status: HTTP 500") for one in run.outcomes))

    assert why_unscored(failed, None) == "no request was answered"
    assert why_unscored(run, None) == "no answer's text was handed over by the engine"
    assert why_unscored(replace(run, labelled=0), None) == ""
