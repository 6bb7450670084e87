"""What other tools say of the same windows: their joules beside ours, over their own spans.

A peer is told to begin before a window's edge and to end after it, so its span holds a little more than ours.
Its readings come in pairs, a counter at its begin and at its end:

    peer         |<──────────── its span ───────────>|
    ours            |<──── ticks around the work ──>|
    window               |<────── work ──────>|

So that the two can be compared, ours is stretched to its span by the ticks beside it, where idle power flows.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from bench.nouns import Domain, Observation, Reading, Trace, Window, WindowEnergy, WitnessRecord
from bench.nouns.witnesses import peer_label, peer_name
from bench.physics.ticks import Ticks, energy_at

Pair = tuple[Reading, Reading]  # a peer's counter at its begin and at its end
Said = Mapping[Domain, Mapping[str, Sequence[Pair]]]


def beside_peers(
    energies: Sequence[WindowEnergy], trace: Trace, courses: Sequence[Ticks | None]
) -> tuple[WindowEnergy, ...]:
    """The same energies with what the trace's peers say of each, or a flag why they say nothing.

    `energies` in the order of windows, then of domains; `courses`: of each domain the ticks of its energy.
    """
    if not trace.witnesses:
        return tuple(energies)
    said = pairs_of(trace.observations)
    return tuple(
        _beside(one, trace.windows[i // len(courses)], courses[i % len(courses)], said, trace.witnesses)
        for i, one in enumerate(energies)
    )


def pairs_of(observations: Iterable[Observation]) -> Said:
    """Each peer's readings of each domain, two by two, by the label under which they stand beside a figure."""
    gathered: dict[Domain, dict[str, list[Reading]]] = {}
    for one in observations:
        if isinstance(one, Reading) and (label := peer_label(one.field)):
            gathered.setdefault(one.domain, {}).setdefault(label, []).append(one)
    return {
        domain: {label: tuple(zip(of[::2], of[1::2], strict=False)) for label, of in labels.items()}
        for domain, labels in gathered.items()
    }


def apart_ratio(energy: WindowEnergy, label: str) -> float | None:
    """By how much a peer's figure is more than ours over the same span; None where ours is not known."""
    own_j = energy.over_peers_j.get(label)
    return energy.peers[label] / own_j - 1 if own_j else None


def _beside(
    energy: WindowEnergy,
    window: Window,
    course: Ticks | None,
    said: Said,
    witnesses: Sequence[WitnessRecord],
) -> WindowEnergy:
    mine = said.get(energy.domain, {})
    peers: dict[str, float] = {}
    own: dict[str, float] = {}
    flags = list(energy.flags)
    for one in witnesses:
        labels = sorted(label for label in mine if peer_name(label) == one.name)
        if not labels and energy.basis != "excluded" and not _speaks(one, said):
            flags.append(f"{one.name} gave no figure{_because(one)}")
        for label in labels:
            pair = _around(mine[label], window)
            energy_j = pair[1].value - pair[0].value if pair else None
            if pair and energy_j is not None and energy_j > 0:
                peers[label] = energy_j
                own |= _own(label, energy, course, pair)
            else:
                flags.append(
                    f"{label} gave no figure{_because(one)}" if energy_j is None else _naught(label, energy_j)
                )
    return replace(energy, peers=peers, over_peers_j=own, flags=tuple(flags))


def _speaks(witness: WitnessRecord, said: Said) -> bool:
    """Whether a peer gave any figure of any domain: then its silence on another one is no failure."""
    return any(peer_name(label) == witness.name for labels in said.values() for label in labels)


def _because(witness: WitnessRecord) -> str:
    return f": {witness.fault}" if witness.fault else ""


def _naught(label: str, energy_j: float) -> str:
    return f"{label} gave {energy_j:.6g} J, which no working device takes"


def _around(pairs: Sequence[Pair], window: Window) -> Pair | None:
    """The pair whose span holds the window."""
    return next((p for p in pairs if p[0].t_ns <= window.start_ns and window.end_ns <= p[1].t_ns), None)


def _own(label: str, energy: WindowEnergy, course: Ticks | None, pair: Pair) -> Mapping[str, float]:
    """This domain's own energy over a peer's span: the window's, and the ticks between the two spans' edges."""
    if energy.energy_j is None or course is None or course.fault:
        return {}
    before_j = energy_at(course, energy.start_ns) - energy_at(course, pair[0].t_ns)
    after_j = energy_at(course, pair[1].t_ns) - energy_at(course, energy.end_ns)
    own_j = energy.energy_j + before_j + after_j
    return {label: own_j} if math.isfinite(own_j) and own_j > 0 else {}
