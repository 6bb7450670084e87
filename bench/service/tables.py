"""What can be asked for: models, hardware, regions, as the three tables of the service have them."""

from bench.carbon import Place
from bench.errors import MissingFactor
from bench.estimators.answer import SCHEMA_VERSION
from bench.estimators.answering import family_of
from bench.estimators.wanted import Wanted
from bench.nouns.estimates import Range
from bench.service.knowledge import Knowledge


def models(knowledge: Knowledge) -> dict[str, object]:
    """Every model by name: what kind it is, its size where it is known, and where it was measured."""
    known = knowledge.known
    shapes = {shape.name: shape for _, shape in known.catalogue.shapes}
    rows = []
    for name in known.models:
        shape = shapes.get(name)
        rows.append(
            {
                "name": name,
                "kind": family_of(Wanted(model=name), known),
                "parameters_b": shape.parameters / 1e9 if shape else None,
                "active_parameters_b": shape.active / 1e9 if shape else None,
                "measured_on": sorted({one.key.hardware for one in known.published if one.key.model == name}),
            }
        )
    return {"schema_version": SCHEMA_VERSION, "models": rows}


def hardware(knowledge: Knowledge) -> dict[str, object]:
    """Every card that the prior knows, and every machine that coefficients were measured on."""
    known = knowledge.known
    rows: list[dict[str, object]] = [
        {
            "name": name.replace(" ", "-"),
            "profile": card.name,
            "power_limit_w": card.limit_w,
            "memory_gb": card.memory_b / 1e9,
            "bandwidth_gb_s": card.bandwidth_b_s / 1e9,
            "measured": False,
        }
        for name, card in known.catalogue.cards
    ]
    machines = sorted({one.key.hardware for one in known.published})
    for name in machines:
        same = [row for row in rows if row["profile"] == name]
        for row in same:
            row["measured"] = True
        if not same:
            absent = dict.fromkeys(("power_limit_w", "memory_gb", "bandwidth_gb_s"))
            rows.append({"name": name, "profile": name, **absent, "measured": True})
    return {"schema_version": SCHEMA_VERSION, "hardware": rows}


def regions(knowledge: Knowledge) -> dict[str, object]:
    """Every place: grams a kWh, PUE, and where they come from. A figure that no open table has is null."""
    rows = [_region(place) for place in knowledge.regions.places.values()]
    return {"schema_version": SCHEMA_VERSION, "year": knowledge.regions.year, "regions": rows}


def _region(place: Place) -> dict[str, object]:
    try:
        factor = place.factor()
    except MissingFactor:
        factor = None
    return {
        "name": place.name.lower(),
        "country": place.country,
        "g_per_kwh": None if factor is None else _three(factor.g_per_kwh),
        "source": None if factor is None else factor.source,
        "pue": _three(place.pue.ratio),
        "pue_basis": place.pue.basis,
    }


def _three(one: Range) -> dict[str, float]:
    return {"low": one.low, "value": one.value, "high": one.high}
