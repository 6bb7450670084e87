"""Which figures of a run stand, and which its verdicts took away: asked by every part of the page."""

from bench.nouns import Domain, Verdict, WindowEnergy
from bench.physics.verdict import voided
from bench.report.views import RunView
from bench.report.words import rate_domain


def is_void(run: RunView, one: WindowEnergy) -> bool:
    """Whether a figure is taken away, by its own window or by a verdict on its domain."""
    return one.basis != "excluded" and (one.energy_j is None or bool(voided(run.verdicts, one.domain)))


def beside(run: RunView) -> tuple[tuple[WindowEnergy, str], ...]:
    """What other tools say of this run's windows: each window that has a figure, with the label of each tool's."""
    return tuple((one, label) for one in run.energies if not is_void(run, one) for label in one.peers)


def is_silent(run: RunView, domain: Domain) -> bool:
    """Whether a domain that was to be read has no figure in any window of the run."""
    mine = [one for one in run.energies if one.domain == domain]
    return bool(mine) and all(is_void(run, one) for one in mine)


def void_rates(run: RunView, name: str) -> bool:
    """Whether a rate rests on a domain (or on any domain of a boundary) that a verdict took away."""
    where = rate_domain(name)
    if not where:
        return any(v.level == "void" for v in run.verdicts)
    domains = {where, *(e.domain for e in run.energies if e.boundary == where and e.basis != "excluded")}
    return any(voided(run.verdicts, domain) for domain in domains)


def concerns(verdict: Verdict, one: WindowEnergy) -> bool:
    """Whether a verdict speaks about this window's domain."""
    return verdict.domain in (None, one.domain)
