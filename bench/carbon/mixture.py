"""Several places as one: a deployment that may be answered from any of them (Azure's Global and Data Zone).

Source: Microsoft, Deployment types for Azure AI Foundry Models, https://learn.microsoft.com/azure/ai-foundry/
foundry-models/concepts/deployment-types: Global "may be processed in any Azure region", Data Zone within the
European Union or the United States; which of them is not told. Checked 2026-11-22.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from bench.carbon.factors import Factor, Kind
from bench.carbon.places import Place, Pue, Wue
from bench.errors import BadInput, MixedFactors
from bench.nouns import Range
from bench.phrases import Phrase, joined

_T = TypeVar("_T")


def mixture(name: str, places: Sequence[Place]) -> Place:
    """One place for a set of them: from the lowest low to the highest high; the value is their plain mean.

    A kind that one of them lacks is absent from the mixture, with the name of the one that lacks it. Raises
    BadInput for no place, MixedFactors for places of different years.
    """
    if not places:
        raise BadInput(Phrase("{name}: a mixture of no place; needed is one at least", name=name))
    years = sorted({place.year for place in places})
    if len(years) > 1:
        raise MixedFactors(
            Phrase(
                "{name}: found places of the years {years}; needed is one; read them all for one year",
                name=name,
                years=years,
            )
        )
    said = Phrase(
        "one of {n} regions, which one is not told; the value is their mean, each weighing the same", n=len(places)
    )
    kinds = dict.fromkeys(factor.kind for place in places for factor in place.factors)
    have = {kind: [_of(place, kind) for place in places] for kind in kinds}
    return Place(
        name=name,
        country=_same(places, lambda place: place.country) or "several",
        year=years[0],
        factors=tuple(_mean_factor(name, kind, found, said) for kind, found in have.items() if None not in found),
        pue=Pue(
            ratio=_span(place.pue.ratio for place in places),
            basis="assumed",
            source=Phrase("its regions"),
            note=said,
        ),
        wue=_water([place.wue for place in places]),
        notes=(said,),
        absent=_absent(places, have),
    )


def _absent(places: Sequence[Place], have: Mapping[Kind, Sequence[Factor | None]]) -> Mapping[Kind, str]:
    lacking = {
        kind: [place.name for place, factor in zip(places, found, strict=True) if factor is None]
        for kind, found in have.items()
    }
    return {
        kind: Phrase(
            "{n} of its regions lack it, {first} first; ask for one of these kinds", n=len(names), first=names[0]
        )
        for kind, names in lacking.items()
        if names
    }


def _of(place: Place, kind: Kind) -> Factor | None:
    return next((factor for factor in place.factors if factor.kind == kind), None)


def _mean_factor(name: str, kind: Kind, found: Iterable[Factor | None], said: str) -> Factor:
    factors = [factor for factor in found if factor is not None]
    return Factor(
        kind=kind,
        zone=name,
        g_per_kwh=_span(factor.g_per_kwh for factor in factors),
        data_years=tuple(sorted({year for factor in factors for year in factor.data_years})),
        source=joined(dict.fromkeys(factor.source for factor in factors), "; "),
        licence=joined(dict.fromkeys(factor.licence for factor in factors), "; "),
        derived=said,
    )


def _water(found: Sequence[Wue | None]) -> Wue | None:
    known = [wue for wue in found if wue is not None]
    if len(known) < len(found):
        return None
    return Wue(l_per_kwh=_span(wue.l_per_kwh for wue in known), basis="assumed", source=Phrase("its regions"))


def _span(ranges: Iterable[Range]) -> Range:
    listed = list(ranges)
    mean = sum(one.value for one in listed) / len(listed)
    low, high = min(one.low for one in listed), max(one.high for one in listed)
    return Range(
        low=low, value=min(max(mean, low), high), high=high
    )  # a mean of equals may be off by its last digit


def _same(places: Sequence[Place], told: Callable[[Place], _T]) -> _T | None:
    values = {told(place) for place in places}
    return values.pop() if len(values) == 1 else None
