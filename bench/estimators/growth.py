"""Requests a month as months go by: constant, exponential, or saturating under a ceiling.

    exponential   N(t) = N0 · (1 + r)^t
    saturating    N(t) = K / (1 + (K / N0 − 1) · (1 + r)^(−t))

t: months after the first; r: growth a month, of a saturating one while it is far below its ceiling K. That is
Verhulst's logistic curve, dN/dt = r·N·(1 − N/K) (https://www.mun.ca/biology/scarr/Logistic_growth.html, checked
2026-11-22): N0 at t = 0, nearing K without reaching it.
"""

from dataclasses import dataclass
from typing import Literal

from bench.errors import BadInput
from bench.estimators.likely import Likely, surely
from bench.phrases import Phrase

GrowthKind = Literal["none", "exponential", "saturating"]
KINDS: tuple[GrowthKind, ...] = ("none", "exponential", "saturating")
_LEAST_RATE, MOST_RATE = -1.0, 1.0  # a month; twice as much every month is four thousand times as much in a year
_ONE = surely(1.0)
LONGEST_EXPONENTIAL = 12  # months; chosen: beyond a year growth without a ceiling is a what-if, not a forecast


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """`factor`: next month's requests over this month's, 1 + r. `known_months`: of data that it was seen over.

    `since`: months from where the level is known to the first month; `scatter`: of a month's requests about their
    course, the standard deviation of their logarithm. Raises BadInput.
    """

    kind: GrowthKind = "none"
    factor: Likely = _ONE
    ceiling: Likely | None = None
    known_months: float | None = None
    since: float = 0.0
    scatter: float = 0.0

    def __post_init__(self) -> None:
        if (self.kind == "saturating") != (self.ceiling is not None):
            raise BadInput(
                Phrase(
                    "growth is {kind} {has} a ceiling; needed is a ceiling with kind = 'saturating', and with "
                    "no other",
                    kind=self.kind,
                    has=Phrase("without") if self.ceiling is None else Phrase("with"),
                )
            )
        if self.ceiling is not None and self.ceiling.p10 <= 0:
            raise BadInput(Phrase("a ceiling of {low:g}; needed is more than 0", low=self.ceiling.p10))
        if self.kind == "saturating" and self.factor.p50 <= 1:
            raise BadInput(
                Phrase(
                    "growth of {rate:.4g} a month never nears a ceiling; needed is more than 0, or "
                    "kind = 'exponential' for what shrinks",
                    rate=self.factor.p50 - 1,
                )
            )

    def course(self, level: float, months: int, z_factor: float = 0.0, z_ceiling: float = 0.0) -> list[float]:
        """Requests of so many months, for a draw of the growth and one of the ceiling."""
        if self.kind == "none" or level <= 0:
            return [level] * months
        factor = self.factor.at(z_factor)
        grown = [factor ** (month + self.since) for month in range(months)]
        if self.ceiling is None:
            return [level * one for one in grown]
        top = self.ceiling.at(z_ceiling)
        return [top / (1 + (top / level - 1) / one) if one > 0 else 0.0 for one in grown]


def growing(p10: float, p50: float, p90: float) -> Likely:
    """1 + r of three rates a month: 0.04 is 4 %, −0.1 a tenth less every month. Raises BadInput."""
    for rate in (p10, p50, p90):
        if not _LEAST_RATE < rate <= MOST_RATE:
            raise BadInput(
                Phrase(
                    "growth of {rate:g} a month; needed is more than −1 (nothing left) and at most {most:g} "
                    "(twice as much every month); 0.04 is 4 %",
                    rate=rate,
                    most=MOST_RATE,
                )
            )
    return Likely(p10=1 + p10, p50=1 + p50, p90=1 + p90)
