"""How busy the machine's CPUs are, beside a package's counter: a package does everybody's work."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.files.cpu_time import open_cpu_time, read_cpu_time
from bench.files.own_time import OwnTime, own_time
from bench.nouns import Condition, Domain
from bench.units import NS_PER_S

# A large machine's /proc/stat takes a millisecond to write, so it is not asked for at every look
_LOAD_PERIOD_NS = NS_PER_S // 5


def open_load(proc_root: Path, domain: Domain, pids: str = "") -> "CpuLoad | None":
    """How busy the machine's CPUs are, and with `pids` for whom; None where /proc/stat can't be read."""
    try:
        stat = open_cpu_time(proc_root)
    except OSError:
        return None
    return CpuLoad(domain=domain, stat=stat, own=own_time(proc_root, pids))


@dataclass(slots=True, kw_only=True)
class CpuLoad:
    """Thread seconds that the machine was busy, and that a hypervisor took, some times a second."""

    domain: Domain
    stat: int
    own: OwnTime | None = None
    due_ns: int = 0

    def read(self, now_ns: int) -> Sequence[Condition]:
        """The sums since boot when they are due; nothing where they can't be told this time."""
        if now_ns < self.due_ns or self.stat < 0:
            return ()
        self.due_ns = now_ns + _LOAD_PERIOD_NS
        try:
            busy_s, steal_s = read_cpu_time(self.stat)
        except (OSError, ValueError):
            return ()  # a circumstance that is not shown is left out; the counter goes on
        own_s = self.own.read() if self.own else None
        return (
            Condition(now_ns, self.domain, "busy_s", busy_s),
            Condition(now_ns, self.domain, "steal_s", steal_s),
            *(() if own_s is None else (Condition(now_ns, self.domain, "own_s", own_s),)),
        )

    def close(self) -> None:
        """Gives the file back."""
        stat, self.stat = self.stat, -1
        if stat >= 0:
            os.close(stat)
        if self.own:
            self.own.close()
