"""Requests a month as months go by: constant, exponential, or saturating under a ceiling.

    exponential   N(t) = N0 · (1 + r)^t
    saturating    N(t) = K / (1 + (K / N0 − 1) · (1 + r)^(−t))

t: months after the first; r: growth a month, of a saturating one while it is far below its ceiling K. The second
is the logistic curve (Verhulst 1838; K is its carrying capacity), which is N0 at t = 0 and nears K without
reaching it.
"""

from dataclasses import dataclass
from typing import Literal

from bench.errors import BadInput
from bench.estimators.likely import Likely, surely

GrowthKind = Literal["none", "exponential", "saturating"]
KINDS: tuple[GrowthKind, ...] = ("none", "exponential", "saturating")
_LEAST_RATE, MOST_RATE = -1.0, 1.0  # a month; twice as much every month is four thousand times as much in a year
_ONE = surely(1.0)
LONGEST_EXPONENTIAL = 12  # months; chosen: beyond a year growth without a ceiling is a what-if, not a forecast


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """`factor`: next month's requests over this month's, 1 + r. `known_months`: of data that it was seen over.

    Raises BadInput.
    """

    kind: GrowthKind = "none"
    factor: Likely = _ONE
    ceiling: Likely | None = None
    known_months: float | None = None

    def __post_init__(self) -> None:
        if (self.kind == "saturating") != (self.ceiling is not None):
            raise BadInput(
                f"growth is {self.kind} {'without' if self.ceiling is None else 'with'} a ceiling; needed is a "
                "ceiling with kind = 'saturating', and with no other"
            )
        if self.kind == "saturating" and self.factor.p50 <= 1:
            raise BadInput(
                f"growth of {self.factor.p50 - 1:.4g} a month never nears a ceiling; needed is more than 0, or "
                "kind = 'exponential' for what shrinks"
            )

    def requests(self, first: float, month: int, z_factor: float = 0.0, z_ceiling: float = 0.0) -> float:
        """Requests of a month, 0 being the first, for a draw of the growth and one of the ceiling."""
        if self.kind == "none" or first <= 0:
            return first
        grown = self.factor.at(z_factor) ** month
        if self.ceiling is None:
            return float(first * grown)
        top = self.ceiling.at(z_ceiling)
        return float(top / (1 + (top / first - 1) / grown)) if grown > 0 else 0.0


def growing(p10: float, p50: float, p90: float) -> Likely:
    """1 + r of three rates a month: 0.04 is 4 %, −0.1 a tenth less every month. Raises BadInput."""
    for rate in (p10, p50, p90):
        if not _LEAST_RATE < rate <= MOST_RATE:
            raise BadInput(
                f"growth of {rate:g} a month; needed is more than −1 (nothing left) and at most {MOST_RATE:g} "
                "(twice as much every month); 0.04 is 4 %"
            )
    return Likely(p10=1 + p10, p50=1 + p50, p90=1 + p90)
