"""Builds the simulated libnvidia-ml.so.1 and declares its boards. Nothing that it says comes from a device."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_SOURCE = Path(__file__).with_name("nvml.c")


def compiler() -> str | None:
    """The C compiler of this machine, or None."""
    return next((path for path in map(shutil.which, ("cc", "gcc", "clang")) if path), None)


def build_nvml(folder: Path) -> Path:
    """The folder that holds the simulated libnvidia-ml.so.1, compiled into it."""
    found = compiler()
    assert found is not None
    library = folder / "libnvidia-ml.so.1"
    subprocess.run(
        [found, "-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o", str(library), str(_SOURCE), "-lm"],
        check=True,
    )
    return folder


@dataclass(frozen=True)
class NvmlSim:
    """A compiled library, and a place for declarations of boards."""

    library: Path
    folder: Path

    def environment(self, *gpus: Sequence[str], head: Sequence[str] = ()) -> Mapping[str, str]:
        """The environment variables of a process that is to see these boards, one list of statements each."""
        lines = [*head]
        for statements in gpus:
            lines += ["gpu", *statements]
        config = self.folder / f"boards-{len(list(self.folder.iterdir()))}.txt"
        config.write_text("\n".join(lines) + "\n")
        return {**os.environ, "LD_LIBRARY_PATH": str(self.library), "NVML_SIM_CONFIG": str(config)}
