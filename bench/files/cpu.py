"""Which CPU this is: CPUID as the kernel prints it, and the microarchitecture that it names.

Stdlib only and light: the sampler's process imports it.
"""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bench.errors import BadDeclaration
from bench.files.config import places
from bench.files.kernel import text_of

_FIRST_BLOCK_BYTES = 16_384  # the first processor of /proc/cpuinfo; the others say the same


@dataclass(frozen=True, slots=True, kw_only=True)
class Cpu:
    """A CPU as the running kernel shows it. None: not shown."""

    vendor: str | None  # "GenuineIntel", "AuthenticAMD", "ARM"
    family: int | None  # ARM: the implementer
    model: int | None  # ARM: the part
    stepping: int | None
    name: str
    threads: int  # logical CPUs that are online
    hypervisor: bool | None
    siblings: int  # threads of CPU 0's core, as shown; a guest may be shown anything
    smt: Literal["on", "off", "unsupported", "unknown"]
    microarchitecture: str | None


def read_cpu(proc_root: Path = Path("/proc"), sys_root: Path = Path("/sys")) -> Cpu:
    """The CPU of the machine whose /proc and /sys these are. What cannot be read is None or unknown."""
    fields = _first_processor(proc_root / "cpuinfo")
    arm = fields.get("CPU implementer")
    vendor = "ARM" if arm == "0x41" else fields.get("vendor_id")
    family = _number(arm if vendor == "ARM" else fields.get("cpu family"))
    model = _number(fields.get("CPU part") if vendor == "ARM" else fields.get("model"))
    stepping = _number(fields.get("CPU revision") if vendor == "ARM" else fields.get("stepping"))
    flags = fields.get("flags")
    cpus = sys_root / "devices/system/cpu"
    return Cpu(
        vendor=vendor,
        family=family,
        model=model,
        stepping=stepping,
        name=fields.get("model name", ""),
        threads=_online(proc_root / "stat"),
        # x86 guests carry the flag (CPUID 1, ECX bit 31); ARM has nothing like it
        hypervisor=None if flags is None else "hypervisor" in flags.split(),
        siblings=_listed(text_of(cpus / "cpu0/topology/thread_siblings_list")),
        smt=_smt(text_of(cpus / "smt/control")),
        microarchitecture=_microarchitecture(vendor, family, model, stepping),
    )


def _first_processor(path: Path) -> dict[str, str]:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            block = file.read(_FIRST_BLOCK_BYTES).split("\n\n", 1)[0]
    except OSError:
        return {}
    pairs = (line.partition(":") for line in block.splitlines() if ":" in line)
    return {key.strip(): value.strip() for key, _, value in pairs}


def _microarchitecture(
    vendor: str | None, family: int | None, model: int | None, stepping: int | None
) -> str | None:
    if vendor is None or family is None or model is None or stepping is None:
        return None
    path = places().data / "cpuid.csv"
    with path.open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            try:
                found = (
                    row["vendor"] == vendor
                    and int(row["family"]) == family
                    and int(row["model_low"]) <= model <= int(row["model_high"])
                    and int(row["stepping_low"]) <= stepping <= int(row["stepping_high"])
                )
            except (KeyError, TypeError, ValueError) as error:
                raise BadDeclaration(str(path), number, f"not a CPUID row: {error}") from error
            if found:
                return row["microarchitecture"]
    return None


def _number(text: str | None) -> int | None:
    try:
        return None if text is None else int(text, 0)
    except ValueError:
        return None


def _online(stat: Path) -> int:
    lines = text_of(stat).splitlines()
    return sum(1 for line in lines if line.startswith("cpu") and line[3:4].isdigit())


def _listed(text: str) -> int:
    """How many CPUs a list such as "0,64" or "0-1" names; 0 when it is empty."""
    count = 0
    for part in filter(None, text.strip().split(",")):
        first, _, last = part.partition("-")
        low, high = _number(first), _number(last or first)
        count += 0 if low is None or high is None else high - low + 1
    return count


def _smt(control: str) -> Literal["on", "off", "unsupported", "unknown"]:
    # Documentation/ABI/testing/sysfs-devices-system-cpu: on, off, forceoff, notsupported, notimplemented
    word = control.strip()
    if word == "on":
        return "on"
    if word in ("off", "forceoff"):
        return "off"
    return "unsupported" if word == "notsupported" else "unknown"
