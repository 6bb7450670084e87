"""The prior with any of its sources left out, and how wide its intervals must be: what prior.json holds."""

import math
from collections.abc import Sequence
from itertools import combinations

from bench.estimators.prior import Book, Prior, energy_j, moves
from bench.fit.prior import Row, calibrate, prior_of

_LEVEL = 0.9
# Of a prior fitted on one source or none, whose width nothing can be held out to tell: chosen, the widest found
_ALONE = 1.5


def book_of(rows: Sequence[Row]) -> Book:
    """Every subset of the sources, fitted; each stretched to what its own sources needed when left out of it."""
    sources = tuple(sorted({row.source for row in rows}))
    subsets = [some for count in range(len(sources) + 1) for some in combinations(sources, count)]
    fitted = {some: prior_of([r for r in rows if r.source in some], 1.0) for some in subsets}
    priors = {some: stretched(fitted[some], _width(some, fitted, rows)) for some in subsets}
    return Book(priors=priors, sources=sources, one_model=_one_model(sources, fitted, rows))


def stretched(prior: Prior, width: float) -> Prior:
    """The prior with another width."""
    return Prior(coefficients=prior.coefficients, width=width, overall=prior.overall, sources=prior.sources)


def _width(some: tuple[str, ...], fitted: dict[tuple[str, ...], Prior], rows: Sequence[Row]) -> float:
    """The quantile over held-out sources of how far a row lies, in units of its own interval; each source once."""
    if len(some) < 2:
        return _ALONE
    weighed: list[tuple[float, float]] = []
    for source in some:
        prior = fitted[tuple(s for s in some if s != source)]
        weighed += [(far, share / len(some)) for far, share in _shares(prior, rows, source)]
    return _quantile(weighed)


def _shares(prior: Prior, rows: Sequence[Row], source: str) -> list[tuple[float, float]]:
    """How far each of a source's rows lies, and its share: models on machines count alike."""
    own = [row for row in rows if row.source == source]
    clusters = [(row.machine, row.model) for row in own]
    each = 1 / len(set(clusters))
    return [(_far(prior, row), each / clusters.count(cluster)) for row, cluster in zip(own, clusters, strict=True)]


def _far(prior: Prior, row: Row) -> float:
    off = math.log(row.energy_j / energy_j(prior, row.job))
    below, above = moves(prior, row.job)
    return abs(off) / max(above if off > 0 else below, 1e-9)


def _quantile(weighed: Sequence[tuple[float, float]]) -> float:
    reached = 0.0
    for far, share in sorted(weighed):
        reached += share
        if reached >= _LEVEL:
            return far
    return max(far for far, _ in weighed)


def _one_model(sources: tuple[str, ...], fitted: dict[tuple[str, ...], Prior], rows: Sequence[Row]) -> float:
    """The half-width of ln(joules) on a machine where one model was measured: over every such choice here."""
    weighed: list[tuple[float, float]] = []
    machines = sorted({(row.source, row.machine) for row in rows})
    for source, machine in machines:
        own = [row for row in rows if row.source == source and row.machine == machine]
        models = sorted({row.model for row in own})
        base = fitted[tuple(s for s in sources if s != source)]
        for model in models if len(models) > 1 else ():
            moved = calibrate(base, [row for row in own if row.model == model])
            rest = [row for row in own if row.model != model]
            share = 1 / len(models) / len(rest) / len(machines)
            weighed += [(abs(math.log(r.energy_j / energy_j(moved, r.job))), share) for r in rest]
    total = sum(share for _, share in weighed)
    return _quantile([(far, share / total) for far, share in weighed]) if weighed else _ALONE
