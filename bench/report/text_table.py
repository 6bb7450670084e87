"""Aligned columns of text, told in the language in force, no wider than they are let."""

import textwrap
from collections.abc import Iterator, Sequence

from bench.phrases import told as spoken

Line = tuple[str, ...]
GAP = "  "
_NARROWEST = 6


def table_text(title: str, header: Line, rows: Sequence[Line], width: int) -> str:
    """Aligned columns under a title; the first column wraps so that no line is wider than `width`."""
    if not rows:
        return ""
    header, rows = tuple(map(spoken, header)), [tuple(map(spoken, row)) for row in rows]
    sizes = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    over = sum(sizes) + len(GAP) * (len(sizes) - 1) - width
    sizes[0] = max(sizes[0] - max(over, 0), min(_NARROWEST, sizes[0]))
    return "\n".join([*([title] if title else []), *_lines((header, tuple("─" * n for n in sizes), *rows), sizes)])


def _lines(rows: Sequence[Line], sizes: Sequence[int]) -> Iterator[str]:
    for row in rows:
        first = textwrap.wrap(row[0], sizes[0], subsequent_indent=" ") or [""]
        cells = [cell.ljust(size) for cell, size in zip((first[0], *row[1:]), sizes, strict=True)]
        yield GAP.join(cells).rstrip()
        yield from first[1:]


def wrapped_text(texts: Sequence[str], width: int) -> str:
    """Texts one after another, each wrapped, its further lines set in."""
    return "\n".join(
        line
        for text in texts
        for line in textwrap.wrap(text, width, subsequent_indent=GAP, break_on_hyphens=False)
    )
