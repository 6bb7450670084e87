"""The only place that prints: JSON for machines, aligned text for people, errors without tracebacks."""

import json
import sys
from collections.abc import Sequence
from typing import Any

from bench.errors import JoulemarkError
from bench.phrases import Phrase, told

SCHEMA_VERSION = 1


def say(text: str = "") -> None:
    """Prints one text for people to stdout."""
    print(told(text))


def note(text: str) -> None:
    """Prints one line beside the result, to stderr."""
    print(told(text), file=sys.stderr, flush=True)


def give(data: dict[str, Any]) -> None:
    """Prints one JSON object, the only content of stdout; schema_version comes first."""
    print(json.dumps({"schema_version": SCHEMA_VERSION, **data}, indent=1, ensure_ascii=False, allow_nan=False))


def fail(error: JoulemarkError, *, as_json: bool) -> int:
    """Prints what was found, what was needed and what to do; returns the exit code."""
    message = told(Phrase("{error}", error=error))
    if as_json:
        give({"error": {"kind": type(error).__name__, "message": message}})
    note(f"joulemark: {message}")
    return error.exit_code


def wrapped(text: str) -> str:
    """One line as lines that fit a terminal, those after the first set in."""
    import textwrap

    return "\n".join(textwrap.wrap(text, _width(), subsequent_indent="  ", break_on_hyphens=False))


def _width() -> int:
    import shutil

    return max(60, min(shutil.get_terminal_size((100, 24)).columns, 140))


def table(rows: Sequence[tuple[str, ...]], head: tuple[str, ...]) -> str:
    """Rows as left-aligned columns that fit a terminal: the last column wraps under itself."""
    import textwrap

    width = _width()
    every = [tuple(map(told, row)) for row in (head, *rows)]
    widths = [max(len(row[i]) for row in every) for i in range(len(head) - 1)]
    left = sum(widths) + 2 * len(widths)
    lines = []
    for row in every:
        start = "".join(f"{cell:<{w}}  " for cell, w in zip(row[:-1], widths, strict=True))
        wrapped = textwrap.wrap(row[-1], max(24, width - left), break_on_hyphens=False) or [""]
        lines.append((start + wrapped[0]).rstrip())
        lines += [" " * left + more for more in wrapped[1:]]
    return "\n".join(lines)
