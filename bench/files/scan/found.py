"""What a scan found: a length a file, what could not be read and why, what was left out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["audio", "video", "text"]
UNIT: Mapping[str, str] = {"audio": "s", "video": "s", "text": "characters"}
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One file that was read: seconds of a sound or a video, characters of a text and its tokens.

    `said_by`: what told the language: a folder, a suffix, --language; "" of one unknown.
    """

    kind: Kind
    language: str
    length: float
    tokens: float | None = None
    said_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A file or folder that could not be read, by its path below the folder scanned, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """Of one folder. `left_out` counts what was not looked at, by its reason; `others` files of other kinds."""

    folder: str
    found: tuple[Found, ...]
    unread: tuple[Unread, ...]
    folders: int
    tokens_by: str
    left_out: Mapping[str, int] = field(default_factory=dict)
    others: Mapping[str, int] = field(default_factory=dict)  # by suffix
    stopped: str = ""  # why the scan ended before the last file; "" where it did not

    def of(self, kind: str, language: str | None = None) -> tuple[Found, ...]:
        """The files of a kind, and of a language where one is named."""
        return tuple(one for one in self.found if one.kind == kind and language in (None, one.language))
