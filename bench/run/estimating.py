"""A request → energy and grams: what is known is read, a place is looked up, the answer is priced."""

from collections.abc import Sequence
from pathlib import Path

from bench.estimators.priced import Estimated, contract_asked, grid_of, priced
from bench.estimators.wanted import Wanted
from bench.files.knowing import embodied_of, read_known
from bench.files.regions import place_asked

__all__ = ["Estimated", "estimate"]


def estimate(
    wanted: Wanted,
    *,
    region: str = "",
    grid_scope: str = "life_cycle",
    pue: float | None = None,
    g_per_kwh: float | None = None,
    market_factor: float | None = None,
    market_kind: str = "",
    market_scope: str = "direct",
    shadow: bool = False,
    results: Sequence[Path] = (),
) -> Estimated:
    """The estimate of a request. Raises BadInput, UnknownName, MissingFactor, BrokenResults."""
    grid = grid_of(grid_scope)
    place = place_asked(region, pue=pue, g_per_kwh=g_per_kwh)
    market = contract_asked(place, market_factor, market_kind, market_scope)
    return priced(wanted, read_known(results), embodied_of, place=place, grid=grid, market=market, shadow=shadow)
