"""Walks a folder, reads every file's length, and says what it could not read."""

import subprocess
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path, PurePath

from bench.errors import BadInput, JoulemarkError, NoEngine, UnknownName
from bench.files.audio import read_duration_s
from bench.files.languages import WHISPER_LANGUAGES
from bench.files.scan.found import UNKNOWN, Found, Kind, Scan, Unread
from bench.files.scan.spoken import language_by_name
from bench.files.scan.texts import TEXT_SUFFIXES, read_text
from bench.files.scan.walk import Walk
from bench.phrases import Phrase

MOST_FILES = 200_000  # chosen: an hour's reading on two cores
_READERS = 4  # of headers at once: they wait for disks and for ffprobe
_AUDIO = frozenset(
    (".wav", ".mp3", ".flac", ".ogg", ".oga", ".opus", ".m4a", ".aac", ".wma", ".aif", ".aiff", ".amr")
)
_VIDEO = frozenset((".mp4", ".mkv", ".webm", ".mov", ".avi", ".m4v", ".mpg", ".mpeg", ".wmv", ".3gp", ".ogv"))
_SHOWN_SUFFIX = 12  # characters
Tokens = Callable[[str, str], float | None]  # of a text in a language; None: not known


def kind_of(path: PurePath) -> Kind | None:
    """Sound, video or text by the suffix; None of another kind."""
    suffix = path.suffix.lower()
    if suffix in _AUDIO:
        return "audio"
    if suffix in _VIDEO:
        return "video"
    return "text" if suffix in TEXT_SUFFIXES else None


def scan(
    folder: Path,
    *,
    tokens: Tokens,
    tokens_by: str,
    language: str = "",
    hidden: bool = False,
    most_files: int = MOST_FILES,
) -> Scan:
    """The lengths of every file below a folder. Raises BadInput, UnknownName.

    `language` is that of every file whose name and folders say none; "unknown" stays unknown.
    """
    _refuse(folder, language, most_files)
    walk = Walk(folder, hidden=hidden)
    found: list[Found] = []
    unread: list[Unread] = []
    others: Counter[str] = Counter()

    def read(path: Path) -> tuple[Path, Found | str | None]:
        return path, _read(path, folder, tokens, language)

    files = walk.files()
    with ThreadPoolExecutor(_READERS) as pool:
        while batch := list(islice(files, min(1000, most_files - _count(found, unread, others)))):
            for path, one in pool.map(read, batch):
                if isinstance(one, Found):
                    found.append(one)
                elif one is None:
                    others[path.suffix.lower()[:_SHOWN_SUFFIX] or "no suffix"] += 1
                else:
                    unread.append(Unread(path=walk.below(path), reason=one))
    more = next(files, None) is not None
    return Scan(
        folder=str(folder),
        found=tuple(found),
        unread=(*walk.unread, *unread),
        folders=walk.folders,
        tokens_by=tokens_by,
        left_out=dict(walk.left_out),
        others=dict(others.most_common()),
        stopped=Phrase("stopped after {count} files: say --most-files", count=most_files) if more else "",
    )


def _refuse(folder: Path, language: str, most_files: int) -> None:
    if language and language != UNKNOWN and language not in WHISPER_LANGUAGES:
        raise UnknownName("language", language, WHISPER_LANGUAGES)
    if not folder.is_dir():
        what = Phrase("a file") if folder.exists() else Phrase("nothing there")
        raise BadInput(Phrase("{folder}: {what}; needed is a folder", folder=folder, what=what))
    if most_files < 1:
        raise BadInput(Phrase("most files is {count}; needed is 1 or more", count=most_files))


def _count(found: list[Found], unread: list[Unread], others: Mapping[str, int]) -> int:
    return len(found) + len(unread) + sum(others.values())


def _read(path: Path, folder: Path, tokens: Tokens, language: str) -> Found | str | None:
    """What one file holds, why it cannot be read, or None where it is of another kind."""
    kind = kind_of(path)
    if kind is None:
        return None
    spoken, said_by = language_by_name(path.relative_to(folder))
    if spoken == UNKNOWN and language:
        spoken, said_by = language, "--language"
    try:
        if kind == "text":
            text = read_text(path)
            if not text:
                return Phrase("holds no text")
            return Found(
                kind=kind, language=spoken, length=len(text), tokens=tokens(text, spoken), said_by=said_by
            )
        with path.open("rb"):  # a file that may not be read says so here, in words
            pass
        return Found(kind=kind, language=spoken, length=read_duration_s(path), said_by=said_by)
    except OSError as error:
        return error.strerror or type(error).__name__
    except UnicodeError:  # a reader of sound that takes names as text
        return Phrase("its name is no UTF-8")
    except NoEngine as error:
        return Phrase("nothing here reads it: {error}", error=error)
    except (JoulemarkError, subprocess.SubprocessError, ArithmeticError) as error:
        return error.args[0] if error.args and isinstance(error.args[0], Phrase) else str(error)
