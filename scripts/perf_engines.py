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
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "engines"), str(ROOT / "scripts")]

import perf_table  # noqa: E402

TABLE = perf_table.Kind(
    about=str(__doc__),
    modules="engines",
    names=("lag", "peers", "achieved", "faults", "intent"),
    kept=ROOT / "docs" / "engines.json",
)

if __name__ == "__main__":
    sys.exit(perf_table.printed(TABLE))
