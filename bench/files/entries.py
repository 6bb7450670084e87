"""Entries of a manifest → requests: the user's own clips, texts and prompts, each told what it was read from."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.files import payloads, requests, texts, tokens
from bench.files.audio import read_duration_s
from bench.files.config import places
from bench.files.declaration import Table
from bench.files.languages import languages_of
from bench.files.translations import length_notes, translation_job
from bench.nouns import ModelSpec, Request, Usage

_LONGEST_S = 86_400.0  # a day: what is longer is a wrong unit
KEYS: Mapping[str, tuple[str, ...]] = {
    "clips": ("file", "language", "transcript", "transcript_file", "output_tokens", "duration_s", "voice"),
    "texts": (
        "text", "file", "source_language", "target_language", "source_tokens", "target_tokens",
        "translation", "translation_file",
    ),
    "prompts": ("text", "file", "output_tokens", "language", "answer", "answers"),
}  # fmt: skip
_VOICES = ("natural", "synthetic")


def make(
    kind: str, name: str, entries: Sequence[Table], folder: Path, model: ModelSpec, seed: int
) -> tuple[tuple[Request, ...], tuple[str, ...]]:
    """The requests of a manifest's entries of one kind, and notes on how their lengths came about.

    Raises BadDeclaration for a wrong entry, or a file that is not there.
    """
    if model.family == "api":
        return _calls(name, kind, entries, folder)
    if kind == "clips":
        return _clips(name, entries, folder, model)
    if kind == "texts":
        return _texts(name, entries, folder, model, seed)
    return _prompts(name, entries, folder, model, seed)


def _clips(
    name: str, entries: Sequence[Table], folder: Path, model: ModelSpec
) -> tuple[tuple[Request, ...], tuple[str, ...]]:
    made = []
    for index, entry in enumerate(entries):
        file = file_of(entry, "file", folder)
        declared_s = entry.optional_number("duration_s", least=0.01)
        audio_s = declared_s if declared_s is not None else read_duration_s(file)
        if audio_s > _LONGEST_S:
            raise entry.wrong(
                "duration_s" if declared_s else "file", f"expected {_LONGEST_S:g} s at most, found {audio_s:g}"
            )
        made.append(
            requests.speech_request(
                name,
                [file],
                language=_language(entry, model),
                audio_s=audio_s,
                output_tokens=_decode_length(entry, folder),
                index=index,
                transcript=_transcript(entry, folder),
            )
        )
        entry.finish()
    note = "decode length: the transcript's tokens under Whisper's multilingual tokenizer, or as declared"
    return tuple(made), (note,)


def voice_of(entries: Sequence[Table]) -> str:
    """Whose voices: one clip that a program spoke makes the whole score one of synthetic speech."""
    found = {entry.text("voice", "natural", one_of=_VOICES) for entry in entries}
    return "synthetic" if "synthetic" in found else ""


def _language(entry: Table, model: ModelSpec) -> str:
    """The clip's language as the model's tokenizer spells it: found out here, not when the model is loaded."""
    said, known = entry.text("language"), languages_of(model)
    if known and said not in known:
        shown = ", ".join(known[:8])
        raise entry.wrong(
            "language", f"expected one of the {len(known)} codes of {model.name} ({shown}, …), found {said!r}"
        )
    return said


def _decode_length(entry: Table, folder: Path) -> int:
    """The tokens to decode: as declared, else those of the transcript."""
    declared = entry.optional_integer("output_tokens", least=1)
    if declared is not None:
        return declared
    if (transcript := _transcript(entry, folder)) is None:
        raise entry.wrong("file", "expected transcript, transcript_file or output_tokens beside it")
    return tokens.whisper_tokens(transcript)


def _transcript(entry: Table, folder: Path) -> str | None:
    """What is said in the clip, where somebody wrote it down."""
    has = "transcript" in entry or "transcript_file" in entry
    return _text(entry, "transcript", "transcript_file", folder) if has else None


def _texts(
    name: str, entries: Sequence[Table], folder: Path, model: ModelSpec, seed: int
) -> tuple[tuple[Request, ...], tuple[str, ...]]:
    committed = payloads.read_payloads(places().workloads / "data")
    row = texts.stand_in_row(model)
    per_char = texts.read_tokens_per_char(places().data / "tokens_per_char.csv", row)
    source = tokens.seeded_source(model, seed, "seeded token ids stand in for the texts' own")
    jobs, notes = [], [source.note]
    for entry in entries:
        text = _text(entry, "text", "file", folder)
        pair = (
            entry.text("source_language", one_of=payloads.LANGUAGES),
            entry.text("target_language", one_of=payloads.LANGUAGES),
        )
        if pair[0] == pair[1]:
            raise entry.wrong("target_language", f"the text is {pair[1]} already")
        ratio = texts.character_ratio(committed, *pair)
        notes += [note for note in length_notes(*pair, ratio, row) if note not in notes]
        guess = translation_job(text, pair, ratio, per_char)
        jobs.append(
            requests.TranslationJob(
                text=text,
                source_language=pair[0],
                target_language=pair[1],
                source_tokens=entry.integer("source_tokens", guess.source_tokens, least=1),
                target_tokens=entry.integer("target_tokens", guess.target_tokens, least=1),
                translation=_translation(entry, folder),
            )
        )
        entry.finish()
    return requests.text_translations(name, source, jobs), tuple(notes)


def _translation(entry: Table, folder: Path) -> str | None:
    """A right translation, where somebody gave one."""
    has = "translation" in entry or "translation_file" in entry
    return _text(entry, "translation", "translation_file", folder) if has else None


def _prompts(
    name: str, entries: Sequence[Table], folder: Path, model: ModelSpec, seed: int
) -> tuple[tuple[Request, ...], tuple[str, ...]]:
    tokenizer, note = tokens.open_tokenizer(model)
    row = texts.stand_in_row(model)
    per_char = texts.read_tokens_per_char(places().data / "tokens_per_char.csv", row)
    source = tokens.seeded_source(model, seed, note)
    made, notes = [], [note, "prompts are sent as they are: an engine that keeps prefixes may reuse them"]
    for index, entry in enumerate(entries):
        text = _text(entry, "text", "file", folder)
        language = entry.text("language", "en", one_of=payloads.LANGUAGES)
        output_tokens = entry.integer("output_tokens", least=1)
        stand_in = texts.tokens_of(len(text), language, per_char)
        made.append(
            requests.own_prompt(
                f"{name}-{index:04d}",
                source,
                tokenizer,
                text=text,
                stand_in=stand_in,
                output_tokens=output_tokens,
                language=language,
                answers=_answers(entry),
            )
        )
        entry.finish()
    if tokenizer is None:
        notes.append(f"prompt length from tokens per character of {row}")
    return tuple(made), tuple(notes)


def _answers(entry: Table) -> tuple[str, ...]:
    """The right answers; () where none is given."""
    if "answer" in entry and "answers" in entry:
        raise entry.wrong("answer", "expected either answer or answers")
    one = (entry.text("answer"),) if "answer" in entry else ()
    found = one or entry.texts("answers", ())
    if any(not text.strip() or "\n" in text for text in found):
        raise entry.wrong("answer" if one else "answers", "expected answers of one line with something in it")
    return found


def _calls(
    name: str, kind: str, entries: Sequence[Table], folder: Path
) -> tuple[tuple[Request, ...], tuple[str, ...]]:
    """A request each, whatever the endpoint does with its text."""
    made = []
    for index, entry in enumerate(entries):
        entry.only(*KEYS[kind])
        text = _text(entry, "text", "file", folder)
        made.append(Request(id=f"{name}-{index:04d}", text=text, asked=Usage(requests=1)))
    return tuple(made), ("texts are sent as they are: an endpoint that keeps its answers may reuse them",)


def _text(entry: Table, key: str, file_key: str, folder: Path) -> str:
    """The text under `key`, or in the file under `file_key`; exactly one of them must stand there."""
    if (key in entry) == (file_key in entry):
        raise entry.wrong(key, f"expected either {key} or {file_key}")
    if key in entry:
        text = entry.text(key)
    else:
        file = file_of(entry, file_key, folder)
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise entry.wrong(file_key, f"{file.name} is not UTF-8 text ({error.reason})") from error
    if not text.strip():
        raise entry.wrong(key if key in entry else file_key, "expected some text, found none")
    return text.strip()


def file_of(entry: Table, key: str, folder: Path) -> Path:
    """The file, relative paths from the manifest's folder."""
    name = entry.text(key)
    if "\0" in name:
        raise entry.wrong(key, f"expected a file's name, found {name!r}")
    file = (folder / name).resolve()
    if not file.is_file():
        raise entry.wrong(key, f"no file {file.name!r} in {file.parent.name!r}, the folder that was looked in")
    return file
