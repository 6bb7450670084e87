"""Requests of months that are over → their level and growth, each as sure as these months make it.

    exponential   ln N(t) = a + g·t                    saturating   ln(N / (K − N)) = a + g·t

by least squares over months t. At the middle of the months the level a and the slope g err apart from each other,
so that they can be drawn apart:

    level   a ± q·s/√n          slope   g ± q·s/√Σ(t − t̄)²

s² = the residuals' squares over n − 2, q Student's quantile with n − 2 degrees of freedom (Montgomery and Runger,
Applied Statistics and Probability for Engineers, section 11-5.1; checked 2026-11-22). Months to come scatter by s,
as those did that are over. The second form is the logistic curve on a straight line, its ceiling K taken as known.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bench.errors import BadInput
from bench.estimators.growth import Growth
from bench.estimators.likely import Likely, surely
from bench.phrases import Phrase
from bench.stats import student

FEWEST = 3  # months: two always lie on a line
_MOST_SCATTER = 2.0  # of ln(requests): a factor of 7; chosen
_LEAST = 1e-3  # requests a month; chosen
_SIDES = (-1.0, 0.0, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """`level`: requests a month at the middle of the months that are over, from which the growth counts on."""

    level: Likely
    growth: Growth


def seen(counts: Sequence[float], ceiling: float | None = None) -> Seen:
    """Level and growth of monthly counts, oldest first; saturating under a ceiling. Raises BadInput."""
    line = _line([_scaled(count, ceiling) for count in _checked(counts, ceiling)])
    if ceiling is not None and line.slope <= 0:
        raise BadInput(
            Phrase(
                "a history that shrinks by {rate:.2g} a month never nears a ceiling; needed is "
                "kind = 'exponential'",
                rate=-math.expm1(line.slope),
            )
        )
    if line.scatter > _MOST_SCATTER:
        raise BadInput(
            Phrase(
                "a history whose months lie about their course by a factor of {factor:.3g} tells no growth; give "
                "per_month and growth instead",
                factor=math.exp(line.scatter),
            )
        )
    reach = student(len(counts) - 2, 0.8) * line.scatter
    levels = [_counted(line.level + side * reach / math.sqrt(line.n), ceiling) for side in _SIDES]
    factors = [math.exp(line.slope + side * reach / math.sqrt(line.square)) for side in _SIDES]
    return Seen(
        level=Likely(p10=levels[0], p50=levels[1], p90=levels[2]),
        growth=Growth(
            kind="exponential" if ceiling is None else "saturating",
            factor=Likely(p10=factors[0], p50=factors[1], p90=factors[2]),
            ceiling=None if ceiling is None else surely(ceiling),
            known_months=float(line.n),
            since=(line.n + 1) / 2,  # from the middle of months 0 … n − 1 to month n
            scatter=line.scatter,
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    n: int
    level: float  # at the middle
    slope: float
    square: float  # Σ(t − t̄)²
    scatter: float


def _line(scaled: Sequence[float]) -> _Line:
    n = len(scaled)
    middle, square = (n - 1) / 2, n * (n * n - 1) / 12
    level = math.fsum(scaled) / n
    slope = math.fsum((t - middle) * y for t, y in enumerate(scaled)) / square
    rest = math.fsum((y - level - slope * (t - middle)) ** 2 for t, y in enumerate(scaled))
    return _Line(n=n, level=level, slope=slope, square=square, scatter=math.sqrt(rest / (n - 2)))


def _checked(counts: Sequence[float], ceiling: float | None) -> Sequence[float]:
    if len(counts) < FEWEST:
        raise BadInput(
            Phrase(
                "a history of {n} months; needed are {fewest}, or per_month and growth instead",
                n=len(counts),
                fewest=FEWEST,
            )
        )
    top = math.inf if ceiling is None else ceiling
    if wrong := [count for count in counts if not (_LEAST <= count < top and math.isfinite(count))]:
        below = "" if ceiling is None else Phrase(" and below the ceiling, {top:g}", top=ceiling)
        raise BadInput(
            Phrase("{found:g} in a history; needed are counts above 0{below}", found=wrong[0], below=below)
        )
    return counts


def _scaled(count: float, ceiling: float | None) -> float:
    return math.log(count if ceiling is None else count / (ceiling - count))


def _counted(scaled: float, ceiling: float | None) -> float:
    return math.exp(scaled) if ceiling is None else ceiling / (1 + math.exp(-scaled))
