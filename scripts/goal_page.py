"""A kept table of goals → its page: every goal, then every section with what it is about."""

from collections.abc import Mapping
from pathlib import Path

import perf_table
from perf_goals import MET, markdown_table


def goal_page(title: str, command: str, about: Mapping[str, str], kept: Path, also: str = "") -> str:
    """The whole page. `command`: what measures it; `also`: what is to be said of all sections."""
    data, sections = perf_table.read(kept)
    goals = [(g.name, g.asked, g.found, MET[g.met]) for s in sections.values() for g in s.goals]
    lines = [
        f"# {title}",
        "",
        f"Generated from a kept result of `{command}`: {data['machine']}, {data['date']}."
        + (f" {also}" if also else ""),
        "",
        *markdown_table(("what", "asked", "found", "met"), goals),
    ]
    for name, section in sections.items():
        apart = perf_table.dated(data, name)
        said = f"Measured apart: {apart}. {about[name]}" if apart else about[name]
        lines += ["", f"## {section.title}", "", said, "", *markdown_table(section.head, section.rows)]
    return "\n".join(lines) + "\n"
