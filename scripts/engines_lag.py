"""The client at 200 requests a second: how late it sends, and whether every token is counted once."""

import asyncio
import os
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

from perf_goals import Goal, Section
from sim.served import simulated_server
from sim.step_truth import Truth

from bench.engines import openai_http
from bench.files.models import served_model
from bench.nouns import Cell, Endpoint, LoadSpec, Outcome, Pace, Request, Served, Usage
from bench.run.load.play import Play, noted
from bench.stats import median, quantile

RATE_PER_S, WINDOW_S, ROUNDS = 200.0, 10.0, 3
PROMPT_TOKENS, OUTPUT_TOKENS = 32, 16
MOST_MS = 5.0
# decoding is fast enough for 200 requests/s of 16 tokens in batches
QUICK = (
    "--decode-step-s", "0.004", "--decode-sequence-s", "0.00002", "--prefill-token-s", "0.00001",
    "--max-batch", "64", "--request-s", "0.0002",
)  # fmt: skip
Counts = tuple[int, int]  # prompt and output tokens of one request


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """The same schedule sent to nobody and to the server (ms, 99th percentiles), and what both counted."""

    bare_ms: float
    sent_ms: float
    answered: Sequence[Counts]  # as the client counts
    pieces: int  # of streams, one token each here
    failed: int
    truth: Sequence[Counts]  # as the server's log of its steps has it

    @property
    def over_ms(self) -> float:
        """By how much the lag of real requests is above the bare schedule's."""
        return self.sent_ms - self.bare_ms


def section() -> Section:
    """Rounds against a simulated server, each beside its bare schedule."""
    load_average = os.getloadavg()[0]
    asked = Usage(requests=1, prompt_tokens=PROMPT_TOKENS, output_tokens=OUTPUT_TOKENS)
    requests = [Request(id=f"r{i}", asked=asked) for i in range(500)]
    rounds = []
    with (
        tempfile.TemporaryDirectory() as name,
        simulated_server(Path(name), *QUICK) as server,
        openai_http.open_engine().load(_load(server.url)) as session,
    ):
        for number in range(ROUNDS):
            before = server.truth()
            bare_ms, outcomes = _round(session, requests, number)
            rounds.append(_counted(bare_ms, outcomes, before, server.truth()))
    return found(rounds, load_average)


def _load(url: str) -> LoadSpec:
    cell = Cell(engine="openai_http", model="simulated-model", precision="served", workload="w")
    model = served_model(cell, "causal-lm")
    return LoadSpec(model=model, precision="served", weights="served", endpoint=Endpoint(url=url))


def _round(session: Served, requests: Sequence[Request], seed: int) -> tuple[float, Sequence[Outcome]]:
    """One schedule to nobody (its lag's 99th percentile, ms) and the same to the server, one of them first."""

    def play() -> Play:
        return Play(Pace(kind="open", rate_per_s=RATE_PER_S), cycle(requests), WINDOW_S, seed)

    taken: list[tuple[int, int]] = []
    if seed % 2:
        session.drive(play())
        asyncio.run(play()(noted(taken)))
    else:
        asyncio.run(play()(noted(taken)))
        session.drive(play())
    return quantile([(at - due) * 1e-6 for due, at in taken], 0.99), session.take()


def _counted(bare_ms: float, outcomes: Sequence[Outcome], before: Truth, after: Truth) -> Round:
    counts = [((o.achieved.prompt_tokens or 0) + (o.achieved.cached_tokens or 0), o.achieved.output_tokens or 0)
              for o in outcomes]  # fmt: skip
    known = before.tokens.keys()
    return Round(
        bare_ms=bare_ms,
        sent_ms=quantile([(o.start_ns - (o.due_ns or 0)) * 1e-6 for o in outcomes], 0.99),
        answered=counts,
        pieces=sum(len(o.output_ns) for o in outcomes),
        failed=sum(o.error is not None for o in outcomes),
        truth=[
            (prefill + cached, output) for id, (prefill, cached, output) in after.tokens.items() if id not in known
        ],
    )


def found(rounds: Sequence[Round], load_average: float) -> Section:
    """What the rounds add up to."""
    rows = [
        (str(i), f"{len(r.answered)}", f"{r.bare_ms:.2f}", f"{r.sent_ms:.2f}", f"{r.over_ms:+.2f}",
         f"{sum(n for _, n in r.truth)}", f"{sum(n for _, n in r.answered)}", f"{r.pieces}")
        for i, r in enumerate(rounds, 1)
    ]  # fmt: skip
    return Section(
        title=f"The client at {RATE_PER_S:g} requests/s, streamed replies of {OUTPUT_TOKENS} tokens, "
        f"{ROUNDS} rounds of {WINDOW_S:g} s (load average of the machine before: {load_average:.1f})",
        head=(
            "round",
            "requests",
            "p99 to nobody, ms",
            "p99, ms",
            "over",
            "tokens by the log",
            "counted",
            "pieces",
        ),
        rows=tuple(rows),
        goals=(_lag(rounds), _tokens(rounds)),
    )


def _lag(rounds: Sequence[Round]) -> Goal:
    over_ms = median([r.over_ms for r in rounds])
    each = ", ".join(f"{r.over_ms:+.2f}" for r in rounds)
    return Goal(
        name=f"send lag p99 at {RATE_PER_S:g} requests/s, over the same schedule sent to nobody, interleaved",
        asked=f"{MOST_MS:g} ms",
        found=f"{over_ms:+.2f} ms, the median of {len(rounds)} rounds ({each})",
        met=over_ms <= MOST_MS,
    )


def _tokens(rounds: Sequence[Round]) -> Goal:
    """Held request by request against the server's log: a token lost here and one twice there do not cancel."""
    lost = twice = 0
    for r in rounds:
        mine, true = Counter(r.answered), Counter(r.truth)
        lost += sum(n * count for (_, n), count in (true - mine).items())
        twice += sum(n * count for (_, n), count in (mine - true).items())
    pieces = sum(r.pieces for r in rounds) - sum(n for r in rounds for _, n in r.truth)
    requests, failed = sum(len(r.answered) for r in rounds), sum(r.failed for r in rounds)
    tokens = sum(n for r in rounds for _, n in r.truth)
    return Goal(
        name="output tokens lost or counted twice meanwhile, against the server's own log",
        asked="0",
        found=f"{lost} lost, {twice} twice of {tokens} in {requests} requests, {failed} of which failed; "
        f"pieces received less tokens made: {pieces}",
        met=lost == twice == failed == pieces == 0,
    )
