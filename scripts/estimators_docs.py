"""docs/estimators.json (kept by `scripts/perf_estimators.py --keep`) → docs/estimators.md."""

from collections.abc import Mapping
from pathlib import Path

from goal_page import goal_page
from perf_estimators import TABLE

PAGE = TABLE.kept.with_suffix(".md")
_ABOUT: Mapping[str, str] = {
    "error": (
        "Measured rows of others, from files that the user points at (`DATA=`, named in "
        "`bench/data/measured_sources.csv`), each estimated by a prior that was fitted without it, and this "
        "project's own runs. Every error is in the scope of its row: GPU, machine or wall. Of its own runs the "
        "host's power is **modelled**. The formulas of others stand beside, on the same rows."
    ),
    "columns": (
        "Intervals and grams are inside. Rates are of one core and of the fastest call, for neighbours on shared "
        "hardware slow a machine and never speed it up; ratios are medians of calls in turn."
    ),
    "process": "From the shell's call to the last line, in turn with the other command.",
    "rest": (
        "One worker over loopback, the load in another process on the same two cores; in turn with handlers of "
        "the same server that do nothing."
    ),
    "logs": (
        "A Parquet file that DuckDB wrote, 100 million rows of models, hardware, lengths and days drawn by "
        "chance; in turn with DuckDB's own join and group on it."
    ),
}


def page(path: Path = TABLE.kept) -> str:
    """The whole page."""
    return goal_page("How good estimates are", "make perf TABLE=estimators DATA=…", _ABOUT, path)
