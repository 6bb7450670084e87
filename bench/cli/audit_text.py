"""An audit as a table: a check that passes everywhere is one row, one that fails has a row for each place."""

import shutil
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

from bench.units import counted

if TYPE_CHECKING:
    from bench.run.checks.line import AuditLine

_SIGNS = {"pass": "✓", "warn": "~", "fail": "✗", "not applicable": "·"}
_WORST_FIRST = ("fail", "warn", "pass", "not applicable")
_MOST_WARNINGS = 2  # a warning in every run is one matter; a failure is shown wherever it is
_HEAD = ("", "CHECK", "EXPECTED", "FOUND", "WHERE")
_GAP = "  "
_Row = tuple[str, ...]


def audit_text(lines: "Sequence[AuditLine]", *, width: int | None = None) -> str:
    """The table, and how many checks pass. `width`: in characters; by default the terminal's, 80 to 160."""
    width = width or max(80, min(shutil.get_terminal_size((120, 24)).columns, 160))
    checks: dict[str, list[AuditLine]] = {}
    for line in lines:
        checks.setdefault(line.name, []).append(line)
    rows = [row for of_check in checks.values() for row in _rows(of_check)]
    summed = textwrap.wrap(_sum({name: _worst(of_check) for name, of_check in checks.items()}), width)
    return "\n".join([*_drawn([_HEAD, *rows], width), "", *summed])


def _sum(worst: dict[str, str]) -> str:
    """How many checks came out how; those that fall short by name."""
    counts = Counter(worst.values())
    short = {s: [name for name, found in worst.items() if found == s] for s in ("warn", "fail")}
    named = {s: f" ({', '.join(names)})" for s, names in short.items() if names}
    told = ", ".join(f"{counts[s]} {s}{named.get(s, '')}" for s in ("pass", "warn", "fail", "not applicable"))
    return f"{counted(len(worst), 'check')}: {told}"


def _worst(lines: "Sequence[AuditLine]") -> str:
    found = {line.status for line in lines}
    return next(status for status in _WORST_FIRST if status in found)


def _rows(lines: "Sequence[AuditLine]") -> Iterator[_Row]:
    """The rows of one check: each failure, the warnings, and how many places are as expected."""
    failed, warned, passed, skipped = ([x for x in lines if x.status == status] for status in _WORST_FIRST)
    for line in failed:
        yield _row(line, str(line.where))
    shown = warned if len(warned) <= _MOST_WARNINGS else warned[:1]
    for line in shown:
        more = f"; and {len(warned) - 1} more" if len(shown) < len(warned) else ""
        yield _row(line, f"{line.where}{more}")
    if passed:
        yield _row(passed[0], _places(passed, lines), more=len({x.found for x in passed}) > 1)
    if len(skipped) == len(lines):
        yield _row(skipped[0], _places(skipped, lines), more=len({x.found for x in skipped}) > 1)


def _row(line: "AuditLine", where: str, *, more: bool = False) -> _Row:
    return (_SIGNS[line.status], line.name, line.expected, line.found + (", …" if more else ""), where)


def _places(some: "Sequence[AuditLine]", every: "Sequence[AuditLine]") -> str:
    """`11 of 11 runs`; the place itself where there is but one."""
    if len(every) == 1:
        return str(some[0].where)
    of_runs = all(line.where.run for line in every)
    mine, all_ = ({line.where.run if of_runs else str(line.where) for line in lines} for lines in (some, every))
    return f"{len(mine)} of {len(all_)}{' runs' if of_runs else ''}"


def _drawn(rows: Sequence[_Row], width: int) -> list[str]:
    """Aligned columns, each cell wrapped in its own: sign and check as wide as they are, the others share."""
    fixed = [max(len(row[i]) for row in rows) for i in (0, 1)]
    left = width - sum(fixed) - len(_GAP) * (len(_HEAD) - 1)
    widths = [*fixed, left * 2 // 5, left * 3 // 10, left - left * 2 // 5 - left * 3 // 10]
    lines = []
    for row in rows:
        cells = [textwrap.wrap(cell, size) or [""] for cell, size in zip(row, widths, strict=True)]
        for parts in zip_longest(*cells, fillvalue=""):
            lines.append(_GAP.join(f"{part:<{size}}" for part, size in zip(parts, widths, strict=True)).rstrip())
    return lines
