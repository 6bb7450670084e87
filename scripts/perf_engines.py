"""Every engine on the same work, under real load: `make perf TABLE=engines`, a section for each question.

    lag        the client at 200 requests/s, beside the same schedule sent to nobody
    peers      the same requests by AIPerf and guidellm (JOULEMARK_AIPERF and JOULEMARK_GUIDELLM, or on PATH)
    achieved   requested against achieved work of every engine, and in the rows of a fit
    faults     every fault at every stage of a request
    intent     macro F1 and time of the intent model's variants

Servers are the simulated one of tests/sim, whose tokens and moments are known exactly, and the intent API. A quiet
machine is needed for lag and peers.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "engines"), str(ROOT / "scripts")]

from perf_goals import Goal, Section, as_data, folded, goal_lines, of_data, short  # noqa: E402

RESULT = ROOT / "docs" / "engines.json"
NAMES = ("lag", "peers", "achieved", "faults", "intent")
WIDTH = 100


def measure(name: str) -> Section:
    """One section; its module, and what that needs, is imported here alone."""
    made: Section = import_module(f"engines_{name}").section()
    return made


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


def read(path: Path = RESULT) -> tuple[Mapping[str, Any], Mapping[str, Section]]:
    """A kept result, and its sections by name."""
    data = json.loads(path.read_text(encoding="utf-8"))
    return data, dict(zip(data["sections"], of_data(list(data["sections"].values())), strict=True))


def main(arguments: Sequence[str] | None = None, measure: Callable[[str], Section] = measure) -> int:
    """Prints the table, section by section; 1 when a goal is missed."""
    asked = _asked(arguments)
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
        RESULT.write_text(json.dumps(result(sections), indent=1) + "\n", encoding="utf-8")
    return int(short(list(sections.values())))


def _conclusion(goals: Sequence[Goal]) -> str:
    met, skipped = (sum(goal.met is state for goal in goals) for state in (True, None))
    return f"{met} of {len(goals)} goals met, {skipped} skipped"


def _asked(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", type=_names, default=NAMES, metavar="A,B", help=f"of {', '.join(NAMES)}")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.add_argument("--keep", action="store_true", help=f"keep a whole table as {RESULT.relative_to(ROOT)}")
    asked = parser.parse_args(arguments)
    if asked.keep and asked.only != NAMES:
        parser.error("--keep keeps a whole table: leave --only out")
    return asked


def _names(said: str) -> tuple[str, ...]:
    names = tuple(name for name in NAMES if name in said.split(","))
    if unknown := set(said.split(",")) - set(NAMES):
        raise argparse.ArgumentTypeError(f"no section {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    return names


if __name__ == "__main__":
    sys.exit(main())
