"""What a run publishes: energies at the published precision, and the verdicts on them."""

from dataclasses import replace

from bench.files.store import Published, Sealed
from bench.fit.rows import Measured
from bench.nouns import Fault, Run, Source, Trace, WindowEnergy
from bench.physics.energy import window_energies
from bench.physics.verdict import judge
from bench.stats import significant


def published(run: Run) -> Published:
    """The figures of a run, from its readings and outcomes alone."""
    energies = rounded_energies(run.trace, run.sources)
    return Published(energies=energies, verdicts=judge(run, energies))


def rounded_energies(
    trace: Trace, sources: tuple[Source, ...], faults: tuple[Fault, ...] = ()
) -> tuple[WindowEnergy, ...]:
    """The energies of every window and domain, at seven significant digits."""
    return tuple(rounded(e) for e in window_energies(trace, sources, faults))


def measured(sealed: Sealed) -> Measured:
    """A sealed run as the fit takes it, with the energies that it published."""
    assert sealed.run is not None, "a metered command has no coefficients"
    return Measured(run=sealed.run, energies=sealed.published.energies, verdicts=sealed.published.verdicts)


def rounded(energy: WindowEnergy) -> WindowEnergy:
    """The same energy with its figures at seven significant digits."""

    def shorter(value: float | None) -> float | None:
        return None if value is None else significant(value)

    return replace(
        energy,
        energy_j=shorter(energy.energy_j),
        low_j=shorter(energy.low_j),
        high_j=shorter(energy.high_j),
        witness_j=shorter(energy.witness_j),
        components={k: significant(v) for k, v in sorted(energy.components.items())},
    )
