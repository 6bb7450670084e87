"""`verify`: every published number, computed once more from readings and outcomes alone.

readings.csv.gz ─┐                    ┌─ run.json: energies, verdicts
windows.csv ─────┼─→ energies ─→ fit ─┼─ coefficients/*.json
outcomes.jsonl ──┘                    └─ reports/*.html: its figures, its visible text, its plots
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from bench.errors import BadInput, BrokenResults
from bench.files.codec import plain
from bench.files.coefficient_files import coefficient_paths, document
from bench.files.json_text import read_json
from bench.files.layout import SEAL, profile_folder
from bench.files.locales import language_of_page
from bench.files.shapes import declared_shapes
from bench.files.store import Published, Sealed
from bench.fit.coefficients import fit
from bench.fit.load_curve import load_curves
from bench.nouns import Coefficients, LoadCurve
from bench.phrases import speaking
from bench.report.proof import check_page
from bench.run.calibrated import calibrated, run_of
from bench.run.compare_figures import Mismatch, differences
from bench.run.compared import check_comparisons
from bench.run.evidence import evidence, sealed_folders
from bench.run.present import report_input
from bench.run.proven_profile import check_profile
from bench.run.publish import measured_runs, passports_by_steps, passports_of, published, rounded_energies
from bench.run.scored import reproved, shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """How many files were checked, and every difference found, in the order of the flow."""

    checked: int
    differences: tuple[Mismatch, ...]


def verified(out: Path | None, data: Path | None) -> Verification:
    """What OUT publishes and, with DATA, whether its files still teach the prior; DATA alone: the prior alone."""
    from bench.run.validating import check_prior

    found = verify(out or Path("results")) if out or not data else Verification(checked=0, differences=())
    if data is None:
        return found
    return Verification(checked=found.checked + 1, differences=(*found.differences, *check_prior(data)))


def verify(out: Path) -> Verification:
    """Recomputes all that OUT publishes. Raises BadInput and BrokenResults as `sealed_folders`."""
    folders = sealed_folders(out, "verify")
    found: list[Mismatch] = []
    proven: list[Sealed] = []
    for sealed in evidence(folders):
        if isinstance(sealed, BrokenResults):
            found.append(_broken(out, sealed))
            continue
        proof, wrong = _reproved(out, sealed)
        proven.append(proof)
        found += wrong
    coefficients, curves = refit(proven), recurve(proven)
    checked = len(folders)
    for path in coefficient_paths(out / "coefficients"):
        checked += 1
        found += _check_coefficients(out, path, coefficients, curves, proven)
    for path in sorted(profile_folder(out).glob("*.toml")):
        if (unlike := check_profile(out, path, proven)) is not None:
            checked += 1
            found += unlike
    for path in sorted((out / "reports").glob("*.html")):
        checked += 1
        found += _check_report(out, path, proven, coefficients, curves)
    compared, wrong = check_comparisons(out, proven)
    return Verification(checked=checked + compared, differences=(*found, *wrong))


def refit(sealed: list[Sealed]) -> tuple[Coefficients, ...]:
    """Coefficients of the runs, in one deterministic order."""
    return fit(measured_runs(sealed), declared_shapes())


def recurve(sealed: list[Sealed]) -> tuple[LoadCurve, ...]:
    """Load curves of the runs, in one deterministic order."""
    return load_curves(measured_runs(sealed))


def _reproved(out: Path, sealed: Sealed) -> tuple[Sealed, list[Mismatch]]:
    """The run with figures computed afresh, and where the sealed ones differ."""
    if sealed.kind == "passport":
        passports = passports_by_steps(sealed.id, sealed.trace, sealed.sources)
        fresh = Published(energies=sealed.published.energies, verdicts=(), passports=passports)
    elif sealed.calibration is not None:
        fresh = calibrated(run_of(sealed), sealed.calibration)
    elif sealed.run is None:
        fresh = Published(
            energies=rounded_energies(sealed.trace, sealed.sources, sealed.faults),
            verdicts=(),
            passports=passports_of(sealed.trace, sealed.sources),
        )
    else:
        return _rescored(out, sealed, published(sealed.run))
    return replace(sealed, published=fresh), _compared(out, sealed, fresh, sealed.published)


def _rescored(out: Path, sealed: Sealed, fresh: Published) -> tuple[Sealed, list[Mismatch]]:
    """The same of a run: its answers are scored by libraries that may not be here, or were not at the time."""
    assert sealed.run is not None, "only a run has answers"
    quality, lacking = reproved(fresh.quality, sealed.published.quality)
    fresh = replace(fresh, quality=quality)
    was = replace(sealed.published, quality=shown(sealed.run, sealed.published.quality))
    wrong = _compared(out, sealed, fresh, was)
    if lacking:
        name = str((sealed.folder / SEAL).relative_to(out))
        wrong.append(Mismatch(file=name, field="quality", expected="scores computed once more", found=lacking))
    return replace(sealed, published=fresh), wrong


def _compared(out: Path, sealed: Sealed, fresh: Published, was: Published) -> list[Mismatch]:
    name = str((sealed.folder / SEAL).relative_to(out))
    return list(differences(name, plain(fresh), plain(was)))


def _check_coefficients(
    out: Path,
    path: Path,
    coefficients: tuple[Coefficients, ...],
    curves: tuple[LoadCurve, ...],
    proven: list[Sealed],
) -> Iterator[Mismatch]:
    name = str(path.relative_to(out))
    try:
        found = read_json(path)
    except BrokenResults as error:
        yield _broken(out, error)
        return
    mine = [c for c in coefficients if c.key.hardware == path.stem]
    seals = {s.folder.name: s.seal_sha256 for s in proven}
    drawn = [c for c in curves if c.key.hardware == path.stem]
    yield from differences(name, plain(document(mine, seals, drawn)), found)


def _check_report(
    out: Path,
    path: Path,
    proven: list[Sealed],
    coefficients: tuple[Coefficients, ...],
    curves: tuple[LoadCurve, ...],
) -> Iterator[Mismatch]:
    name = str(path.relative_to(out))
    try:
        page = path.read_text(encoding="utf-8")
    except (UnicodeDecodeError, OSError) as error:
        yield Mismatch(file=name, field="text", expected="a page in UTF-8", found=str(error))
        return
    try:
        report = report_input(out, proven, coefficients, curves)
    except (BadInput, BrokenResults) as error:  # no run is left, or its profile is gone
        yield Mismatch(file=name, field="page", expected="runs and a profile that prove it", found=str(error))
        return
    with speaking(language_of_page(page)):
        differ = check_page(page, report)
    for field, expected, found in differ:
        yield Mismatch(file=name, field=field, expected=expected, found=found)


def _broken(out: Path, error: BrokenResults) -> Mismatch:
    file, _, what = str(error).partition(": ")
    return Mismatch(file=_inside(out, file), field="seal", expected="as it was sealed", found=what)


def _inside(out: Path, file: str) -> str:
    path = Path(file)
    return str(path.relative_to(out)) if path.is_relative_to(out) else file
