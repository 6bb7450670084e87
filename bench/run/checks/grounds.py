"""Is what a run leans on what it says: the meter's gain, a passport by known steps, its batch, its workload?"""

from collections import Counter
from collections.abc import Iterator

from bench import __version__
from bench.errors import BadInput
from bench.files.layout import OUTCOMES
from bench.files.workloads import workload_sha256
from bench.nouns import Passport, Source
from bench.physics.gains import GAIN_RATIO_95
from bench.run.checks.case import Case, Folder
from bench.run.checks.line import AuditLine, Expectation, Lines, told

_OTHERS = ("host_model", "replay", "constant")
_GAIN = Expectation(name="gain of meters", expected="what the meter's own sources say")
_STEPS = Expectation(name="passport of steps", expected="lies here, and is the one that was used")
_BATCH = Expectation(name="batch as run", expected="as many requests together as the cell says")
_SHIPPED = Expectation(name="workload as shipped", expected="this release's, by its sha256")


def gain_of_meters(case: Case) -> Lines:
    """A smaller gain in the seal narrows every interval, and verify would recompute the same from it."""
    short = []
    for source in case.sealed.sources:
        wanted = GAIN_RATIO_95.get(source.meter, 0.0) if source.basis == "measured" else 0.0
        if source.meter in _OTHERS:
            continue  # no gain of its own: "basis" says where one of them is called measured
        if source.gain_ratio_95 != wanted and (source.meter in GAIN_RATIO_95 or source.basis != "measured"):
            said = f"{source.gain_ratio_95:g}, the meter {source.meter!r} says {wanted:g}"
            short.append(_GAIN.failed(said, case.at(domain=source.domain)))
        elif source.basis == "measured" and source.meter not in GAIN_RATIO_95:
            said = f"{source.gain_ratio_95:g} of {source.meter!r}, a meter of somebody else's"
            short.append(_GAIN.warned(said, case.at(domain=source.domain)))
    return told(short, _GAIN.passed("as the meters say", case.at()))


def passport_of_steps(folder: Folder) -> Iterator[AuditLine]:
    """A passport decides what a sensor is taken to see: half of the interval may hang on it."""
    known = {case.id: case for case in folder.cases if case.sealed.kind == "passport"}
    for case in folder.cases:
        if case.sealed.kind == "passport":
            continue
        short = [
            line
            for source in case.sealed.sources
            if source.passport and source.passport.steps
            for line in _named(case, source, source.passport, known)
        ]
        yield from told(short, _STEPS.passed("as found, or none is named", case.at()))


def _named(case: Case, source: Source, used: Passport, known: dict[str, Case]) -> Lines:
    where = case.at(domain=source.domain)
    if not used.id:
        return (_STEPS.failed(f"{used.steps} steps of a run without a name", where),)
    if used.id not in known:
        return (_STEPS.warned(f"{used.id}: it lies in another folder, and nothing here proves it", where),)
    sealed = known[used.id].sealed
    found = [sealed.published.passports.get(s.domain) for s in sealed.sources if s.device == source.device]
    if used not in found:
        return (_STEPS.failed(f"{used.id} found something else of {source.device}", where),)
    return ()


def batch_as_run(case: Case) -> Lines:
    """Batching shares the weights' traffic: a figure under another batch is another figure."""
    cell = case.run.spec.cell
    if cell.concurrency > 1 or cell.rate is not None or cell.load is not None:
        return (_BATCH.skipped("a server makes its own batches", case.at(OUTCOMES)),)
    sizes = Counter(o.batch_id for o in case.run.outcomes)
    if not sizes:
        return (_BATCH.skipped("no request was answered", case.at(OUTCOMES)),)
    # a window's last batch may be short of requests, never the largest
    if max(sizes.values()) != cell.batch:
        said = f"{max(sizes.values())} requests in the largest batch, the cell says {cell.batch}"
        return (_BATCH.failed(said, case.at(OUTCOMES)),)
    return (_BATCH.passed(f"batches of {cell.batch}", case.at(OUTCOMES)),)


def workload_as_shipped(folder: Folder) -> Iterator[AuditLine]:
    """A name stands for one set of requests. Another release's may differ; one of this release must not."""
    shipped_by_name: dict[str, str | None] = {}
    for record in folder.records:
        if record.case is None or record.case.sealed.run is None:
            continue
        spec = record.case.run.spec
        name = spec.cell.workload
        if name not in shipped_by_name:
            shipped_by_name[name] = _shipped_sha256(name)
        shipped = shipped_by_name[name]
        if shipped is None:
            yield _SHIPPED.warned(f"{name}: not one of this release's", record.at())
            continue
        if spec.workload_sha256 == shipped:
            yield _SHIPPED.passed("the same", record.at())
            continue
        said = f"{name}: {spec.workload_sha256[:12]}…, this release's is {shipped[:12]}…"
        own = record.stated.get("joulemark_version") == __version__
        yield (_SHIPPED.failed if own else _SHIPPED.warned)(said, record.at())


def _shipped_sha256(name: str) -> str | None:
    try:
        return workload_sha256(name)
    except BadInput:
        return None
