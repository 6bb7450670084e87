"""Figures that are not what they seem: stand-ins for a sensor, and a module's power that a board shows."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from bench.nouns import Source, WindowEnergy
from bench.nouns.words import of_module

REPLAYED = "replayed readings: they were recorded elsewhere and say nothing of this machine"
DOUBLE = "a test double"
MODULE = "the module's power: a GPU with its CPU and memory, and perhaps the same as another board's here shows"
NOTES = (DOUBLE, MODULE)  # how such flags begin
_SIMULATED = "simulated"  # stands in the name of a board that is a program: its driver's library says it


def unmasked(energies: Iterable[WindowEnergy], sources: Sequence[Source]) -> tuple[WindowEnergy, ...]:
    """The energies without those of replayed readings, which are void; stand-ins and a module's are flagged.

    A run's verdict voids replayed readings too (`rules.REPLAYED`): here a metered command's are.
    """
    stand_ins = {s.domain: s for s in sources if pretends(s) or of_module(s.domain)}
    return tuple(_unmasked(one, stand_ins[one.domain]) if one.domain in stand_ins else one for one in energies)


def pretends(source: Source) -> bool:
    """Whether no sensor stands behind a source: a declared power, replayed readings, a simulated board."""
    return source.meter in ("replay", "constant") or _is_simulated(source)


def _is_simulated(source: Source) -> bool:
    return _SIMULATED in source.device_name.lower()


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
    if _is_simulated(source):
        return replace(one, flags=(f"{DOUBLE}: {source.device_name}, a program and not a board", *one.flags))
    power_w, busy_w = source.details.get("power_w"), source.details.get("busy_w")
    more = f" and {busy_w:g} W more while work computes" if busy_w else ""
    return replace(one, flags=(f"{DOUBLE}: {power_w:g} W{more} by declaration, not a sensor", *one.flags))
