"""What this machine is and how much of it may be used: no host name, user, path or id leaves this module.

Stdlib only and light. Cloud metadata is in `bench.files.cloud`.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.files.cpu import Cpu, read_cpu
from bench.files.kernel import text_of
from bench.nouns import Fact
from bench.units import BYTES_PER_GIB, BYTES_PER_KIB

_UNLIMITED_BYTES = 2**60  # cgroup v1 says "no limit" as LONG_MAX rounded down to a page
_CONTAINER_WORDS = ("docker", "containerd", "kubepods", "libpod", "lxc")


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A machine and the share of it that this process may use."""

    cpu: Cpu
    memory_bytes: int | None
    available_memory_bytes: int | None
    memory_limit_bytes: int | None  # of the cgroup; None: no limit
    cpu_limit: float | None  # of the cgroup, in logical CPUs; None: no limit
    in_container: bool

    @property
    def usable_memory_bytes(self) -> int | None:
        """Memory that may be taken now: what is available, at most what the cgroup allows."""
        known = [n for n in (self.available_memory_bytes, self.memory_limit_bytes) if n is not None]
        return min(known) if known else None

    @property
    def usable_threads(self) -> float:
        """Logical CPUs that may be used: those online, at most what the cgroup allows."""
        return min(float(self.cpu.threads), self.cpu_limit or float(self.cpu.threads))


def read_machine(root: Path = Path("/")) -> Machine:
    """The machine whose file system this is; `root` is a folder of its own in tests."""
    proc = root / "proc"
    memory = dict(_meminfo(proc / "meminfo"))
    return Machine(
        cpu=read_cpu(proc, root / "sys"),
        memory_bytes=memory.get("MemTotal"),
        available_memory_bytes=memory.get("MemAvailable"),
        memory_limit_bytes=_memory_limit(root),
        cpu_limit=_cpu_limit(root),
        in_container=_in_container(root),
    )


def environment(machine: Machine | None = None, root: Path = Path("/")) -> Mapping[str, Fact]:
    """Facts that a record may carry: kinds and versions, nothing that names a person or a place."""
    machine = machine or read_machine(root)
    cpu = machine.cpu
    devices = root / "sys/devices/system"
    return {
        "os": _os_name(root),
        "kernel": os.uname().release,
        "architecture": os.uname().machine,
        "python": ".".join(map(str, sys.version_info[:3])),
        "cpu": cpu.name or None,
        "cpu_vendor": cpu.vendor,
        "cpu_family": cpu.family,
        "cpu_model": cpu.model,
        "cpu_stepping": cpu.stepping,
        "microarchitecture": cpu.microarchitecture,
        "threads": cpu.threads,
        "usable_threads": machine.usable_threads,
        "smt": cpu.smt,
        "hypervisor": cpu.hypervisor,
        "in_container": machine.in_container,
        "governor": text_of(devices / "cpu/cpu0/cpufreq/scaling_governor") or None,
        "boost": _boost(root),
        "clock_source": text_of(root / "sys/devices/system/clocksource/clocksource0/current_clocksource") or None,
        "memory_gib": _gib(machine.memory_bytes),
        "usable_memory_gib": _gib(machine.usable_memory_bytes),
        "memory_limit_gib": _gib(machine.memory_limit_bytes),
    }


def _meminfo(path: Path) -> Iterator[tuple[str, int]]:
    for line in text_of(path).splitlines():
        name, _, rest = line.partition(":")
        words = rest.split()
        if name in ("MemTotal", "MemAvailable") and words and words[0].isdigit():
            yield name, int(words[0]) * BYTES_PER_KIB


def _memory_limit(root: Path) -> int | None:
    """The tightest limit of this process's cgroup and those above it, in v2 (memory.max) and v1."""
    limits = [
        int(text)
        for folder, name in _cgroup_files(root, "memory", "memory.max", "memory.limit_in_bytes")
        if (text := text_of(folder / name)).isdigit()
    ]
    return min((n for n in limits if n < _UNLIMITED_BYTES), default=None)


def _cpu_limit(root: Path) -> float | None:
    """Quota ÷ period of the tightest cgroup, in logical CPUs."""
    limits = []
    for folder, name in _cgroup_files(root, "cpu", "cpu.max", "cpu.cfs_quota_us"):
        words = text_of(folder / name).split()
        if name == "cpu.cfs_quota_us":
            words += text_of(folder / "cpu.cfs_period_us").split()
        if len(words) == 2 and all(word.isdigit() for word in words) and int(words[1]):
            limits.append(int(words[0]) / int(words[1]))
    return min(limits, default=None)


def _cgroup_files(root: Path, controller: str, v2: str, v1: str) -> Iterator[tuple[Path, str]]:
    """Folders that can hold a limit, and the file's name there: from this cgroup up to the root."""
    top = root / "sys/fs/cgroup"
    for line in text_of(root / "proc/self/cgroup").splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0" and not controllers:
            for mount in (top, top / "unified"):
                yield from ((folder, v2) for folder in _upward(mount, path))
        elif controller in controllers.split(","):
            yield from ((folder, v1) for folder in _upward(top / controller, path))


def _upward(mount: Path, path: str) -> Iterator[Path]:
    # inside a container the path may be the host's, and not exist here: the mount itself is then the cgroup
    parts = [part for part in path.split("/") if part and part != ".."]
    for depth in range(len(parts), -1, -1):
        yield mount.joinpath(*parts[:depth])


def _in_container(root: Path) -> bool:
    if (root / ".dockerenv").exists() or (root / "run/.containerenv").exists():
        return True
    if text_of(root / "run/systemd/container"):
        return True
    return any(word in text_of(root / "proc/1/cgroup") for word in _CONTAINER_WORDS)


def _os_name(root: Path) -> str | None:
    for line in text_of(root / "etc/os-release").splitlines():
        if line.startswith("PRETTY_NAME="):
            return line.partition("=")[2].strip().strip('"') or None
    return None


def _boost(root: Path) -> bool | None:
    cpus = root / "sys/devices/system/cpu"
    if (off := text_of(cpus / "intel_pstate/no_turbo")) in ("0", "1"):
        return off == "0"
    on = text_of(cpus / "cpufreq/boost")
    return on == "1" if on in ("0", "1") else None


def _gib(count: int | None) -> float | None:
    return None if count is None else round(count / BYTES_PER_GIB, 2)
