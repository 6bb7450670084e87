"""What is learnt from a result folder: coefficients, and the page that shows them."""

from dataclasses import dataclass
from pathlib import Path

from bench.errors import BadInput, BrokenResults
from bench.files.atomic import write_whole
from bench.files.coefficient_files import write_coefficients
from bench.files.layout import report_path, run_folders
from bench.files.store import Sealed
from bench.nouns import Coefficients
from bench.report.page import render
from bench.report.views import RunView
from bench.run.apart import Apart, set_apart, told_by
from bench.run.evidence import evidence
from bench.run.present import report_input, scored_views
from bench.run.verify import recurve, refit


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """Fitted coefficients, where they were written, and the runs that could not be read."""

    coefficients: tuple[Coefficients, ...]
    files: tuple[Path, ...]
    broken: tuple[str, ...]
    scored: tuple[RunView, ...] = ()  # the runs whose answers were scored, with their joules
    apart: tuple[Apart, ...] = ()  # what is not averaged with the rest


def fit_folder(out: Path) -> Learnt:
    """Fits every sealed run of OUT and writes OUT/coefficients. Raises BadInput without runs."""
    sealed, broken = read_folder(out)
    coefficients = refit(sealed)
    seals = {s.folder.name: s.seal_sha256 for s in sealed}
    return Learnt(
        coefficients=coefficients,
        files=write_coefficients(out, coefficients, seals, recurve(sealed)),
        broken=broken,
        scored=scored_views(sealed, coefficients),
        apart=set_apart(told_by(sealed), out),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A page, the runs that could not be read and are not on it, and what it keeps apart."""

    path: Path
    broken: tuple[str, ...]
    apart: tuple[Apart, ...] = ()


def report_folder(out: Path, name: str = "report") -> Rendered:
    """Renders OUT as one page. Coefficients are fitted, not read: never stale."""
    sealed, broken = read_folder(out)
    path = report_path(out, name)
    write_whole(path, render(report_input(out, sealed, refit(sealed), recurve(sealed))).encode())
    return Rendered(path=path, broken=broken, apart=set_apart(told_by(sealed), out))


def read_folder(out: Path) -> tuple[list[Sealed], tuple[str, ...]]:
    """Every sealed run that reads whole, and what is wrong with the others."""
    folders = run_folders(out)
    if not folders:
        raise BadInput(f"{out}: no sealed run (runs/*/run.json); make some with `joulemark run quick`")
    sealed, broken = [], []
    for one in evidence(folders):
        if isinstance(one, BrokenResults):
            broken.append(str(one))
        else:
            sealed.append(one)
    if not sealed:
        raise BrokenResults(f"{out}: none of {len(folders)} runs can be read; `joulemark verify {out}` says why")
    return sealed, tuple(broken)
