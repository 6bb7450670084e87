"""A request → energy and grams: what is known is read, a place is looked up, the answer is priced."""

from collections.abc import Sequence
from pathlib import Path

from bench.carbon import Factor, Place, contract, contract_kind
from bench.errors import BadInput
from bench.estimators.priced import Estimated, grid_of, priced
from bench.estimators.wanted import Wanted
from bench.files.knowing import embodied_of, read_known
from bench.files.regions import NEWEST, place_asked
from bench.phrases import Phrase

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


def contract_asked(place: Place | None, g_per_kwh: float | None, kind: str, scope: str) -> Factor | None:
    """The factor of a contract, None where none was said. Raises BadInput, UnknownName."""
    if g_per_kwh is None and not kind:
        return None
    if g_per_kwh is None or not kind:
        raise BadInput(
            Phrase(
                "give market_factor (g CO2e a kWh) and market_kind together: a contract's figure needs its kind"
            )
        )
    if place is None:
        raise BadInput(
            Phrase("market_factor: no region; needed is one, or pue and g_per_kwh, for the building's share")
        )
    return contract(contract_kind(kind), g_per_kwh=g_per_kwh, zone=place.name, year=NEWEST, scope=grid_of(scope))
