"""Reasons not to believe a run, gathered. Each names its evidence, its remedy and the domain that it touches."""

from collections.abc import Sequence

from bench.nouns import Domain, Run, Source, Verdict, WindowEnergy
from bench.physics.contamination import busy_board, busy_idle, foreign_cpu, foreign_work, stolen_time
from bench.physics.delivery import undelivered
from bench.physics.drift import drifts
from bench.physics.events import slowed
from bench.physics.floor import underpriced
from bench.physics.latency import late
from bench.physics.limits import forbidden
from bench.physics.phases import work
from bench.physics.sensed import ill_sensed, unsensed
from bench.physics.series import series
from bench.physics.served_work import misplaced


def judge(run: Run, energies: Sequence[WindowEnergy]) -> tuple[Verdict, ...]:
    """Every verdict on a run, voids first, in a fixed order."""
    known = series(run.trace.observations)
    windows = work(run.trace.windows)
    found = [*unsensed(run), *undelivered(run), *late(run)]
    for source in run.sources:
        if source.basis == "excluded":
            continue
        found += ill_sensed(source, known, run, energies)
        found += slowed(source, known, run.trace.windows)
        if source.device == run.loaded.device:
            found += drifts(source, known, windows)
        found += forbidden(source, run, energies)
        found += underpriced(source, run, energies)
    found += misplaced(run, energies)
    found += stolen_time(known, run.sources, windows)
    found += foreign_cpu(known, run.sources, windows)
    found += busy_idle(known, run)
    found += busy_board(known, run)
    found += foreign_work(known, run)
    return tuple(sorted(found, key=lambda v: v.level != "void"))


def voided(verdicts: Sequence[Verdict], domain: Domain) -> tuple[str, ...]:
    """The names and evidence of the verdicts that void `domain`."""
    return tuple(f"{v.name}: {v.evidence}" for v in verdicts if v.level == "void" and v.domain in (None, domain))


def spoilt(sources: Sequence[Source], device: str, verdicts: Sequence[Verdict]) -> bool:
    """Whether a run lacks the figures it was made for: all that is read is void, or the engine's own device is.

    A GPU that stood by while the CPU did the work is no figure of the run's.
    """
    voided_domains = {v.domain for v in verdicts if v.level == "void"}
    mine = [s for s in sources if device != "cpu" or s.boundary != "gpu"]
    live = [s for s in mine if s.basis != "excluded" and s.domain not in voided_domains]
    return (
        None in voided_domains
        or not live
        or any(s.domain in voided_domains for s in sources if s.device == device)
    )
