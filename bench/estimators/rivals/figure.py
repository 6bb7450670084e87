"""A figure of somebody else's formula, never without its label: whose, what it counts, what it leaves out."""

import math
from dataclasses import dataclass

from bench.errors import BadInput
from bench.phrases import Phrase

MOST_TOKENS = 1e9  # of one request; chosen: a thousand times the longest context sold (a million; 2026-11-21)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """A published formula: where it stands, under which licence, and what is in its figures."""

    name: str
    version: str
    counts: str
    leaves_out: str
    source: str
    licence: str  # of the text or code that it was read in; what stands here is our own code


@dataclass(frozen=True, slots=True, kw_only=True)
class RivalFigure:
    """What a rival's formula answers. No interval, for it gives none; None: the formula says nothing of it.

    `carbon_g` and `embodied_g` are grams of CO2e, of electricity and of making the hardware; `water_l` litres.
    Raises BadInput for what is no finite number, zero or more.
    """

    rival: Rival
    energy_kwh: float
    carbon_g: float | None = None
    embodied_g: float | None = None
    water_l: float | None = None

    def __post_init__(self) -> None:
        for name in ("energy_kwh", "carbon_g", "embodied_g", "water_l"):
            if (found := getattr(self, name)) is not None:
                within(f"{self.rival.name}: {name}", found, 0.0, math.inf)

    @property
    def label(self) -> str:
        """Name and version, as a figure of a rival's is shown: never as an estimate of ours."""
        return Phrase("rival: {rival} {version}", rival=self.rival.name, version=self.rival.version)


def within(name: str, found: float, least: float, most: float) -> float:
    """The number. Raises BadInput where it is not finite, or outside least to most."""
    if not math.isfinite(found) or not least <= found <= most:
        upto = Phrase(" to {most:g}", most=most) if math.isfinite(most) else Phrase(" or more")
        raise BadInput(
            Phrase(
                "{name} is {found:g}; needed is a number of {least:g}{upto}",
                name=name,
                found=found,
                least=least,
                upto=upto,
            )
        )
    return found


def positive(name: str, found: float) -> float:
    """The number. Raises BadInput where it is not finite, or not above zero."""
    if not math.isfinite(found) or found <= 0:
        raise BadInput(Phrase("{name} is {found:g}; needed is a number above 0", name=name, found=found))
    return found


def tokens(name: str, found: float) -> float:
    """A count of tokens or characters of one request. Raises BadInput below zero or above any request's."""
    return within(name, found, 0.0, MOST_TOKENS)
