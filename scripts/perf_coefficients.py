"""Whether coefficients hold: `make perf TABLE=coefficients`, a section for each question.

    served     a simulated server of drawn physics through HTTP: are its joules a token the fit's, for one user and
               eight; do windows that no term rests on add up from their requests; how long until ±2 %
    coverage   2000 campaigns on a virtual clock: how often the 95 % intervals hold the truth
    bootstrap  block bootstraps beside Student's intervals, on designs that are run: who holds the truth, how wide
    real       sealed runs of this project: cells left out, predicted from the others
    compared   sealed comparisons of this project: quantised against full, on a CPU
    speed      a thousand runs fitted

The simulated server's physics is tests/sim/scheduler.py: watts and seconds of a prompt's token, a decoding step, a
sequence in it and a token of context, all known. A quiet machine is needed for speed.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "scripts")]

import perf_table  # noqa: E402
from perf_goals import Section  # noqa: E402

RESULT = ROOT / "docs" / "coefficients.json"
NAMES = ("served", "coverage", "bootstrap", "real", "compared", "speed")


def measure(name: str) -> Section:
    """One section; its module, and what that needs, is imported here alone."""
    made: Section = import_module(f"coefficients_{name}").section()
    return made


def read(path: Path = RESULT) -> tuple[Mapping[str, Any], Mapping[str, Section]]:
    """A kept result, and its sections by name."""
    return perf_table.read(path)


def main(arguments: Sequence[str] | None = None, measure: Callable[[str], Section] = measure) -> int:
    """Prints the table, section by section; 1 when a goal is missed."""
    return perf_table.printed(str(__doc__), NAMES, RESULT, measure, arguments)


if __name__ == "__main__":
    sys.exit(main())
