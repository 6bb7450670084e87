"""Joulemark measures the energy of AI inference: raw readings in, coefficients with intervals out."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.files.frames.results import Results

__version__ = "0.1.0"


def read_results(path: str | Path) -> "Results":
    """A result folder as tidy pandas frames: `results.runs`, `results.windows`, `results.coefficients`, …

    Raises CannotRun without pandas, BadInput where there is no such folder, BrokenResults with the damaged file.
    """
    from bench.files.frames.results import read_results as read

    return read(path)
