"""What tables of goals are made of: a goal, a section, and how both are written for a terminal and in Markdown."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Goal:
    """One line of the conclusion: what was asked, what was found."""

    name: str
    asked: str
    found: str
    met: bool | None  # None: skipped, and `found` says why


@dataclass(frozen=True, kw_only=True)
class Section:
    """A table, its heading, and what it says of the goals."""

    title: str
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    goals: tuple[Goal, ...] = ()


SIGNS: Mapping[bool | None, str] = {True: "✓", False: "✗", None: "·"}
MET: Mapping[bool | None, str] = {True: "yes", False: "**no**", None: "skipped"}


def short(sections: Sequence[Section]) -> bool:
    """Whether a goal is missed."""
    return any(goal.met is False for section in sections for goal in section.goals)


def aligned(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in columns."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in (head, *rows))


def folded(head: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> str:
    """The same, no line longer than `width`: cells of the last column go on in lines of their own."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head) - 1)]
    left = sum(widths) + 2 * len(widths)
    lines = []
    for row in (head, *rows):
        first, *more = textwrap.wrap(row[-1], max(20, width - left)) or [""]
        lines.append("  ".join([*map(str.ljust, row, widths), first]).rstrip())
        lines += [" " * left + one for one in more]
    return "\n".join(lines)


def goal_lines(goals: Sequence[Goal], width: int) -> str:
    """Every goal in lines no longer than `width`."""
    lines: list[str] = []
    for goal in goals:
        lines += textwrap.wrap(f"{SIGNS[goal.met]}  {goal.name}", width, subsequent_indent="   ")
        for word, said in (("asked", goal.asked), ("found", goal.found)):
            lines += textwrap.wrap(f"   {word} {said}", width, subsequent_indent=" " * 9)
    return "\n".join(lines)


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a table in Markdown."""
    return [
        f"| {' | '.join(head)} |",
        f"|{'---|' * len(head)}",
        *(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows),
    ]


def as_data(sections: Sequence[Section]) -> list[dict[str, Any]]:
    """Sections as JSON holds them."""
    return [asdict(section) for section in sections]


def of_data(found: Sequence[Mapping[str, Any]]) -> tuple[Section, ...]:
    """Sections out of JSON."""
    return tuple(
        Section(
            title=one["title"],
            head=tuple(one["head"]),
            rows=tuple(map(tuple, one["rows"])),
            goals=tuple(Goal(**goal) for goal in one["goals"]),
        )
        for one in found
    )
