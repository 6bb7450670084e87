"""The energy of a window in every domain: joules, interval, witness, components, or a gap with its reason.

A counter that sees all of the time is primary. One that sees a part, or may, gives way to whatever leaves the
least open; every other field of the board is a witness over the same span.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from bench.nouns import POWER_FIELDS, Fault, Outcome, Source, Trace, Window, WindowEnergy
from bench.physics.budget import COVERAGE_95, GAIN, VIEW, Budget
from bench.physics.look import Look, look_at
from bench.physics.peers import beside_peers
from bench.physics.plausible import absurd, all_held, held, impossible, stuck
from bench.physics.series import series
from bench.physics.ticks import LONGEST_SILENCE_S, Between, energy_at, energy_between, smear_bound_j
from bench.physics.view import SEES_PART, unseen
from bench.units import S_PER_NS

# Witness rules: counter and integral of one sensor agree within 2 % in windows of 10 s or more
# (≤ 1 %: Zeus issue 12; ≤ 2 % from 200 ms on: Ma et al., arXiv:2605.11999; checked 2026-11-21).
WITNESS_WINDOW_S = 10.0
WITNESS_FLAG_RATIO = 0.02
WITNESS_VOID_RATIO = 0.05
_SHORTEST_WITNESS_S = 1.0  # chosen: ten ticks of the slowest sensor; in less, edges are most of the difference
_SHORT_ALLOWANCE = 1.5  # times 1.96: three standard uncertainties, which one comparison in 370 exceeds by chance
_FEW_TICKS = 10  # chosen: with fewer, the two edges are a fifth of the span and more
# Chosen: a tenth of a board's gain. What is open by less does not decide against the counter.
_PRECISE_RATIO = 0.005


def window_energies(
    trace: Trace, sources: Sequence[Source], faults: Sequence[Fault] = (), outcomes: Sequence[Outcome] = ()
) -> tuple[WindowEnergy, ...]:
    """The energy of every window in every domain, in the order of windows, then of sources.

    `faults` leave their domain without any. `outcomes`: what ran, and in which trains. Peers stand beside it.
    """
    known = series(trace.observations)
    looks = [look_at(source, known) for source in sources]
    why = {fault.domain: fault.reason for fault in faults}
    found = (
        void(window, look.source, (fault,))
        if look.source.basis != "excluded" and (fault := why.get(None) or why.get(look.source.domain))
        else _window_energy(window, look, outcomes)
        for window in trace.windows
        for look in looks
    )
    return beside_peers(tuple(found), trace, [look.course for look in looks])


def _window_energy(window: Window, look: Look, outcomes: Sequence[Outcome]) -> WindowEnergy:
    source = look.source
    if source.basis == "excluded":
        return void(window, source, (source.reason or "excluded",))
    if source.basis == "modelled":
        return _modelled(window, look)
    fields = [name for name in ("counter", *POWER_FIELDS) if name in source.fields]
    tried = {name: _candidate(window, look, name, outcomes) for name in fields}
    found = {name: one for name, one in tried.items() if isinstance(one, _Candidate)}
    if not found:
        return void(window, source, tuple(f"{_said(name)} {why}" for name, why in tried.items()))
    if still := all_held(window, look, found):
        return void(window, source, (f"{_said(next(iter(found)))} {still}",))
    chosen = _chosen(found, look)
    flags = [*_why_not_counted(chosen, tried), *chosen.flags]
    low_j, high_j = chosen.budget.interval(chosen.between.energy_j)
    energy = _energy(
        window, source, chosen.between, low_j, high_j, "counter" if chosen.field == "counter" else "power",
        components=chosen.budget.components, freedom=chosen.budget.freedom, flags=tuple(flags),
    )  # fmt: skip
    witness = min((c for c in found.values() if c.field != chosen.field), key=_open_j, default=None)
    return _witnessed(energy, chosen, witness, look) if witness else energy


def void(window: Window, source: Source, reasons: tuple[str, ...]) -> WindowEnergy:
    """A window whose energy is not known, with the reasons."""
    return WindowEnergy(
        domain=source.domain, device=source.device, boundary=source.boundary, basis=source.basis,
        energy_j=None, low_j=None, high_j=None, start_ns=window.start_ns, end_ns=window.end_ns, method="none",
        reasons=reasons, phase=window.phase, label=window.label,
    )  # fmt: skip


def _energy(
    window: Window,
    source: Source,
    between: Between,
    low_j: float,
    high_j: float,
    method: str,
    *,
    components: Mapping[str, float],
    freedom: Mapping[str, int] | None = None,
    flags: tuple[str, ...] = (),
) -> WindowEnergy:
    return WindowEnergy(
        domain=source.domain, device=source.device, boundary=source.boundary, basis=source.basis,
        energy_j=between.energy_j, low_j=low_j, high_j=high_j, start_ns=between.start_ns, end_ns=between.end_ns,
        method=method, components=components, freedom=freedom or {}, flags=flags,
        phase=window.phase, label=window.label,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    """One field's energy of a window."""

    field: str
    between: Between
    budget: Budget
    missing_j: float = 0.0  # in its energy: what its looks left out of a known load
    flags: tuple[str, ...] = ()


def _candidate(window: Window, look: Look, name: str, outcomes: Sequence[Outcome]) -> _Candidate | str:
    """The energy that one field tells, or why it tells none."""
    marks = look.marks.get(name)
    if marks is None:
        strange = look.absurd.get(name)
        return (
            f"read {strange.values[0]:g} W, which no board draws"
            if strange and len(strange)
            else "gave no reading"
        )
    between = energy_between(marks, window.start_ns, window.end_ns)
    if isinstance(between, str):
        return between
    if between.longest_silence_s > LONGEST_SILENCE_S:
        return f"left a gap of {between.longest_silence_s:.2f} s inside the window"
    if wrong := impossible(between, look.source) or absurd(window, look, name) or stuck(window, look, name):
        return wrong
    seen = unseen(
        window, between, marks, look.passport.fields[name], look.source, outcomes, highest_w=look.highest_w
    )
    if isinstance(seen, str):
        return seen
    between = replace(between, energy_j=between.energy_j + seen.missing_j)
    standard_j = {"tick_j": between.timing_j, GAIN: between.energy_j * look.source.gain_ratio_95 / COVERAGE_95}
    if between.smear_j:
        standard_j["lag_j"] = between.smear_j
    budget = Budget(
        standard_j={**standard_j, **seen.standard_j},
        freedom=seen.freedom,
        unseen_low_j=seen.low_j,
        unseen_high_j=seen.high_j,
    )
    flags = (*_few(window, between, name), *held(window, look, name), *seen.flags)
    return _Candidate(field=name, between=between, budget=budget, missing_j=seen.missing_j, flags=flags)


def _few(window: Window, between: Between, name: str) -> tuple[str, ...]:
    if between.ticks >= _FEW_TICKS:
        return ()
    outside_s = between.span_s - window.duration_s
    ticks = "counter ticks" if name == "counter" else "power readings"
    return (
        f"only {between.ticks} {ticks}: {outside_s:.3f} s of the {between.span_s:.3f} s are not the window's own",
    )


def _open_j(one: _Candidate) -> float:
    """What a candidate leaves open (J), the gain that all fields of a board share left out."""
    return one.budget.half_width_j(without=GAIN) + max(one.budget.unseen_low_j, one.budget.unseen_high_j)


def _chosen(found: Mapping[str, _Candidate], look: Look) -> _Candidate:
    """The counter where it sees everything, or a field that does confirms it; else what leaves least open."""
    counted = found.get("counter")
    if counted is not None:
        if not counted.budget.unseen_high_j and VIEW not in counted.budget.standard_j:
            return counted
        confirmed = _confirmed(counted, found.values(), look)
        least_j = min(_open_j(one) for one in found.values())
        if confirmed and _open_j(confirmed) <= 2 * least_j + _PRECISE_RATIO * counted.between.energy_j:
            return confirmed
    return min(found.values(), key=_open_j)  # the first of equals: the counter


def _confirmed(counted: _Candidate, found: Iterable[_Candidate], look: Look) -> _Candidate | None:
    """The counter with what a field that sees everything leaves open of it; None: none does, or it disagrees.

    u(view) = the larger of their difference and the other's own standard uncertainty, over the counter's span.
    """
    whole = [c for c in found if not c.budget.unseen_high_j and VIEW not in c.budget.standard_j]
    other = min(whole, key=_open_j, default=None)
    if other is None or other is counted:
        return None
    between = counted.between
    told_j, smear_j = _energy_over(other, look, between.start_ns, between.end_ns)
    apart_j = abs(told_j - between.energy_j)
    budget = Budget(standard_j={k: u for k, u in counted.budget.standard_j.items() if k != VIEW})
    own_j = other.budget.half_width_j(without=GAIN) + smear_j
    if apart_j > math.hypot(own_j, budget.half_width_j(without=GAIN)):
        return None
    view_j = max(apart_j, own_j) / COVERAGE_95
    flags = tuple(f for f in counted.flags if not f.startswith(SEES_PART))
    return replace(counted, budget=Budget(standard_j={**budget.standard_j, VIEW: view_j}), flags=flags)


def _energy_over(one: _Candidate, look: Look, start_ns: int, end_ns: int) -> tuple[float, float]:
    """What a candidate's field tells of any span (J), and by how much smeared edges may be off there."""
    marks = look.marks[one.field]
    told_j = energy_at(marks, end_ns) - energy_at(marks, start_ns) + one.missing_j
    return told_j, smear_bound_j(marks, start_ns) + smear_bound_j(marks, end_ns)


def _why_not_counted(chosen: _Candidate, tried: Mapping[str, _Candidate | str]) -> tuple[str, ...]:
    if chosen.field == "counter":
        return ()
    counted = tried.get("counter")
    if counted is None:
        why = "no energy counter"
    elif isinstance(counted, str):
        why = f"the counter {counted}"
    else:
        why = "the counter may not see all of the time"
    return (f"integrated from {chosen.field} power: {why}",)


def _said(field: str) -> str:
    return "the counter" if field == "counter" else f"the {field} power"


def _modelled(window: Window, look: Look) -> WindowEnergy:
    """A model's three counters share one clock: the same ticks bound value, low and high."""
    spans = {}
    for name in ("value", "low", "high"):
        marks = look.marks.get(name)
        if marks is None:
            return void(window, look.source, ("the model gave no reading",))
        between = energy_between(marks, window.start_ns, window.end_ns)
        if isinstance(between, str):
            return void(window, look.source, (f"the model {between}",))
        spans[name] = between
    value, low, high = spans["value"], spans["low"], spans["high"]
    low_j = max(0.0, low.energy_j - COVERAGE_95 * low.timing_j)
    high_j = high.energy_j + COVERAGE_95 * high.timing_j
    components = {"tick_j": value.timing_j, "model_low_j": low.energy_j, "model_high_j": high.energy_j}
    return _energy(window, look.source, value, low_j, high_j, "model", components=components)


def _witnessed(energy: WindowEnergy, chosen: _Candidate, witness: _Candidate, look: Look) -> WindowEnergy:
    """The same energy with another field's over the same span beside it, and what their gap means."""
    assert energy.energy_j is not None
    witness_j, smear_j = _energy_over(witness, look, energy.start_ns, energy.end_ns)
    apart_j = witness_j - energy.energy_j
    apart_ratio = abs(apart_j) / energy.energy_j
    known_j = math.hypot(*(c.budget.half_width_j(without=GAIN) for c in (chosen, witness))) + smear_j
    # what a field never saw may be missing from it, or be too much in it: it excuses a gap on either side
    excused_j = sum(max(c.budget.unseen_high_j, c.budget.unseen_low_j) for c in (chosen, witness))
    span_s = (energy.end_ns - energy.start_ns) * S_PER_NS
    # three sigma: a short window is doubted only where there is no doubt
    allowance = _SHORT_ALLOWANCE if span_s < WITNESS_WINDOW_S else 1.0
    if span_s < _SHORTEST_WITNESS_S or abs(apart_j) <= allowance * known_j or apart_ratio <= WITNESS_FLAG_RATIO:
        return replace(energy, witness_j=witness_j)
    said = f"{_short(chosen.field)} and {_short(witness.field)} are {apart_ratio:.1%} apart"
    if abs(apart_j) <= allowance * (known_j + excused_j):
        if apart_ratio > WITNESS_VOID_RATIO and chosen.field == "counter":
            part = (
                f"{said}: a load in step with a field that looks at a part of the time, or a counter that does so"
            )
            return replace(energy, witness_j=witness_j, flags=(*energy.flags, part))
        return replace(energy, witness_j=witness_j)
    stood = held(_as_window(energy), look, chosen.field)
    if apart_ratio > WITNESS_VOID_RATIO or stood:
        said = f"{said}{f', and the {stood[0]}' if stood else ''}"
        return replace(energy, energy_j=None, low_j=None, high_j=None, witness_j=witness_j, reasons=(said,))
    return replace(energy, witness_j=witness_j, flags=(*energy.flags, said))


def _as_window(energy: WindowEnergy) -> Window:
    return Window(phase=energy.phase, label=energy.label, start_ns=energy.start_ns, end_ns=energy.end_ns)


def _short(field: str) -> str:
    return "counter" if field == "counter" else f"integrated {field} power"
