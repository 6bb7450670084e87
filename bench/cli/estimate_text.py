"""An estimate as people read it, and as CSV."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bench.cli.output import table
from bench.phrases import Phrase, number, told
from bench.report.stored import retold

if TYPE_CHECKING:
    from bench.estimators.priced import Estimated
    from bench.estimators.rivals import RivalFigure
    from bench.nouns.estimates import Range

_HEAD = ("", Phrase("low"), Phrase("value"), Phrase("high"), Phrase("unit"))
_TERMS = {
    "input": Phrase("input"),
    "output": Phrase("output"),
    "host": Phrase("host"),
    "idle_share": Phrase("idle share"),
}
_CSV_HEAD = ("figure", "low", "value", "high", "unit", "kind")


def estimate_table(found: "Estimated", *, explain: bool) -> str:
    """Energy, its terms and grams, then what they rest on; the chain where asked for."""
    answer, carbon = found.answer, found.carbon
    wanted = answer.wanted
    head = Phrase(
        "{model}, {requests}: {method} ({basis})",
        model=wanted.model,
        requests=_requests(wanted.count),
        method=Phrase(answer.method),
        basis=Phrase(answer.basis),
    )
    lines = [
        told(head),
        table([*_rows(found), *(_shadow_row(one, wanted.count) for one in found.rivals)], _HEAD),
        *_said(Phrase("note: {text}"), answer.notes),
        *_said(Phrase("rests on: {text}"), answer.rests_on[: None if explain else 1]),
    ]
    if explain:
        lines += _said(Phrase("chain: {text}"), answer.chain)
    if carbon is not None:
        lines += _said(Phrase("note: {text}"), carbon.notes)
        lines += _said(Phrase("rests on: {text}"), carbon.rests_on) if explain else []
    return "\n".join(lines)


def write_csv(found: "Estimated", style: str) -> None:
    """Every figure on a row of its own, on stdout; names and kinds stay English. Raises UnknownName."""
    from bench.files.csv_out import style_of, write_table

    asked = style_of(style)
    write_table(sys.stdout, _CSV_HEAD, _figures(found), delimiter=asked.delimiter, decimal=asked.decimal)


def _figures(found: "Estimated") -> Iterator[tuple[object, ...]]:
    answer, carbon = found.answer, found.carbon
    yield "energy", *answer.energy_kwh, "kWh", answer.scope
    for name, kwh in answer.terms_kwh.items():
        yield name, None, kwh, None, "kWh", answer.scope
    if carbon is not None:
        yield "energy_with_building", *carbon.energy_kwh, "kWh", "wall"
        for name, one in (("carbon_location", carbon.location), ("carbon_market", carbon.market)):
            if one is not None:
                yield name, *one.g, "g CO2e", one.kind.words
        if carbon.embodied is not None:
            yield "carbon_embodied", *carbon.embodied, "g CO2e", "hardware"
        if carbon.water_l is not None:
            yield "water", *carbon.water_l, "l", "on site"
    for rival in found.rivals:
        yield rival.label, None, rival.energy_kwh * answer.wanted.count, None, "kWh", "with its building"


def _rows(found: "Estimated") -> Iterator[tuple[str, ...]]:
    answer, carbon = found.answer, found.carbon
    yield _row(Phrase("energy"), answer.energy_kwh, Phrase("kWh, {scope}", scope=Phrase(answer.scope)))
    for name, kwh in answer.terms_kwh.items():
        yield "  " + told(_TERMS[name]), "", number(kwh, ".4g"), "", "kWh"
    if carbon is None:
        return
    yield _row(Phrase("energy with its building"), carbon.energy_kwh, "kWh")
    for method, one in ((Phrase("location-based"), carbon.location), (Phrase("market-based"), carbon.market)):
        if one is not None:
            yield _row(method, one.g, Phrase("g CO2e, {kind}", kind=one.kind.words))
    if carbon.embodied is not None:
        yield _row(Phrase("embodied"), carbon.embodied, Phrase("g CO2e, hardware"))
    if carbon.water_l is not None:
        yield _row(Phrase("water"), carbon.water_l, Phrase("l, on site"))


def _said(form: Phrase, texts: tuple[str, ...]) -> list[str]:
    return [told(Phrase(form.template, text=retold(text))) for text in texts]


def _requests(count: float) -> Phrase:
    return Phrase("1 request") if count == 1 else Phrase("{count:.12g} requests", count=count)


def _row(name: str, one: "Range", unit: str) -> tuple[str, ...]:
    return (name, *(number(value, ".4g") for value in one), unit)


def _shadow_row(one: "RivalFigure", count: float) -> tuple[str, ...]:
    kwh = number(one.energy_kwh * count, ".4g")
    return (one.label, "", kwh, "", Phrase("kWh, with its building; no interval"))
