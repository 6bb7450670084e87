"""Powercap trees, as /sys/class/powercap looks: of plain files, or answered by the preloaded library.

Their joules are declared, not measured.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

RANGE_UJ = 262_143_328_850  # the range of an Intel server's package


@dataclass(frozen=True)
class Powercap:
    """Zones that count what they are told."""

    root: Path

    def zone(self, folder: str, name: str, *, energy_uj: int = 0, range_uj: int | None = RANGE_UJ) -> Path:
        """A zone's folder, with its files."""
        path = self.root / folder
        path.mkdir(parents=True)
        (path / "name").write_text(name + "\n")
        (path / "energy_uj").write_text(f"{energy_uj}\n")
        if range_uj is not None:
            (path / "max_energy_range_uj").write_text(f"{range_uj}\n")
        return path

    def show(self, folder: str, energy_uj: int) -> None:
        """What the zone's counter shows from now on."""
        (self.root / folder / "energy_uj").write_text(f"{energy_uj}\n")

    def break_off(self, folder: str) -> None:
        """From now on a read of the counter fails with an I/O error of the system."""
        file = self.root / folder / "energy_uj"
        file.unlink()
        file.mkdir()  # reading a folder fails with EISDIR, for root too; a sensor's EIO fails the same way

    def mend(self, folder: str, energy_uj: int) -> None:
        """The counter answers again."""
        (self.root / folder / "energy_uj").rmdir()
        self.show(folder, energy_uj)


def intel_server(root: Path) -> Powercap:
    """Two packages with cores and memory, the platform, and the same first package once more through MMIO."""
    tree = Powercap(root)
    for number in (0, 1):
        tree.zone(f"intel-rapl:{number}", f"package-{number}", energy_uj=1_000_000 * (number + 1))
        tree.zone(f"intel-rapl:{number}:0", "core")
        tree.zone(f"intel-rapl:{number}:1", "dram", energy_uj=500_000, range_uj=65_712_999_613)
    tree.zone("intel-rapl:2", "psys", energy_uj=9_000_000)
    tree.zone("intel-rapl-mmio:0", "package-0", energy_uj=1_000_000)
    (root / "intel-rapl").mkdir()
    return tree


@dataclass(frozen=True, kw_only=True)
class SimulatedZone:
    """A zone whose counter follows a declared curve; the statements are those of powercap.c."""

    folder: str
    name: str
    statements: Sequence[str] = ()
    range_uj: int | None = RANGE_UJ  # None: the file is missing, and the counter wraps where Intel's do


@dataclass(frozen=True)
class PowercapSim:
    """A compiled library, and a place for a tree and its declaration."""

    library: Path
    folder: Path

    @property
    def root(self) -> Path:
        """What `powercap_root` is to be."""
        return self.folder / "powercap"

    def environment(
        self, *zones: SimulatedZone, head: Sequence[str] = (), base: Mapping[str, str] = os.environ
    ) -> Mapping[str, str]:
        """The environment variables of a process that is to see these zones, `base` beside them."""
        lines = [*head]
        for zone in zones:
            self._make(zone)
            known = [] if zone.range_uj is None else [f"range_uj {zone.range_uj}"]
            lines += [f"zone {zone.folder}", *known, *zone.statements]
        config = self.folder / "zones.txt"
        config.write_text("\n".join(lines) + "\n")
        return {
            **base,
            "LD_PRELOAD": str(self.library),
            "POWERCAP_SIM_ROOT": str(self.root),
            "POWERCAP_SIM_CONFIG": str(config),
        }

    def _make(self, zone: SimulatedZone) -> None:
        """The zone's folder inside the one above it, and a link to it at the root, as in sysfs."""
        control, *numbers = zone.folder.split(":")
        below = [":".join((control, *numbers[: i + 1])) for i in range(len(numbers))]
        path = self.root.joinpath(control, *below)
        path.mkdir(parents=True, exist_ok=True)
        (path / "name").write_text(zone.name + "\n")
        (path / "energy_uj").write_text("not preloaded\n")  # what a reader finds that the library does not serve
        if zone.range_uj is not None:
            (path / "max_energy_range_uj").write_text(f"{zone.range_uj}\n")
        (self.root / zone.folder).symlink_to(path.relative_to(self.root))
