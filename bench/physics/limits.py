"""Figures that physics forbids: more power than the board may draw, less than it draws at rest."""

from collections.abc import Sequence

from bench.nouns import Run, Source, Verdict, WindowEnergy
from bench.physics import rules
from bench.physics.phases import idle, work
from bench.stats import mean
from bench.units import S_PER_NS


def forbidden(source: Source, run: Run, energies: Sequence[WindowEnergy]) -> list[Verdict]:
    """Mean powers of a measured domain that cannot be; a model is no evidence of its own faults."""
    if source.basis != "measured":
        return []
    mine = [e for e in energies if e.domain == source.domain and e.energy_j is not None]
    return [*_above_limit(source, mine), *(_below_idle(source, mine) if _worked(run, source) else [])]


def _above_limit(source: Source, energies: Sequence[WindowEnergy]) -> list[Verdict]:
    limit_w = source.power_limit_w
    if not limit_w or not energies:
        return []
    worst = max(energies, key=mean_power_w)
    evidence = f"mean power {mean_power_w(worst):.0f} W in {worst.phase} {worst.label}, limit {limit_w:.0f} W"
    return rules.ABOVE_LIMIT.graded(mean_power_w(worst) / limit_w, source.domain, evidence)


def _below_idle(source: Source, energies: Sequence[WindowEnergy]) -> list[Verdict]:
    at_rest = [mean_power_w(e) for e in idle(energies, "resident")]
    # what a preparation does may be done elsewhere: a video is decoded by the CPU
    least_w = min((mean_power_w(e) for e in work(energies) if e.phase == "work"), default=None)
    if not at_rest or least_w is None or least_w >= mean(at_rest) * rules.BELOW_IDLE_RATIO:
        return []
    evidence = f"mean power {least_w:.1f} W at work, {mean(at_rest):.1f} W at idle"
    return [rules.BELOW_IDLE.voids(source.domain, evidence)]


def _worked(run: Run, source: Source) -> bool:
    """Whether the engine's work was done in this domain."""
    own_cpu = run.loaded.device == "cpu" and source.boundary in ("cpu", "platform")
    return own_cpu or source.device == run.loaded.device


def mean_power_w(energy: WindowEnergy) -> float:
    """The mean power (W) of a window that has an energy."""
    assert energy.energy_j is not None
    return energy.energy_j / (max(1, energy.end_ns - energy.start_ns) * S_PER_NS)
