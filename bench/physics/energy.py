"""The energy of a window in every domain: joules, interval, witness, components, or a gap with its reason.

Counters are primary; integrated power is an independent witness, and stands in where no counter ticks.
Standard uncertainties are combined in quadrature (JCGM 100:2008, eq. 10) and widened to 95 % (k = 1.96).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from bench.nouns import Domain, Fault, Source, Trace, Window, WindowEnergy
from bench.physics import counter, gauge
from bench.physics.series import Kind, Series, series
from bench.units import S_PER_NS

COVERAGE_95 = 1.96
# Witness rules: counter and integral of one sensor agree within 2 % in windows of 10 s or more
# (≤ 1 %: Zeus issue 12; ≤ 2 % from 200 ms on: Ma et al., arXiv:2605.11999; checked 2026-11-21).
WITNESS_WINDOW_S = 10.0
WITNESS_FLAG_RATIO = 0.02
WITNESS_VOID_RATIO = 0.05
_LONGEST_POWER_GAP_S = 1.0
_FEW_TICKS = 10
# `average` (and `usage` on newer boards) is the mean of the last second, renewed every 100 ms (Yang, Adamek,
# Armour, arXiv:2312.02741, table 2; checked 2026-11-21): a step in power arrives half of both late on average.
_AVERAGE_S = 1.0
_AVERAGE_LAG_S = (_AVERAGE_S + 0.1) / 2
# No board draws twice its enforced limit over a whole window: the counter jumped, or changed its unit.
_IMPOSSIBLE_RATIO = 2.0

SeriesMap = Mapping[tuple[Domain, str, Kind], Series]
TickMap = Mapping[tuple[Domain, str], counter.Ticks]


def window_energies(
    trace: Trace, sources: Sequence[Source], faults: Sequence[Fault] = ()
) -> tuple[WindowEnergy, ...]:
    """The energy of every window in every domain, in the order of windows, then of sources.

    `faults` leave their domain without any.
    """
    known = series(trace.observations)
    marks = {
        (domain, field): counter.ticks(found, _tick_s(sources, domain))
        for (domain, field, kind), found in known.items()
        if kind == "energy"
    }
    why = {fault.domain: fault.reason for fault in faults}
    return tuple(
        void(window, source, (fault,))
        if source.basis != "excluded" and (fault := why.get(None) or why.get(source.domain))
        else _window_energy(window, source, known, marks)
        for window in trace.windows
        for source in sources
    )


def _tick_s(sources: Sequence[Source], domain: Domain) -> float:
    for source in sources:
        if source.domain == domain:
            tick = source.details.get("tick_s")
            return float(tick) if isinstance(tick, (int, float)) else 0.0
    return 0.0


def _window_energy(window: Window, source: Source, known: SeriesMap, marks: TickMap) -> WindowEnergy:
    if source.basis == "excluded":
        return void(window, source, (source.reason or "excluded",))
    if source.basis == "modelled":
        return _modelled(window, source, marks)
    counted = _counted(window, source, marks)
    if isinstance(counted, WindowEnergy):
        return _witnessed(counted, source, known)
    integrated = _integrated(window, source, known, counted or "no energy counter")
    if isinstance(integrated, WindowEnergy):
        return integrated
    return void(window, source, tuple(reason for reason in (counted, integrated) if reason))


def void(window: Window, source: Source, reasons: tuple[str, ...]) -> WindowEnergy:
    """A window whose energy is not known, with the reasons."""
    return _energy(window, source, None, None, None, window.start_ns, window.end_ns, "none", reasons=reasons)


def _energy(
    window: Window,
    source: Source,
    energy_j: float | None,
    low_j: float | None,
    high_j: float | None,
    start_ns: int,
    end_ns: int,
    method: str,
    *,
    components: Mapping[str, float] | None = None,
    flags: tuple[str, ...] = (),
    reasons: tuple[str, ...] = (),
) -> WindowEnergy:
    return WindowEnergy(
        domain=source.domain,
        device=source.device,
        boundary=source.boundary,
        basis=source.basis,
        energy_j=energy_j,
        low_j=low_j,
        high_j=high_j,
        start_ns=start_ns,
        end_ns=end_ns,
        method=method,
        components=components or {},
        flags=flags,
        reasons=reasons,
        phase=window.phase,
        label=window.label,
    )


def _counted(window: Window, source: Source, marks: TickMap) -> WindowEnergy | str:
    found = marks.get((source.domain, "counter"))
    if found is None:
        return "" if "counter" not in source.fields else "the counter gave no reading"
    between = counter.energy_between(found, window.start_ns, window.end_ns)
    if isinstance(between, str):
        return between
    energy_j = between.energy_j
    if energy_j <= 0:
        return "the counter did not move"
    span_s = (between.end_ns - between.start_ns) * S_PER_NS
    if source.power_limit_w and energy_j / span_s > source.power_limit_w * _IMPOSSIBLE_RATIO:
        return f"the counter rose by {energy_j / span_s:.0f} W, on a board limited to {source.power_limit_w:.0f} W"
    components = {
        "tick_j": energy_j / span_s * between.timing_s,
        "gain_j": energy_j * source.gain_ratio_95 / COVERAGE_95,
    }
    outside_s = span_s - window.duration_s
    flags: tuple[str, ...] = ()
    if between.ticks < _FEW_TICKS:
        flags = (
            f"only {between.ticks} counter ticks: {outside_s:.3f} s of the {span_s:.3f} s "
            "are not the window's own",
        )
    low_j, high_j = _interval(energy_j, components)
    return _energy(
        window, source, energy_j, low_j, high_j, between.start_ns, between.end_ns, "counter",
        components=components, flags=flags,
    )  # fmt: skip


def _integrated(window: Window, source: Source, known: SeriesMap, why: str) -> WindowEnergy | str:
    field = _power_field(source, known)
    if field is None:
        return "no power field answered"
    found = gauge.integrate(known[source.domain, field, "power"], window.start_ns, window.end_ns)
    if isinstance(found, str):
        return found
    if found.longest_gap_s > _LONGEST_POWER_GAP_S:
        return f"a gap of {found.longest_gap_s:.2f} s between power readings"
    if found.energy_j <= 0:
        return "the power field read 0 W throughout"
    components = {
        "coverage_j": found.coverage_j,
        "gain_j": found.energy_j * source.gain_ratio_95 / COVERAGE_95,
    }
    if field != "instant":
        components["lag_j"] = _lag_j(known[source.domain, field, "power"], window) / COVERAGE_95
    low_j, high_j = _interval(found.energy_j, components)
    return _energy(
        window, source, found.energy_j, low_j, high_j, window.start_ns, window.end_ns, "power",
        components=components, flags=(f"integrated from {field} power: {why}",),
    )  # fmt: skip


def _lag_j(power: Series, window: Window) -> float:
    """How much energy a trailing average can have left behind the window's end, or brought from before it.

    A window shorter than the average shows only its share of a step, so the step is scaled up.
    """
    around_ns = round(_AVERAGE_S / S_PER_NS)
    seen = power.between(window.start_ns - around_ns, window.end_ns + around_ns).values
    step_w = (max(seen) - min(seen)) if seen else 0.0
    return step_w * _AVERAGE_LAG_S * max(1.0, _AVERAGE_S / max(window.duration_s, 1e-3))


def _modelled(window: Window, source: Source, marks: TickMap) -> WindowEnergy:
    """A model's three counters share one clock: the same ticks bound value, low and high."""
    spans = {}
    for field in ("value", "low", "high"):
        found = marks.get((source.domain, field))
        if found is None:
            return void(window, source, ("the model gave no reading",))
        between = counter.energy_between(found, window.start_ns, window.end_ns)
        if isinstance(between, str):
            return void(window, source, (between.replace("the counter", "the model"),))
        spans[field] = between
    value, low, high = spans["value"], spans["low"], spans["high"]
    span_s = (value.end_ns - value.start_ns) * S_PER_NS
    tick_j = value.energy_j / span_s * value.timing_s
    low_j = max(0.0, low.energy_j - COVERAGE_95 * tick_j)
    high_j = high.energy_j + COVERAGE_95 * tick_j
    return _energy(
        window, source, value.energy_j, low_j, high_j, value.start_ns, value.end_ns, "model",
        components={"tick_j": tick_j, "model_low_j": low.energy_j, "model_high_j": high.energy_j},
    )  # fmt: skip


def _witnessed(energy: WindowEnergy, source: Source, known: SeriesMap) -> WindowEnergy:
    """The same energy with the integrated power of the same span beside it, and what their gap means."""
    field = _power_field(source, known)
    if field is None or energy.energy_j is None:
        return energy
    found = gauge.integrate(known[source.domain, field, "power"], energy.start_ns, energy.end_ns)
    if isinstance(found, str):
        return energy
    apart_j = found.energy_j - energy.energy_j
    apart_ratio = abs(apart_j) / energy.energy_j
    beyond = abs(apart_j) > COVERAGE_95 * math.hypot(energy.components["tick_j"], found.coverage_j)
    span_s = (energy.end_ns - energy.start_ns) * S_PER_NS
    judged = span_s >= WITNESS_WINDOW_S and beyond and apart_ratio > WITNESS_FLAG_RATIO
    said = f"counter and integrated {field} power are {apart_ratio:.1%} apart"
    # a one-second average still remembers the idle before the window: it can flag, never void
    if judged and apart_ratio > WITNESS_VOID_RATIO and field == "instant":
        return replace(energy, energy_j=None, low_j=None, high_j=None, witness_j=found.energy_j, reasons=(said,))
    flags = (*energy.flags, said) if judged else energy.flags
    return replace(energy, witness_j=found.energy_j, flags=flags)


def _power_field(source: Source, known: SeriesMap) -> str | None:
    for field in ("instant", "usage", "average"):
        if (source.domain, field, "power") in known:
            return field
    return None


def _interval(energy_j: float, components: Mapping[str, float]) -> tuple[float, float]:
    half_j = COVERAGE_95 * math.sqrt(math.fsum(part**2 for part in components.values()))
    return max(0.0, energy_j - half_j), energy_j + half_j
