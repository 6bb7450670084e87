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
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "scripts")]

import perf_table  # noqa: E402

TABLE = perf_table.Kind(
    about=str(__doc__),
    modules="coefficients",
    names=("served", "coverage", "bootstrap", "real", "compared", "speed"),
    kept=ROOT / "docs" / "coefficients.json",
)

if __name__ == "__main__":
    sys.exit(perf_table.printed(TABLE))
