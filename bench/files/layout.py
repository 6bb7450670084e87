"""Where things lie in a result folder: its only paths. Nothing is read or written here.

OUT/runs/ID/readings.csv.gz   t_ns,domain,field,kind,value     raw, in J, W or a condition's own unit
            windows.csv       phase,label,start_ns,end_ns
            outcomes.jsonl    one request a line: asked and achieved work, times
            run.json          the spec, what was found, sha256 of the three; written last: that is the seal
OUT/coefficients/HARDWARE.json   OUT/reports/NAME.html   OUT/profiles/NAME.toml   OUT/skipped.json
OUT/comparisons/ID.json, ID.html   the rounds of candidates on the same work, and their ratios

A folder without run.json is unfinished: readers pass it by.
"""

from pathlib import Path
from typing import Literal

READINGS, WINDOWS, OUTCOMES, SEAL = "readings.csv.gz", "windows.csv", "outcomes.jsonl", "run.json"
PARTS = (READINGS, WINDOWS, OUTCOMES)  # what a seal holds the sha256 of


def runs_folder(out: Path) -> Path:
    """Where the folders of runs lie."""
    return out / "runs"


def run_folder(out: Path, id_: str) -> Path:
    """Where a run lies, sealed or not."""
    return runs_folder(out) / id_


def run_folders(out: Path) -> tuple[Path, ...]:
    """The folders of sealed runs under OUT, oldest first; unfinished ones are passed by."""
    runs = runs_folder(out)
    return tuple(sorted(p.parent for p in runs.glob(f"*/{SEAL}"))) if runs.is_dir() else ()


def coefficients_path(out: Path, hardware: str) -> Path:
    """Where the coefficients of one machine lie."""
    return out / "coefficients" / f"{hardware}.json"


def report_path(out: Path, name: str) -> Path:
    """Where a rendered report lies."""
    return out / "reports" / f"{name}.html"


def comparison_path(out: Path, id_: str, kind: Literal["json", "html"] = "json") -> Path:
    """Where a comparison lies: its figures, or its page."""
    return out / "comparisons" / f"{id_}.{kind}"


def comparison_ids(out: Path) -> tuple[str, ...]:
    """Every comparison that OUT holds, in name order."""
    return tuple(sorted({p.stem for kind in ("json", "html") for p in (out / "comparisons").glob(f"*.{kind}")}))


def skipped_path(out: Path) -> Path:
    """Where the cells that the last suite left out are recorded, each with its reason."""
    return out / "skipped.json"


def profile_folder(out: Path) -> Path:
    """Where generated and calibrated hardware profiles lie."""
    return out / "profiles"
