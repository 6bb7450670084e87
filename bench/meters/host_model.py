"""The host's energy, modelled from CPU use: for machines that show no energy counter of their own.

    energy = idle_w × seconds + slope_w × busy seconds        at a low, a best and a high end

The model is linear in use, so the kernel's cumulative busy time gives its integral without sampling error.
The watts are a whole server's at the wall, shared out over its threads: boundary `host`, memory inside.
"""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.errors import BadInput, SensorLost
from bench.files.cpu import Cpu, read_cpu
from bench.files.cpu_time import open_cpu_time, read_cpu_time
from bench.files.cpu_watts import read_memory_w_per_gib, read_watt_rows
from bench.files.options import check_options
from bench.nouns import Check, Condition, Fact, Found, Observation, Reading, Source
from bench.physics.host_power import (
    HostPower,
    MemoryTerm,
    RowChoice,
    Span,
    choose_rows,
    host_power,
    span_of,
)
from bench.units import BYTES_PER_GIB, NS_PER_S, S_PER_NS

NAME = "host_model"
_DOMAIN = "host"
_OPTIONS = ("proc_root", "sys_root", "microarchitecture", "vcpu_is", "vcpu_is_verified", "chip_threads")
_MEMINFO_BYTES = 256
_BYTES_PER_KIB = 1024
_CONDITION_PERIOD_NS = NS_PER_S
# How far the sum of busy time may step back, or run ahead of the clock, for each thread. iowait, which steps back
# (Documentation/filesystems/proc.rst, 1.7; checked 2026-11-21), is not in it; what is, each thread adds by the
# tick (10 ms), one or two late or early (chosen). On 8 threads that is 0.16 s: 0.2 to 0.6 J of the model.
_LOOSE_TICKS = 2
_REMEDY = "measure on a machine that shows RAPL (see `joulemark doctor`), or read a meter at the wall"


def open_meters(options: Mapping[str, str]) -> Found:
    """The one meter of this host, or why there is none.

    Options: proc_root, sys_root; from a hardware profile: vcpu_is (thread, core, unverified),
    vcpu_is_verified (true, false), chip_threads, microarchitecture.
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
    model = _model(cpu, memory_bytes, options)
    check = Check(
        name=NAME,
        status="degraded",
        reason=f"CPU power is modelled from how busy the CPU is, not measured: {model.reason}",
        remedy=_REMEDY,
    )
    meminfo = _open(proc_root / "meminfo")
    return Found(meters=(HostModel(model=model, stat=stat, meminfo=meminfo),), checks=(check,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """All that the counters are computed from, and in words what it rests on."""

    power: HostPower
    reason: str
    source: Source


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
        "_stat",
        "_threads",
    )  # fmt: skip

    def __init__(
        self, *, model: Model, stat: int, meminfo: int, clock: Callable[[], int] = time.monotonic_ns
    ) -> None:
        self._model = model
        self._stat, self._meminfo = stat, meminfo
        self._clock = clock
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
            Reading(t_ns, _DOMAIN, field, "energy", idle * elapsed_s + slope * self._busy_s)
            for field, idle, slope in (
                ("value", idle_w.value, slope_w.value),
                ("low", idle_w.low, slope_w.low),
                ("high", idle_w.high, slope_w.high),
            )
        ]
        found.append(Condition(t_ns, _DOMAIN, "busy_s", self._busy_s))
        found.append(Condition(t_ns, _DOMAIN, "steal_s", steal_s - steal_0_s))
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

    def _memory(self, t_ns: int) -> Sequence[Observation]:
        try:
            available = _field(os.pread(self._meminfo, _MEMINFO_BYTES, 0), b"MemAvailable")
        except (OSError, ValueError):
            return ()  # a circumstance that is not shown is left out; the counters go on
        if available is None:
            return ()
        return (Condition(t_ns, _DOMAIN, "available_memory_bytes", float(available)),)

    def close(self) -> None:
        """Gives the two files back; closing twice does nothing."""
        for descriptor in (self._stat, self._meminfo):
            if descriptor >= 0:
                os.close(descriptor)
        self._stat = self._meminfo = -1


def _model(cpu: Cpu, memory_bytes: int, options: Mapping[str, str]) -> Model:
    microarchitecture = options.get("microarchitecture") or cpu.microarchitecture
    declared = options.get("vcpu_is")
    if declared not in (None, "thread", "core", "unverified"):
        raise BadInput(f"host_model: vcpu_is is {declared!r}; it must be thread, core or unverified")
    choice = choose_rows(read_watt_rows(), cpu.vendor, microarchitecture)
    per_vcpu, vcpu_words = threads_per_vcpu(cpu, declared, options.get("vcpu_is_verified", "true") == "true")
    term = MemoryTerm(
        memory_gib=memory_bytes / BYTES_PER_GIB,
        w_per_gib=read_memory_w_per_gib(),
        gib_per_chip=span_of(choice, lambda row: row.gib_per_chip),
        chip_threads=_chip_threads(options),
    )
    power = host_power(choice, cpu.threads, per_vcpu, term)
    reason = f"{choice.reason}; {vcpu_words}"
    details = _details(cpu, microarchitecture, choice, per_vcpu, term, power)
    return Model(
        power=power,
        reason=reason,
        source=Source(
            domain=_DOMAIN,
            meter=NAME,
            boundary="host",
            basis="modelled",
            device="cpu-model",
            device_name=cpu.name,
            fields=("value", "low", "high"),
            reason=reason,
            details=details,
        ),
    )


def threads_per_vcpu(cpu: Cpu, declared: str | None, verified: bool) -> tuple[Span, str]:
    """How many hardware threads' watts one logical CPU draws, and why.

    A guest's own topology is not believed: a hypervisor may show siblings where there are none, or hide them.
    """
    if declared in ("thread", "core") and verified:
        count = 1.0 if declared == "thread" else 2.0
        return Span(count, count, count), f"a vCPU is a {declared} (hardware profile)"
    if declared == "thread":
        return Span(1.0, 1.0, 2.0), "a vCPU is believed to be a thread, unverified: the interval spans both"
    if declared == "core":
        return Span(1.0, 2.0, 2.0), "a vCPU is believed to be a core, unverified: the interval spans both"
    if cpu.hypervisor is False and declared is None:
        if cpu.siblings > 1:
            return Span(1.0, 1.0, 1.0), "bare metal with SMT on: a logical CPU is a thread"
        if cpu.smt == "off":
            return Span(2.0, 2.0, 2.0), "bare metal with SMT off: a logical CPU has a whole core"
    return Span(1.0, 1.5, 2.0), "whether a vCPU is a thread or a core is unverified: the interval spans both"


def _details(
    cpu: Cpu,
    microarchitecture: str | None,
    choice: RowChoice,
    per_vcpu: Span,
    term: MemoryTerm,
    power: HostPower,
) -> dict[str, Fact]:
    spans = {
        "idle_w": power.idle_w,
        "slope_w_per_busy_vcpu": power.slope_w,
        "memory_w": power.memory_w,
        "threads_per_vcpu": per_vcpu,
        "min_w_per_thread": span_of(choice, lambda row: row.min_w),
        "slope_w_per_thread": span_of(choice, lambda row: row.slope_w),
        "gib_per_chip": term.gib_per_chip,
    }
    details: dict[str, Fact] = {
        f"{name}_{end}": getattr(span, end) for name, span in spans.items() for end in ("low", "value", "high")
    }
    return details | {
        "formula": "J = idle_w * seconds + slope_w_per_busy_vcpu * busy_s",
        "threads": cpu.threads,
        "memory_gib": term.memory_gib,
        "memory_w_per_gib": term.w_per_gib,
        "chip_threads": term.chip_threads,
        "microarchitecture": microarchitecture,
        "cpu_vendor": cpu.vendor,
        "cpu_family": cpu.family,
        "cpu_model": cpu.model,
        "cpu_stepping": cpu.stepping,
        "hypervisor": cpu.hypervisor,
        "rows_of_value": ", ".join(map(str, choice.own)) or "median of the span",
        "rows_of_span": ", ".join(map(str, choice.span)),
        "tick_s": 1.0 / os.sysconf("SC_CLK_TCK"),
    }


def _chip_threads(options: Mapping[str, str]) -> int | None:
    text = options.get("chip_threads")
    if not text:
        return None
    if not text.isdigit() or int(text) == 0:
        raise BadInput(f"host_model: chip_threads is {text!r}; it must be a whole number above 0")
    return int(text)


def _none(reason: str) -> Found:
    source = Source(
        domain=_DOMAIN, meter=NAME, boundary="host", basis="excluded", device="cpu-model", reason=reason
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
            return int(line.split()[1]) * _BYTES_PER_KIB
    return None
