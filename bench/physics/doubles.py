"""Figures that are not what they seem: stand-ins for a sensor, and a module's power that a board shows."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from bench.nouns import Source, WindowEnergy
from bench.nouns.words import of_module

REPLAYED = "replayed readings: they were recorded elsewhere and say nothing of this machine"
DOUBLE = "a test double"
MODULE = "the module's power: a GPU with its CPU and memory, and perhaps the same as another board's here shows"
NOTES = (DOUBLE, MODULE)  # how such flags begin


def unmasked(energies: Iterable[WindowEnergy], sources: Sequence[Source]) -> tuple[WindowEnergy, ...]:
    """The energies without those of replayed readings, which are void; a declared power, a module's are flagged.

    A run's verdict voids replayed readings too (`rules.REPLAYED`): here a metered command's are.
    """
    stand_ins = {s.domain: s for s in sources if s.meter in ("replay", "constant") or of_module(s.domain)}
    return tuple(_unmasked(one, stand_ins[one.domain]) if one.domain in stand_ins else one for one in energies)


def _unmasked(one: WindowEnergy, source: Source) -> WindowEnergy:
    if source.meter == "replay":
        return replace(
            one, energy_j=None, low_j=None, high_j=None, witness_j=None, method="none", components={}, freedom={},
            over_peers_j={}, flags=(), reasons=(REPLAYED, *(r for r in one.reasons if r != REPLAYED)),
        )  # fmt: skip
    if one.energy_j is None:
        return one
    if of_module(one.domain):
        return replace(one, flags=(MODULE, *one.flags))
    power_w = source.details.get("power_w")
    return replace(one, flags=(f"{DOUBLE}: {power_w:g} W by declaration, not a sensor", *one.flags))
