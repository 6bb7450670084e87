"""How good the estimates are: `make perf TABLE=estimators DATA=…`, a section for each question.

error      measured rows of others that were left out, and this project's own runs: how far off, how covered,
           beside the formulas of others. DATA is the folder that holds the files of measured_sources.csv
columns    estimates of many requests at once, a second, on one core, beside plain numpy
logs       `joulemark logs`: a log of 100 million rows, the whole process, beside DuckDB's own join and group
process    `joulemark estimate`, the whole process, beside `codecarbon --help`
rest       `joulemark serve`, one worker: estimates a second beside trivial handlers of the same server, batches
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "scripts")]

import perf_table  # noqa: E402

TABLE = perf_table.Kind(
    about=str(__doc__),
    modules="estimators",
    names=("error", "columns", "logs", "process", "rest"),
    kept=ROOT / "docs" / "estimators.json",
)

if __name__ == "__main__":
    sys.exit(perf_table.printed(TABLE))
