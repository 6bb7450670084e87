"""A machine in a folder: its /proc, its /sys, and a clock that only a test moves."""

import os
from pathlib import Path

from bench.meters.host_model import HostModel, open_meters
from bench.nouns import Condition, Found, Reading

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


GENOA = ("AuthenticAMD", 25, 17, 1)


SKYLAKE, CASCADE_LAKE, COOPER_LAKE = (("GenuineIntel", 6, 85, s) for s in (4, 7, 11))


TURIN = ("AuthenticAMD", 26, 2, 1)  # its row is flagged


HASWELL = ("GenuineIntel", 6, 63, 2)  # one of its two rows is flagged


UNKNOWN = ("GenuineIntel", 6, 250, 0)


class Host:
    """A machine's /proc and /sys in a folder, and a clock that only a test moves."""

    def __init__(self, root: Path, cpuid=GENOA, threads=4, memory_gib=0.0, hypervisor=True, siblings="0"):
        self.root, self.threads, self.now_ns = root, threads, 10**9
        self.counts = dict.fromkeys(
            ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal", "guest", "guest_nice"), 0
        )
        vendor, family, model, stepping = cpuid
        flags = "fpu vme hypervisor lm" if hypervisor else "fpu vme lm"
        self._write(
            "proc/cpuinfo",
            f"processor\t: 0\nvendor_id\t: {vendor}\ncpu family\t: {family}\nmodel\t\t: {model}\n"
            f"model name\t: Fake\nstepping\t: {stepping}\nflags\t\t: {flags}\n\nprocessor\t: 1\n",
        )
        self._write("proc/meminfo", f"MemTotal: {int(memory_gib * 2**20)} kB\nMemAvailable: 1024 kB\n")
        self._write("sys/devices/system/cpu/cpu0/topology/thread_siblings_list", siblings + "\n")
        self.pass_s(0.0)

    def _write(self, path: str, text: str) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def smt(self, control: str) -> "Host":
        self._write("sys/devices/system/cpu/smt/control", control + "\n")
        return self

    def pass_s(self, seconds: float, **busy_s: float) -> None:
        """Time goes by, with so many seconds of each kind summed over all threads."""
        self.now_ns += round(seconds * 1e9)
        for kind, spent_s in busy_s.items():
            self.counts[kind] += round(spent_s * TICKS_PER_S)
        words = " ".join(map(str, self.counts.values()))
        lines = [f"cpu  {words}", *(f"cpu{n} {words}" for n in range(self.threads)), "intr 1", "ctxt 2"]
        self._write("proc/stat", "\n".join(lines) + "\n")

    def found(self, **options: str) -> Found:
        return open_meters({"proc_root": str(self.root / "proc"), "sys_root": str(self.root / "sys"), **options})

    def meter(self, **options: str) -> HostModel:
        opened = self.found(**options).meters[0]
        assert isinstance(opened, HostModel)
        descriptors = [os.open(self.root / "proc" / name, os.O_RDONLY) for name in ("stat", "meminfo")]
        meter = HostModel(
            model=opened._model, stat=descriptors[0], meminfo=descriptors[1], clock=lambda: self.now_ns
        )
        opened.close()
        return meter


def joules(meter: HostModel) -> dict[str, float]:
    return {o.field: o.value for o in meter.read() if isinstance(o, Reading)}


def conditions(meter: HostModel) -> dict[str, float]:
    return {o.name: o.value for o in meter.read() if isinstance(o, Condition)}
