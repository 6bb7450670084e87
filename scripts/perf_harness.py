"""Prints how well the harness itself does: `make perf TABLE=harness`, or with --json.

One row is a figure, what it is to reach, and what peers reach (scripts/perf_peers.json, dated). A row that
cannot be measured here says why. Sensors are simulated: a real driver's calls cost more, and come on top.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PEERS = Path(__file__).with_name("perf_peers.json")
sys.path.append(str(ROOT / "tests"))  # the simulated sensors live there

import perf_line  # noqa: E402
from sim.build import NvmlSim, build_nvml, compiler  # noqa: E402

from bench.nouns import Condition  # noqa: E402
from bench.sensing.sampler import Sampler  # noqa: E402

# a power that changes at every update: a peer that waits for changes to find the period gets them
BOARD = ("point 0 70", "point 3.1 300", "repeat_s 3.1")
BUSY = "while True: pass"
SLEEPER = """
import json, sys, time
period_ns, count = int(float(sys.argv[1]) * 1e9), int(sys.argv[2])
start, late = time.monotonic_ns(), []
for k in range(1, count + 1):
    due = start + k * period_ns
    time.sleep(max(0.0, (due - time.monotonic_ns()) * 1e-9))
    late.append(time.monotonic_ns() - due)
print(json.dumps(late))
"""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One figure of the table. `target`: at most this. No value: `note` says why."""

    name: str
    unit: str
    value: float | None = None
    target: float | None = None
    note: str = ""
    peers: Mapping[str, float] = field(default_factory=dict)

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None when there is none, or no value."""
        return None if self.value is None or self.target is None else self.value <= self.target


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What every row needs: how long to look, and one simulated GPU."""

    seconds: float
    environment: Mapping[str, str]


def sampler_cost(bench: Bench) -> Iterator[Row]:
    """Share of a core at 10 and 200 Hz, memory and processes, with one simulated GPU."""
    with Sampler({"nvml": {}}, 0.1) as sampler:
        early = share(family(sampler.pid), 10)
        pids = family(sampler.pid)
        later = share(pids, bench.seconds)
    with Sampler({"nvml": {}}, 0.005) as sampler:
        fast = share(family(sampler.pid), bench.seconds)
        resident_mb = sum(rss_mb(pid) for pid in family(sampler.pid))
    yield Row(name="sampler, first ten seconds", unit="of a core", value=early)
    yield Row(name="sampler, 10 Hz", unit="of a core", value=later, target=0.004)
    yield Row(name="sampler, 200 Hz", unit="of a core", value=fast, target=0.03)
    yield Row(name="sampler, resident memory", unit="MB", value=resident_mb, target=25)
    yield Row(name="sampler, processes", unit="", value=len(pids))


def lateness(bench: Bench) -> Iterator[Row]:
    """How late polls come when every core is busy, beside a process that only sleeps."""
    period_s = 0.02
    with ExitStack() as stack:
        for _ in range(os.cpu_count() or 1):
            stack.enter_context(running([sys.executable, "-c", BUSY]))
        count = round(bench.seconds / period_s)
        sleeper = stack.enter_context(
            running([sys.executable, "-c", SLEEPER, str(period_s), str(count)], stdout=subprocess.PIPE)
        )
        with Sampler({"nvml": {}}, period_s, lateness_over_s=0.0) as sampler:
            bare_ns = json.loads(sleeper.communicate()[0])
            found = sampler.collect()
    late_s = [o.value for o in found if isinstance(o, Condition) and o.name == "lateness_s"]
    ours_ms = p99(late_s) * 1e3
    bare_ms = p99(bare_ns) * 1e-6
    yield Row(name="lateness p99, cores busy", unit="ms", value=ours_ms, target=5)
    yield Row(name="lateness p99 of a bare sleeper beside it", unit="ms", value=bare_ms)
    yield Row(name="lateness p99 over the bare sleeper", unit="ms", value=ours_ms - bare_ms, target=1)


def simulated_calls(bench: Bench) -> Iterator[Row]:
    """What the simulated library itself costs in one poll: its share of the rows above."""
    code = (
        "import time; from bench.meters.nvml import open_meters\n"
        "m = open_meters({}).meters[0]; n = 20000; s = time.process_time()\n"
        "for _ in range(n): m.read()\n"
        "print((time.process_time() - s) / n * 1e6)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=dict(bench.environment), capture_output=True, text=True, check=True
    )
    yield Row(name="one read of the meter, simulated library included", unit="µs", value=float(done.stdout))


def help_time(bench: Bench) -> Iterator[Row]:
    """`joulemark --help` beside `codecarbon --help`, in turn, least of nine."""
    ours_s, theirs_s = perf_line.help_seconds()
    yield Row(name="joulemark --help, least of 9", unit="s", value=ours_s)
    note = "" if theirs_s else "codecarbon is not here: pip install 'joulemark[peers]'"
    ratio = ours_s / theirs_s if theirs_s else None
    yield Row(name="joulemark --help over codecarbon --help", unit="", value=ratio, target=0.5, note=note)


def kills(bench: Bench) -> Iterator[Row]:
    """What SIGKILL at any moment costs."""
    lost, half, count = perf_line.kills()
    yield Row(name=f"finished cells lost in {count} kills", unit="", value=lost, target=0)
    yield Row(name=f"figures that do not follow after {count} kills", unit="", value=half, target=0)


def make_test(bench: Bench) -> Iterator[Row]:
    """`make test` on a fresh clone."""
    found = dict(perf_line.make_seconds("test"))
    yield Row(name="make test, fresh clone, set-up included", unit="min", value=found["minutes"], target=6)
    yield Row(name="make test, exit code", unit="", value=found["exit code"], target=0)


def make_bench(bench: Bench) -> Iterator[Row]:
    """`make bench` on a fresh clone."""
    found = dict(perf_line.make_seconds("bench"))
    yield Row(name="make bench, fresh clone, set-up included", unit="min", value=found["minutes"], target=12)
    yield Row(name="make bench, exit code", unit="", value=found["exit code"], target=0)
    yield Row(name="make bench, the plan's minutes off by", unit="", value=abs(found["plan error"]), target=0.25)
    peak = found["peak memory of the largest process, GiB"]
    yield Row(name="make bench, memory of the largest process", unit="GiB", value=peak, target=8)


ROWS: Mapping[str, Callable[[Bench], Iterator[Row]]] = {
    "sampler": sampler_cost,
    "lateness": lateness,
    "calls": simulated_calls,
    "help": help_time,
    "kills": kills,
    "make-test": make_test,
    "make-bench": make_bench,
}


def cpu_s(pid: int | None) -> float:
    """Processor time of the process so far, user and system, of all its threads, those that ended too."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def family(pid: int | None) -> list[int]:
    """The process and all that descend from it."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                after_name = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it ended meanwhile
            parents[int(folder.name)] = int(after_name[1])
    found = [pid] if pid else []
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found


def share(pids: list[int], seconds: float) -> float:
    """Processor time of the processes that last, over `seconds`, as a share of one core."""
    before = spent(pids)
    time.sleep(seconds)
    after = spent(pids)
    return sum(after[pid] - before[pid] for pid in after if pid in before) / seconds


def spent(pids: list[int]) -> dict[int, float]:
    """Processor time so far of each process that is still there."""
    found = {}
    for pid in pids:
        with suppress(OSError):
            found[pid] = cpu_s(pid)
    return found


def rss_mb(pid: int | None) -> float:
    """Resident memory at its highest so far, in MB of 10^6 bytes."""
    line = next(x for x in Path(f"/proc/{pid}/status").read_text().splitlines() if x.startswith("VmHWM"))
    return int(line.split()[1]) * 1024 / 1e6


def p99(values: Sequence[float]) -> float:
    """The 99th percentile: the smallest value that 99 % do not exceed."""
    return sorted(values)[max(0, -(-len(values) * 99 // 100) - 1)]


@contextmanager
def running(command: Sequence[str], stdout: int | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """A process that ends with the block."""
    with subprocess.Popen(command, stdout=stdout) as process:
        try:
            yield process
        finally:
            process.kill()


def measured(names: Sequence[str], seconds: float) -> Iterator[Row]:
    """The rows, with the peers' figures of the same name beside them."""
    peers = json.loads(PEERS.read_text())["rows"] if PEERS.is_file() else {}
    if compiler() is None:
        yield Row(name="sampler", unit="", note="no C compiler: the simulated NVML library cannot be built")
        return
    with tempfile.TemporaryDirectory() as folder:
        boards = Path(folder, "boards")
        boards.mkdir()
        environment = NvmlSim(build_nvml(Path(folder)), boards).environment(BOARD)
        os.environ.update(environment)  # the sampler's process inherits it
        bench = Bench(seconds=seconds, environment=environment)
        for name in names:
            for row in ROWS[name](bench):
                yield Row(**{**asdict(row), "peers": peers.get(row.name, {})})


def printed(row: Row) -> str:
    """The row as a line of the table."""
    value = row.note if row.value is None else f"{row.value:.4g} {row.unit}"
    target = "" if row.target is None else f"≤ {row.target:g}"
    met = {True: "ok", False: "SHORT", None: ""}[row.met]
    peers = "; ".join(f"{name}: {figure:.4g}" for name, figure in row.peers.items())
    return f"{row.name:<52} {value:>18}  {target:<9} {met:<6} {peers}"


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long each figure is looked at")
    parser.add_argument("--only", nargs="*", choices=sorted(ROWS), default=list(ROWS))
    arguments = parser.parse_args()
    rows = []
    for row in measured(arguments.only, arguments.seconds):
        rows.append(row)
        if not arguments.json:
            print(printed(row), flush=True)
    if arguments.json:
        print(json.dumps({"schema_version": 1, "rows": [{**asdict(row), "met": row.met} for row in rows]}))
    elif PEERS.is_file():
        about = json.loads(PEERS.read_text())
        print(f"peers: {', '.join(about['versions'])}, measured {about['date']} on {about['machine']}")
        print(f"       {about['note']}")


if __name__ == "__main__":
    main()
