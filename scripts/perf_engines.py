"""How well servers are asked: `make perf TABLE=engines`.

Every figure is against the simulated server of tests/sim (its tokens are known exactly), on this machine.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from sim.served import simulated_server  # noqa: E402

from bench.engines import openai_http  # noqa: E402
from bench.files.models import served_model  # noqa: E402
from bench.nouns import Cell, Endpoint, LoadSpec, Outcome, Pace, Request, Usage  # noqa: E402
from bench.run.load.play import Play, noted  # noqa: E402
from bench.stats import quantile  # noqa: E402

RATE_PER_S, WINDOW_S, ROUNDS = 200.0, 10.0, 3
# decoding is fast enough for 200 requests/s of 16 tokens in batches
QUICK = (
    "--decode-step-s", "0.004", "--decode-sequence-s", "0.00002", "--prefill-token-s", "0.00001",
    "--max-batch", "64", "--request-s", "0.0002",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    what: str
    asked: str
    found: str
    met: bool


def lag_rows() -> list[Row]:
    """Send lag at 200 requests/s against the same schedule sent to nobody, interleaved; tokens lost or twice."""
    bare, sent, lost = [], [], 0
    with tempfile.TemporaryDirectory() as name, simulated_server(Path(name), *QUICK) as server:
        endpoint = Endpoint(url=server.url)
        cell = Cell(engine="openai_http", model="simulated-model", precision="served", workload="w")
        load = LoadSpec(
            model=served_model(cell, "causal-lm"), precision="served", weights="served", endpoint=endpoint
        )
        asked = Usage(requests=1, prompt_tokens=32, output_tokens=16)
        requests = [Request(id=f"r{i}", asked=asked) for i in range(500)]
        with openai_http.open_engine().load(load) as session:
            for number in range(ROUNDS):
                play = Play(Pace(kind="open", rate_per_s=RATE_PER_S), cycle(requests), WINDOW_S, number)
                taken: list[tuple[int, int]] = []
                asyncio.run(play(noted(taken)))
                bare.append(quantile([(b - a) * 1e-6 for a, b in taken], 0.99))
                session.drive(Play(Pace(kind="open", rate_per_s=RATE_PER_S), cycle(requests), WINDOW_S, number))
                outcomes = session.take()
                sent.append(_lag_ms(outcomes))
                lost += sum(o.achieved.output_tokens != 16 for o in outcomes)
        served = len(server.truth().requests)
    over = sorted(s - b for s, b in zip(sent, bare, strict=True))[len(sent) // 2]
    said = f"{over:+.1f} ms (p99 {max(sent):.1f} against {max(bare):.1f}, {ROUNDS} rounds, {served} requests)"
    return [
        Row("send lag p99 at 200 requests/s, over the same schedule sent to nobody", "5 ms", said, over <= 5.0),
        Row("tokens lost or counted twice meanwhile", "0", f"{lost} requests", lost == 0),
    ]


def _lag_ms(outcomes: Sequence[Outcome]) -> float:
    return quantile([(o.start_ns - (o.due_ns or 0)) * 1e-6 for o in outcomes], 0.99)


def main() -> int:
    """Prints the table; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    rows = [*lag_rows()]
    if asked.json:
        print(json.dumps([{"what": r.what, "asked": r.asked, "found": r.found, "met": r.met} for r in rows]))
    else:
        for row in rows:
            print(f"{'✓' if row.met else '✗'}  {row.what}\n     asked {row.asked}, found {row.found}")
    return 0 if all(r.met for r in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
