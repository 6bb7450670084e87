"""A file of text → the text that people read in it: markup, timings and keys are taken off."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path

from bench.errors import BadInput
from bench.phrases import Phrase

MOST_BYTES = 64 * 1024 * 1024  # of one file; chosen: a hundred thousand pages
_SILENT = ("script", "style", "template", "noscript", "title")
_TIMING = re.compile(r"^\s*(?:\d+:)?\d{1,2}:\d{2}[.,]\d{3}\s*-->.*$")
_CUE_TAG = re.compile(r"</?(?:[cibuv]|lang|ruby|rt|font)\b[^>]*>|\{\\[^}]*\}")
_VTT_BLOCKS = ("WEBVTT", "NOTE", "STYLE", "REGION")
_MOST_DEPTH = 200


def read_text(path: Path) -> str:
    """What people read in that file. Raises BadInput with the reason, OSError."""
    if path.stat().st_size > MOST_BYTES:
        raise BadInput(Phrase("larger than {most} MiB; split it", most=MOST_BYTES // 1024**2))
    raw = path.read_bytes()
    text = _decoded(raw)
    if "\0" in text:
        raise BadInput(Phrase("holds NUL bytes: no text"))
    return _READERS[path.suffix.lower()](text).strip()


def _decoded(raw: bytes) -> str:
    """UTF-8, or UTF-16 where a byte order mark says so. Another encoding is not guessed."""
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        name = encoding.removesuffix("-sig").upper()
        raise BadInput(Phrase("is not {name} text (byte {at})", name=name, at=error.start)) from error


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n")


class _Words(HTMLParser):
    """Text between tags; what a browser does not show is left out."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self._silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if tag in _SILENT:
            self._silent.append(tag)
        self.words.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._silent:
            del self._silent[self._silent.index(tag) :]
        self.words.append(" ")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.words.append(data)


def _html(text: str) -> str:
    reader = _Words()
    reader.feed(text)
    reader.close()
    return re.sub(r"\s+", " ", "".join(reader.words))


def _subtitles(text: str) -> str:
    """Cues of SRT and WebVTT: a block is what stands between empty lines, its text what follows its timing.

    Sources: WebVTT, W3C Candidate Recommendation, section 4 (https://www.w3.org/TR/webvtt1/); SRT as VideoLAN and
    FFmpeg read it. Checked 2026-11-22.
    """
    cues = []
    for block in re.split(r"\n\s*\n", _plain(text)):
        lines = block.strip("\n").split("\n")
        at = next((n for n, line in enumerate(lines) if _TIMING.match(line)), None)
        if at is None:
            continue  # WEBVTT, NOTE, STYLE: nothing that is read aloud
        cues += [_CUE_TAG.sub("", line).strip() for line in lines[at + 1 :]]
    if not cues:
        raise BadInput(Phrase("no cue with a timing (00:00:01,000 --> 00:00:02,000) in it"))
    return " ".join(filter(None, cues))


def _json(text: str) -> str:
    try:
        return "\n".join(_strings(json.loads(text)))
    except (ValueError, RecursionError) as error:
        raise BadInput(Phrase("is no JSON: {why}", why=str(error)[:80])) from error


def _json_lines(text: str) -> str:
    found: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            found += _strings(json.loads(line))
        except (ValueError, RecursionError) as error:
            why = str(error)[:80]
            raise BadInput(Phrase("line {number} is no JSON: {why}", number=number, why=why)) from error
    return "\n".join(found)


def _strings(value: object) -> Iterator[str]:
    """Values that are text, without keys."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, Mapping):
            waiting += reversed(list(one.values()))
        elif isinstance(one, list):
            waiting += reversed(one)


_READERS: Mapping[str, Callable[[str], str]] = {
    ".txt": _plain,
    ".md": _plain,
    ".markdown": _plain,
    ".rst": _plain,
    ".html": _html,
    ".htm": _html,
    ".xhtml": _html,
    ".srt": _subtitles,
    ".vtt": _subtitles,
    ".json": _json,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
}
TEXT_SUFFIXES = frozenset(_READERS)
