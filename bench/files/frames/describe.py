"""What the tables hold, for people (README.md) and for programs (schema.json), from the one list of tables."""

from collections.abc import Mapping, Sequence
from typing import Any

from bench.files.frames.columns import PANDAS, Column, FrameTable

_KINDS = {"text": "text", "whole": "whole number", "number": "number", "truth": "yes or no", "time": "time"}
_ABOUT = """\
# Tables of a Joulemark result folder

Written by `joulemark export`; `schema.json` says the same for programs, `bench.read_results(path)` gives the same
tables as pandas frames.

- One row is one thing; the columns named *key* tell rows apart. `run_id` joins the tables of runs, `fit_id` those
  of fits, `curve_id` those of load curves, `comparison_id` those of comparisons.
- A figure that is void or excluded is missing, never 0, and `reason` says why.
- `basis` says whether a figure was measured or modelled. Figures of two bases or two boundaries are never added.
- Times within a run are nanoseconds of that machine's monotonic clock: two runs' cannot be compared.
- Fits and load curves are there once `joulemark fit` has run, comparisons once `joulemark compare` has.
"""


def readme(tables: Sequence[FrameTable], sizes: Mapping[str, int], *, written: str) -> str:
    """The page beside the files: `written` says how numbers and missing values look in them."""
    parts = [_ABOUT + written]
    for table in tables:
        head = f"\n## {table.name} ({sizes[table.name]} rows)\n\nOne row: {table.row}.\n"
        parts.append(head + "\n" + "\n".join(column_lines(table)) + "\n")
    return "".join(parts)


def column_lines(table: FrameTable) -> list[str]:
    """The columns of one table, as lines of Markdown."""
    head = ["| column | type | unit | meaning |", "|---|---|---|---|"]
    return [*head, *(_line(column, key=column.name in table.key) for column in table.columns)]


def _line(column: Column, *, key: bool) -> str:
    name = f"`{column.name}`{' *key*' if key else ''}"
    meaning = column.meaning.replace("|", "\\|")
    return f"| {name} | {_KINDS[column.kind]} | {column.unit} | {meaning} |"


def schema(tables: Sequence[FrameTable]) -> dict[str, Any]:
    """Every table with its row, key and columns, as JSON can hold it."""
    return {
        "schema_version": 1,
        "tables": [
            {
                "name": table.name,
                "row": table.row,
                "key": list(table.key),
                "columns": [
                    {"name": c.name, "type": c.kind, "dtype": PANDAS[c.kind], "unit": c.unit, "meaning": c.meaning}
                    for c in table.columns
                ],
            }
            for table in tables
        ],
    }
