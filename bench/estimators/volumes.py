"""Flows of requests over months → kWh and kg a month at P10, P50 and P90, by a seeded Monte Carlo.

Why a Monte Carlo: a sum over flows of products (requests grown, joules of a request, PUE, grid) has no closed
form, and its percentiles over several months even less; where one exists (one flow, log-normals alone) a test
holds the percentiles to it. Draws are stratified (a Latin hypercube: every input is drawn once from each of
8000 strata of equal probability; McKay, Beckman and Conover, Technometrics 21 (1979), 239-245, checked
2026-11-22), so that the same input gives the same figures to the last digit and percentiles of a single input
are exact.

What is drawn once a draw, for it is one cause in every request and month: the joules of a request (one z for all
flows: coefficients of one meter and one prior err together, and taking them so is never too narrow), PUE, the
grid, making the hardware; of each flow its requests of the first month, its growth, its ceiling, and the mean of
lengths that were counted from n files, σ/√n. Which lengths and languages N requests happen to have is drawn for a
month, and by itself for all months of a flow and of a project: σ·√N of their sum, so that it matters for few
requests and vanishes for many.
"""

import math
import random
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist

from bench.errors import BadInput
from bench.estimators.flows import Priced
from bench.estimators.likely import Likely, drawn
from bench.estimators.rivals.figure import within
from bench.nouns.estimates import Range
from bench.phrases import Phrase
from bench.units import J_PER_KWH

DRAWS, _FEWEST = 8000, 2000  # the fewer for projects whose months and flows are very many
_MOST_SUMS = 2_000_000  # of a flow's month in a draw: some seconds
SEED = 20261122
MOST_MONTHS, MOST_FLOWS = 120, 50
_MOST_REQUESTS = 1e15  # a month, of one flow
_NODES = tuple(at / 10 for at in range(-45, 46))  # of z, between which the mean joules are read off
_G_PER_KG, _W_PER_KW = 1000.0, 1000.0
MONTH_H = 365.25 * 24 / 12
_LEAST = 1e-100  # of requests and kWh, whose square is still a number
_MOST_WATTS = 1e7  # chosen: a data hall of 10 MW
_CV_SQUARE_OF_ONE = 1.0  # of what one file stands for: chosen, that of lengths that are exponentially distributed


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What makes grams of kWh: PUE and g CO2e a kWh, each with its 90 % interval."""

    pue: Range
    g_per_kwh: Range


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A machine that is kept on: watts while it waits, and hours of a month (SCI counts what is provisioned,
    bench.carbon.provisioned). Its requests are flows of their own. Raises BadInput.
    """

    name: str
    watts: Likely
    hours: float = MONTH_H

    def __post_init__(self) -> None:
        within("hours_per_month", self.hours, 0.0, 31 * 24.0)
        within("watts", self.watts.p90, 0.0, _MOST_WATTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """Requests, kWh of computers, kg CO2e of their electricity and of making their hardware; None: not known."""

    requests: Likely
    energy_kwh: Likely
    location_kg: Likely | None
    embodied_kg: Likely | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Projection:
    """`months` one by one; over all of them `total`, `flows` and what is `waiting`, in their order.

    Percentiles of a total are of the draws' totals: they are no sum of the months' percentiles.
    """

    months: tuple[Amounts, ...]
    total: Amounts
    flows: tuple[Amounts, ...]
    waiting: tuple[Amounts, ...] = ()


def project(
    flows: Sequence[Priced],
    months: int,
    site: Site | None = None,
    embodied_g: Sequence[Range | None] = (),
    *,
    waiting: Sequence[Waiting] = (),
    draws: int | None = None,
    seed: int = SEED,
) -> Projection:
    """What these flows take over so many months. `embodied_g`: of one request of each flow [g]. BadInput."""
    if not 1 <= months <= MOST_MONTHS:
        raise BadInput(Phrase("months is {n}; needed is 1 to {most}", n=months, most=MOST_MONTHS))
    if not 1 <= len(flows) + len(waiting) <= MOST_FLOWS or not flows:
        raise BadInput(Phrase("{n} flows; needed are 1 to {most}", n=len(flows), most=MOST_FLOWS))
    made = [*embodied_g] or [None] * len(flows)
    count = draws or max(_FEWEST, min(DRAWS, _MOST_SUMS // (months * len(flows))))
    runs = list(_drawn(flows, months, site, made, waiting, count, seed))
    # of a machine that waits nobody said what it is, so that nothing tells what its making took
    whole = all(one is not None for one in made) and not waiting

    def told(of: Sequence["_Sums"], *, making: bool) -> Amounts:
        return Amounts(
            requests=_likely([one.requests for one in of]),
            energy_kwh=_likely([one.kwh for one in of]),
            location_kg=_likely([one.kg for one in of]) if site else None,
            embodied_kg=_likely([one.made_kg for one in of]) if making else None,
        )

    return Projection(
        months=tuple(told([run.months[at] for run in runs], making=whole) for at in range(months)),
        total=told([run.total for run in runs], making=whole),
        flows=tuple(
            told([run.flows[at] for run in runs], making=made[at] is not None) for at in range(len(flows))
        ),
        waiting=tuple(told([run.waiting[at] for run in runs], making=False) for at in range(len(waiting))),
    )


@dataclass(slots=True)
class _Sums:
    """Of a month, a flow or all of both; variances are of what scatters from month to month and request to
    request."""

    requests: float = 0.0
    kwh: float = 0.0
    requests_variance: float = 0.0
    kwh_variance: float = 0.0
    made_kg: float = 0.0
    kg: float = 0.0

    def add(self, count: float, variance: float, request_kwh: float, square: float, made_g: float) -> None:
        """Adds requests with their variance, of a mean kWh, the square of its variation, and grams each."""
        self.requests += count
        self.kwh += count * request_kwh
        self.requests_variance += variance
        self.kwh_variance += (count * square + variance) * request_kwh**2
        self.made_kg += count * made_g / _G_PER_KG

    def scatter(self, z: float, kg_per_kwh: float) -> None:
        """Draws how many requests happen to come and which lengths they have, and counts the grams."""
        if self.requests > _LEAST:
            self.requests *= _moved(self.requests_variance / self.requests**2, z)
        if self.kwh > _LEAST:
            self.kwh *= _moved(self.kwh_variance / self.kwh**2, z)
        self.kg = self.kwh * kg_per_kwh


@dataclass(frozen=True, slots=True)
class _Run:
    """One draw."""

    months: tuple[_Sums, ...]
    flows: tuple[_Sums, ...]
    waiting: tuple[_Sums, ...]
    total: _Sums


def _empty(count: int) -> tuple[_Sums, ...]:
    return tuple(_Sums() for _ in range(count))


class _Curve:
    """Mean joules of a request, and their variance over lengths and languages, at a draw z of the coefficients."""

    def __init__(self, priced: Priced) -> None:
        self._means: list[float] = []
        self._squares: list[float] = []  # of the coefficient of variation
        for z in _NODES:
            joules = [(weight, drawn(one, z)) for weight, one in priced.parts]
            mean = math.fsum(w * j for w, j in joules)
            self._means.append(mean)
            variance = math.fsum(w * (j - mean) ** 2 for w, j in joules)
            self._squares.append(variance / mean**2 if mean > 0 else 0.0)

    def at(self, z: float) -> tuple[float, float]:
        """Mean joules, and the square of their coefficient of variation."""
        place = min(max(bisect_right(_NODES, z) - 1, 0), len(_NODES) - 2)
        part = (z - _NODES[place]) / (_NODES[place + 1] - _NODES[place])
        low, high = self._means[place], self._means[place + 1]
        # straight on the scale of logarithms, as the joules of every length are
        mean = low * (high / low) ** part if low > 0 else max(0.0, low + (high - low) * part)
        return mean, self._squares[place] + (self._squares[place + 1] - self._squares[place]) * part


def _drawn(
    flows: Sequence[Priced],
    months: int,
    site: Site | None,
    made: Sequence[Range | None],
    waiting: Sequence[Waiting],
    draws: int,
    seed: int,
) -> Iterator[_Run]:
    rng = random.Random(seed)
    columns = [_normals(rng, draws) for _ in range(6 + 4 * len(flows) + len(waiting))]
    curves = [_Curve(one) for one in flows]
    for joules_z, pue_z, grid_z, made_z, month_z, total_z, *rest in zip(*columns, strict=True):
        run = _Run(_empty(months), _empty(len(flows)), _empty(len(waiting)), _Sums())
        for at, one in enumerate(flows):
            first_z, growth_z, ceiling_z, counted_z = rest[4 * at : 4 * at + 4]
            mean_j, square = curves[at].at(joules_z)
            request_kwh = mean_j * _counted(one, square, counted_z) / J_PER_KWH
            made_g = 0.0 if (each_g := made[at]) is None else drawn(each_g, made_z)
            first, spread = one.flow.requests.at(first_z), math.expm1(one.flow.growth.scatter**2)
            counts = one.flow.growth.course(first, months, growth_z, ceiling_z)
            _refuse_absurd(one, counts)
            for sums, count in zip(run.months, counts, strict=True):
                sums.add(count, spread * count * count, request_kwh, square, made_g)
            whole = math.fsum(counts), spread * math.fsum(count * count for count in counts)
            for each in (run.flows[at], run.total):
                each.add(*whole, request_kwh, square, made_g)
        for kept_on, waits, z in zip(waiting, run.waiting, rest[4 * len(flows) :], strict=True):
            kwh = kept_on.watts.at(z) * kept_on.hours / _W_PER_KW
            waits.kwh += months * kwh
            for sums, times in (*((each, 1) for each in run.months), (run.total, months)):
                sums.kwh += times * kwh
        kg_per_kwh = drawn(site.pue, pue_z) * drawn(site.g_per_kwh, grid_z) / _G_PER_KG if site else 0.0
        for sums in run.months:  # one z for all: every month's percentiles are its own, and none is of two months
            sums.scatter(month_z, kg_per_kwh)
        for sums in (*run.flows, *run.waiting, run.total):
            sums.scatter(total_z, kg_per_kwh)
        yield run


def _counted(one: Priced, square: float, z: float) -> float:
    """By how much the mean joules move, for their lengths were counted from n files: a relative error of cv/√n.

    The variance of a few files is too small by (n − 1)/n on average; of one file there is none, and 1 is taken.
    """
    if one.flow.counted is None:
        return 1.0
    n = one.flow.counted
    return _moved(square / (n - 1) if n > 1 else _CV_SQUARE_OF_ONE, z)


def _moved(square: float, z: float) -> float:
    """A log-normal of mean 1 whose coefficient of variation has that square; never below nought."""
    width = math.sqrt(math.log1p(square))
    return math.exp(width * z - width * width / 2)


def _refuse_absurd(one: Priced, counts: Sequence[float]) -> None:
    count = max(counts)
    if count > _MOST_REQUESTS:
        month = next(at for at, each in enumerate(counts) if each > _MOST_REQUESTS)
        count = counts[month]
        raise BadInput(
            Phrase(
                "flow {name!r} grows to {count:.3g} requests in month {month}; needed is a number that a month "
                "can have: give fewer months, less growth, or a ceiling with kind = 'saturating'",
                name=one.flow.name,
                count=count,
                month=month + 1,
            )
        )


def _normals(rng: random.Random, draws: int) -> list[float]:
    """Standard normal numbers, one from the middle of each of `draws` strata, shuffled."""
    normal = NormalDist()
    found = [normal.inv_cdf((at + 0.5) / draws) for at in range(draws)]
    rng.shuffle(found)
    return found


def _likely(values: Sequence[float]) -> Likely:
    ordered = sorted(values)
    return Likely(p10=_quantile(ordered, 0.1), p50=_quantile(ordered, 0.5), p90=_quantile(ordered, 0.9))


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Hazen's: the middle of each stratum holds its own probability."""
    place = share * len(ordered) - 0.5
    at = min(max(math.floor(place), 0), len(ordered) - 1)
    after = min(at + 1, len(ordered) - 1)
    return ordered[at] + (ordered[after] - ordered[at]) * (place - at)
