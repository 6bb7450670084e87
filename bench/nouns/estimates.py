"""What is estimated: numbers with what they may be at least and at most, and how well each is known."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from bench.errors import BadInput
from bench.phrases import Phrase

if TYPE_CHECKING:  # nouns load no array library: whoever fills columns has loaded it
    import numpy as np
    import numpy.typing as npt

# how an estimate was come by, the surest first: a measured cell; a fit over measured cells; such a figure scaled
# to another batch, GPU or size; what is known of limits alone
Grade = Literal["measured", "fitted", "scaled", "bounded"]
GRADES: tuple[Grade, ...] = ("measured", "fitted", "scaled", "bounded")


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """A number with its 90 % interval: low ≤ value ≤ high, all three finite.

    Its unit is in the name of what holds it. How two of them add depends on whether their causes are shared, so
    that it has no `+`: bench.estimators.ranges has a sum for either case. Raises BadInput.
    """

    low: float
    value: float
    high: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.value) and math.isfinite(self.high)):
            raise BadInput(
                Phrase(
                    "a range of {range}: needed are three finite numbers; leave out what is not known",
                    range=self.words,
                )
            )
        if not self.low <= self.value <= self.high:
            raise BadInput(
                Phrase(
                    "a range of {range}: needed is low ≤ value ≤ high; put the three in order", range=self.words
                )
            )

    def __iter__(self) -> Iterator[float]:
        return iter((self.low, self.value, self.high))

    @property
    def words(self) -> str:
        """The three as people read them: 41.4 (41.4 to 56)."""
        return Phrase("{value:.4g} ({low:.4g} to {high:.4g})", value=self.value, low=self.low, high=self.high)


def exactly(value: float) -> Range:
    """A number that is known without error: a count, a factor between units. Raises BadInput."""
    return Range(low=value, value=value, high=value)


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeColumns:
    """Many ranges of one unit: three arrays of one length, low ≤ value ≤ high; NaN in all three: there is none."""

    low: "npt.NDArray[np.float64]"
    value: "npt.NDArray[np.float64]"
    high: "npt.NDArray[np.float64]"

    def row(self, at: int) -> Range | None:
        """One of them, None where there is none."""
        low, value, high = (float(column[at]) for column in (self.low, self.value, self.high))
        return None if math.isnan(value) else Range(low=low, value=value, high=high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimates:
    """Estimates of many requests, a row each: kWh of the computers, grams with the building, how it was come by.

    `refusal`: nought where a row was answered, else where in `reasons` it says why it was not; a refused row has
    no number in any column. `grade` counts in GRADES, -1 where refused. `carbon_g` is location-based; None where
    no region was given. The columns are to be read: some may be one number, seen as many.
    """

    energy_kwh: RangeColumns
    carbon_g: RangeColumns | None
    grade: "npt.NDArray[np.int8]"
    refusal: "npt.NDArray[np.int32]"
    reasons: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.grade)

    def reason(self, at: int) -> str:
        """Why a row was refused; empty where it was answered."""
        return self.reasons[int(self.refusal[at])]
