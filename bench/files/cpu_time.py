"""How long the machine's CPUs were busy, and how long a hypervisor kept them, as Linux adds it up since boot."""

import os
from pathlib import Path
from typing import NamedTuple

_FIRST_LINE_BYTES = 256  # "cpu " and ten numbers


class CpuTime(NamedTuple):
    """Seconds summed over all threads. Of what waits, which may step back, there is nothing in them."""

    busy_s: float
    steal_s: float


def open_cpu_time(proc_root: Path) -> int:
    """A descriptor for `read_cpu_time`, to be closed. Raises OSError."""
    return os.open(proc_root / "stat", os.O_RDONLY | os.O_CLOEXEC)


def read_cpu_time(descriptor: int) -> CpuTime:
    """The two sums as they are now. Raises OSError, and ValueError where it is no /proc/stat.

    cpu user nice system idle iowait irq softirq steal guest guest_nice, in ticks; guest is inside user.
    Source: Documentation/filesystems/proc.rst of Linux, section 1.7; checked 2026-11-21.
    """
    words = os.pread(descriptor, _FIRST_LINE_BYTES, 0).split(b"\n", 1)[0].split()
    if len(words) < 9 or words[0] != b"cpu":
        raise ValueError("its first line is not the sum over all CPUs")
    per_s = os.sysconf("SC_CLK_TCK")
    user, nice, system, _, _, irq, softirq, steal = map(int, words[1:9])
    if min(user, nice, system, irq, softirq, steal) < 0:
        raise ValueError(f"it tells a negative time: {min(user, nice, system, irq, softirq, steal)}")
    return CpuTime((user + nice + system + irq + softirq) / per_s, steal / per_s)
