"""A server that stops short, measured by `run endpoint`: do the rows of a fit hold what was achieved?

The server's own log is the truth of every window: its output tokens, request by request.
"""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perf_goals import Goal
from sim.served import simulated_server

from bench.fit.coefficients import fit
from bench.fit.rows import groups
from bench.physics import phases
from bench.physics.attribution import window_outcomes
from bench.run.learn import read_folder
from bench.run.publish import measured

OUTPUT_TOKENS = 16
SPEED = ("--decode-step-s", "0.004", "--prefill-token-s", "0.00001")
# By themselves, where the protocol can't forbid it; by a fault where it can, every third request after all probing
SHORT: Mapping[str, tuple[str, ...]] = {
    "ollama": ("--reply-tokens", "12", "--reply-spread", "0.5"),
    "openai_http": ("--fault", f"stop_short:ids={'+'.join(map(str, range(30, 3000, 3)))}"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """Output tokens of all work windows: asked, in the record, by the server's log, and in the rows of the fit."""

    engine: str
    requests: int
    asked: int
    achieved: int
    log: int
    rows: int
    rate_ratio: float  # J/token that the fit gives, over joules per token of the log
    flagged: bool  # the run says that its work differs

    def goal(self) -> Goal:
        """Whether the coefficient stands on what was done."""
        said = (
            f"asked {self.asked} tokens in {self.requests} requests, the log has {self.log}, the record "
            f"{self.achieved}, the rows of the fit {self.rows}; J/token over joules per token of the log: "
            f"{self.rate_ratio:.4f}; {'flagged' if self.flagged else 'NOT flagged'}"
        )
        same = self.log == self.achieved == self.rows != self.asked
        return Goal(
            name=f"{self.engine}, a server that stops short: the coefficient's design uses what was achieved",
            asked="the log's tokens in the record and in every row, not those asked",
            found=said,
            met=same and self.flagged and abs(self.rate_ratio - 1) < 1e-3,
        )


def designs(folder: Path) -> list[Design]:
    """One run of each engine."""
    return [_design(engine, folder / f"design-{engine}") for engine in SHORT]


def _design(engine: str, folder: Path) -> Design:
    (folder / "server").mkdir(parents=True)
    with simulated_server(folder / "server", *SPEED, *SHORT[engine]) as server:
        _run(engine, server.url, folder / "out")
        log = server.truth().requests
    return held(engine, folder / "out", log)


def _run(engine: str, url: str, out: Path) -> None:
    command = [
        sys.executable, "-P", "-m", "bench", "run", "endpoint", "--engine", engine, "--endpoint", url, "--model",
        "simulated-model", "--workloads", f"prompt-32-{OUTPUT_TOKENS}", "--concurrency", "2", "--window-s", "2",
        "--windows", "2", "--most-windows", "2", "--idle-s", "1", "--warmup-s", "0.5", "--device", "cpu",
        "--out", str(out),
    ]  # fmt: skip
    environment = {**os.environ, "JOULEMARK_METERS": "constant:power_w=100"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300, check=False)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"run endpoint ended with {done.returncode}: {(done.stderr or done.stdout)[-2000:]}")


def held(engine: str, out: Path, log: Sequence[Mapping[str, Any]]) -> Design:
    """What the sealed run, the fit and the server's log say of the same windows."""
    sealed, _ = read_folder(out)
    runs = [measured(one) for one in sealed]
    [group] = groups(runs)
    rows = phases.work(group.rows)
    work = phases.work(runs[0].run.trace.windows)
    outcomes = [o for w in work for o in window_outcomes(w, runs[0].run.outcomes)]
    mine = [r for r in log if any(w.start_ns <= r["received_ns"] < w.end_ns for w in work)]
    joules = sum(row.energy_j for row in rows)
    [fitted] = fit(runs)
    rate = next(one for name, one in fitted.rates.items() if one.unit == "J/token")
    log_tokens = sum(r["output_tokens"] for r in mine)
    return Design(
        engine=engine,
        requests=len(outcomes),
        asked=sum(o.requested.output_tokens or 0 for o in outcomes),
        achieved=sum(o.achieved.output_tokens or 0 for o in outcomes),
        log=log_tokens,
        rows=sum(row.usage.output_tokens or 0 for row in rows),
        rate_ratio=rate.value * log_tokens / joules,
        flagged=any(v.name == "work differs from the ask" for v in runs[0].verdicts),
    )
