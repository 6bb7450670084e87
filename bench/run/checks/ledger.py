"""Is measured only what was measured, is every gap told with its reason, and nothing left out?"""

from bench.nouns import Source
from bench.physics.doubles import pretends
from bench.physics.phases import work
from bench.physics.ticks import LONGEST_SEARCH_S
from bench.run.checks.case import Case
from bench.run.checks.line import AuditLine, Expectation, Lines, told
from bench.units import S_PER_NS, counted

# The methods by which each basis comes to its joules: bench/physics/energy.py.
_METHODS = {"measured": ("counter", "power"), "modelled": ("model",)}
# Stand-ins for the tests, by the stems of their files.
_DOUBLE_METERS, _DOUBLE_ENGINES = ("constant", "replay"), ("echo",)
_MODELS = ("host_model", *_DOUBLE_METERS)

# An energy ends on the ticks around its window, which are looked for so far away. Half of a trailing mean and its
# lateness widen a window too: by less than a second.
_EDGES_S = LONGEST_SEARCH_S + 1.0

_BASIS = Expectation(name="basis", expected="modelled is never called measured")
_REASONS = Expectation(name="reasons", expected="no gap without a why, none at 0 J")
_COMPLETE = Expectation(name="complete", expected="a line for each window and domain")
_DOUBLES = Expectation(name="no test doubles", expected="no pretend engine or meter")
_VERDICTS = Expectation(name="verdicts", expected="nothing void, nothing flagged")


def basis(case: Case) -> Lines:
    """A model's figure that is called measured is the lie this ledger is kept against."""
    sources = {s.domain: s for s in case.sealed.sources}
    short = [line for s in sources.values() for line in _source_basis(case, s)]
    for e in case.sealed.published.energies:
        source, where = sources.get(e.domain), case.at(window=e, domain=e.domain)
        if source is None:
            short.append(_BASIS.failed("an energy of a domain that is no source", where))
        elif (e.basis, e.boundary, e.device) != (source.basis, source.boundary, source.device):
            said = f"{e.basis} {e.boundary} of {e.device}, the source is {source.basis} {source.boundary}"
            short.append(_BASIS.failed(said, where))
        elif e.energy_j is not None and e.method not in _METHODS.get(e.basis, ()):
            short.append(_BASIS.failed(f"{e.basis}, yet {e.energy_j:.5g} J by {e.method!r}", where))
        elif e.basis == "excluded" and (e.low_j, e.high_j, e.witness_j) != (None, None, None):
            short.append(_BASIS.failed("excluded, yet with bounds or a witness", where))
    labels = sorted({f"{s.domain} {s.basis}" for s in sources.values()})
    return told(short, _BASIS.passed(", ".join(labels), case.at()))


def _source_basis(case: Case, source: Source) -> Lines:
    where = case.at(domain=source.domain)
    if source.basis == "measured" and (source.meter in _MODELS or source.boundary == "host"):
        return (_BASIS.failed(f"{source.meter} tells boundary {source.boundary}, called measured", where),)
    shared = source.details.get("virtualization")
    if source.basis == "measured" and isinstance(shared, str) and shared.startswith("mode"):
        return (_BASIS.failed(f"a shared board ({shared}), called measured", where),)
    return ()


def reasons(case: Case) -> Lines:
    """A failed read has been sold as 0 kWh elsewhere. Absence is none with a reason; zero is a measurement."""
    short = [
        _REASONS.failed("excluded without a reason", case.at(domain=s.domain))
        for s in case.sealed.sources
        if s.basis == "excluded" and not (s.reason or "").strip()
    ]
    for e in case.sealed.published.energies:
        where = case.at(window=e, domain=e.domain)
        if e.energy_j is None and not e.reasons:
            short.append(_REASONS.failed(f"{e.basis}, no energy and no reason", where))
        if e.energy_j is not None and e.energy_j <= 0:
            short.append(_REASONS.failed(f"{e.energy_j:g} J: no machine that is on draws nothing", where))
    return told(short, _REASONS.passed("every one", case.at()))


def complete(case: Case) -> Lines:
    """A window or a domain that is left out is a choice; choices are told."""
    found = [(e.phase, e.label, e.domain) for e in case.sealed.published.energies]
    expected = {(w.phase, w.label, s.domain) for w in case.sealed.trace.windows for s in case.sealed.sources}
    short: list[AuditLine] = []
    for phase, label, domain in sorted(expected.symmetric_difference(found)):
        what = "missing" if (phase, label, domain) in expected else "of no window or source"
        short.append(_COMPLETE.failed(f"{phase} {label}: {what}", case.at(domain=domain)))
    if len(found) != len(set(found)):
        short.append(_COMPLETE.failed(f"{len(found) - len(set(found))} lines stand there twice", case.at()))
    windows = {(w.phase, w.label): w for w in case.sealed.trace.windows}
    for e in case.sealed.published.energies:
        w = windows.get((e.phase, e.label))
        off_s = max(abs(e.start_ns - w.start_ns), abs(e.end_ns - w.end_ns)) * S_PER_NS if w else 0.0
        if off_s > _EDGES_S:
            short.append(_COMPLETE.failed(f"its edges are {off_s:.1f} s off", case.at(window=e, domain=e.domain)))
    return told(short, _COMPLETE.passed(counted(len(found), "line"), case.at()))


def no_test_doubles(case: Case) -> Lines:
    """An engine that only waits, a meter that only declares: fit for a demo, and for nothing that is measured."""
    run = case.sealed.run
    pretend = [f"engine {run.loaded.engine}"] if run and run.loaded.engine in _DOUBLE_ENGINES else []
    pretend += [f"meter {s.meter}" for s in case.live if s.meter in _DOUBLE_METERS]
    pretend += [f"board {s.device_name}" for s in case.live if pretends(s) and s.meter not in _DOUBLE_METERS]
    if not pretend:
        return (_DOUBLES.passed("none", case.at()),)
    measured = [s.domain for s in case.live if s.basis == "measured" and not pretends(s)]
    if measured:
        return (_DOUBLES.failed(f"{', '.join(pretend)} beside measured {', '.join(measured)}", case.at()),)
    return (_DOUBLES.warned(f"{', '.join(pretend)}: a demo, no measurement", case.at()),)


def verdicts(case: Case) -> Lines:
    """Each reason not to believe the run, as it was sealed; a command's gaps, which no verdict speaks of."""
    short = [
        (_VERDICTS.failed if v.level == "void" else _VERDICTS.warned)(
            f"{v.level}, {v.name}: {v.evidence}", case.at(domain=v.domain)
        )
        for v in case.sealed.published.verdicts
    ]
    if case.sealed.run is None:
        short += [
            _VERDICTS.failed("; ".join(e.reasons) or "no energy", case.at(window=e, domain=e.domain))
            for e in work(case.sealed.published.energies)
            if e.energy_j is None and e.basis != "excluded"
        ]
    return told(short, _VERDICTS.passed("none", case.at()))
