"""Energy of computers → grams: energy × PUE × factor, location- and market-based apart, embodied apart.

The bounds are products of bounds: low × low × low to high × high × high. They hold what an interval of independent
causes would, and more (JCGM 100:2008, 5.1.6, adds the relative variances of a product), and they are linear in
energy, so that requests of one place add up exactly. Checked 2026-11-21.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from bench.carbon.factors import Accounting, Factor, Kind, Method, Mix, Scope, same_kind
from bench.carbon.places import Place
from bench.errors import BadInput, JoulemarkError, MissingFactor, MixedFactors
from bench.nouns import Range
from bench.phrases import Phrase, joined

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Grams:
    """An amount of CO2 equivalent [g] of one kind, and the zones that it arose in."""

    kind: Kind
    g: Range
    zones: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CarbonGrams:
    """What an amount of energy at a place emits. The three stand side by side and are never netted or summed here.

    `market` is None where no contract was handed in, `embodied` where no hardware was, `water_l` where no figure
    is known: absent, not zero. `energy_kwh` is that of the building, PUE inside.
    """

    location: Grams
    market: Grams | None
    embodied: Range | None
    energy_kwh: Range
    water_l: Range | None
    notes: tuple[str, ...] = ()  # what a reader has to know: kinds, years, what is assumed or derived
    rests_on: tuple[str, ...] = ()  # each figure's source and licence

    @property
    def figures(self) -> Mapping[str, Mapping[str, float] | None]:
        """`carbon_g` as JSON answers have it: location, market, embodied, each low, value, high, or None."""
        ranges = {
            "location": self.location.g,
            "market": None if self.market is None else self.market.g,
            "embodied": self.embodied,
        }
        return {
            name: None if one is None else {"low": one.low, "value": one.value, "high": one.high}
            for name, one in ranges.items()
        }


def carbon_of(
    energy_kwh: Range,
    place: Place,
    *,
    accounting: Accounting = "average",
    scope: Scope = "life_cycle",
    mix: Mix = "production",
    location: Factor | None = None,
    market: Factor | None = None,
    embodied: Range | None = None,
) -> CarbonGrams:
    """Grams of `energy_kwh`, as the computers drew it (before PUE), at a place.

    `location` takes the place of the tables' factor (a live one, say) and keeps its own kind; `market` is the
    factor of a contract; `embodied` what bench.carbon.embodied_g gave [g]. Raises BadInput naming the place
    (energy below zero), MissingFactor, MixedFactors.
    """
    grid = location or place.factor(accounting=accounting, scope=scope, mix=mix)
    return CarbonGrams(
        location=_emitted(energy_kwh, place, _by(grid, "location", place)),
        market=None if market is None else _emitted(energy_kwh, place, _by(market, "market", place)),
        embodied=embodied,
        energy_kwh=_times(_drawn(energy_kwh, place), place.pue.ratio),
        water_l=None if place.wue is None else _times(energy_kwh, place.wue.l_per_kwh),
        notes=_notes(place, grid, market),
        rests_on=_sources(place, grid, market),
    )


def grams_per_it_kwh(place: Place, *, scope: Scope = "life_cycle") -> Range:
    """Location-based grams a kWh that computers draw, PUE inside: for columns. Raises MissingFactor."""
    return _times(place.pue.ratio, place.factor(scope=scope).g_per_kwh)


def added(parts: Iterable[Grams]) -> Grams:
    """The sum of amounts of one kind. Raises MixedFactors, BadInput.

    Lows add and highs add: the factor's error is one cause in all of them, and does not average out.
    """
    listed = list(parts)
    kind = same_kind([part.kind for part in listed], "a sum of grams")
    zones = tuple(dict.fromkeys(zone for part in listed for zone in part.zones))
    return Grams(kind=kind, g=_summed([part.g for part in listed]), zones=zones)


def together(parts: Iterable[CarbonGrams]) -> CarbonGrams:
    """The sum of several answers. Raises MixedFactors; MissingFactor where some have a figure that others lack."""
    listed = list(parts)
    contracts = _all_or_none([part.market for part in listed], "market-based grams")
    return CarbonGrams(
        location=added(part.location for part in listed),
        market=added(contracts) if contracts else None,
        embodied=_ranges([part.embodied for part in listed], "embodied grams"),
        energy_kwh=_summed([part.energy_kwh for part in listed]),
        water_l=_ranges([part.water_l for part in listed], "litres of water"),
        notes=tuple(dict.fromkeys(note for part in listed for note in part.notes)),
        rests_on=tuple(dict.fromkeys(line for part in listed for line in part.rests_on)),
    )


def _emitted(energy_kwh: Range, place: Place, factor: Factor) -> Grams:
    grams = _times(_times(_drawn(energy_kwh, place), place.pue.ratio), factor.g_per_kwh)
    return Grams(kind=factor.kind, g=grams, zones=(factor.zone,))


def _drawn(energy_kwh: Range, place: Place) -> Range:
    if energy_kwh.low < 0:
        raise BadInput(
            Phrase(
                "{place}: an energy of {energy_kwh} kWh; needed is 0 or more: what was saved is no "
                "energy that was drawn; compare two answers instead",
                place=place.name,
                energy_kwh=energy_kwh.words,
            )
        )
    return energy_kwh


def _by(factor: Factor, method: Method, place: Place) -> Factor:
    if factor.kind.method != method:
        raise MixedFactors(
            Phrase(
                "{place}: found {kind} as {method}=; needed is a {method}-based factor; the two stand "
                "side by side and never replace each other",
                place=place.name,
                kind=factor.kind.words,
                method=method,
            )
        )
    return factor


@lru_cache(maxsize=1024)  # a service is asked for the same places over and over
def _notes(place: Place, location: Factor, market: Factor | None) -> tuple[str, ...]:
    years = joined(map(str, location.data_years), Phrase(" and "))
    notes = [Phrase("{place}: {kind}, data of {years}", place=place.name, kind=location.kind.words, years=years)]
    notes += (
        [Phrase("{place}: derived, {derived}", place=place.name, derived=location.derived)]
        if location.derived
        else []
    )
    notes.append(
        Phrase(
            "{place}: PUE {ratio}, {basis}",
            place=place.name,
            ratio=place.pue.ratio.words,
            basis=Phrase(place.pue.basis),
        )
    )
    notes += (
        []
        if market is None
        else [Phrase("{place}: market-based by {source}", place=place.name, source=market.source)]
    )
    return (*notes, *(Phrase("{place}: {note}", place=place.name, note=note) for note in place.notes))


@lru_cache(maxsize=1024)
def _sources(place: Place, location: Factor, market: Factor | None) -> tuple[str, ...]:
    used = [location] if market is None else [location, market]
    lines = [
        Phrase(
            "grid {zone}, {range} g/kWh: {source} ({licence})",
            zone=f.zone,
            range=f.g_per_kwh.words,
            source=f.source,
            licence=f.licence,
        )
        for f in used
    ]
    lines.append(
        Phrase(
            "PUE of {place}, {ratio}: {source}",
            place=place.name,
            ratio=place.pue.ratio.words,
            source=place.pue.source,
        )
    )
    lines += (
        []
        if place.wue is None
        else [
            Phrase(
                "WUE of {place}, {l_per_kwh} l/kWh: {source}",
                place=place.name,
                l_per_kwh=place.wue.l_per_kwh.words,
                source=place.wue.source,
            )
        ]
    )
    return tuple(lines)


def _times(a: Range, b: Range) -> Range:
    """The product of two ranges of numbers that are not negative. Raises BadInput where it is no number."""
    try:
        return Range(low=a.low * b.low, value=a.value * b.value, high=a.high * b.high)
    except JoulemarkError as error:
        raise BadInput(
            Phrase("{a} times {b} is beyond any number; give a smaller amount", a=a.words, b=b.words)
        ) from error


def _summed(ranges: Sequence[Range]) -> Range:
    return Range(
        low=sum(one.low for one in ranges),
        value=sum(one.value for one in ranges),
        high=sum(one.high for one in ranges),
    )


def _ranges(found: Sequence[Range | None], what: str) -> Range | None:
    present = _all_or_none(found, what)
    return _summed(present) if present else None


def _all_or_none(found: Sequence[_T | None], what: str) -> list[_T]:
    present = [one for one in found if one is not None]
    if present and len(present) < len(found):
        raise MissingFactor(
            Phrase(
                "a sum of {what}: found {present} of {n}; needed is one of each or of none; hand in the "
                "missing ones, or sum those that have it apart",
                what=what,
                present=len(present),
                n=len(found),
            )
        )
    return present
