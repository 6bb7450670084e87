"""A place where computers stand: its factors, and what its building takes beside what they draw."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from bench.carbon.factors import Accounting, Factor, Kind, Method, Mix, Scope
from bench.errors import BadInput, MissingFactor
from bench.nouns import Range, exactly
from bench.phrases import Phrase, joined

# published: for this place by who runs it; design: what a new site was built for; assumed: of others like it;
# stated: by the user
PueBasis = Literal["published", "design", "assumed", "stated"]
MOST_PUE = 10.0  # rooms of a few servers reach 3; beyond 10 it is another quantity

_WHY_ABSENT: Mapping[str, str] = {
    "market": Phrase(
        "residual mixes and contracts are not openly licensed: hand in your supplier's factor as market="
    ),
    "marginal": Phrase(
        "marginal figures (WattTime, Electricity Maps) are not openly licensed: build a factor yourself"
    ),
    "consumption": Phrase("no open table has it: ask a live source with a key, or hand in a factor of your own"),
    "direct": Phrase("open figures of stacks are known for the United States alone: ask for scope='life_cycle'"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pue:
    """Power usage effectiveness: energy of the whole building over that of its computers, never below 1.

    Source: ISO/IEC 30134-2:2016, whose text was not reached; so defined at https://datacenters.microsoft.com/
    sustainability/efficiency/ (checked 2026-11-22). Raises BadInput.
    """

    ratio: Range
    basis: PueBasis
    source: str
    note: str = ""

    def __post_init__(self) -> None:
        if self.ratio.low < 1 or self.ratio.high > MOST_PUE:
            raise BadInput(
                Phrase(
                    "a PUE of {ratio}; needed is 1 to {most:g}: a building takes what its computers take, "
                    "and more; give facility energy ÷ IT energy",
                    ratio=self.ratio.words,
                    most=MOST_PUE,
                )
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wue:
    """Water usage effectiveness: litres used on site a kWh of the computers (ISO/IEC 30134-9:2022). BadInput.

    What power plants use is not inside: no open figure of it is kept here.
    """

    l_per_kwh: Range
    basis: PueBasis
    source: str

    def __post_init__(self) -> None:
        if self.l_per_kwh.low < 0:
            raise BadInput(
                Phrase(
                    "a WUE of {l_per_kwh} l/kWh; needed is 0 or more litres a kWh", l_per_kwh=self.l_per_kwh.words
                )
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Place:
    """A region, a country, or a mixture of them: its factors of one year's table, its PUE, its water.

    Equal to itself alone.
    """

    name: str
    country: str
    year: int
    factors: tuple[Factor, ...]
    pue: Pue
    wue: Wue | None = None
    live_zone: str | None = None  # its name at Electricity Maps
    notes: tuple[str, ...] = ()
    # kinds that a mixture has no factor of, and why
    absent: Mapping[Kind, str] = field(default_factory=dict)

    def factor(
        self,
        *,
        accounting: Accounting = "average",
        scope: Scope = "life_cycle",
        mix: Mix = "production",
        method: Method = "location",
    ) -> Factor:
        """The factor of that kind. Raises MissingFactor where there is none: nothing stands in for it."""
        wanted = Kind(accounting=accounting, scope=scope, mix=mix, method=method, year=self.year)
        for factor in self.factors:
            if factor.kind == wanted:
                return factor
        known = joined((f.kind.words for f in self.factors), "; ") or Phrase("none")
        raise MissingFactor(
            Phrase(
                "{name}: no factor that is {wanted}; known are {known}; {why}",
                name=self.name,
                wanted=wanted.words,
                known=known,
                why=self._why(wanted),
            )
        )

    def _why(self, wanted: Kind) -> str:
        words = (wanted.method, wanted.accounting, wanted.mix, wanted.scope)
        own = self.absent.get(wanted)
        return own or next(
            (_WHY_ABSENT[word] for word in words if word in _WHY_ABSENT), Phrase("ask for one of these")
        )


def place_of(name: str, *, g_per_kwh: float, pue: float, year: int, scope: Scope = "life_cycle") -> Place:
    """A place by two numbers of the user's own, taken as they are said. Raises BadInput with the name."""
    try:
        factor = Factor(
            kind=Kind(accounting="average", scope=scope, mix="production", method="location", year=year),
            zone=name,
            g_per_kwh=exactly(g_per_kwh),
            data_years=(year,),
            source=Phrase("stated by the user"),
            licence=Phrase("the user's own"),
        )
        ratio = Pue(ratio=exactly(pue), basis="stated", source=Phrase("stated by the user"))
    except BadInput as error:
        raise BadInput(Phrase("place {name!r}: {error}", name=name, error=error)) from error
    return Place(name=name, country=name, year=year, factors=(factor,), pue=ratio)
