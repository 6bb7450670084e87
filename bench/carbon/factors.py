"""Grams a kilowatt-hour, with what kind of figure they are: two kinds never meet in one sum.

Sweden's grid was 25 g/kWh on average and 791 g/kWh on the margin in 2023 (Green-Software-Foundation/
real-time-cloud at b2858aa; checked 2026-11-22); a gas plant's stack is 370 g and its life cycle 490 g (IPCC AR5
WG III, table A.III.2, medians). Each is right for a question of its own, and no sum of the two answers any.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Literal

from bench.errors import BadInput, MixedFactors
from bench.nouns import Range
from bench.phrases import Phrase, joined

# average: all plants that ran, for reports; marginal: the plant that one kWh more calls on, to choose an hour
Accounting = Literal["average", "marginal"]
# life_cycle: fuel supply and building of the plants inside; direct: what leaves the stack
Scope = Literal["life_cycle", "direct"]
# production: plants inside the zone; consumption: with what was imported, less what was exported
Mix = Literal["production", "consumption"]
# location: the grid that feeds the building; market: the contracts that its owner signed
# (GHG Protocol Scope 2 Guidance, WRI 2015, chapter 4, "Scope 2 Accounting Methods"; checked 2026-11-22)
Method = Literal["location", "market"]

# More than twice the worst plant of IPCC AR5 WG III, table A.III.2 (coal, 910 g/kWh); such a figure is in another
# unit, lb/MWh or t/GWh of something else. Source and what was reached of it: bench.carbon.spread.
MOST_G_PER_KWH = 2_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What kind of figure a factor is, and of which year's table: whatever differs here never adds."""

    accounting: Accounting
    scope: Scope
    mix: Mix
    method: Method
    year: int

    @property
    def words(self) -> str:
        """As people say it: 'average, life cycle, production, location-based, 2025'."""
        return Phrase(
            "{accounting}, {scope}, {mix}, {method}-based, {year}",
            accounting=Phrase(self.accounting),
            scope=Phrase(self.scope.replace("_", " ")),
            mix=Phrase(self.mix),
            method=Phrase(self.method),
            year=self.year,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """Grams of CO2 equivalent a kWh of electricity, of one kind, in one zone, with its source and licence.

    `data_years` are those of the figures behind it, which may be older than the kind's year. `derived` says how it
    was made where nobody published it as it stands. Raises BadInput.
    """

    kind: Kind
    zone: str
    g_per_kwh: Range
    data_years: tuple[int, ...]
    source: str
    licence: str
    derived: str = ""

    def __post_init__(self) -> None:
        if self.g_per_kwh.low < 0 or self.g_per_kwh.high > MOST_G_PER_KWH:
            raise BadInput(
                Phrase(
                    "{zone}: a factor of {range} g/kWh; needed is 0 to {most:g}; look at its unit (1 lb/MWh "
                    "= 0.4536 g/kWh, 1 kg/kWh = 1000 g/kWh)",
                    zone=self.zone,
                    range=self.g_per_kwh.words,
                    most=MOST_G_PER_KWH,
                )
            )


def same_kind(kinds: Iterable[Kind], what: str) -> Kind:
    """The one kind of all of them. Raises MixedFactors, which names what differs; BadInput where there is none."""
    found = list(dict.fromkeys(kinds))
    if not found:
        raise BadInput(Phrase("{what}: found nothing to add; needed is one figure at least", what=what))
    first, *others = found
    for other in others:
        differ = [f.name for f in fields(Kind) if getattr(first, f.name) != getattr(other, f.name)]
        raise MixedFactors(
            Phrase(
                "{what}: found {first} beside {other}; needed is one kind in one sum; ask for the same "
                "{differ} everywhere, or show the two apart",
                what=what,
                first=first.words,
                other=other.words,
                differ=joined(differ, Phrase(" and ")),
            )
        )
    return first
