"""Robust and plain statistics on sequences of floats. numpy and scipy are imported where they are used."""

import math
from collections.abc import Sequence

PUBLISHED_DIGITS = 7


def significant(value: float, digits: int = PUBLISHED_DIGITS) -> float:
    """`value` at `digits` significant digits: the precision at which figures are published and compared."""
    return float(f"{value:.{digits - 1}e}") if value and math.isfinite(value) else value


def same_published(expected: float, found: float) -> bool:
    """Whether two figures agree within half a unit of the last published digit, and a millionth of it more.

    An exact half of a decimal unit has no binary fraction, so that it lies on either side of itself by some 1e-9.
    """
    if expected == found:
        return True
    if not (math.isfinite(expected) and math.isfinite(found)):
        return False
    scale = max(abs(expected), abs(found))
    unit = 10.0 ** (math.floor(math.log10(scale)) - PUBLISHED_DIGITS + 1)
    return abs(expected - found) <= 0.5 * unit * (1 + 1e-6)


def mean(values: Sequence[float]) -> float:
    """The arithmetic mean of at least one value, summed without rounding loss."""
    return math.fsum(values) / len(values)


def median(values: Sequence[float]) -> float:
    """The median of at least one value."""
    ranked = sorted(values)
    middle = len(ranked) // 2
    return ranked[middle] if len(ranked) % 2 else (ranked[middle - 1] + ranked[middle]) / 2


def quantile(values: Sequence[float], share: float) -> float:
    """The quantile of at least one value, linear between ranks (method 7 of Hyndman, Fan 1996, numpy's own)."""
    ranked = sorted(values)
    place = share * (len(ranked) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ranked) - 1)
    return ranked[below] + (place - below) * (ranked[above] - ranked[below])


def deviation(values: Sequence[float]) -> float:
    """The standard deviation (n - 1) of at least two values."""
    centre = mean(values)
    return math.sqrt(math.fsum((v - centre) ** 2 for v in values) / (len(values) - 1))


def t95(degrees: float) -> float:
    """Student's two-sided 95 % quantile for `degrees` ≥ 1 degrees of freedom, whole or not."""
    return student(degrees, 0.95)


def student(degrees: float, share: float) -> float:
    """Student's two-sided quantile: `share` of values lie between its negative and it."""
    from scipy.special import stdtrit  # scipy.stats takes a second to import

    return float(stdtrit(degrees, (1 + share) / 2))


def f95(above: float, below: float) -> float:
    """Fisher's 95 % quantile of a ratio of variances with so many degrees of freedom above and below."""
    return _f(above, below, 0.95)


def f75(above: float, below: float) -> float:
    """Fisher's 75 % quantile of a ratio of variances with so many degrees of freedom above and below."""
    return _f(above, below, 0.75)


def _f(above: float, below: float, share: float) -> float:
    from scipy.special import fdtri

    return float(fdtri(above, below, share))
