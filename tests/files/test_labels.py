"""What a right answer is travels from manifests and declarations into requests."""

from pathlib import Path

import pytest

from bench.errors import BadDeclaration, BadInput
from bench.files import manifest, payloads, questions, workloads
from bench.files.config import places
from bench.files.models import read_model
from bench.nouns import MOST_CHARACTERS
from bench.quality.answer import LabelledAnswer
from bench.quality.exact import is_right, plain_answer

WHISPER, NLLB, PHI = read_model("whisper-tiny"), read_model("nllb-600m"), read_model("phi-4-mini")
DECLARED = payloads.read_payloads(places().workloads / "data")
ASKED = questions.read_questions(DECLARED.questions["short"])
CLIP = f'file = "{DECLARED.clips["fr-5"].stored.file}"\nlanguage = "fr"\n'


def made(folder: Path, text: str, model):
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return manifest.read_manifest(path, model, 0)[0]


def test_a_transcript_labels_a_clip_and_its_length_may_be_another(tmp_path):
    """More tokens than the transcript has leave room for an answer that is longer."""
    text = f'[[clips]]\n{CLIP}transcript = "Bonjour à tous."\noutput_tokens = 40\n'
    workload = made(tmp_path, text, WHISPER)

    assert workload.requests[0].meant == "Bonjour à tous."
    assert workload.requests[0].asked.output_tokens == 40
    assert workload.voice == ""


def test_a_synthetic_voice_is_told_of_the_whole_and_no_transcript_is_no_label(tmp_path):
    """One of two clips is spoken by a program; neither says what is in it."""
    text = f'[[clips]]\n{CLIP}output_tokens = 9\n[[clips]]\n{CLIP}output_tokens = 9\nvoice = "synthetic"\n'
    workload = made(tmp_path, text, WHISPER)

    assert workload.voice == "synthetic"
    assert {one.meant for one in workload.requests} == {None}


def test_a_transcript_too_long_to_be_sealed_labels_nothing(tmp_path):
    """It would be sealed beside every answer; the work is measured all the same."""
    (tmp_path / "long.txt").write_text("mot " * (MOST_CHARACTERS // 4))
    (tmp_path / "short.txt").write_text("mot " * (MOST_CHARACTERS // 4 - 1))
    clips = [f'[[clips]]\n{CLIP}transcript_file = "{name}.txt"\noutput_tokens = 9\n' for name in ("long", "short")]

    long, short = made(tmp_path, "".join(clips), WHISPER).requests
    assert short.meant is not None
    assert long.meant is not None  # stripped, it is one character below the bound
    (tmp_path / "long.txt").write_text("mot" * (MOST_CHARACTERS // 3 + 1))
    assert made(tmp_path, "".join(clips), WHISPER).requests[0].meant is None


def test_a_translation_labels_a_text_and_its_file_is_part_of_the_work(tmp_path):
    """As a string or a file; another reference is another workload."""
    (tmp_path / "right.txt").write_text("Good morning.\n")
    text = '[[texts]]\ntext = "Bonjour."\nsource_language = "fr"\ntarget_language = "en"\n'
    path = tmp_path / "mine.toml"

    assert made(tmp_path, text, NLLB).requests[0].meant is None
    assert made(tmp_path, f'{text}translation = "Hello."', NLLB).requests[0].meant == "Hello."
    assert made(tmp_path, f'{text}translation_file = "right.txt"', NLLB).requests[0].meant == "Good morning."
    before = manifest.manifest_sha256(path)
    (tmp_path / "right.txt").write_text("Hi.\n")
    assert manifest.manifest_sha256(path) != before


def test_answers_label_a_prompt(tmp_path):
    """One, or several of which each is right; the language says whose articles are left out."""
    text = '[[prompts]]\ntext = "Capital of France?"\noutput_tokens = 4\n'

    assert made(tmp_path, text, PHI).requests[0].meant is None
    one = made(tmp_path, f'{text}answer = "Paris"', PHI).requests[0]
    assert (one.meant, one.source_language) == ("Paris", "en")
    many = made(tmp_path, f'{text}language = "fr"\nanswers = ["Paris", "à Paris"]', PHI).requests[0]
    assert (many.meant, many.source_language) == ("Paris\nà Paris", "fr")


@pytest.mark.parametrize(
    "lines", ['answer = "a"\nanswers = ["b"]', 'answer = " "', 'answers = ["a", "b\\nc"]', "answer = 4"]
)
def test_wrong_answers_are_refused_with_their_line(tmp_path, lines):
    """Two ways at once, nothing, two lines, a number."""
    with pytest.raises(BadDeclaration, match=r"mine\.toml:\d+: prompts\[0\]\.answers?:"):
        made(tmp_path, f'[[prompts]]\ntext = "x"\noutput_tokens = 4\n{lines}', PHI)


def test_questions_are_sixty_and_every_right_answer_is_right():
    """Of both languages and all kinds; none twice; no answer vanishes under the rules that judge it."""
    assert len(ASKED) == 62
    assert [sum(one.language == lang for one in ASKED) for lang in ("en", "fr")] == [31, 31]
    assert len({one.text for one in ASKED}) == 62
    for one in ASKED:
        right = "\n".join(one.answers)
        assert all(plain_answer(answer, one.language) for answer in one.answers)
        assert is_right(
            LabelledAnswer(meant=right, said=f" {one.answers[-1].capitalize()}.\n", group=one.language)
        )


def test_each_question_is_asked_in_the_form_of_its_language():
    """Exactly the declared tokens; ids for engines without a text's tokenizer, the text for the others."""
    workload = workloads.read_workload("questions", PHI, 0)

    assert len(workload.requests) == 62
    for request, one in zip(workload.requests, ASKED, strict=True):
        end = {"en": f"Question: {one.text}\nAnswer:", "fr": f"Question : {one.text}\nRéponse :"}[one.language]
        assert request.text.endswith(end)
        assert request.source_language == one.language
        assert request.asked.output_tokens == 16
        assert len(request.token_ids) == request.asked.prompt_tokens


@pytest.mark.parametrize("row", ["x,xx,k,a", ",en,k,a", "x,en,k,", "x,en,k,a |"])
def test_a_row_that_is_no_question_names_its_line(tmp_path, row):
    """An unknown language, no question, no answer, an empty one."""
    file = tmp_path / "q.csv"
    file.write_bytes(f"question,language,kind,answers\nok,en,k,a\n{row}\n".encode())
    import hashlib

    stored = payloads.Stored(
        name="q", file=file, sha256=hashlib.sha256(file.read_bytes()).hexdigest(), index="i", line=1
    )
    with pytest.raises(BadDeclaration, match=r"q\.csv:3: expected question"):
        questions.read_questions(payloads.Questions(stored=stored))


@pytest.mark.parametrize("name", ["sentences-fr-en", "article-ar-es"])
def test_declared_translations_carry_their_twins(name):
    """The committed texts say the same line by line, so that each piece has its own reference."""
    workload = workloads.read_workload(name, NLLB, 0)
    twin = "sentences-en" if name.startswith("sentences") else "article-es"
    right = payloads.read_content(DECLARED.texts[twin]).strip()

    assert [one.meant for one in workload.requests] == right.split("\n" if "sentences" in name else "\n\n")


def test_declared_speech_is_labelled_and_its_voice_is_synthetic():
    """espeak-ng spoke every committed clip."""
    workload = workloads.read_workload("speech-fr-5", WHISPER, 0)

    assert workload.requests[0].meant == DECLARED.clips["fr-5"].transcript
    assert workload.voice == "synthetic"


def test_a_form_needs_a_place_for_the_question(tmp_path):
    """Said before anything runs."""
    from bench.files.declaration import read_table

    path = tmp_path / "w.toml"
    path.write_text('[form]\nen = "no place"\nfr = "{question}"\n')
    with pytest.raises(BadInput, match=r"w\.toml:2: form\.en: expected \{question\}"):
        questions.prompts(
            "w", ASKED, read_table(path).table("form"), model=PHI, seed=0, output_tokens=4,
            tokens_per_char=places().data / "tokens_per_char.csv",
        )  # fmt: skip
