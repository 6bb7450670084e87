"""Every file below a folder, in one order: no link is followed, hidden names and devices are left out."""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bench.files.scan.found import Unread
from bench.phrases import Phrase

HIDDEN, LINK, SPECIAL = Phrase("hidden"), Phrase("links, not followed"), Phrase("neither files nor folders")


@dataclass(slots=True)
class Walk:
    """Walks once; what it left out and could not open stands in it afterwards."""

    root: Path
    hidden: bool = False
    left_out: Counter[str] = field(default_factory=Counter)
    unread: list[Unread] = field(default_factory=list)
    folders: int = 0

    def files(self) -> Iterator[Path]:
        """The files, folder by folder, by name. No link is followed: no tree is without end."""
        waiting = [self.root]
        while waiting:
            folder = waiting.pop()
            try:
                with os.scandir(folder) as found:
                    entries = sorted(found, key=lambda one: one.name)
            except OSError as error:
                self.unread.append(Unread(path=self.below(folder), reason=_why(error)))
                continue
            self.folders += 1
            inner: list[Path] = []
            for entry in entries:
                yield from self._taken(entry, inner)
            waiting += reversed(inner)

    def below(self, path: Path) -> str:
        """The path below the folder that is scanned, as text that prints."""
        shown = os.fsencode(path.relative_to(self.root)).decode("utf-8", errors="replace")
        return "".join(char if char.isprintable() else "?" for char in shown)

    def _taken(self, entry: os.DirEntry[str], inner: list[Path]) -> Iterator[Path]:
        if entry.name.startswith(".") and not self.hidden:
            self.left_out[HIDDEN] += 1
        elif entry.is_symlink():
            self.left_out[LINK] += 1
        elif entry.is_dir(follow_symlinks=False):
            inner.append(Path(entry.path))
        elif entry.is_file(follow_symlinks=False):
            yield Path(entry.path)
        else:
            self.left_out[SPECIAL] += 1


def _why(error: OSError) -> str:
    return error.strerror or type(error).__name__
