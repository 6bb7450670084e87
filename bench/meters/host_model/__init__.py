"""The host's energy, modelled from CPU use: for machines that show no energy counter of their own.

    energy = idle_w × seconds + slope_w × busy seconds        at a low, a best and a high end

The model is linear in use, so the kernel's cumulative busy time gives its integral without sampling error.
The watts are a whole server's at the wall, shared out over its threads: boundary `host`, memory inside.
"""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bench.errors import SensorLost
from bench.files.cpu import read_cpu
from bench.files.cpu_time import open_cpu_time, read_cpu_time
from bench.files.options import check_options
from bench.files.own_time import OwnTime, own_time
from bench.meters.host_model.model import DOMAIN, NAME, Model, model_of
from bench.nouns import Check, Condition, Found, Observation, Reading, Source
from bench.units import BYTES_PER_KIB, NS_PER_S, S_PER_NS

_OPTIONS = (
    "proc_root", "sys_root", "microarchitecture", "vcpu_is", "vcpu_is_verified", "chip_threads", "own_pids",
)  # fmt: skip
_MEMINFO_BYTES = 256
_CONDITION_PERIOD_NS = NS_PER_S
_OWN_PERIOD_NS = NS_PER_S // 10  # two looks in a window of 0.2 s, and a fifth of the looks at the counters
# How far the sum of busy time may step back, or run ahead of the clock, for each thread. iowait, which steps back
# (Documentation/filesystems/proc.rst, 1.7; checked 2026-11-21), is not in it; what is, each thread adds by the
# tick (10 ms), one or two late or early (chosen). On 8 threads that is 0.16 s: 0.2 to 0.6 J of the model.
_LOOSE_TICKS = 2
_REMEDY = "measure on a machine that shows RAPL (see `joulemark doctor`), or read a meter at the wall"


def open_meters(options: Mapping[str, str]) -> Found:
    """The one meter of this host, or why there is none.

    Options: proc_root, sys_root; from a hardware profile: vcpu_is (thread, core, unverified),
    vcpu_is_verified (true, false), chip_threads, microarchitecture. `own_pids`, between commas: processes whose
    CPU time is no foreign work; with them, and this one, the rest of the machine's is told.
    """
    check_options(NAME, options, _OPTIONS)
    proc_root = Path(options.get("proc_root", "/proc"))
    cpu = read_cpu(proc_root, Path(options.get("sys_root", "/sys")))
    memory_bytes = _memory_bytes(proc_root / "meminfo", "MemTotal")
    try:
        stat = open_cpu_time(proc_root)
        read_cpu_time(stat)
    except (OSError, ValueError) as error:
        return _none(f"{proc_root}/stat cannot be read ({error})")
    if not cpu.threads or memory_bytes is None:
        os.close(stat)
        missing = "threads" if not cpu.threads else "memory"
        return _none(f"{proc_root} does not say how much {missing} this machine has")
    model = model_of(cpu, memory_bytes, options)
    check = Check(
        name=NAME,
        status="degraded",
        reason=f"CPU power is modelled from how busy the CPU is, not measured: {model.reason}",
        remedy=_REMEDY,
    )
    meminfo = _open(proc_root / "meminfo")
    own = own_time(proc_root, options.get("own_pids", ""))
    return Found(meters=(HostModel(model=model, stat=stat, meminfo=meminfo, own=own),), checks=(check,))


class HostModel:
    """Three cumulative counters in J, from 0 at opening: the model's low end, value and high end."""

    __slots__ = (
        "_busy_s",
        "_clock",
        "_conditions_ns",
        "_looked_ns",
        "_loose_s",
        "_meminfo",
        "_model",
        "_opened",
        "_own",
        "_own_due_ns",
        "_stat",
        "_threads",
    )  # fmt: skip

    def __init__(
        self,
        *,
        model: Model,
        stat: int,
        meminfo: int,
        own: OwnTime | None = None,
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._model = model
        self._stat, self._meminfo = stat, meminfo
        self._clock = clock
        self._own, self._own_due_ns = own, 0
        self._conditions_ns: int | None = None
        self._busy_s = 0.0
        self._threads = float(str(model.source.details["threads"]))
        self._loose_s = _LOOSE_TICKS * self._threads / os.sysconf("SC_CLK_TCK")
        self._looked_ns = clock()
        self._opened = (self._looked_ns, *read_cpu_time(stat))

    @property
    def source(self) -> Source:
        """The domain `host`, modelled, with every parameter of the model in its details."""
        return self._model.source

    def read(self) -> Sequence[Observation]:
        """The three counters and the times behind them. Raises SensorLost when /proc is gone or can't be true."""
        before_ns = self._clock()
        try:
            busy_s, steal_s = read_cpu_time(self._stat)
        except (OSError, ValueError) as error:
            raise SensorLost(f"host_model: /proc/stat can no longer be read ({error})") from error
        t_ns = (before_ns + self._clock()) // 2
        opened_ns, busy_0_s, steal_0_s = self._opened
        self._count(busy_s - busy_0_s, before_ns, self._clock())
        elapsed_s = (t_ns - opened_ns) * S_PER_NS
        idle_w, slope_w = self._model.power.idle_w, self._model.power.slope_w
        found: list[Observation] = [
            Reading(t_ns, DOMAIN, field, "energy", idle * elapsed_s + slope * self._busy_s)
            for field, idle, slope in (
                ("value", idle_w.value, slope_w.value),
                ("low", idle_w.low, slope_w.low),
                ("high", idle_w.high, slope_w.high),
            )
        ]
        found.append(Condition(t_ns, DOMAIN, "busy_s", self._busy_s))
        found.append(Condition(t_ns, DOMAIN, "steal_s", steal_s - steal_0_s))
        found += self._own_seconds(t_ns)
        if self._conditions_ns is None or t_ns - self._conditions_ns >= _CONDITION_PERIOD_NS:
            self._conditions_ns = t_ns
            found += self._memory(t_ns)
        return found

    def _count(self, busy_s: float, before_ns: int, after_ns: int) -> None:
        """Takes the busy seconds since opening over. Raises SensorLost for a sum that no CPU time explains."""
        most_s = self._threads * (after_ns - self._looked_ns) * S_PER_NS + self._loose_s
        rose_s, self._looked_ns = busy_s - self._busy_s, before_ns
        if rose_s < -self._loose_s:
            raise SensorLost(
                f"host_model: the busy time of /proc/stat stepped back by {-rose_s:.2f} s: it was counted anew "
                "(a container's own /proc, a machine restored), and what ran is in no number"
            )
        if rose_s > most_s:
            raise SensorLost(
                f"host_model: the busy time of /proc/stat rose by {rose_s:.4g} s, and {self._threads:g} threads "
                f"have had {most_s:.2f} s since the last look: it can't be true"
            )
        self._busy_s = max(self._busy_s, busy_s)  # the little that it steps back takes no energy back

    def _own_seconds(self, t_ns: int) -> Sequence[Observation]:
        if self._own is None or t_ns < self._own_due_ns:
            return ()
        self._own_due_ns = t_ns + _OWN_PERIOD_NS
        own_s = self._own.read()
        return () if own_s is None else (Condition(t_ns, DOMAIN, "own_s", own_s),)

    def _memory(self, t_ns: int) -> Sequence[Observation]:
        try:
            available = _field(os.pread(self._meminfo, _MEMINFO_BYTES, 0), b"MemAvailable")
        except (OSError, ValueError):
            return ()  # a circumstance that is not shown is left out; the counters go on
        if available is None:
            return ()
        return (Condition(t_ns, DOMAIN, "available_memory_bytes", float(available)),)

    def close(self) -> None:
        """Gives the two files back; closing twice does nothing."""
        for descriptor in (self._stat, self._meminfo):
            if descriptor >= 0:
                os.close(descriptor)
        self._stat = self._meminfo = -1
        if self._own is not None:
            self._own.close()


def _none(reason: str) -> Found:
    source = Source(
        domain=DOMAIN, meter=NAME, boundary="host", basis="excluded", device="cpu-model", reason=reason
    )
    check = Check(name=NAME, status="missing", reason=reason, remedy="run on Linux with /proc mounted")
    return Found(excluded=(source,), checks=(check,))


def _open(path: Path) -> int:
    return os.open(path, os.O_RDONLY | os.O_CLOEXEC)


def _memory_bytes(path: Path, name: str) -> int | None:
    try:
        return _field(path.read_bytes(), name.encode())
    except OSError:
        return None


def _field(content: bytes, name: bytes) -> int | None:
    for line in content.splitlines():
        if line.startswith(name + b":"):
            return int(line.split()[1]) * BYTES_PER_KIB
    return None
