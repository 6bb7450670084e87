"""Builds the simulated sensors and declares what they show. Nothing that they say comes from a device."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_SOURCES = Path(__file__).parent


def compiler() -> str | None:
    """The C compiler of this machine, or None."""
    return next((path for path in map(shutil.which, ("cc", "gcc", "clang")) if path), None)


def build_nvml(folder: Path) -> Path:
    """The folder that holds the simulated libnvidia-ml.so.1, compiled into it, and an `nvidia-smi` beside it."""
    _compile("nvml.c", folder / "libnvidia-ml.so.1")
    tool = folder / "nvidia-smi"  # CodeCarbon looks for NVIDIA boards only where this command runs
    tool.write_text("#!/bin/sh\necho 'simulated: see NVML_SIM_CONFIG'\n")
    tool.chmod(0o755)
    return folder


def build_powercap(folder: Path) -> Path:
    """The library that answers for powercap's counters when it is preloaded, compiled into the folder."""
    return _compile("powercap.c", folder / "libpowercap_sim.so")


def _compile(source: str, library: Path) -> Path:
    found = compiler()
    assert found is not None
    flags = ["-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-pthread"]
    subprocess.run(
        [found, *flags, "-o", str(library), str(_SOURCES / source), "-lm", "-ldl"], check=True
    )  # fmt: skip
    return library


@dataclass(frozen=True)
class NvmlSim:
    """A compiled library, and a place for declarations of boards."""

    library: Path
    folder: Path

    def environment(self, *gpus: Sequence[str], head: Sequence[str] = ()) -> Mapping[str, str]:
        """The environment variables of a process that is to see these boards, one list of statements each."""
        config = self.declared(*gpus, head=head)
        return {
            **os.environ,
            "LD_LIBRARY_PATH": str(self.library),
            "NVML_SIM_CONFIG": str(config),
            "PATH": f"{self.library}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        }

    def declared(self, *gpus: Sequence[str], head: Sequence[str] = ()) -> Path:
        """The file that declares these boards."""
        lines = [*head]
        for statements in gpus:
            lines += ["gpu", *statements]
        config = self.folder / f"boards-{len(list(self.folder.iterdir()))}.txt"
        config.write_text("\n".join(lines) + "\n")
        return config
