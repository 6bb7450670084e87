"""Runs that are kept apart, and the lines to type, as text of 80 columns."""

import shlex
import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.run.apart import Apart

_WIDTH = 80


def apart_text(found: Sequence["Apart"]) -> str:
    """A paragraph for each, its lines to type below; "" for none."""
    return "\n".join(line for one in found for line in _paragraph(one))


def command_text(line: str, indent: str = "    ") -> Iterator[str]:
    """A line to type in 80 columns: a shell takes it as it stands, from its first line to its last."""
    here = indent
    for words in _kept_together(shlex.split(line)):
        if here.strip() and len(here) + len(words) + 2 > _WIDTH:
            yield f"{here}\\"
            here = f"{indent}  "
        here += f"{words} "
    yield here.rstrip()


def _kept_together(words: Sequence[str]) -> list[str]:
    """An option and its value on one line."""
    found: list[str] = []
    for at, word in enumerate(words):
        value = at and words[at - 1].startswith("--") and not word.startswith("--")
        found[len(found) - bool(value) :] = [f"{found[-1]} {shlex.quote(word)}" if value else shlex.quote(word)]
    return found


def _paragraph(one: "Apart") -> Iterator[str]:
    said = f"kept apart: {one.of}: {one.why}"
    yield from textwrap.wrap(said, _WIDTH, subsequent_indent="  ", break_on_hyphens=False)
    for line in one.helps:
        yield from command_text(line)
