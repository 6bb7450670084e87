"""The user's own clips, texts and prompts become workloads, or an error that names the line."""

import shutil
import wave
from pathlib import Path

import pytest

from bench.errors import BadDeclaration, BadInput, NoEngine
from bench.files import audio, manifest, payloads
from bench.files.config import places
from bench.files.languages import WHISPER_LANGUAGES, languages_of
from bench.files.models import read_model
from bench.files.work import find_workload_names

WHISPER, NLLB = read_model("whisper-tiny"), read_model("nllb-600m")
MISTRAL, PHI = read_model("mistral-160m"), read_model("phi-4-mini")
CLIPS = payloads.read_payloads(places().workloads / "data").clips


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A user's folder: a FLAC, a WAV of 31 s, a transcript and a text."""
    (tmp_path / "calls").mkdir()
    shutil.copyfile(CLIPS["fr-5"].stored.file, tmp_path / "calls" / "one.flac")
    with wave.open(str(tmp_path / "calls" / "two.wav"), "wb") as sound:
        sound.setnchannels(2)
        sound.setsampwidth(2)
        sound.setframerate(8_000)
        sound.writeframes(b"\0" * (31 * 8_000 * 4))
    (tmp_path / "calls" / "two.txt").write_text("Bonjour, je vous appelle au sujet de ma facture.")
    (tmp_path / "note.txt").write_text("Le musée est fermé en août.\n", encoding="utf-8")
    return tmp_path


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


CLIP = """
[[clips]]
file = "calls/one.flac"
language = "fr"
transcript = "Le musée ouvre ses portes gratuitement le premier dimanche de chaque mois, sauf au mois d'août."

[[clips]]
file = "calls/two.wav"
language = "fr"
transcript_file = "calls/two.txt"
"""


def test_the_users_clips_are_heard_as_long_as_they_are(folder: Path) -> None:
    """Paths from the manifest's folder, durations from the headers, tokens from the transcripts."""
    pytest.importorskip("soundfile")
    pytest.importorskip("whisper")
    (workload,) = manifest.read_manifest(written(folder, CLIP), WHISPER, 0)
    one, two = workload.requests

    assert workload.name == "mine"
    assert one.audio == ((folder / "calls" / "one.flac").resolve(),)
    assert (one.asked.audio_s, one.asked.audio_windows, one.asked.output_tokens) == (5.0, 1, 27)
    assert (two.asked.audio_s, two.asked.audio_windows) == (31.0, 2)
    assert one.id != two.id


def test_the_users_texts_get_their_lengths_as_ours_do_unless_declared(folder: Path) -> None:
    """Characters × tokens per character, or the numbers that the user gives."""
    text = """
[[texts]]
file = "note.txt"
source_language = "fr"
target_language = "en"

[[texts]]
text = "Le musée est fermé en août."
source_language = "fr"
target_language = "en"
source_tokens = 11
target_tokens = 9
"""
    (workload,) = manifest.read_manifest(written(folder, text), NLLB, 0)
    derived, declared = workload.requests

    assert derived.text == declared.text == "Le musée est fermé en août."
    assert derived.asked.source_tokens == round(27 * 114 / 518) == len(derived.token_ids)
    assert (declared.asked.source_tokens, declared.asked.target_tokens) == (11, 9)
    assert any("stand-in" in note for note in workload.notes)


@pytest.mark.parametrize("model", [MISTRAL, PHI], ids=lambda m: m.name)
def test_the_users_prompts_are_sent_as_they_are(folder: Path, model) -> None:
    """No token of ours in front; the note says that prefixes may be reused."""
    text = '[[prompts]]\ntext = "Summarise the plot of Don Quixote."\noutput_tokens = 64\n'
    (workload,) = manifest.read_manifest(written(folder, text), model, 0)
    (request,) = workload.requests

    assert request.text == "Summarise the plot of Don Quixote."
    assert request.asked.output_tokens == 64
    assert request.asked.prompt_tokens == len(request.token_ids) > 5
    assert any("reuse" in note for note in workload.notes)


def test_a_manifest_of_several_kinds_gives_the_model_what_it_can_do(folder: Path) -> None:
    """Each kind is a workload of its own; a model that can do none of them is told so."""
    text = 'name = "mix"\n' + CLIP + '[[prompts]]\ntext = "Hello there"\noutput_tokens = 4\n'
    path = written(folder, text)
    (prompts,) = manifest.read_manifest(path, MISTRAL, 0)

    assert prompts.name == "mix-prompts"
    assert manifest.manifest_families(path) == {"mix-clips": "speech", "mix-prompts": "causal-lm"}
    with pytest.raises(BadInput, match="choose another model"):
        manifest.read_manifest(path, NLLB, 0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expected \\[\\[clips\\]\\]"),
        ('[[prompts]]\ntext = "Hi you"\n', "output_tokens: missing"),
        ('[[prompts]]\ntext = "Hi you"\noutput_token = 3\noutput_tokens = 3\n', "did you mean 'output_tokens'"),
        ('[[prompts]]\ntext = "Hi"\nfile = "note.txt"\noutput_tokens = 3\n', "either text or file"),
        ('[[prompts]]\nfile = "nothing.txt"\noutput_tokens = 3\n', "no file 'nothing.txt'"),
        ('[[prompts]]\ntext = "  "\noutput_tokens = 3\n', "some text"),
        ('[[prompts]]\nfile = "calls/one.flac"\noutput_tokens = 3\n', "not UTF-8"),
        ('name = "a/b"\n[[prompts]]\ntext = "Hi"\noutput_tokens = 3\n', "letters, digits"),
        ('colour = 3\n[[prompts]]\ntext = "Hi"\noutput_tokens = 3\n', "unknown key"),
    ],
)
def test_a_wrong_manifest_says_what_was_expected(folder: Path, text: str, said: str) -> None:
    """The same checks as for our own declarations."""
    with pytest.raises(BadDeclaration, match=said):
        manifest.read_manifest(written(folder, text), MISTRAL, 0)


def test_a_clip_without_a_length_to_decode_is_refused(folder: Path) -> None:
    """The decode length is never guessed from the sound."""
    text = '[[clips]]\nfile = "calls/two.wav"\nlanguage = "fr"\n'

    with pytest.raises(BadDeclaration, match="transcript"):
        manifest.read_manifest(written(folder, text), WHISPER, 0)
    (workload,) = manifest.read_manifest(written(folder, text + "output_tokens = 30\n"), WHISPER, 0)
    assert workload.requests[0].asked.output_tokens == 30
    with pytest.raises(BadInput, match="224"):
        manifest.read_manifest(written(folder, text + "output_tokens = 449\n"), WHISPER, 0)


def test_what_is_no_sound_is_refused(folder: Path) -> None:
    """A text file called .wav is bad input where a reader can tell, and never 0 s."""
    fake = folder / "fake.wav"
    fake.write_text("not a sound")

    with pytest.raises((BadInput, NoEngine), match=r"fake\.wav"):
        audio.read_duration_s(fake)


def test_a_manifests_sha256_holds_its_files(folder: Path) -> None:
    """A clip or transcript that changes is another workload."""
    path = written(folder, CLIP)
    before = manifest.manifest_sha256(path)
    assert before == manifest.manifest_sha256(path)
    (folder / "calls" / "two.txt").write_text("Bonsoir.")

    assert manifest.manifest_sha256(path) != before


def test_a_declared_workloads_name_is_not_taken(tmp_path):
    """Their figures would be averaged under one name."""
    path = tmp_path / "prompt-32-8.toml"
    path.write_text('[[prompts]]\ntext = "hello"\noutput_tokens = 3\n')

    with pytest.raises(BadInput, match="declared workload"):
        find_workload_names(path)


@pytest.mark.parametrize(
    ("line", "said"),
    [('file = "a\\u0000b"', "file's name"), ('file = "m.toml"\nduration_s = 1e300', "86400 s at most")],
)
def test_impossible_clips_name_their_line(tmp_path, line, said):
    """A name no file can have and a length no clip has are told with file and line, never a traceback."""
    path = tmp_path / "m.toml"
    path.write_text(f'[[clips]]\nlanguage = "fr"\ntranscript = "x"\n{line}\n')

    with pytest.raises(BadInput, match=rf"m\.toml:\d+: .*{said}"):
        manifest.read_manifest(path, WHISPER, 0)


@pytest.mark.parametrize("said", ["french", "FR", "xx"])
def test_a_clips_language_is_checked_before_anything_is_loaded(folder: Path, said: str) -> None:
    """By the codes that the model has a token for, with the line."""
    path = written(folder, CLIP.replace('language = "fr"', f'language = "{said}"', 1))

    with pytest.raises(BadDeclaration, match=f"mine.toml:4.*99 codes of whisper-tiny .en, zh.*found '{said}'"):
        manifest.read_manifest(path, WHISPER, 0)


def test_each_whisper_hears_the_languages_that_its_vocabulary_has(folder: Path) -> None:
    """Cantonese came with large-v3; the table is openai-whisper's own."""
    whisper = pytest.importorskip("whisper.tokenizer")
    assert tuple(whisper.LANGUAGES) == WHISPER_LANGUAGES
    assert len(languages_of(WHISPER)) == 99
    assert languages_of(read_model("whisper-large-v3"))[-1] == "yue"
    assert languages_of(NLLB) == ()

    path = written(folder, CLIP.replace('"fr"', '"de"'))
    (made,) = manifest.read_manifest(path, WHISPER, 0)
    assert {request.source_language for request in made.requests} == {"de"}
