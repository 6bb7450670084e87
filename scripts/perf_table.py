"""A table of goals, section by section: measured, printed for a terminal, kept as JSON for its page."""

import argparse
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from perf_goals import Goal, Section, as_data, folded, goal_lines, of_data, short

WIDTH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of table: what it is about, its sections, their modules, where it is kept."""

    about: str
    modules: str  # section `lag` of `engines` is scripts/engines_lag.py
    names: tuple[str, ...]
    kept: Path

    def measure(self, name: str) -> Section:
        """One section; its module, and what that needs, is imported here alone."""
        made: Section = import_module(f"{self.modules}_{name}").section()
        return made


def printed(
    table: Kind, arguments: Sequence[str] | None = None, measure: Callable[[str], Section] | None = None
) -> int:
    """Measures and prints the sections that were asked for; 1 when a goal is missed."""
    asked = _asked(table.about, table.names, table.kept, arguments)
    measure = measure or table.measure
    sections = {}
    for name in asked.only:
        began_s = time.monotonic()
        sections[name] = measure(name)
        if not asked.json:
            print(f"{text(sections[name])}\n   ({time.monotonic() - began_s:.0f} s)\n", flush=True)
    if asked.json:
        print(json.dumps(result(sections)))
    else:
        print(_conclusion([goal for section in sections.values() for goal in section.goals]))
    if asked.keep:
        table.kept.write_text(json.dumps(_kept(table, sections), indent=1) + "\n", encoding="utf-8")
    return int(short(list(sections.values())))


def text(section: Section) -> str:
    """A section for a terminal."""
    parts = [section.title]
    if section.rows:
        parts.append(folded(section.head, section.rows, WIDTH))
    return "\n".join([*parts, goal_lines(section.goals, WIDTH)])


def result(sections: Mapping[str, Section]) -> dict[str, Any]:
    """What is kept: the date, the machine, the sections."""
    return {
        "schema_version": 1,
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": f"{os.cpu_count()} CPUs, Linux {os.uname().release.partition('-')[0]}",
        "sections": dict(zip(sections, as_data(list(sections.values())), strict=True)),
    }


def dated(data: Mapping[str, Any], name: str) -> str:
    """When and where a section was measured, where that is not what its table says; else nothing."""
    apart: str = data.get("measured_apart", {}).get(name, "")
    return apart


def _kept(table: Kind, sections: Mapping[str, Section]) -> dict[str, Any]:
    """The whole table; of sections that were asked for alone, with what is kept of the others and since when."""
    new = result(sections)
    if not table.kept.exists() or len(sections) == len(table.names):
        return new
    old = json.loads(table.kept.read_text(encoding="utf-8"))
    apart = dict(old.get("measured_apart", {})) | dict.fromkeys(sections, f"{new['machine']}, {new['date']}")
    whole = {**old["sections"], **new["sections"]}
    return {
        **old,
        "measured_apart": {n: apart[n] for n in table.names if n in apart},
        "sections": {n: whole[n] for n in table.names if n in whole},
    }


def read(path: Path) -> tuple[Mapping[str, Any], Mapping[str, Section]]:
    """A kept result, and its sections by name."""
    data = json.loads(path.read_text(encoding="utf-8"))
    return data, dict(zip(data["sections"], of_data(list(data["sections"].values())), strict=True))


def _conclusion(goals: Sequence[Goal]) -> str:
    met, skipped = (sum(goal.met is state for goal in goals) for state in (True, None))
    return f"{met} of {len(goals)} goals met, {skipped} skipped"


def _asked(about: str, names: Sequence[str], kept: Path, arguments: Sequence[str] | None) -> argparse.Namespace:
    def chosen(said: str) -> tuple[str, ...]:
        if unknown := set(said.split(",")) - set(names):
            told = ", ".join(sorted(unknown))
            raise argparse.ArgumentTypeError(f"no section {told}; there are {', '.join(names)}")
        return tuple(name for name in names if name in said.split(","))

    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", type=chosen, default=tuple(names), metavar="A,B", help=f"of {', '.join(names)}")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.add_argument(
        "--keep", action="store_true", help=f"keep it in docs/{kept.name}, each section with its date"
    )
    asked = parser.parse_args(arguments)
    if asked.keep and asked.only != tuple(names) and not kept.exists():
        parser.error("nothing is kept yet: keep the whole table first, without --only")
    return asked
