"""A file of volumes → kWh and kg a month: what is known is read, every flow is priced, months are drawn."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.carbon import Place
from bench.errors import BadDeclaration, BadInput
from bench.estimators.answering import Known
from bench.estimators.flows import Flow, Priced, price
from bench.estimators.growth import LONGEST_EXPONENTIAL
from bench.estimators.volumes import Projection, Site, project
from bench.files.knowing import embodied_of, read_known
from bench.files.regions import place_asked
from bench.files.volumes import Project, months_from, read_volumes
from bench.nouns.estimates import Range
from bench.phrases import Phrase, joined
from bench.report.stored import retold


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
    place = place_asked(said.region, pue=said.pue, g_per_kwh=said.g_per_kwh)
    known = read_known(results)
    priced = _in_one_scope(
        [_priced(one, where, known) for one, where in zip(said.flows, said.places, strict=True)], said, known
    )
    embodied, why = _embodied(priced)
    site = None if place is None else Site(pue=place.pue.ratio, g_per_kwh=place.factor().g_per_kwh)
    found = project(priced, said.months, site, embodied, waiting=said.waiting)
    return Projected(
        project=said,
        months=months_from(said.start, said.months),
        place=place,
        flows=tuple(priced),
        projection=found,
        beyond=tuple(_beyond(flow, said.months) for flow in said.flows),
        assumed=(*_place_assumed(said), *_merged(list(_assumed(said)))),
        notes=(*_merged([*_notes(priced, said.months), *why]), *_waiting_notes(said), *_place_notes(place)),
        rests_on=tuple(dict.fromkeys(line for one in priced for line in one.usual.rests_on)),
    )


def _priced(flow: Flow, where: tuple[str, int | None], known: Known) -> Priced:
    try:
        return price(flow, known)
    except BadInput as error:
        raise BadDeclaration(*where, f"flow {flow.name!r}: {error}") from error


def _in_one_scope(priced: Sequence[Priced], said: Project, known: Known) -> Sequence[Priced]:
    """The flows with joules that hold the same, for they are added: at the plug where they differ. BadInput."""
    scopes = {one.usual.scope for one in priced} | ({"wall"} if said.waiting else set())
    if len(scopes) < 2:
        return priced
    at_plug = [
        replace(flow, wanted=replace(flow.wanted, scope=flow.wanted.scope or "wall")) for flow in said.flows
    ]
    found = [_priced(flow, where, known) for flow, where in zip(at_plug, said.places, strict=True)]
    if len({one.usual.scope for one in found} | ({"wall"} if said.waiting else set())) > 1:
        told = [Phrase("{flow} the {scope}", flow=one.flow.name, scope=Phrase(one.usual.scope)) for one in found]
        raise BadInput(
            Phrase(
                "flows hold different things and do not add: {told}; needed is one scope: say scope = 'gpu', "
                "'machine' or 'wall' in every [[flow]], or project them apart",
                told=joined(told),
            )
        )
    return found


def _embodied(priced: Sequence[Priced]) -> tuple[list[Range | None], list[tuple[str, str]]]:
    """Grams of making the hardware of one request of each flow, and of whom there are none, and why."""
    found: list[Range | None] = []
    why: list[tuple[str, str]] = []
    for one in priced:
        usual = replace(one.usual, device_s=one.device_s, wanted=replace(one.usual.wanted, count=1.0))
        grams, reason = embodied_of(usual)
        found.append(grams)
        if grams is None:
            why.append((one.flow.name, reason))
    return found, why


def _beyond(flow: Flow, months: int) -> int | None:
    known = flow.growth.known_months
    return None if known is None or flow.growth.kind == "none" or months <= known else int(known) + 1


def _place_assumed(said: Project) -> list[str]:
    found: list[str] = [] if said.start else [Phrase("no start: months are numbered")]
    return found + ([] if said.region or said.pue is not None else [Phrase("no region: no grams")])


def _merged(told: Sequence[tuple[str, str]]) -> list[str]:
    """(flow, text) → a line a text, with every flow that it is true of before it."""
    flows: dict[str, list[str]] = {}
    for name, text in told:
        flows.setdefault(text, []).append(name)
    return [
        Phrase("{flows}: {text}", flows=", ".join(dict.fromkeys(names)), text=retold(text))
        for text, names in flows.items()
    ]


def _assumed(said: Project) -> Iterator[tuple[str, str]]:
    """(flow, what was taken where nothing was said)."""
    for flow, keys in zip(said.flows, said.assumed, strict=True):
        growth = flow.growth
        if keys:
            names = ", ".join(keys)
            yield (
                flow.name,
                Phrase("{names}: put in place of what nobody has said yet; put them right", names=names),
            )
        if growth.kind == "none":
            yield flow.name, Phrase("no growth said, every month as the first")
        elif growth.factor.known:
            yield flow.name, Phrase("growth taken as known without error; give its p10, p50 and p90")
        if growth.kind != "none" and growth.known_months is None:
            yield flow.name, Phrase("known_months is not said: how far the growth rests on data is not known")
        if flow.requests.known:
            yield (
                flow.name,
                Phrase("requests of the first month taken as known; give their p10, p50 and p90 if not"),
            )
        if flow.input_kind == "characters" and not flow.shares:
            yield flow.name, Phrase("no languages said: tokens of any language")
        if flow.counted == 1:
            yield (
                flow.name,
                Phrase("one file tells no spread of lengths: a spread as wide as its length is taken"),
            )


def _notes(priced: Sequence[Priced], months: int) -> Iterator[tuple[str, str]]:
    """(flow, what a reader has to know)."""
    for one in priced:
        for text in (*_of_growth(one.flow, months), *_of_lengths(one)):
            yield one.flow.name, text


def _waiting_notes(said: Project) -> list[str]:
    if said.waiting:
        names = ", ".join(one.name for one in said.waiting)
        return [
            Phrase(
                "{names}: watts at the wall whether requests come or not; what requests take is added whole, so "
                "that the idle of a busy hour is counted twice, never too little",
                names=names,
            ),
            Phrase(
                "{names}: what making them took is not known, so that no total of embodied grams is", names=names
            ),
        ]
    return [Phrase("hours in which machines wait for requests are not inside: say them as [[always_on]]")]


def _of_growth(flow: Flow, months: int) -> Iterator[str]:
    beyond = _beyond(flow, months)
    if beyond is not None:
        yield Phrase(
            "growth was seen over {known:g} months; months {beyond} to {months} (*) lie beyond what it tells: "
            "their percentiles hold if it goes on as it was",
            known=flow.growth.known_months,
            beyond=beyond,
            months=months,
        )
    if flow.growth.kind == "exponential" and months > LONGEST_EXPONENTIAL and flow.growth.factor.p90 > 1:
        yield Phrase(
            "exponential growth over {months} months is a what-if, no forecast; give a ceiling with "
            "kind = 'saturating'",
            months=months,
        )


def _of_lengths(one: Priced) -> Iterator[str]:
    if one.outside_ratio > 0:
        yield Phrase("{share:.0%} of requests lie outside what was measured: widened", share=one.outside_ratio)
    yield from (note for note in one.notes if "outside" not in note)
    if any("modelled" in line for line in one.usual.rests_on):  # a prior's range is one of residuals
        yield Phrase(
            "bounds of modelled power are a span between machines that claims no coverage; these percentiles "
            "claim none either"
        )


def _place_notes(place: Place | None) -> list[str]:
    if place is None:
        return []
    factor = place.factor()
    return [
        Phrase(
            "{place}: {figure} g/kWh, {kind}, stands for every month",
            place=place.name,
            figure=factor.g_per_kwh.words,
            kind=factor.kind.words,
        ),
        Phrase(
            "{place}: PUE {figure}, {basis}; inside the CO2e, not inside the energy",
            place=place.name,
            figure=place.pue.ratio.words,
            basis=Phrase(place.pue.basis),
        ),
    ]
