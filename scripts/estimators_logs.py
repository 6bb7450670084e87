"""How fast a log is read: `joulemark logs`, the whole process, beside DuckDB's own join and group of its columns.

ROWS requests of a month are drawn by DuckDB into one Parquet file: a time, three columns of names, two lengths,
log-normal; dense models, mixtures of experts, two that memory bounds. The peer joins two coefficients a model and
groups by the same day, endpoint, language and model, on as many threads, with as much memory: no interval, no
check. Both in turn, a process each; a rate is that of the fastest by the clock, the ratio the median over rounds,
beside that of the seconds of the cores that they ran on (a busy machine makes them wait). The most memory that a
process held is the kernel's own figure of it.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import duckdb
from perf_goals import Goal, Section

ROWS, ROUNDS, THREADS = int(os.environ.get("ROWS", "100000000")), 3, 2
WANTED, RATIO, MOST_MIB = 15e6, 0.6, 512
MODELS = ("llama-3.1-8b", "llama-3.1-70b", "mistral-7b", "qwen3-32b", "mixtral-8x7b", "gpt-oss-120b")
PEER = """
import duckdb, sys
db = duckdb.connect(config={"threads": sys.argv[2], "memory_limit": "300MB", "preserve_insertion_order": "false"})
db.execute("SET enable_progress_bar = false")
log = f"read_parquet('{sys.argv[1]}')"
db.execute(f"CREATE TABLE price AS SELECT model, 0.1e0 AS a, 2.0e0 AS b FROM (SELECT DISTINCT model FROM {log})")
print(len(db.execute(
    "SELECT created::DATE AS day, endpoint, language, model, count(*), sum(input_tokens * a + output_tokens * b) "
    f"FROM {log} JOIN price USING (model) GROUP BY ALL").fetchall()))
"""


def section() -> Section:
    """Both rates, their ratio, and memory."""
    with tempfile.TemporaryDirectory(prefix="joulemark-perf-") as folder:
        log = Path(folder) / "month.parquet"
        _draw(log)
        ours = [sys.executable, "-m", "bench", "logs", str(log), "--hardware", "h100", "--batch", "8"]
        ours += ["--threads", str(THREADS), "--json"]
        peer = [sys.executable, "-c", PEER, str(log), str(THREADS)]
        done = [(_run(ours), _run(peer)) for _ in range(ROUNDS)]
    found = json.loads(done[0][0].out)
    mine, other = ([pair[at] for pair in done] for at in (0, 1))
    rate, peers = (ROWS / min(one.wall_s for one in each) for each in (mine, other))
    ratio = median(theirs.wall_s / own.wall_s for own, theirs in done)
    cores = median(theirs.cores_s / own.cores_s for own, theirs in done)
    most = max(one.most_mib for one in mine)
    note = next((text for text in found["notes"] if "lengths in cells" in text), "each pair of lengths alone")
    return Section(
        title=f"A log of {ROWS / 1e6:g} million requests, Parquet, {THREADS} threads, whole processes\n({note})",
        head=("", "million rows/s", "core seconds", "MiB at most", "rows out"),
        rows=(
            _row("joulemark logs", rate, mine, len(found["rows"])),
            _row("DuckDB's join and group", peers, other, int(other[0].out)),
        ),
        goals=(
            Goal(
                name="request log, rows a second",
                asked=f"{WANTED / 1e6:g} million",
                found=f"{rate / 1e6:.1f} million",
                met=rate >= WANTED,
            ),
            Goal(
                name="beside DuckDB's join and group",
                asked=f"{RATIO:g}",
                found=f"{ratio:.2f} of it; {cores:.2f} by seconds of the cores",
                met=ratio >= RATIO,
            ),
            Goal(name="memory", asked=f"under {MOST_MIB} MiB", found=f"{most:.0f} MiB", met=most < MOST_MIB),
        ),
    )


class _Ran:
    """What one process took, and what it printed."""

    def __init__(self, command: Sequence[str]) -> None:
        begun_s = time.monotonic()
        with tempfile.TemporaryFile("w+") as out:
            started = subprocess.Popen(list(command), stdout=out, stderr=subprocess.DEVNULL)
            _, status, used = os.wait4(started.pid, 0)
            started.returncode = os.waitstatus_to_exitcode(status)
            self.wall_s = time.monotonic() - begun_s
            out.seek(0)
            self.out = out.read()
        if started.returncode:
            raise RuntimeError(f"{command[:4]} ended with {started.returncode}")
        self.cores_s = used.ru_utime + used.ru_stime
        self.most_mib = used.ru_maxrss / 1024


def _run(command: Sequence[str]) -> _Ran:
    return _Ran(command)


def _row(name: str, rate: float, done: Sequence[_Ran], rows: int) -> tuple[str, ...]:
    least, most = min(one.cores_s for one in done), max(one.most_mib for one in done)
    return (name, f"{rate / 1e6:.1f}", f"{least:.1f}", f"{most:.0f}", str(rows))


def _draw(path: Path) -> None:
    """The log, by DuckDB: the same on every machine."""

    def one_of(names: Sequence[str], salt: int) -> str:
        listed = ", ".join(f"'{name}'" for name in names)
        return f"([{listed}])[1 + (hash(i * {salt}) % {len(names)})::INTEGER]"

    def length(salt: int, mean: float, spread: float, most: int) -> str:
        one, other = (f"(hash(i * {n}) % 1000000 + 1) / 1e6" for n in (salt, salt + 4))
        normal = f"sqrt(-2 * ln({one})) * cos(6.283185307 * {other})"
        return f"least({most}, greatest(1, exp({mean} + {spread} * {normal})))::INTEGER"

    db = duckdb.connect(config={"memory_limit": "2GB", "preserve_insertion_order": "true"})
    db.execute(
        f"COPY (SELECT TIMESTAMP '2026-10-01' + INTERVAL (i * 2678400 // {ROWS}) SECOND AS created, "
        f"{one_of(('chat', 'code', 'search', 'summary', 'translate'), 3)} AS endpoint, "
        f"{one_of(('ar', 'de', 'en', 'es', 'fr'), 5)} AS language, {one_of(MODELS, 7)} AS model, "
        f"{length(13, 6.5, 1.0, 8000)} AS input_tokens, {length(19, 5.0, 0.9, 3000)} AS output_tokens "
        f"FROM range({ROWS}) t(i)) TO '{path}' (FORMAT parquet)"
    )
