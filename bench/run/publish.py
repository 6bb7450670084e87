"""What a run publishes: energies at the published precision, and the verdicts on them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from bench.files.store import Published, Sealed
from bench.fit.rows import Measured
from bench.nouns import (
    Domain,
    Fault,
    FieldPassport,
    Outcome,
    Passport,
    Precision,
    Run,
    Source,
    Times,
    Trace,
    WindowEnergy,
)
from bench.physics.doubles import unmasked
from bench.physics.energy import window_energies
from bench.physics.latency import times
from bench.physics.look import look_at
from bench.physics.passport import examine
from bench.physics.phases import work
from bench.physics.precision import main_source, precision, wider_than_asked
from bench.physics.series import series
from bench.physics.steps import Busy, from_steps
from bench.physics.verdict import judge
from bench.run.scored import quality_of
from bench.stats import significant


def published(run: Run) -> Published:
    """The figures of a run, from its readings and outcomes alone."""
    energies = rounded_energies(run.trace, run.sources, (), run.outcomes)
    found = _precision(run)
    verdicts = (*judge(run, energies), *wider_than_asked(run.spec.timing, found))
    passports = passports_of(run.trace, run.sources)
    return Published(
        energies=energies, verdicts=verdicts, passports=passports, precision=found, times=_rounded_times(run),
        quality=quality_of(run),
    )  # fmt: skip


def _rounded_times(run: Run) -> Mapping[str, Times]:
    return {
        name: replace(
            one,
            mean_s=significant(one.mean_s),
            least_s=significant(one.least_s),
            most_s=significant(one.most_s),
            quantiles_s={share: significant(value) for share, value in one.quantiles_s.items()},
        )
        for name, one in times(run).items()
    }


def passports_of(trace: Trace, sources: tuple[Source, ...]) -> Mapping[Domain, Passport]:
    """What each measured sensor is, by what was known before and by the readings of this trace."""
    known = series(trace.observations)
    found = {s.domain: examine(s, known) for s in sources if s.basis == "measured"}
    return {domain: _rounded_passport(one) for domain, one in found.items()}


def passports_by_steps(id_: str, trace: Trace, sources: tuple[Source, ...]) -> Mapping[Domain, Passport]:
    """What the known steps of a trace show of each measured sensor; one that they did not move keeps the rest."""
    known = series(trace.observations)
    steps = tuple(Busy(w.start_ns, w.end_ns) for w in trace.windows)
    found = {s.domain: from_steps(s, known, steps, id_) for s in sources if s.basis == "measured"}
    return {domain: _rounded_passport(one) for domain, one in found.items()}


def _rounded_passport(passport: Passport) -> Passport:
    return replace(passport, fields=_rounded_fields(passport))


def _rounded_fields(passport: Passport) -> Mapping[str, FieldPassport]:
    def shorter(field: FieldPassport) -> FieldPassport:
        return replace(
            field,
            update_s=_shorter(field.update_s),
            window_s=_shorter(field.window_s),
            lag_s=_shorter(field.lag_s),
            noise_w=_shorter(field.noise_w),
        )

    return {name: shorter(field) for name, field in passport.fields.items()}


def _precision(run: Run) -> Precision | None:
    """How well the run knows its energy per unit of work, in the domain that it is about."""
    source = main_source(run.sources, run.loaded.device)
    if source is None:
        return None
    look = look_at(source, series(run.trace.observations))
    found = precision(look, work(run.trace.windows), run.outcomes)
    return found and replace(found, half_width_ratio=_shorter(found.half_width_ratio))


def rounded_energies(
    trace: Trace,
    sources: tuple[Source, ...],
    faults: tuple[Fault, ...] = (),
    outcomes: tuple[Outcome, ...] = (),
) -> tuple[WindowEnergy, ...]:
    """The energies of every window and domain, at seven significant digits."""
    return tuple(rounded(e) for e in unmasked(window_energies(trace, sources, faults, outcomes), sources))


def measured(sealed: Sealed) -> Measured:
    """A sealed run as the fit takes it, with the energies that it published."""
    assert sealed.run is not None, "a metered command has no coefficients"
    return Measured(run=sealed.run, energies=sealed.published.energies, verdicts=sealed.published.verdicts)


def measured_runs(sealed: Iterable[Sealed]) -> list[Measured]:
    """What coefficients are fitted on, in one order: that of their folders' names.

    A metered command is no run; and idle and load of a run that had other models loaded with it are not its own.
    """
    ordered = sorted(sealed, key=lambda s: s.folder.name)
    return [measured(one) for one in ordered if one.run is not None and not one.run.spec.beside]


def rounded(energy: WindowEnergy) -> WindowEnergy:
    """The same energy with its figures at seven significant digits."""

    return replace(
        energy,
        energy_j=_shorter(energy.energy_j),
        low_j=_shorter(energy.low_j),
        high_j=_shorter(energy.high_j),
        witness_j=_shorter(energy.witness_j),
        components={k: significant(v) for k, v in sorted(energy.components.items())},
        peers={k: significant(v) for k, v in sorted(energy.peers.items())},
        over_peers_j={k: significant(v) for k, v in sorted(energy.over_peers_j.items())},
    )


def _shorter(value: float | None) -> float | None:
    return None if value is None else significant(value)
