"""A request → energy, grams and the rivals' figures, as the command line and REST both hand them on.

Values are handed in (Known, a Place, what making hardware emitted); nothing is read here.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, get_args

from bench.carbon import CarbonGrams, Factor, Place, carbon_of, contract, contract_kind
from bench.carbon.factors import Scope
from bench.errors import BadInput, UnknownName
from bench.estimators.answer import Answer, plain
from bench.estimators.answering import Known, answer
from bench.estimators.rivals import RivalFigure, RivalRequest, beside
from bench.estimators.wanted import Wanted, input_of
from bench.nouns.estimates import Range
from bench.phrases import Phrase

NO_CONTRACT = Phrase("no market-based grams: no contract was given (market_factor with market_kind)")
GRIDS: tuple[Scope, ...] = get_args(Scope)
EmbodiedOf = Callable[
    [Answer], tuple[Range | None, str]
]  # grams of all requests and what they rest on, or why none


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimated:
    """The answer, its grams where a place was named, and the rivals' figures of one request where asked for."""

    answer: Answer
    carbon: CarbonGrams | None
    rivals: tuple[RivalFigure, ...] = ()


def grid_of(name: str) -> Scope:
    """What a grid's figure counts, by its name. Raises UnknownName."""
    if name not in GRIDS:
        raise UnknownName("grid", name, GRIDS)
    return name


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
    return contract(
        contract_kind(kind), g_per_kwh=g_per_kwh, zone=place.name, year=place.year, scope=grid_of(scope)
    )


def priced(
    wanted: Wanted,
    known: Known,
    embodied_of: EmbodiedOf,
    *,
    place: Place | None = None,
    grid: Scope = "life_cycle",
    market: Factor | None = None,
    shadow: bool = False,
) -> Estimated:
    """The estimate of a request; `market` is a contract's factor. Raises BadInput, UnknownName, MissingFactor."""
    found = answer(wanted, known)
    embodied, why = embodied_of(found)
    carbon = None
    if place is not None:
        carbon = carbon_of(found.energy_kwh, place, scope=grid, market=market, embodied=embodied)
        found = replace(found, notes=(*found.notes, *(() if embodied is not None else (why,))))
        if market is None:
            found = replace(found, notes=(*found.notes, NO_CONTRACT))
    else:
        found = replace(found, notes=(*found.notes, Phrase("no region: no grams")))
    if carbon is not None and embodied is not None:
        carbon = replace(carbon, rests_on=(*carbon.rests_on, why))
    return Estimated(answer=found, carbon=carbon, rivals=_rivals(found, place, known) if shadow else ())


def plain_estimate(found: Estimated, *, explain: bool) -> dict[str, Any]:
    """The JSON object, but for its schema_version."""
    data: dict[str, Any] = dict(plain(found.answer, found.carbon))
    if found.rivals:
        data["shadow"] = [_shadow(one, found.answer.wanted.count) for one in found.rivals]
    if explain:
        data["chain"] = list(found.answer.chain)
    return data


def _shadow(one: RivalFigure, count: float) -> dict[str, Any]:
    grams = None if one.carbon_g is None else one.carbon_g * count
    return {
        "rival": one.label,
        "energy_kwh": one.energy_kwh * count,
        "carbon_g": grams,
        "counts": one.rival.counts,
        "leaves_out": one.rival.leaves_out,
        "source": one.rival.source,
    }


def _rivals(found: Answer, place: Place | None, known: Known) -> tuple[RivalFigure, ...]:
    """What others' formulas say of one such request; none of sound, which they do not know."""
    wanted = found.wanted
    if wanted.audio_seconds is not None or wanted.output_tokens is None:
        raise BadInput(Phrase("--shadow: the rivals count tokens alone; needed are output_tokens"))
    tokens_in = input_of(wanted, known.token_rates, [])
    return beside(
        RivalRequest(
            input_tokens=tokens_in.value if tokens_in else 0.0,
            output_tokens=wanted.output_tokens,
            active_params_b=found.job.shape.active / 1e9 if found.job else None,
            total_params_b=found.job.shape.parameters / 1e9 if found.job else None,
            pue=place.pue.ratio.value if place else None,
            grid_g_per_kwh=place.factor().g_per_kwh.value if place else None,
        )
    )
