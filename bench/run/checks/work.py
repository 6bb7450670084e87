"""Was the work done that was asked, the same in every run, by what was named?"""

import re
from collections.abc import Iterator
from dataclasses import fields

from bench.files.layout import OUTCOMES
from bench.nouns import Loaded, Outcome, RunSpec, Usage
from bench.physics.delivery import failed
from bench.run.checks.case import Case, Folder
from bench.run.checks.line import AuditLine, Expectation, Lines, told

# MLPerf rules, inference_rules.adoc: tokens a sample between 90 and 110 % of the reference.
_WORK_RATIO = 0.10
_SHA256 = re.compile(r"[0-9a-f]{64}")

_DONE = Expectation(name="no failed request", expected="every request was answered")
_ASKED = Expectation(name="work as asked", expected=f"achieved is asked (fail: {_WORK_RATIO:.0%} off)")
_SEED = Expectation(name="seed and payload", expected="the same in all runs of a cell")
_LOADED = Expectation(name="loaded as asked", expected="engine, version, precision, weights")


def no_failed_request(case: Case) -> Lines:
    """ML.ENERGY, check_request_success: a request that failed took energy and delivered nothing."""
    outcomes = case.run.outcomes
    if not outcomes:
        return (_DONE.failed("no request was answered", case.at(OUTCOMES)),)
    short = (_DONE.failed(v.evidence, case.at(OUTCOMES)) for v in failed(outcomes))
    return told(short, _DONE.passed(f"{len(outcomes)} of {len(outcomes)}", case.at(OUTCOMES)))


def work_as_asked(case: Case) -> Lines:
    """Per-token figures divide by work that was counted; what was only asked for is no denominator."""
    outcomes = [o for o in case.run.outcomes if not o.error]
    short = []
    for field in fields(Usage):
        asked = [o for o in outcomes if getattr(o.requested, field.name) is not None]
        off = [o for o in asked if getattr(o.achieved, field.name) != getattr(o.requested, field.name)]
        if off:
            short.append(_off(case, field.name, asked, off))
    return told(short, _ASKED.passed("equal", case.at(OUTCOMES)))


def _off(case: Case, unit: str, asked: list[Outcome], off: list[Outcome]) -> AuditLine:
    """One unit of work that some request did not do as asked."""
    where = case.at(OUTCOMES)
    if any(getattr(o.achieved, unit) is None for o in off):
        return _ASKED.warned(f"{unit} is not counted by the engine", where)
    wanted, did = (sum(getattr(getattr(o, side), unit) for o in asked) for side in ("requested", "achieved"))
    apart = abs(did - wanted) / wanted if wanted else 1.0
    said = f"{unit}: asked {wanted:g}, did {did:g}, in {len(off)} of {len(asked)} requests otherwise"
    return (_ASKED.failed if apart > _WORK_RATIO else _ASKED.warned)(said, where)


def seed_and_payload(folder: Folder) -> Iterator[AuditLine]:
    """MLPerf rules: random numbers from fixed seeds, and a data set unchanged, by its checksum, at each run."""
    first: dict[str, Case] = {}
    for case in folder.cells:
        spec = case.run.spec
        mine = (spec.workload_sha256, spec.seed)
        before = first.setdefault(str(spec.cell), case)
        others = (before.run.spec.workload_sha256, before.run.spec.seed)
        if not _SHA256.fullmatch(spec.workload_sha256):
            yield _SEED.failed(f"{spec.workload_sha256!r} is no sha256", case.at())
        elif mine != others:
            said = f"{mine[0][:12]}…, seed {mine[1]}; {before.id} has {others[0][:12]}…, seed {others[1]}"
            yield _SEED.failed(said, case.at())
        else:
            yield _SEED.passed("the same", case.at())


def loaded_as_asked(case: Case) -> Lines:
    """MLPerf rules: the system is consistent with its description. What ran is kept beside what was asked."""
    spec, loaded = case.run.spec, case.run.loaded
    pairs = (
        ("engine", spec.cell.engine, loaded.engine, _LOADED.failed),
        ("weights", spec.weights, loaded.weights, _LOADED.failed),
        ("engine version", spec.engine_version, _own_version(spec, loaded), _LOADED.warned),
        ("precision", spec.cell.precision, loaded.precision, _LOADED.warned),
    )
    short = [
        judge(f"{what}: asked {asked}, loaded {found}", case.at())
        for what, asked, found, judge in pairs
        if asked != found
    ]
    return told(short, _LOADED.passed("as asked", case.at()))


def _own_version(spec: RunSpec, loaded: Loaded) -> str:
    """The engine's, without the library that computes in this precision: "5.23.0, torchao 0.18.0" is 5.23.0."""
    asked, found = spec.engine_version, loaded.engine_version
    return asked if found.startswith(f"{asked}, ") else found
