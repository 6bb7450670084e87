"""Numbers that are not known exactly, as people give them: a P10, a P50 and a P90, and what a draw makes of them.

A draw is a number z of the standard normal distribution. A quantity q with quantiles at ±r (r = 1.2816 of P10 and
P90, 1.6449 of a 90 % interval) is drawn as

    q(z) = middle · (high / middle)^(z / r)   above the middle
    q(z) = middle · (low / middle)^(−z / r)   below it

the two-piece log-normal: its P10, P50 and P90 are those given, and it is the log-normal where they lie evenly on
the scale of logarithms. Where `low` is nought no logarithm is, and both pieces are straight lines, cut at nought.
Source of two-piece distributions: Wallis, Statistical Science 29 (2014), 106-112 (the two-piece normal
distribution, https://doi.org/10.1214/13-STS417, checked 2026-11-22), here on the scale of logarithms and split
at the median.
"""

from dataclasses import dataclass

from bench.errors import BadInput
from bench.estimators.rivals.figure import within
from bench.nouns.estimates import Range
from bench.phrases import Phrase

Z80 = 1.2815515655446004  # of a normal distribution: 80 % lie between −z and z, so that P10 and P90 are its ends
Z90 = 1.6448536269514722  # the two-sided 90 %


def between(low: float, middle: float, high: float, reach: float, z: float) -> float:
    """The draw at z of a quantity whose `low` and `high` lie at −reach and reach. All are zero or more."""
    end = high if z > 0 else low
    part = abs(z) / reach
    if low <= 0 or middle <= 0:
        return max(0.0, middle + (end - middle) * part)
    return float(middle * (end / middle) ** part)


def drawn(one: Range, z: float) -> float:
    """The draw at z of a 90 % interval."""
    return between(one.low, one.value, one.high, Z90, z)


@dataclass(frozen=True, slots=True, kw_only=True)
class Likely:
    """A number of zero or more by three of its quantiles; all three alike where it is known. Raises BadInput."""

    p10: float
    p50: float
    p90: float

    def __post_init__(self) -> None:
        for name in ("p10", "p50", "p90"):
            within(name, getattr(self, name), 0.0, float("inf"))
        if not self.p10 <= self.p50 <= self.p90:
            raise BadInput(
                Phrase(
                    "p10 {p10:g}, p50 {p50:g}, p90 {p90:g}; needed is p10 ≤ p50 ≤ p90; put them in order",
                    p10=self.p10,
                    p50=self.p50,
                    p90=self.p90,
                )
            )

    @property
    def known(self) -> bool:
        """Whether it is one number, without doubt."""
        return self.p10 == self.p90

    def at(self, z: float) -> float:
        """The draw at z."""
        return self.p50 if self.known else between(self.p10, self.p50, self.p90, Z80, z)


def surely(value: float) -> Likely:
    """A number that is taken as known. Raises BadInput below zero."""
    return Likely(p10=value, p50=value, p90=value)
