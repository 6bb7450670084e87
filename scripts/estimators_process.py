"""How long `joulemark estimate` takes, the whole process, beside `codecarbon --help`, in turn.

The ratio is the median over rounds; the least of each stands beside it. CodeCarbon's own command is taken from
this environment, else from PATH; where it is in neither that goal is skipped. What the process loads is asked of
the interpreter itself (-X importtime).
"""

import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from perf_goals import Goal, Section

BIN = Path(sys.executable).parent
ROUNDS = 15
ASKED = [
    "estimate",
    "--model",
    "llama-3.1-8b",
    "--in-tokens",
    "1155",
    "--out-tokens",
    "211",
    "--hardware",
    "h100",
    "--batch",
    "8",
    "--region",
    "usa",
]
HEAVY = ("numpy", "pydantic")


def section() -> Section:
    """Seconds of both commands, their ratio, and what ours loads."""
    ours = [str(BIN / "joulemark"), *ASKED]
    peer = shutil.which("codecarbon", path=str(BIN)) or shutil.which("codecarbon")
    theirs = [peer, "--help"] if peer else None
    both = [ours] if theirs is None else [ours, theirs]
    times = {command[0]: [] for command in both}
    for _ in range(ROUNDS):
        for command in both:
            times[command[0]].append(wall_s(command))
    loaded = sorted(name for name in HEAVY if name in modules(ASKED))
    rows = tuple(
        (Path(command[0]).name + " " + command[1], f"{min(own) * 1e3:.0f} ms", f"{median(own) * 1e3:.0f} ms")
        for command, own in zip(both, times.values(), strict=True)
    )
    return Section(
        title=f"One estimate, the whole process: {ROUNDS} rounds in turn",
        head=("command", "least", "median"),
        rows=rows,
        goals=(_beside(times.values()), _light(loaded)),
    )


def wall_s(command: Sequence[str]) -> float:
    """Seconds from the start of a command to its end. Raises CalledProcessError."""
    began_s = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - began_s


def modules(arguments: Sequence[str]) -> set[str]:
    """Top-level packages that the command loads."""
    command = [sys.executable, "-X", "importtime", "-m", "bench", *arguments]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stderr
    names = (line.rpartition("|")[2].strip() for line in said.splitlines() if line.startswith("import time:"))
    return {name.partition(".")[0] for name in names}


def _beside(times: Sequence[list[float]]) -> Goal:
    name, asked = "joulemark estimate over codecarbon --help", "no more than 1"
    if len(times) < 2:
        why = "codecarbon is not here: pip install 'joulemark[peers]', or have it on PATH"
        return Goal(name=name, asked=asked, found=why, met=None)
    ours, theirs = times
    ratio = median(own / other for own, other in zip(ours, theirs, strict=True))
    found = f"{ratio:.2f}, median of rounds; {min(ours) / min(theirs):.2f}, least over least"
    return Goal(name=name, asked=asked, found=found, met=ratio <= 1)


def _light(loaded: Sequence[str]) -> Goal:
    return Goal(
        name="joulemark estimate loads neither numpy nor pydantic",
        asked="neither",
        found=" and ".join(loaded) or "neither",
        met=not loaded,
    )
