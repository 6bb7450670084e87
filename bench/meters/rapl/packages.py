"""CPU packages that the machine has and powercap does not show: a part is never called the whole."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from bench.meters.rapl.zones import Zone, text_of
from bench.nouns import Boundary, Source

_PHYSICAL_ID = re.compile(r"^physical id\s*:\s*(\d+)\s*$", re.MULTILINE)


def read_packages(proc: Path) -> frozenset[int]:
    """The packages of every online CPU, as /proc/cpuinfo numbers them; none where it does not (ARM).

    Linux names a package's zone by the same number (drivers/powercap/intel_rapl_common.c,
    topology_physical_package_id; checked 2026-11-21). A package whose CPUs are all offline is not seen here.
    """
    return frozenset(int(number) for number in _PHYSICAL_ID.findall(text_of(proc / "cpuinfo") or ""))


def missing(zones: Iterable[Zone], packages: frozenset[int]) -> Sequence[Source]:
    """Excluded sources: packages without a zone, and memory that is shown behind other packages only."""
    shown = {zone.domain for zone in zones}
    wanted: list[tuple[str, Boundary]] = [("cpu-package", "cpu")]
    if any(domain.startswith("dram:") for domain in shown):
        wanted.append(("dram", "dram"))
    numbers = packages | {int(d.partition(":")[2]) for d in shown if d.startswith("cpu-package:")}
    return [
        _excluded(f"{name}:{number}", boundary, len(numbers))
        for name, boundary in wanted
        for number in sorted(numbers)
        if f"{name}:{number}" not in shown
    ]


def _excluded(domain: str, boundary: Boundary, packages: int) -> Source:
    counted = f"{packages} CPU package{'s' if packages > 1 else ''}"
    return Source(
        domain=domain,
        meter="rapl",
        boundary=boundary,
        basis="excluded",
        device=domain,
        reason=f"this machine has {counted}, and powercap shows no zone for this one: {boundary} is not whole",
        details={"packages": packages},
    )
