"""Where requests run: a place by its name or by two numbers, what its grid's figure counts, and a contract."""

from collections.abc import Mapping
from dataclasses import dataclass

from bench.carbon import CONTRACTS, Factor, Place
from bench.carbon.factors import MOST_G_PER_KWH, Scope
from bench.carbon.places import MOST_PUE
from bench.errors import BadInput, UnknownName
from bench.estimators.priced import GRIDS, contract_asked
from bench.estimators.rivals.figure import within
from bench.files.regions import place_asked
from bench.phrases import Phrase
from bench.service.knowledge import Knowledge
from bench.service.problems import Path, refused, unknown, words_of

NUMBERS: Mapping[str, tuple[float, float]] = {  # at least, at most
    "pue": (1.0, MOST_PUE),
    "g_per_kwh": (0.0, MOST_G_PER_KWH),
    "market_factor": (0.0, MOST_G_PER_KWH),
}
TEXTS = ("region", "grid", "market_kind", "market_scope")
Body = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A place, the kind of its grid's figure, and a contract's factor; None: not said."""

    place: Place | None
    grid: Scope
    market: Factor | None


def placed(body: Body, knowledge: Knowledge, at: Path) -> Placed:
    """Where a request runs. Raises Refused."""
    place = _place(body, knowledge, at)
    return Placed(
        place=place,
        grid=one_of(body, "grid", GRIDS, at) or "life_cycle",
        market=_contract(body, place, at),
    )


def one_of(body: Body, name: str, known: tuple[Scope, ...], at: Path) -> Scope | None:
    """One of some words, None where none is said. Raises Refused."""
    found = _text(body, name, at)
    for each in known:
        if found == each:
            return each
    if found is None:
        return None
    raise unknown((*at, name), UnknownName(name, found[:60], known))


def _place(body: Body, knowledge: Knowledge, at: Path) -> Place | None:
    region = _text(body, "region", at) or ""
    pue, g_per_kwh = (_number(body, name, at) for name in ("pue", "g_per_kwh"))
    try:
        return place_asked(region, pue=pue, g_per_kwh=g_per_kwh, regions=lambda: knowledge.regions)
    except UnknownName as error:
        raise unknown((*at, "region"), error) from error
    except BadInput as error:
        where = "region" if region else "pue" if pue is None else "g_per_kwh"
        raise refused((*at, where), words_of(error)) from error


def _contract(body: Body, place: Place | None, at: Path) -> Factor | None:
    factor, kind = _number(body, "market_factor", at), _text(body, "market_kind", at) or ""
    if kind and kind not in CONTRACTS:
        raise unknown((*at, "market_kind"), UnknownName("kind of contract", kind[:60], CONTRACTS))
    scope = one_of(body, "market_scope", GRIDS, at) or "direct"
    try:
        return contract_asked(place, factor, kind, scope)
    except BadInput as error:
        raise refused((*at, "market_kind" if factor is not None else "market_factor"), words_of(error)) from error


def _text(body: Body, name: str, at: Path) -> str | None:
    found = body.get(name)
    if found is not None and not isinstance(found, str):
        raise refused((*at, name), Phrase("{name} is {found!r:.60}; needed is text", name=name, found=found))
    return found


def _number(body: Body, name: str, at: Path) -> float | None:
    found = body.get(name)
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise refused((*at, name), Phrase("{name} is {found!r:.60}; needed is a number", name=name, found=found))
    least, most = NUMBERS[name]
    try:
        return within(name, float(found), least, most)
    except BadInput as error:
        raise refused((*at, name), words_of(error)) from error
    except OverflowError as error:
        raise refused(
            (*at, name), Phrase("{name} is an integer beyond any; needed is a number", name=name)
        ) from error
