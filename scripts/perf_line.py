"""The rows of `make perf TABLE=harness` about whole commands: help, kills, and both make targets."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
HELP_RUNS = 9
KILLS = 8
SUITE = ["demo", "--window-s", "0.3"]
PRETEND = {**os.environ, "JOULEMARK_METERS": "constant:power_w=100"}


def help_seconds() -> tuple[float, float | None]:
    """The least of nine `--help`s of joulemark and of codecarbon, in turn; None where that is not installed."""
    peer = shutil.which("codecarbon", path=str(BIN))
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(HELP_RUNS):
        ours.append(_took_s([str(BIN / "joulemark"), "--help"]))
        if peer:
            theirs.append(_took_s([peer, "--help"]))
    return min(ours), min(theirs) if theirs else None


def kills() -> tuple[int, int, int]:
    """Finished cells lost, half cells read, and kills: SIGKILL at moments spread over a suite of pretend cells."""
    lost = half = 0
    with tempfile.TemporaryDirectory() as folder:
        for index in range(KILLS):
            out = Path(folder, str(index))
            process = subprocess.Popen(
                [sys.executable, "-m", "bench", "run", *SUITE, "--out", str(out)],
                env=PRETEND, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT,
            )  # fmt: skip
            time.sleep(1.0 + 7.0 * index / KILLS)
            process.send_signal(signal.SIGKILL)
            process.wait()
            time.sleep(0.5)
            kept = _sealed(out)
            done = _json(["run", *SUITE, "--out", str(out), "--json"])
            again = [c for c in done["cells"] if c["status"] == "already done"]
            lost += len(kept) - len(again)
            half += len(_json(["verify", str(out), "--json"])["differences"])
    return lost, half, KILLS


def make_seconds(target: str) -> Iterator[tuple[str, float]]:
    """Minutes and peak memory of `make TARGET` on a fresh clone, set-up included; for bench, the plan's error."""
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder, "clone")
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        began = time.monotonic()
        with subprocess.Popen(
            ["make", target], cwd=clone, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process:
            assert process.stdout is not None
            said = process.stdout.read()
            code = process.wait()
        yield "minutes", (time.monotonic() - began) / 60
        yield "exit code", code
        if target == "bench":
            yield "plan error", _plan_error(said, clone)
            yield "peak memory of the largest process, GiB", _children_peak_gib()


def _plan_error(said: str, clone: Path) -> float:
    """How far the plan's minutes were from the run's: predicted over real, less one."""
    line = next(x for x in said.splitlines() if "cells to run: about" in x)
    predicted_min = float(line.split("about ")[1].split(" min")[0])
    stamps = [p.stat().st_mtime for p in clone.glob("results/runs/*/run.json")]
    first = min(json.loads(p.read_text())["started_at"] for p in clone.glob("results/runs/*/run.json"))
    began = _epoch(first)
    return predicted_min / ((max(stamps) - began) / 60) - 1


def _epoch(stamp: str) -> float:
    from datetime import datetime

    return datetime.fromisoformat(stamp).timestamp()


def _children_peak_gib() -> float:
    import resource

    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024**2


def _took_s(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def _sealed(out: Path) -> list[str]:
    return sorted(p.parent.name for p in out.glob("runs/*/run.json"))


def _json(arguments: list[str]) -> dict[str, list[dict[str, object]]]:
    done = subprocess.run(
        [sys.executable, "-m", "bench", *arguments],
        env=PRETEND,
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    found: dict[str, list[dict[str, object]]] = json.loads(done.stdout)
    return found
