"""Every engine on the same work, under real load: `make perf TABLE=engines`, a section for each question.

    lag        the client at 200 requests/s, beside the same schedule sent to nobody
    peers      the same requests by AIPerf and guidellm (JOULEMARK_AIPERF and JOULEMARK_GUIDELLM, or on PATH)
    achieved   requested against achieved work of every engine, and in the rows of a fit
    faults     every fault at every stage of a request
    intent     macro F1 and time of the intent model's variants

Servers are the simulated one of tests/sim, whose tokens and moments are known exactly, and the intent API. A quiet
machine is needed for lag and peers.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "engines"), str(ROOT / "scripts")]

import perf_table  # noqa: E402
from perf_goals import Section  # noqa: E402

RESULT = ROOT / "docs" / "engines.json"
NAMES = ("lag", "peers", "achieved", "faults", "intent")


def measure(name: str) -> Section:
    """One section; its module, and what that needs, is imported here alone."""
    made: Section = import_module(f"engines_{name}").section()
    return made


def read(path: Path = RESULT) -> tuple[Mapping[str, Any], Mapping[str, Section]]:
    """A kept result, and its sections by name."""
    return perf_table.read(path)


def main(arguments: Sequence[str] | None = None, measure: Callable[[str], Section] = measure) -> int:
    """Prints the table, section by section; 1 when a goal is missed."""
    return perf_table.printed(str(__doc__), NAMES, RESULT, measure, arguments)


if __name__ == "__main__":
    sys.exit(main())
