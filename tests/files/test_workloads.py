"""What a workload's declaration promises, its requests keep."""

import dataclasses
import hashlib
import math
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.errors import BadDeclaration, BadInput, UnknownName
from bench.files import payloads, texts, tokens, workloads
from bench.files.config import places
from bench.files.models import read_model
from bench.nouns import ModelSpec

MODELS = {
    "speech": "whisper-tiny",
    "causal-lm": "mistral-160m",
    "translation": "nllb-600m",
    "video": "sound-track",
    "classifier": "intent-lstm",
}
FOLDER = places().workloads
DECLARED = payloads.read_payloads(FOLDER / "data")
NLLB = read_model("nllb-600m")
MISTRAL = read_model("mistral-160m")
PHI = read_model("phi-4-mini")


def model_for(name: str) -> ModelSpec:
    return read_model(MODELS[workloads.workload_family(name)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the declarations and of the texts, to be broken; the clips are linked."""
    shutil.copytree(FOLDER, tmp_path / "workloads", copy_function=shutil.copyfile)
    return tmp_path / "workloads"


@pytest.mark.parametrize("name", workloads.workload_names())
def test_every_declaration_gives_requests_that_ask_for_work(name: str) -> None:
    """No declaration in the repository is broken, and every request has an input, an id of its own, and work."""
    workload = workloads.read_workload(name, model_for(name), 0)

    assert len({r.id for r in workload.requests}) == len(workload.requests) >= 1
    for request in workload.requests:
        assert request.asked.requests == 1
        assert request.token_ids or request.audio or request.video or request.text
    assert workload.licence == "CC0-1.0"
    assert workload.source


@pytest.mark.parametrize("name", [n for n in workloads.workload_names() if re.match(r"(prompt|translate)-\d", n)])
def test_token_sized_requests_have_exactly_the_size_in_their_name(name: str) -> None:
    """prompt-512-64 is 512 ids, BOS among them, and asks for 64; translate-32-16 is 32 and 16."""
    first, second = map(int, name.split("-")[1:])
    workload = workloads.read_workload(name, model_for(name), 0)

    assert {len(r.token_ids) for r in workload.requests} == {first}
    asked = [r.asked for r in workload.requests]
    got = {(a.prompt_tokens or a.source_tokens, a.output_tokens or a.target_tokens) for a in asked}
    assert got == {(first, second)}
    assert len(workload.requests) >= 32


@pytest.mark.parametrize(
    ("name", "model"),
    [(n, m) for m in (MISTRAL, PHI) for n in ("prompt-32-8", "prompt-8192-64", "article-fr-summary")]
    + [("translate-32-16", NLLB), ("sentences-fr-en", NLLB)],
    ids=lambda v: getattr(v, "name", v),
)
def test_no_two_prompts_share_their_first_token(name: str, model: ModelSpec) -> None:
    """An engine that keeps prefixes finds none to reuse."""
    requests = workloads.read_workload(name, model, 0).requests
    after_bos = 1 if model.architecture == "mistral" else 0

    assert len({r.token_ids[after_bos] for r in requests}) == len(requests)


def test_the_same_seed_gives_the_same_requests_and_another_seed_others() -> None:
    """A run can be repeated token by token."""
    for name, model in (("prompt-128-16", MISTRAL), ("prompt-128-16", PHI), ("translate-32-16", NLLB)):
        once = workloads.read_workload(name, model, 0)
        again = workloads.read_workload(name, model, 0)
        other = workloads.read_workload(name, model, 1)

        assert once == again
        assert once.requests != other.requests


@pytest.mark.parametrize("clip", DECLARED.clips.values(), ids=lambda c: c.stored.name)
def test_a_clip_is_speech_of_exactly_its_declared_duration(clip: payloads.Clip) -> None:
    """16 kHz mono FLAC, exact to the sample, as hashed, not clipped, and never silent for 1.5 s."""
    np, soundfile = pytest.importorskip("numpy"), pytest.importorskip("soundfile")
    payloads.read_bytes(clip.stored)
    info = soundfile.info(str(clip.stored.file))
    samples, rate_hz = soundfile.read(str(clip.stored.file))

    assert (info.format, info.subtype, info.channels, rate_hz) == ("FLAC", "PCM_16", 1, 16_000)
    assert len(samples) == clip.duration_s * 16_000
    assert math.isclose(np.sqrt(np.mean(samples**2)), 0.02, rel_tol=0.02)  # the level the script sets
    assert np.abs(samples).max() < 0.99
    loud = np.flatnonzero(np.abs(samples) > 0.005)
    edges = np.concatenate([[0], loud, [len(samples)]])
    assert np.diff(edges).max() < 1.5 * 16_000


def test_the_clips_asked_for_exist_and_stay_small() -> None:
    """Four languages × 5, 15, 30, 60 s, French 120 s; all payloads far below the repository's limit."""
    expected = {f"{lang}-{s}" for lang in ("fr", "en", "es", "ar") for s in (5, 15, 30, 60)} | {"fr-120"}
    size_bytes = sum(path.stat().st_size for path in (FOLDER / "data").rglob("*.flac"))

    assert set(DECLARED.clips) == expected
    assert size_bytes <= 8_000_000


@pytest.mark.parametrize("clip", DECLARED.clips.values(), ids=lambda c: c.stored.name)
def test_a_clips_decode_length_is_its_transcripts_token_count(clip: payloads.Clip) -> None:
    """Whisper's own tokenizer counts what is declared, and every audio window fits the decoder."""
    pytest.importorskip("tiktoken")

    assert sum(clip.output_tokens) == tokens.whisper_tokens(clip.transcript)
    assert all(0 < n <= 224 for n in clip.output_tokens)


def test_a_long_clip_is_a_sequence_whose_work_is_that_of_its_parts() -> None:
    """speech-fr-600: 600 s exactly, 20 audio windows, and the tokens of the eight clips."""
    workload = workloads.read_workload("speech-fr-600", read_model("whisper-tiny"), 0)
    (request,) = workload.requests
    parts = [DECLARED.clips[path.stem] for path in request.audio]

    assert request.asked.audio_s == 600.0
    assert request.asked.audio_windows == 20
    assert request.asked.output_tokens == sum(sum(clip.output_tokens) for clip in parts)


@pytest.mark.parametrize(("duration_s", "windows"), [(5, 1), (29.99, 1), (30, 1), (30.01, 2), (60, 2), (120, 4)])
def test_every_thirty_seconds_begun_is_an_audio_window(duration_s: float, windows: int) -> None:
    """Whisper pads the last piece of a clip to a whole audio window."""
    assert payloads.audio_windows(duration_s) == windows


def test_the_video_lasts_as_declared_and_is_small() -> None:
    """A video of 15 s with a sound track, in at most 600 kB; its phase is prepare."""
    workload = workloads.read_workload("video-fr-15", read_model("sound-track"), 0)
    (request,) = workload.requests
    assert request.video is not None

    assert workload.phase == "prepare"
    assert request.asked.video_s == 15.0
    assert request.video.stat().st_size <= 600_000
    if shutil.which("ffprobe") is None:
        pytest.skip("no ffprobe: the rest of this test reads the streams")
    command = ["ffprobe", "-v", "error", "-show_entries", "stream=codec_type,duration", "-of", "csv=p=0"]
    streams = subprocess.run([*command, str(request.video)], capture_output=True, text=True, check=True)
    kinds = dict(line.split(",") for line in streams.stdout.split())
    assert set(kinds) == {"video", "audio"}
    assert all(math.isclose(float(s), 15.0, abs_tol=0.05) for s in kinds.values())


def test_the_languages_say_the_same_line_by_line() -> None:
    """As many sentences and paragraphs in each language, within the lengths that were asked for."""
    lines, paragraphs = set(), set()
    for text in DECLARED.texts.values():
        content = payloads.read_content(text)
        if text.kind == "sentences":
            lengths = [len(line) for line in content.splitlines()]
            assert min(lengths) >= 60
            assert max(lengths) <= 250
            lines.add(len(lengths))
        else:
            assert 3000 <= len(content.strip()) <= 5000
            paragraphs.add(content.strip().count("\n\n"))

    assert len(DECLARED.texts) == 8
    assert len(lines) == len(paragraphs) == 1
    assert lines.pop() >= 24


def test_character_ratios_come_from_the_committed_texts(folder: Path) -> None:
    """Twice the target text is twice the ratio; there and back is one."""
    there = texts.character_ratio(DECLARED, "fr", "ar")
    back = texts.character_ratio(DECLARED, "ar", "fr")
    for kind in ("article", "sentences"):
        edit(folder, f"{kind}-ar.txt", lambda content: content + content.rstrip("\n") + "\n")
    doubled = texts.character_ratio(payloads.read_payloads(folder / "data"), "fr", "ar")

    assert math.isclose(there * back, 1.0)
    assert 0.6 < there < 0.9  # Arabic leaves short vowels out
    assert math.isclose(doubled, 2 * there)


def test_a_translations_lengths_follow_characters_and_are_labelled_so() -> None:
    """Source: characters × tokens per character. Target: × the character ratio. Both said in the notes."""
    workload = workloads.read_workload("sentences-fr-ar", NLLB, 0)
    sentence = payloads.read_content(DECLARED.texts["sentences-fr"]).splitlines()[0]
    ratio = texts.character_ratio(DECLARED, "fr", "ar")
    request = workload.requests[0]

    # tekken's counts in tokens_per_char.csv: 114 tokens of 518 characters (fr), 98 of 346 (ar)
    assert request.text == sentence
    assert request.asked.source_tokens == round(len(sentence) * 114 / 518) == len(request.token_ids)
    assert request.asked.target_tokens == round(len(sentence) * ratio * 98 / 346)
    assert (request.source_language, request.target_language) == ("fr", "ar")
    notes = " ".join(workload.notes)
    assert "character ratio" in notes
    assert "stand-in" in notes
    assert "seeded token ids" in notes


def test_an_article_is_translated_whole_in_pieces_that_fit_the_model() -> None:
    """No sentence is lost, and a model of 64 tokens gets it in smaller pieces."""
    narrow = dataclasses.replace(NLLB, max_context_tokens=64)
    article = payloads.read_content(DECLARED.texts["article-fr"])
    for model, limit in ((NLLB, 1024), (narrow, 64)):
        requests = workloads.read_workload("article-fr-en", model, 0).requests

        assert " ".join(" ".join(r.text or "" for r in requests).split()) == " ".join(article.split())
        assert all((r.asked.source_tokens or 0) <= limit for r in requests)
        assert all((r.asked.target_tokens or 0) <= limit for r in requests)


def test_a_prompt_by_the_models_own_tokenizer_says_so_and_a_seeded_one_too() -> None:
    """A reader of a run knows which of the two its prompts were."""
    own = workloads.read_workload("article-en-summary", MISTRAL, 0)
    seeded = workloads.read_workload("article-en-summary", PHI, 0)

    assert any("mistral_instruct_tokenizer_240323" in note for note in own.notes)
    assert any("seeded token ids" in note for note in seeded.notes)
    assert any("tokens per character" in note for note in seeded.notes)


def test_an_unknown_workload_names_the_nearest() -> None:
    """A slip of the finger is answered with the right name."""
    with pytest.raises(UnknownName, match="speech-fr-30") as caught:
        workloads.read_workload("speech-fr-3O", MISTRAL, 0)

    assert "speech-fr-30" in caught.value.near


def test_work_of_another_family_or_beyond_the_context_is_refused() -> None:
    """A language model is not asked to listen, nor to hold more than it can."""
    small = dataclasses.replace(MISTRAL, max_context_tokens=8200)
    workloads.read_workload("prompt-8192-8", small, 0)  # 8200 fit exactly

    with pytest.raises(BadInput, match="speech"):
        workloads.read_workload("speech-fr-5", MISTRAL, 0)
    with pytest.raises(BadInput, match="8208"):
        workloads.read_workload("prompt-8192-16", small, 0)


def test_a_changed_payload_is_named_with_the_line_that_declares_it(folder: Path) -> None:
    """One byte of a clip is enough."""
    clip = folder / "data" / "speech" / "fr-5.flac"
    content = bytearray(clip.read_bytes())
    content[4000] ^= 1
    clip.write_bytes(bytes(content))
    index = (folder / "data" / "speech" / "clips.toml").read_text(encoding="utf-8").splitlines()

    with pytest.raises(BadDeclaration, match=r"fr-5\.flac.*changed") as caught:
        workloads.read_workload("speech-fr-5", read_model("whisper-tiny"), 0, folder=folder)
    assert caught.value.line is not None
    assert index[caught.value.line - 1].startswith("sha256")
    with pytest.raises(BadDeclaration):
        workloads.workload_sha256("speech-fr-5", folder)
    workloads.workload_sha256("speech-fr-15", folder)  # another clip is untouched by it


def test_a_missing_payload_is_named(folder: Path) -> None:
    """A clip that was not checked out is a plain error, not a traceback."""
    (folder / "data" / "speech" / "fr-5.flac").unlink()

    with pytest.raises(BadDeclaration, match=r"fr-5\.flac: cannot be read"):
        workloads.read_workload("speech-fr-5", read_model("whisper-tiny"), 0, folder=folder)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("prompt_tokens = 32", "prompt_token = 32", "prompt_tokens"),
        ("prompt_tokens = 32", 'prompt_tokens = "32"', "whole number"),
        ("output_tokens = 8", "output_tokens = 0", "at least 1"),
        ('family = "causal-lm"', 'family = "causal_lm"', "causal-lm"),
        ('"article-fr"', '"article-de"', "article-fr"),
        ("requests = 1000", "requests = 1000000", "more texts"),
    ],
)
def test_a_wrong_declaration_says_what_was_expected(folder: Path, old: str, new: str, said: str) -> None:
    """A key, a type, a bound or a name that is wrong: the message holds what would be right."""
    path = folder / "prompt-32-8.toml"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")

    with pytest.raises(BadInput, match=said):
        workloads.read_workload("prompt-32-8", MISTRAL, 0, folder=folder)


def test_a_workloads_sha256_holds_all_that_its_requests_rest_on(folder: Path) -> None:
    """Its declaration, its payloads, what their index says, and for lengths the parallel texts."""
    before = {
        n: workloads.workload_sha256(n, folder) for n in ("speech-fr-5", "sentences-fr-en", "translate-32-16")
    }
    assert before == {n: workloads.workload_sha256(n) for n in before}  # wherever they lie

    index = folder / "data" / "speech" / "clips.toml"
    index.write_text(index.read_text(encoding="utf-8").replace("[27]", "[28]"), encoding="utf-8")
    edit(folder, "article-en.txt", lambda content: content + "One more line.\n")
    with (folder / "translate-32-16.toml").open("a", encoding="utf-8") as file:
        file.write("# a word more\n")
    after = {n: workloads.workload_sha256(n, folder) for n in before}

    assert all(before[n] != after[n] for n in before)
    assert workloads.workload_sha256("sentences-fr-es", folder) == workloads.workload_sha256("sentences-fr-es")


def edit(folder: Path, name: str, change: Callable[[str], str]) -> None:
    """Changes a text and declares its new sha256."""
    path = folder / "data" / "text" / name
    old = hashlib.sha256(path.read_bytes()).hexdigest()
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    index = folder / "data" / "text" / "texts.toml"
    new = hashlib.sha256(path.read_bytes()).hexdigest()
    index.write_text(index.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def test_sentences_are_those_of_the_table_in_one_language(folder: Path) -> None:
    """240 in each, none twice; a language that the table lacks, or a changed table, is refused with its place."""
    french, english = (
        workloads.read_workload(f"intent-{language}", read_model("intent-lstm"), 0).requests
        for language in ("fr", "en")
    )
    assert len({r.text for r in french} | {r.text for r in english}) == len(french) + len(english) == 480
    assert (french[0].text[:13], french[0].meant) == ("Il y aurait e", "find-train")
    assert len({r.meant for r in english}) == 8
    declaration = folder / "intent-fr.toml"
    before = workloads.workload_sha256("intent-fr", folder)
    declaration.write_text(declaration.read_text().replace('"fr"', '"ar"'))
    with pytest.raises(BadDeclaration, match="no sentence in 'ar'"):
        workloads.read_workload("intent-fr", read_model("intent-lstm"), 0, folder=folder)
    table = folder / "intent" / "data" / "heldout.csv"
    table.write_text(table.read_text() + "one more,irrelevant,fr,plain\n")

    with pytest.raises(BadDeclaration, match="sha256"):
        workloads.workload_sha256("intent-en", folder)
    assert len(before) == 64
