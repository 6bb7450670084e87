"""Cells of real, sealed runs that were left out, predicted from the other cells of the same machine."""

from pathlib import Path

from perf_goals import Goal, Section

from bench.run.attribute import attribute_folder
from bench.stats import median

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("results/examples/cpu-2-threads", "results/engines/cpu-2-threads")
MOST = 0.05


def section() -> Section:
    """Every window whose terms rest on other cells alone."""
    rows, errors = [], []
    for folder in FOLDERS:
        found, _ = attribute_folder(ROOT / folder)
        for one in found:
            if one.in_sample or not one.windows:
                continue
            ratios = [abs(w.difference_ratio) for w in one.windows]
            errors += ratios
            rows.append((folder, one.cell, f"{one.boundary} {one.basis}", f"{median(ratios):.2%}"))
    return Section(
        title="Real runs, cells left out (energy modelled: a time that is predicted)",
        head=("folder", "cell", "boundary", "off by"),
        rows=tuple(rows),
        goals=(
            Goal(
                name="held-out error of the fit on real runs of the same machine",
                asked=f"{MOST:.0%} median",
                found=f"{median(errors):.2%} of {len(errors)} windows" if errors else "no cell could be left out",
                met=median(errors) <= MOST if errors else None,
            ),
        ),
    )
