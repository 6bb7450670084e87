"""The clips, texts and videos that workloads are made of, each held to the sha256 that its index declares."""

import csv
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from bench.errors import BadDeclaration, UnknownName
from bench.files.declaration import Table, read_table

LANGUAGES = ("fr", "en", "es", "ar")
WHISPER_WINDOW_S = 30.0  # Whisper pads every piece of sound to this (arXiv:2212.04356, section 2.2; 2026-11-21)
T = TypeVar("T")
Kept = TypeVar("Kept", "Sentences", "Questions")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A committed file, what its bytes must hash to, and where its index says so."""

    name: str
    file: Path
    sha256: str
    index: str
    line: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """Speech of a known length with what is said in it."""

    stored: Stored
    language: str
    duration_s: float
    transcript: str
    output_tokens: tuple[int, ...]  # one number per audio window


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Sentences (one a line) or an article (paragraphs apart by an empty line) in one language."""

    stored: Stored
    language: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Video:
    """A video with a sound track."""

    stored: Stored
    language: str
    duration_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentences:
    """A table with a sentence a row, in the columns `sentence` and `language`; `intent` is its label."""

    stored: Stored


@dataclass(frozen=True, slots=True, kw_only=True)
class Questions:
    """A table with a question a row, in the columns `question`, `language`, and `answers`, apart by " | "."""

    stored: Stored


@dataclass(frozen=True, slots=True, kw_only=True)
class Payloads:
    """All that the indexes declare, by name."""

    clips: Mapping[str, Clip]
    texts: Mapping[str, Text]
    videos: Mapping[str, Video]
    sentences: Mapping[str, Sentences]
    questions: Mapping[str, Questions]


def read_payloads(folder: Path) -> Payloads:
    """The declared payloads under `folder` (workloads/data). Reads the indexes, not the payloads."""
    return Payloads(
        clips=_clips(folder / "speech" / "clips.toml"),
        texts=_texts(folder / "text" / "texts.toml"),
        videos=_videos(folder / "video" / "videos.toml"),
        sentences=_tables(folder / "sentences" / "sentences.toml", Sentences),
        questions=_tables(folder / "questions" / "questions.toml", Questions),
    )


def pick(kind: str, name: str, declared: Mapping[str, T]) -> T:
    """The payload of that name. Raises UnknownName with the nearest ones."""
    if name not in declared:
        raise UnknownName(kind, name, declared)
    return declared[name]


def read_bytes(stored: Stored) -> bytes:
    """The file's content. Raises BadDeclaration when it is absent or is not what was declared."""
    try:
        content = stored.file.read_bytes()
    except OSError as error:
        raise BadDeclaration(
            stored.index,
            stored.line,
            f"{stored.file.name}: cannot be read ({error.strerror}); restore it from version control",
        ) from error
    found = hashlib.sha256(content).hexdigest()
    if found != stored.sha256:
        raise BadDeclaration(
            stored.index,
            stored.line,
            f"{stored.file.name}: sha256 is {found[:16]}…, expected {stored.sha256[:16]}…: the file was "
            "changed; restore it, or declare the new sha256 (it is another workload from then on)",
        )
    return content


def read_content(text: Text) -> str:
    """The text as it stands in its file, checked."""
    return read_bytes(text.stored).decode("utf-8")


def read_sentences(sentences: Sentences, language: str) -> tuple[tuple[str, str | None], ...]:
    """The table's sentences in that language, each with its label, checked. Raises BadDeclaration without one.

    A table without a column `intent` has no labels: None beside each sentence.
    """
    stored = sentences.stored
    rows = list(csv.DictReader(read_bytes(stored).decode("utf-8").splitlines()))
    if not rows or not {"sentence", "language"} <= rows[0].keys():
        raise BadDeclaration(stored.index, stored.line, f"{stored.file.name}: no columns sentence and language")
    found = tuple((row["sentence"], row.get("intent")) for row in rows if row["language"] == language)
    if not found:
        raise BadDeclaration(stored.index, stored.line, f"{stored.file.name}: no sentence in {language!r}")
    return found


def _clips(path: Path) -> dict[str, Clip]:
    root, entries = _index(path, "clips")
    clips = {}
    for name, table in entries:
        clip = Clip(
            stored=_stored(path, name, table),
            language=table.text("language", one_of=LANGUAGES),
            duration_s=table.number("duration_s", least=0.1),
            transcript=" ".join(table.texts("sentences")),
            output_tokens=table.integers("output_tokens"),
        )
        table.integer("speed_wpm", least=1)
        windows = audio_windows(clip.duration_s)
        if len(clip.output_tokens) != windows:
            raise table.wrong(
                "output_tokens", f"expected {windows} numbers, one per 30 s, found {len(clip.output_tokens)}"
            )
        table.finish()
        clips[name] = clip
    root.finish()
    return clips


def _texts(path: Path) -> dict[str, Text]:
    root, entries = _index(path, "texts")
    texts = {}
    for name, table in entries:
        texts[name] = Text(
            stored=_stored(path, name, table),
            language=table.text("language", one_of=LANGUAGES),
            kind=table.text("kind", one_of=("sentences", "article")),
        )
        table.finish()
    root.finish()
    return texts


def _videos(path: Path) -> dict[str, Video]:
    root, entries = _index(path, "videos")
    videos = {}
    for name, table in entries:
        videos[name] = Video(
            stored=_stored(path, name, table),
            language=table.text("language", one_of=LANGUAGES),
            duration_s=table.number("duration_s", least=0.1),
        )
        table.finish()
    root.finish()
    return videos


def _tables(path: Path, kind: Callable[..., Kept]) -> dict[str, Kept]:
    """The tables that an index declares, under the key that is its own stem."""
    root, entries = _index(path, path.stem)
    found = {}
    for name, table in entries:
        found[name] = kind(stored=_stored(path, name, table))
        table.finish()
    root.finish()
    return found


def audio_windows(duration_s: float) -> int:
    """Whisper's audio windows in a clip: every 30 s begun counts whole."""
    return max(1, int(-(-duration_s // WHISPER_WINDOW_S)))


def _index(path: Path, key: str) -> tuple[Table, list[tuple[str, Table]]]:
    """The index's root, and its entries by name."""
    root = read_table(path)
    for said in ("licence", "source"):
        root.text(said)
    entries = root.table(key)
    return root, [(name, entries.table(name)) for name in entries.keys()]  # noqa: SIM118 – a Table is no dict


def _stored(path: Path, name: str, table: Table) -> Stored:
    return Stored(
        name=name,
        file=path.parent / table.text("file"),
        sha256=table.text("sha256"),
        index=str(path),
        line=table.line("sha256"),
    )
