"""Powercap's zones: which there are, what each means, which show the same energy twice."""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.nouns import Boundary, Domain
from bench.units import W_PER_UW

# The largest packages sold draw 500 W on average: AMD EPYC 9965, Intel Xeon 6980P (power = 500 in
# github.com/quattor/template-library-standard, hardware/cpu; checked 2026-11-21). Memory behind one draws less.
HIGHEST_LIMIT_W = 500.0
_SEVERAL = 4  # a platform's zone holds several packages: four is the most that a server here is sold with
_UNTOLD = "twice the power of the largest package sold"
_TOLD = "twice the highest power limit of its zone"
_PACKAGE = re.compile(r"package-(\d+)(?:-die-(\d+))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """One powercap folder."""

    path: Path
    name: str
    domain: Domain
    boundary: Boundary
    die: int | None = None
    range_uj: int | None = None
    fault: str | None = None  # why its counter cannot be read
    most_power_w: float = 2 * HIGHEST_LIMIT_W  # no step of its counter is more
    most_power_why: str = _UNTOLD


def find_zones(root: Path, most_power_w: float | None = None) -> list[Zone]:
    """Every zone that has a meaning here, MSR before MMIO, in the order of their numbers."""
    try:
        folders = [path for path in root.iterdir() if ":" in path.name and (path / "name").is_file()]
    except OSError:
        return []
    folders.sort(key=lambda path: (path.name.partition(":")[0], _numbers(path.name)))
    names = {path.name: text_of(path / "name") or "" for path in folders}
    found = []
    for path in folders:
        placed = _place(path.name, names)
        if placed:
            domain, boundary, die = placed
            raw_uj = read_uj(path)
            most_w, why = (most_power_w, "as declared") if most_power_w else _most_power_w(path, boundary)
            zone = Zone(
                path=path,
                name=names[path.name],
                domain=domain,
                boundary=boundary,
                die=die,
                range_uj=_range_uj(path),
                fault=raw_uj if isinstance(raw_uj, str) else None,
                most_power_w=most_w,
                most_power_why=why,
            )
            found.append(zone)
    return found


def _most_power_w(path: Path, boundary: Boundary) -> tuple[float, str]:
    """What a zone can draw between two looks, and why: twice its highest limit, for a limit is a mean.

    Limits in µW: constraint_*_max_power_uw and constraint_*_power_limit_uw (Linux, Documentation/ABI/testing/
    sysfs-class-powercap; checked 2026-11-21). Firmware that means "no limit" tells thousands of watts, and a zone
    that is not enabled is not limited: then what nothing sold exceeds stands instead.
    """
    highest_w = HIGHEST_LIMIT_W * (_SEVERAL if boundary == "platform" else 1)
    files = [*path.glob("constraint_*_max_power_uw"), *path.glob("constraint_*_power_limit_uw")]
    told = [int(text) for file in files if (text := text_of(file) or "").isdigit()]
    limit_w = max(told, default=0) * W_PER_UW
    if limit_w <= 0 or limit_w > highest_w or text_of(path / "enabled") == "0":
        return 2 * highest_w, _UNTOLD if highest_w == HIGHEST_LIMIT_W else f"{_UNTOLD}, {_SEVERAL} times"
    return 2 * limit_w, _TOLD


def _place(folder: str, names: Mapping[str, str]) -> tuple[Domain, Boundary, int | None] | None:
    """Which domain the folder's zone is, whose boundary, which die; None for core, uncore and the like."""
    name = names[folder]
    package = _PACKAGE.fullmatch(name)
    if package:
        die = int(package[2]) if package[2] is not None else None
        return f"cpu-package:{int(package[1])}", "cpu", die
    if name == "dram":
        above = _PACKAGE.fullmatch(names.get(folder.rpartition(":")[0], ""))
        if above:
            return f"dram:{int(above[1])}", "dram", int(above[2]) if above[2] is not None else None
    # only the master package has a psys register that counts; the others read 0 and are not registered
    # (Linux commit 179ce2211401, checked 2026-11-21)
    if re.fullmatch(r"psys(-\d+)?", name):
        return "platform", "platform", None
    return None


def kept(zones: Iterable[Zone], intel: bool) -> Mapping[Domain, tuple[Zone, ...]]:
    """The zones that make up each domain, none twice.

    Dies of one package count each for itself on Intel (Cascade Lake-AP); on AMD each shows the whole
    package's counter (Linux commits c26a230016d5 and 983aae10829a, checked 2026-11-21).
    """
    groups: dict[Domain, list[Zone]] = {}
    for zone in zones:
        groups.setdefault(zone.domain, []).append(zone)
    return {domain: _distinct(group, intel) for domain, group in groups.items()}


def _distinct(group: Sequence[Zone], intel: bool) -> tuple[Zone, ...]:
    apart = intel and all(zone.die is not None for zone in group)
    chosen: dict[int | None, Zone] = {}
    for zone in group:
        key = zone.die if apart else None
        if key not in chosen or (chosen[key].fault and not zone.fault):
            chosen[key] = zone
    return tuple(chosen.values())


def others(zones: Iterable[Zone], group: Sequence[Zone]) -> tuple[str, ...]:
    """The folders of the same domain that are left out of the group."""
    return tuple(z.path.name for z in zones if z.domain == group[0].domain and z not in group)


def read_uj(folder: Path) -> int | str:
    """The zone's raw counter, or why there is none. Opened afresh: rights and modules change underneath."""
    try:
        handle = os.open(folder / "energy_uj", os.O_RDONLY | os.O_CLOEXEC)
        try:
            return int(os.read(handle, 32))
        finally:
            os.close(handle)
    except PermissionError:
        return "is readable by root only (since Linux 5.10, for the Platypus attack)"
    except OSError as error:
        return f"does not answer: {error.strerror}"
    except ValueError:
        return "holds no number"


def _range_uj(folder: Path) -> int | None:
    text = text_of(folder / "max_energy_range_uj")
    return int(text) if text and text.isdigit() and int(text) > 0 else None


def text_of(path: Path) -> str | None:
    """The file's text without the space around it; None where it can't be read."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None


def _numbers(folder: str) -> tuple[int, ...]:
    return tuple(int(part) for part in folder.split(":")[1:] if part.isdigit())
