"""Do coefficients and pages rest on the runs that lie here, on all of them, and on runs that belong together?"""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from functools import reduce
from pathlib import Path
from typing import Any

from bench.errors import BrokenResults
from bench.files.coefficient_files import coefficient_paths, read_coefficients
from bench.files.json_text import read_json
from bench.files.layout import SEAL
from bench.fit.rows import Group, groups
from bench.nouns import CoefficientKey, Coefficients
from bench.report.proof import parse_figures
from bench.run.checks.case import Case, Folder
from bench.run.checks.line import AuditLine, Expectation, Where, told
from bench.run.publish import measured_runs
from bench.units import counted
from bench.wire.about import is_lasting

_REST = Expectation(name="coefficient runs", expected="lie here, their seals as then")
_KEYS = Expectation(name="coefficient key", expected="that of each run it rests on")
_FRESH = Expectation(name="coefficients current", expected="rest on every run that can be fitted")
_ALIKE = Expectation(name="one setting", expected="one board, limit, driver, versions")
_PAGE = Expectation(name="page runs", expected="lie here, their seals as then")

# What two runs of one figure should share beside the coefficient's key.
_ENVIRONMENT = ("os", "kernel", "python", "cpu", "threads", "governor", "boost", "smt")


def coefficient_runs(folder: Folder) -> Iterator[AuditLine]:
    """MLPerf checker, results_check: a result lists its logs with their checksums, and they are there."""
    seals = {r.folder.name: r.seal_sha256 for r in folder.records}
    for path in coefficient_paths(folder.out / "coefficients"):
        where = _where(folder, path)
        try:
            entries, then = read_coefficients(path), _sealed_then(path)
        except BrokenResults as error:
            yield _REST.failed(str(error).replace(f"{folder.out}/", ""), where)
            continue
        listed = sorted({run for entry in entries for run in entry.runs} | set(then))
        short = [
            _REST.failed(f"{run}: {why}", where)
            for run in listed
            if (why := _unproven(run, seals, then)) is not None
        ]
        yield from told(short, _REST.passed(counted(len(listed), "run"), where))


def _unproven(run: str, seals: Mapping[str, str], then: Mapping[str, Any]) -> str | None:
    """Why a listed run does not prove anything; None when it lies here as it was."""
    if run not in seals:
        return "not here"
    if run not in then:
        return "its seal is not given"
    return None if seals[run] == then[run] else "run.json was changed after the fit"


def _sealed_then(path: Path) -> Mapping[str, Any]:
    found = read_json(path).get("seals")
    return found if isinstance(found, dict) else {}


def coefficient_key(folder: Folder) -> Iterator[AuditLine]:
    """MLPerf audit guidelines: hardware, driver and software are those of the description. Nothing is mixed."""
    own: dict[str, set[CoefficientKey]] = {}
    for group in _groups(folder):
        for run in group.runs:
            own.setdefault(run, set()).add(group.key)
    for path, entries in _entries(folder):
        where = _where(folder, path)
        short = [
            _KEYS.failed(f"{run}: {_differing(entry.key, own[run])}", where)
            for entry in entries
            for run in entry.runs
            if run in own and entry.key not in own[run]
        ]
        yield from told(short, _KEYS.passed(counted(len(entries), "entry", "entries"), where))


def _differing(key: CoefficientKey, own: set[CoefficientKey]) -> str:
    other = sorted(own, key=repr)[0]
    return ", ".join(
        f"{f.name} {getattr(other, f.name)!r}, the entry says {getattr(key, f.name)!r}"
        for f in fields(CoefficientKey)
        if getattr(other, f.name) != getattr(key, f.name)
    )


def coefficients_current(folder: Folder) -> Iterator[AuditLine]:
    """A run made after the fit says nothing in its figures; one that is left out on purpose is a choice."""
    paths = coefficient_paths(folder.out / "coefficients")
    if not paths:
        yield _FRESH.skipped("nothing is fitted yet", Where(file="coefficients"))
        return
    listed = {(e.boundary, run) for _, entries in _entries(folder) for e in entries for run in e.runs}
    fitted = {(group.boundary, run) for group in _groups(folder) for run in group.runs}
    left_out = sorted({run for _, run in fitted - listed})
    short = (
        _FRESH.warned("not in them: run `joulemark fit`", Where(file=f"runs/{run}/{SEAL}", run=run))
        for run in left_out
    )
    yield from told(short, _FRESH.passed("all are", Where(file="coefficients")))


def one_setting(folder: Folder) -> Iterator[AuditLine]:
    """Keys keep other drivers and versions apart; this says where a folder holds more than one of them."""
    models: dict[tuple[str, ...], list[Case]] = {}
    for case in folder.cells:
        cell, loaded = case.run.spec.cell, case.run.loaded
        # a server that was started in another way on purpose has a label of its own
        setup = case.run.spec.endpoint.setup if case.run.spec.endpoint else ""
        # and the same work on a GPU and on the CPU is a pair, not a mixture
        kind = "cpu" if loaded.device == "cpu" else "gpu"
        at = (cell.engine, cell.model, loaded.precision, loaded.weights, setup, kind)
        models.setdefault(at, []).append(case)
    for cases in models.values():
        settings = [_setting(case) for case in cases]
        names = reduce(lambda a, b: a | b.keys(), settings, set[str]())
        differing = sorted(n for n in names if len({repr(s.get(n)) for s in settings}) > 1)
        if differing:
            seen = "; ".join(f"{n}: {' and '.join(sorted({str(s.get(n)) for s in settings}))}" for n in differing)
            yield _ALIKE.warned(seen, _of_model(cases))
        else:
            yield _ALIKE.passed("one", _of_model(cases))


def _of_model(cases: list[Case]) -> Where:
    return Where(file=f"runs/{cases[0].id}/{SEAL}")


def _setting(case: Case) -> dict[str, object]:
    run = case.run
    own = next((s for s in case.sealed.sources if s.device == run.loaded.device), None)
    return {
        "hardware": run.spec.hardware,
        "engine version": run.loaded.engine_version,
        "weights path": run.spec.weights_path,
        "device": run.loaded.device,
        "device name": run.loaded.device_name,
        "driver": own.driver if own else None,
        "power limit": own.power_limit_w if own else None,
        # of the engine's own facts the times that it took differ always
        **{name: run.environment.get(name) for name in _ENVIRONMENT},
        **{
            f"engine's {name}": fact
            for name, fact in run.loaded.facts.items()
            if not name.endswith("_s") and is_lasting(name)
        },
    }


def page_runs(folder: Folder) -> Iterator[AuditLine]:
    """A page outlives its runs by mail and by print: what it shows must still be what lies here."""
    seals = {r.folder.name: r.seal_sha256 for r in folder.records}
    cells = {c.id for c in folder.cells}
    for path in sorted((folder.out / "reports").glob("*.html")):
        where = _where(folder, path)
        try:
            html = path.read_text(encoding="utf-8")
        except (UnicodeDecodeError, OSError) as error:
            yield _PAGE.failed(str(error), where)
            continue
        page = parse_figures(html)
        shown = {key.split("/")[1] for key in page.figures if key.startswith("runs/")}
        short = [_PAGE.failed(page.fault, where)] if page.fault else []
        short += [_PAGE.failed(f"{run}: not here", where) for run in sorted(shown - seals.keys())]
        changed = sorted(run for run in shown & seals.keys() if seals[run] not in html)
        short += [_PAGE.failed(f"{run}: run.json was changed after the page", where) for run in changed]
        if not page.fault:
            short += [_PAGE.warned(f"{run}: not on the page", where) for run in sorted(cells - shown)]
        yield from told(short, _PAGE.passed(counted(len(shown), "run"), where))


def _groups(folder: Folder) -> tuple[Group, ...]:
    """Of the runs that are fitted: not those that had other candidates in memory."""
    return groups(measured_runs(case.sealed for case in folder.cells))


def _entries(folder: Folder) -> Iterator[tuple[Path, tuple[Coefficients, ...]]]:
    """Each file of coefficients that can be read, with its entries."""
    for path in coefficient_paths(folder.out / "coefficients"):
        try:
            yield path, read_coefficients(path)
        except BrokenResults:
            continue  # coefficient_runs says so


def _where(folder: Folder, path: Path) -> Where:
    return Where(file=str(path.relative_to(folder.out)))
