"""Is the power what such a machine can draw, and idle the same whenever it is asked?"""

from bench.files.store import READINGS
from bench.nouns import Run, Source, WindowEnergy
from bench.run.checks.case import Case
from bench.run.checks.line import Lines, Rule, told
from bench.stats import mean
from bench.units import S_PER_NS

# ML.ENERGY, check_power_range: an average up to 1.1 times the board's power, an instant up to 1.7 times.
_AVERAGE_RATIO, _INSTANT_RATIO = 1.1, 1.7
_BELOW_IDLE_RATIO = 0.95  # the board's gain is common to both; 5 % is what two idles may differ by (below)
# A desktop's or an agent's housekeeping keeps below this, as in the verdict "busy machine".
_IDLES_APART_RATIO = 0.05

_BOUNDS = Rule(name="power in bounds", expected="at work between idle and the limit")
_HALVES = Rule(name="idle repeats", expected=f"both halves within {_IDLES_APART_RATIO:.0%}")


def power_in_bounds(case: Case) -> Lines:
    """Work draws more than rest, and no board draws more than it is allowed to: else the sensor is wrong."""
    short = []
    for source in case.live:
        mine = [e for e in case.work_energies if e.domain == source.domain]
        idle_w = _idle_w(case, source)
        for e in mine:
            power_w = mean_power_w(e)
            where = case.at(window=e, domain=source.domain)
            if source.power_limit_w and power_w > source.power_limit_w * _AVERAGE_RATIO:
                short.append(_BOUNDS.failed(f"{power_w:.0f} W, limit {source.power_limit_w:.0f} W", where))
            if idle_w is not None and power_w < idle_w * _BELOW_IDLE_RATIO:
                short.append(_BOUNDS.failed(f"{power_w:.1f} W, idle {idle_w:.1f} W", where))
        peak_w = _peak_w(case, source)
        if source.power_limit_w and peak_w > source.power_limit_w * _INSTANT_RATIO:
            said = f"a reading of {peak_w:.0f} W, limit {source.power_limit_w:.0f} W"
            short.append(_BOUNDS.warned(said, case.at(READINGS, domain=source.domain)))
    if not case.work_energies:
        return (_BOUNDS.skipped("no work window has an energy", case.at()),)
    return told(short, _BOUNDS.passed("within", case.at()))


def idle_repeats(case: Case) -> Lines:
    """Idle is measured in two halves: where they differ something else ran, or the board had not settled."""
    short, pairs = [], 0
    for source in case.live:
        for kind in ("bare", "resident"):
            halves = [mean_power_w(e) for e in _idles(case, source, kind)]
            if len(halves) < 2:
                continue
            pairs += 1
            apart = (max(halves) - min(halves)) / mean(halves) if mean(halves) else 0.0
            if apart > _IDLES_APART_RATIO:
                said = f"{kind}: {' and '.join(f'{w:.1f} W' for w in halves)}, {apart:.0%} apart"
                short.append(_HALVES.warned(said, case.at(domain=source.domain)))
    if not pairs:
        return (_HALVES.skipped("no idle was measured twice", case.at()),)
    return told(short, _HALVES.passed("they are", case.at()))


def mean_power_w(energy: WindowEnergy) -> float:
    """The mean power of a window (W) that has an energy."""
    assert energy.energy_j is not None
    return energy.energy_j / (max(1, energy.end_ns - energy.start_ns) * S_PER_NS)


def _idles(case: Case, source: Source, kind: str) -> list[WindowEnergy]:
    return [
        e
        for e in case.sealed.published.energies
        if e.domain == source.domain and e.phase == "idle" and e.label.startswith(kind) and e.energy_j is not None
    ]


def _idle_w(case: Case, source: Source) -> float | None:
    """The resident idle of a domain in which this run's work was done; None for another's."""
    run = case.sealed.run
    if run is None or not _worked_on(run, source):
        return None
    idles = _idles(case, source, "resident")
    return mean([mean_power_w(e) for e in idles]) if idles else None


def _worked_on(run: Run, source: Source) -> bool:
    return source.device == run.loaded.device if source.boundary == "gpu" else run.loaded.device == "cpu"


def _peak_w(case: Case, source: Source) -> float:
    found = (
        max(s.values, default=0.0)
        for (d, _, kind), s in case.known.items()
        if (d, kind) == (source.domain, "power")
    )
    return max(found, default=0.0)
