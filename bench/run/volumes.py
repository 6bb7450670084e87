"""A file of volumes → kWh and kg a month: what is known is read, every flow is priced, months are drawn."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.carbon import Place, place_of
from bench.errors import BadDeclaration, BadInput
from bench.estimators.answering import Known
from bench.estimators.flows import Flow, Priced, price
from bench.estimators.growth import LONGEST_EXPONENTIAL
from bench.estimators.volumes import Projection, Site, project
from bench.files.knowing import embodied_of, read_known
from bench.files.regions import NEWEST, read_regions
from bench.files.volumes import Project, months_from, read_volumes
from bench.nouns.estimates import Range


@dataclass(frozen=True, slots=True, kw_only=True)
class Projected:
    """A project's months with what was assumed for them and what they rest on."""

    project: Project
    months: tuple[str, ...]
    place: Place | None
    flows: tuple[Priced, ...]
    projection: Projection
    beyond: tuple[int | None, ...]  # of each flow, the month from which its growth rests on no data
    assumed: tuple[str, ...]
    notes: tuple[str, ...]
    rests_on: tuple[str, ...]


def volumes(path: Path, *, months: int | None = None, region: str = "", results: Sequence[Path] = ()) -> Projected:
    """The months of a file of volumes. Raises BadDeclaration, BadInput, UnknownName, MissingFactor."""
    said = read_volumes(path)
    said = replace(said, months=months if months is not None else said.months)
    if region:
        said = replace(said, region=region, pue=None, g_per_kwh=None)
    place = _place(said)
    known = read_known(results)
    priced = [_priced(one, where, known) for one, where in zip(said.flows, said.places, strict=True)]
    embodied, why = _embodied(priced)
    site = None if place is None else Site(pue=place.pue.ratio, g_per_kwh=place.factor().g_per_kwh)
    found = project(priced, said.months, site, embodied)
    return Projected(
        project=said,
        months=months_from(said.start, said.months),
        place=place,
        flows=tuple(priced),
        projection=found,
        beyond=tuple(_beyond(flow, said.months) for flow in said.flows),
        assumed=tuple(_assumed(said)),
        notes=tuple(dict.fromkeys([*_notes(priced, said.months), *why, *_place_notes(place)])),
        rests_on=tuple(dict.fromkeys(line for one in priced for line in one.usual.rests_on)),
    )


def _place(said: Project) -> Place | None:
    if said.pue is None and said.g_per_kwh is None:
        return read_regions().place(said.region) if said.region else None
    if said.pue is None or said.g_per_kwh is None or said.region:
        raise BadInput("give either a region, or both pue and g_per_kwh of a place of your own")
    return place_of("a place of the user's own", g_per_kwh=said.g_per_kwh, pue=said.pue, year=NEWEST)


def _priced(flow: Flow, where: tuple[str, int | None], known: Known) -> Priced:
    try:
        return price(flow, known)
    except BadInput as error:
        raise BadDeclaration(*where, f"flow {flow.name!r}: {error}") from error


def _embodied(priced: Sequence[Priced]) -> tuple[list[Range | None], list[str]]:
    """Grams of making the hardware of one request of each flow, and why there are none."""
    found, why = [], []
    for one in priced:
        usual = replace(one.usual, device_s=one.device_s, wanted=replace(one.usual.wanted, count=1.0))
        grams, reason = embodied_of(usual)
        found.append(grams)
        if grams is None:
            why.append(f"{one.flow.name}: {reason}")
    return found, why


def _beyond(flow: Flow, months: int) -> int | None:
    known = flow.growth.known_months
    return None if known is None or flow.growth.kind == "none" or months <= known else int(known) + 1


def _assumed(said: Project) -> list[str]:
    found = [] if said.start else ["no start: months are numbered"]
    found += [] if said.region or said.pue is not None else ["no region: no grams"]
    for flow in said.flows:
        growth = flow.growth
        if growth.kind == "none":
            found.append(f"{flow.name}: no growth said, every month as the first")
        else:
            if growth.factor.known:
                found.append(f"{flow.name}: growth taken as known without error; give p10, p50 and p90")
            if growth.known_months is None:
                found.append(f"{flow.name}: known_months is not said: how far growth rests on data is not known")
        if flow.requests.known:
            found.append(f"{flow.name}: {flow.requests.p50:g} requests in the first month taken as known")
        if flow.input_kind == "characters" and not flow.shares:
            found.append(f"{flow.name}: no languages said: tokens of any language")
    return found


def _notes(priced: Sequence[Priced], months: int) -> list[str]:
    found = []
    for one in priced:
        flow, name = one.flow, one.flow.name
        beyond = _beyond(flow, months)
        if beyond is not None:
            found.append(
                f"{name}: growth was seen over {flow.growth.known_months:g} months; months {beyond} to {months} "
                "lie beyond what it tells, and their percentiles hold only if it goes on as it was"
            )
        if flow.growth.kind == "exponential" and months > LONGEST_EXPONENTIAL and flow.growth.factor.p90 > 1:
            found.append(
                f"{name}: exponential growth over {months} months is a what-if, no forecast; give a ceiling with "
                "kind = 'saturating'"
            )
        if one.outside_ratio > 0:
            found.append(f"{name}: {one.outside_ratio:.0%} of requests lie outside what was measured: widened")
        found += [f"{name}: {note}" for note in one.notes if "outside" not in note]
    return found


def _place_notes(place: Place | None) -> list[str]:
    if place is None:
        return []
    factor = place.factor()
    return [
        f"{place.name}: {factor.g_per_kwh.words} g/kWh, {factor.kind.words}, stands for every month",
        f"{place.name}: PUE {place.pue.ratio.words}, {place.pue.basis}; inside the kg, not inside the kWh",
    ]
