"""How long requests are: a distribution of lengths as points with weights, each the mean of its part.

Energy is rarely straight in length (audio comes in windows of 30 s, attention grows with the square of a
prompt), so that the energy of the mean length is not the mean of the energies (Jensen's inequality). Every point
is priced. A point is the mean of the lengths between two quantiles, so that the mean length is exact however few
points there are; parts are narrow at the tails, where a long file takes more than its share.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist

from bench.errors import BadInput
from bench.estimators.likely import Z80, Likely
from bench.estimators.rivals.figure import within
from bench.phrases import Phrase

_PARTS = 100  # of one length alone; a listed distribution has up to twice as many
_WIDEST_Z = 3.0  # beyond which a log-normal's tail is one part: one request in 700
_MOST_POINTS = 200
_WIDEST_RATIO = 1e6  # of P90 over P10; chosen: from a tenth of a second to a day
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lengths:
    """`points`: (weight, length), the weights add up to 1. `words` say what was given. Raises BadInput."""

    points: tuple[tuple[float, float], ...]
    words: str

    def __post_init__(self) -> None:
        for weight, length in self.points:
            within("a length", length, 0.0, math.inf)
            within("a weight", weight, 0.0, 1.0)
        if abs(math.fsum(weight for weight, _ in self.points) - 1) > 1e-9:
            raise BadInput(Phrase("weights of lengths do not add up to 1; needed is a whole distribution"))

    @property
    def mean(self) -> float:
        """The mean length."""
        return math.fsum(weight * length for weight, length in self.points)

    def quantile(self, share: float) -> float:
        """The length that `share` of all requests do not exceed, to the nearest point."""
        told = 0.0
        for weight, length in sorted(self.points, key=lambda one: one[1]):
            told += weight
            if told >= share - 1e-12:
                return length
        return max(length for _, length in self.points)


def fixed(length: float) -> Lengths:
    """Every request is that long."""
    return Lengths(points=((1.0, length),), words=f"{length:g}")


def uniform(low: float, high: float, parts: int = _PARTS) -> Lengths:
    """Any length from low to high alike. Raises BadInput where they are not in order."""
    if not low <= high:
        raise BadInput(
            Phrase("low {low:g}, high {high:g}; needed is low ≤ high; put them in order", low=low, high=high)
        )
    step = (high - low) / parts
    points = tuple((1 / parts, low + (at + 0.5) * step) for at in range(parts))
    return Lengths(points=points, words=Phrase("{low:g} to {high:g}, any alike", low=low, high=high))


def by_percentiles(found: Likely, parts: int = _PARTS) -> Lengths:
    """The two-piece log-normal through P10, P50 and P90. Raises BadInput where P10 is nought."""
    words = Phrase("P10 {p10:g}, P50 {p50:g}, P90 {p90:g}", p10=found.p10, p50=found.p50, p90=found.p90)
    if found.known:
        return fixed(found.p50)
    if found.p10 <= 0:
        raise BadInput(Phrase("{words}; needed is a p10 above 0; leave empty files out", words=words))
    if found.p90 > _WIDEST_RATIO * found.p10:
        raise BadInput(
            Phrase(
                "{words}; needed is a p90 of at most {most:g} times the p10: no files differ more",
                words=words,
                most=_WIDEST_RATIO,
            )
        )
    half = max(1, parts // 2)
    edges = [_WIDEST_Z * at / half for at in range(-half, half + 1)]
    edges[0], edges[-1] = -math.inf, math.inf
    scales = (math.log(found.p50 / found.p10) / Z80, math.log(found.p90 / found.p50) / Z80)
    points = tuple(_part(found.p50, scales[a >= 0], a, b) for a, b in pairwise(edges))
    whole = math.fsum(weight for weight, _ in points)
    return Lengths(points=tuple((weight / whole, length) for weight, length in points), words=words)


def listed(values: Sequence[float]) -> Lengths:
    """Lengths that were counted, one a file; a long list in parts of as many files. Raises BadInput if empty."""
    if not values:
        raise BadInput(Phrase("no lengths; needed is one at least"))
    ordered = sorted(values)
    words = Phrase("{n} lengths, {low:g} to {high:g}", n=len(ordered), low=ordered[0], high=ordered[-1])
    kept = condensed(ordered)
    points = tuple((1 / len(kept), length) for length in kept)
    return Lengths(points=points, words=words)


def condensed(values: Sequence[float], most: int = _MOST_POINTS) -> tuple[float, ...]:
    """At most that many lengths for many: means of parts of equal weight, so that the mean stays the same."""
    ordered = sorted(values)
    if len(ordered) <= most:
        return tuple(ordered)
    share = len(ordered) / most
    return tuple(_mean_between(ordered, at * share, (at + 1) * share) for at in range(most))


def coarser(found: Lengths, parts: int) -> Lengths:
    """The same in at most that many parts of equal weight, for what is priced against a second length."""
    if len(found.points) <= parts:
        return found
    kept: list[tuple[float, float]] = []
    weight = work = 0.0
    for share, length in sorted(found.points, key=lambda one: one[1]):
        weight, work = weight + share, work + share * length
        if weight >= 1 / parts:
            kept.append((weight, work / weight))
            weight = work = 0.0
    if weight > 0:
        kept.append((weight, work / weight))
    whole = math.fsum(share for share, _ in kept)
    return Lengths(points=tuple((share / whole, length) for share, length in kept), words=found.words)


def _part(middle: float, scale: float, low: float, high: float) -> tuple[float, float]:
    """Weight and mean of middle·exp(scale·z) for z from low to high: the log-normal's partial expectation.

    E[e^(sz); a < z < b] = e^(s²/2)·(Φ(b − s) − Φ(a − s)) (completing the square in the exponent).
    """
    weight = _phi(high) - _phi(low)
    return weight, middle * math.exp(scale * scale / 2) * (_phi(high - scale) - _phi(low - scale)) / weight


def _phi(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2))


def _mean_between(ordered: Sequence[float], start: float, end: float) -> float:
    """The mean of an ordered list from one fractional place to another."""
    first, last = math.floor(start), min(math.ceil(end), len(ordered))
    shares = [(min(end, at + 1) - max(start, at), ordered[at]) for at in range(first, last)]
    return math.fsum(share * value for share, value in shares) / math.fsum(share for share, _ in shares)


def at_most(found: Lengths, longest: float) -> Lengths:
    """The same with nothing longer than that: what would be is as long as that. Raises BadInput."""
    within("most", longest, 0.0, math.inf)
    points = tuple((weight, min(length, longest)) for weight, length in found.points)
    return Lengths(points=points, words=Phrase("{words}, at most {most:g}", words=found.words, most=longest))
