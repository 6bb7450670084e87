"""Are these the files that were sealed, each run once, of something that is declared?"""

from collections.abc import Iterator

from bench.errors import BadInput
from bench.files.layout import READINGS, SEAL, profile_folder, runs_folder
from bench.files.profiles import read_profile
from bench.files.store import RUN_SCHEMA_VERSION
from bench.run.checks.case import Case, Folder
from bench.run.checks.line import AuditLine, Expectation, Lines, Where, told
from bench.run.evidence import twin_of, undeclared

_SCHEMA = Expectation(name="schema version", expected=f"schema_version {RUN_SCHEMA_VERSION}")
_HASHES = Expectation(name="part hashes", expected="each part there, as it was sealed")
_WHOLE = Expectation(name="readable", expected="every file reads as it was written")
_ID = Expectation(name="run id", expected="run.json's id is the folder's name")
_COPIES = Expectation(name="no copies", expected="no readings twice")
_DECLARED = Expectation(name="declared", expected="model and hardware are declared")
_TOOL = Expectation(name="tool version", expected="one Joulemark made every run")
_UNFINISHED = Expectation(name="finished", expected="each run's folder bears a seal")
_SETTINGS = Expectation(name="settings recorded", expected="os, kernel, cpu, python, board")


def schema_version(folder: Folder) -> Iterator[AuditLine]:
    """A record of another version may mean other things by the same words, so it is not read at all."""
    for record in folder.records:
        if not record.stated:
            yield _SCHEMA.skipped("run.json is no JSON object", record.at())
            continue
        found = record.stated.get("schema_version")
        judge = _SCHEMA.passed if found == RUN_SCHEMA_VERSION else _SCHEMA.failed
        yield judge(f"schema_version {found!r}", record.at())


def part_hashes(folder: Folder) -> Iterator[AuditLine]:
    """MLPerf checker, results_check: each required file is there and its checksum is the recorded one."""
    for record in folder.records:
        if not record.stated:
            yield _HASHES.skipped("run.json is no JSON object", record.at())
            continue
        short = [
            _HASHES.failed(
                f"{found[:12]}…, sealed {sealed[:12] or 'without one'}…" if found else "missing",
                record.at(name),
            )
            for name, (sealed, found) in record.parts.items()
            if sealed != found or not found
        ]
        yield from told(short, _HASHES.passed("as sealed", record.at()))


def readable(folder: Folder) -> Iterator[AuditLine]:
    """A file that holds what no Joulemark writes (NaN, an unknown key, a window that ends before it began)."""
    for record in folder.records:
        told_elsewhere = any(sealed != found for sealed, found in record.parts.values()) or (
            record.stated.get("schema_version") != RUN_SCHEMA_VERSION
        )
        if record.case:
            yield _WHOLE.passed("read", record.at())
        elif record.stated and told_elsewhere:
            yield _WHOLE.skipped("not read: see the hashes and the version", record.at())
        else:
            yield _WHOLE.failed(record.fault.replace(f"{folder.out}/", ""), record.at())


def run_id(folder: Folder) -> Iterator[AuditLine]:
    """MLPerf checker, uuid_check and session_name_check: what names a session is one and the same everywhere."""
    for record in folder.records:
        found = record.stated.get("id")
        if not record.stated:
            yield _ID.skipped("run.json is no JSON object", record.at())
        elif found == record.folder.name:
            yield _ID.passed("the same", record.at())
        else:
            yield _ID.failed(f"{found!r} in the folder {record.folder.name!r}: copied or renamed", record.at())


def no_copies(folder: Folder) -> Iterator[AuditLine]:
    """A copy is no second measurement: as a repeat it would narrow every interval."""
    first: dict[str, str] = {}
    for case in folder.cases:
        twin = twin_of(case.sealed, first)
        if twin is None:
            yield _COPIES.passed("its own", case.at(READINGS))
        else:
            yield _COPIES.failed(f"the readings of {twin}", case.at(READINGS))


def declared(folder: Folder) -> Iterator[AuditLine]:
    """MLPerf rules, power_measurement.adoc: the system measured matches the description that is handed in."""
    for case in folder.cells:
        spec = case.run.spec
        short = []
        if wrong := undeclared(spec):
            short.append(_DECLARED.failed(wrong, case.at()))
        try:
            read_profile(spec.hardware, profile_folder(folder.out))
        except BadInput as error:
            short.append(_DECLARED.failed(str(error), case.at()))
        yield from told(short, _DECLARED.passed("both are", case.at()))


def tool_version(folder: Folder) -> Iterator[AuditLine]:
    """MLPerf checker, sources_check and messages_check: the code that measured is known, and one."""
    by_version: dict[str, list[str]] = {}
    for record in folder.records:
        version = str(record.stated.get("joulemark_version") or "none stated")
        by_version.setdefault(version, []).append(record.folder.name)
    if len(by_version) == 1:
        (version,) = by_version
        where = Where(file=f"runs/*/{SEAL}")
        yield (_TOOL.failed if version == "none stated" else _TOOL.passed)(version, where)
        return
    for version, runs in sorted(by_version.items()):
        where = Where(file=f"runs/{runs[0]}/{SEAL}", run=runs[0])
        yield _TOOL.warned(f"{version} made {len(runs)} of {len(folder.records)}", where)


def finished(folder: Folder) -> Iterator[AuditLine]:
    """What was begun and never sealed is passed by, and said: nobody should pick the runs that came out well."""
    runs = runs_folder(folder.out)
    short = [
        _UNFINISHED.warned("no run.json: interrupted, and not used", Where(file=f"runs/{one.name}", run=one.name))
        for one in sorted(runs.iterdir())
        if one.is_dir() and not (one / SEAL).exists()
    ]
    yield from told(short, _UNFINISHED.passed("all do", Where(file="runs")))


def settings_recorded(case: Case) -> Lines:
    """MLPerf rules, power_measurement.adoc: the power management settings are documented with the result."""
    run = case.run
    missing = [name for name in ("os", "kernel", "cpu", "python") if run.environment.get(name) is None]
    for board in case.boards:
        missing += [f"driver of {board.domain}"] if board.driver is None else []
        missing += [f"power limit of {board.domain}"] if board.power_limit_w is None else []
    if missing:
        return (_SETTINGS.warned(f"missing: {', '.join(missing)}", case.at()),)
    return (_SETTINGS.passed("all there", case.at()),)
