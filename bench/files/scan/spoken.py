"""In which language a file is, as far as names say it: nothing is guessed from what stands inside.

notes.fr.txt and talk.fr-CA.mp3 say it themselves; else the nearest folder called fr, en-GB or fr_CA does. What
stands after an underscore says nothing: how_it_is.txt is not Icelandic.
"""

import re
from pathlib import PurePath

from bench.files.languages import WHISPER_LANGUAGES
from bench.files.scan.found import UNKNOWN
from bench.phrases import Phrase

_CODES = frozenset(WHISPER_LANGUAGES)
# a language, then a script or a region: BCP 47 (RFC 5646, section 2.1; checked 2026-11-22), or as POSIX writes it
_CODE = re.compile(r"([a-z]{2,3})(?:[-_](?:[A-Z][a-z]{3}|[A-Z]{2}|\d{3})|-[a-z]{2})?")


def language_by_name(below: PurePath) -> tuple[str, str]:
    """The language of a file by its path below the folder scanned, and what said so; unknown and "" otherwise."""
    name, dot, last = below.stem.rpartition(".")
    if dot and name and (code := _code(last)):
        return code, Phrase("the file's name")
    for folder in reversed(below.parent.parts):
        if code := _code(folder):
            return code, Phrase("folders called {folder}", folder=folder)
    return UNKNOWN, ""


def _code(name: str) -> str:
    found = _CODE.fullmatch(name)
    return found[1] if found is not None and found[1] in _CODES else ""
