"""A request → energy and grams: what is known is read, a place is looked up, the answer is priced."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast, get_args

from bench.carbon import CarbonGrams, Place, carbon_of, place_of
from bench.carbon.factors import Scope
from bench.errors import BadInput, UnknownName
from bench.estimators.answer import Answer
from bench.estimators.answering import Known, answer
from bench.estimators.rivals import RivalFigure, RivalRequest, beside
from bench.estimators.wanted import Wanted, input_of
from bench.files.knowing import embodied_of, read_known
from bench.files.regions import NEWEST, read_regions


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimated:
    """The answer, its grams where a place was named, and the rivals' figures of one request where asked for."""

    answer: Answer
    carbon: CarbonGrams | None
    rivals: tuple[RivalFigure, ...] = ()


def estimate(
    wanted: Wanted,
    *,
    region: str = "",
    grid_scope: str = "life_cycle",
    pue: float | None = None,
    g_per_kwh: float | None = None,
    shadow: bool = False,
    results: Sequence[Path] = (),
) -> Estimated:
    """The estimate of a request. Raises BadInput, UnknownName, MissingFactor, BrokenResults."""
    if grid_scope not in get_args(Scope):
        raise UnknownName("grid", grid_scope, get_args(Scope))
    place = _place(region, pue, g_per_kwh)
    known = read_known(results)
    found = answer(wanted, known)
    embodied, why = embodied_of(found)
    carbon = None
    if place is not None:
        carbon = carbon_of(found.energy_kwh, place, scope=cast(Scope, grid_scope), embodied=embodied)
        found = replace(found, notes=(*found.notes, *(() if embodied is not None else (why,))))
    else:
        found = replace(found, notes=(*found.notes, "no region: no grams"))
    if carbon is not None and embodied is not None:
        carbon = replace(carbon, rests_on=(*carbon.rests_on, why))
    return Estimated(answer=found, carbon=carbon, rivals=_rivals(found, place, known) if shadow else ())


def _place(region: str, pue: float | None, g_per_kwh: float | None) -> Place | None:
    """The place by its name, or by two numbers of the user's own."""
    if pue is None and g_per_kwh is None:
        return read_regions().place(region) if region else None
    if pue is None or g_per_kwh is None or region:
        raise BadInput("give either a region, or both pue and g_per_kwh of a place of your own")
    return place_of("a place of the user's own", g_per_kwh=g_per_kwh, pue=pue, year=NEWEST)


def _rivals(found: Answer, place: Place | None, known: Known) -> tuple[RivalFigure, ...]:
    """What others' formulas say of one such request; none of sound, which they do not know."""
    wanted = found.wanted
    if wanted.audio_seconds is not None or wanted.output_tokens is None:
        raise BadInput("--shadow: the rivals count tokens alone; needed are output_tokens")
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
