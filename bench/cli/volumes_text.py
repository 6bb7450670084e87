"""A projection as people and as machines read it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bench.cli.output import table
from bench.phrases import Phrase, number, told

if TYPE_CHECKING:
    from bench.estimators.flows import Priced
    from bench.estimators.likely import Likely
    from bench.estimators.volumes import Amounts
    from bench.run.volumes import Projected

_BAR = 24  # columns
_TELLING = 0.005  # of joules, above which the mean length alone would have misled
_ENERGY, _MASS = (("MWh", 1e-3), ("kWh", 1.0), ("Wh", 1e3)), (("t", 1e-3), ("kg", 1.0), ("g", 1e3))
_HELD = {
    "wall": Phrase("at the wall"),
    "machine": Phrase("of the machine"),
    "gpu": Phrase("of the cards alone"),
}


def projected_text(found: "Projected") -> str:
    """A line a month with a bar, totals, a line a flow, then what was assumed and what it rests on."""
    total = found.projection.total
    months = found.projection.months
    energy = _unit([one.energy_kwh for one in months], _ENERGY)
    masses = [one.location_kg for one in months if one.location_kg is not None]
    mass = _unit(masses, _MASS) if masses else None
    top = max(one.energy_kwh.p90 for one in months)
    first = min((month for month in found.beyond if month is not None), default=len(found.months) + 1)

    def row(name: str, one: "Amounts", bar: str = "") -> tuple[str, ...]:
        kg = () if one.location_kg is None or mass is None else _three(one.location_kg, mass[1])
        return (name, _count(one.requests.p50), *_three(one.energy_kwh, energy[1]), *kg, bar)

    rows = [
        row(name + " *" * (at >= first), one, _bar(one.energy_kwh, top))
        for at, (name, one) in enumerate(zip(found.months, months, strict=True), start=1)
    ]
    rows.append(row(Phrase("all"), total))
    rows += [
        row(f"  {one.flow.name}", amounts)
        for one, amounts in zip(found.flows, found.projection.flows, strict=True)
    ]
    rows += [
        row(f"  {one.name}", amounts)
        for one, amounts in zip(found.project.waiting, found.projection.waiting, strict=True)
    ]
    units = [energy[0], *([] if mass is None else [mass[0]])]
    head = (Phrase("month"), Phrase("requests"), *(w for u in units for w in (f"{u} P10", "P50", "P90")), "")
    return "\n".join([told(_headline(found)), table(rows, head), *_below(found, energy[0], mass)])


def _below(found: "Projected", unit: str, mass: tuple[str, float] | None) -> list[str]:
    bars = Phrase(
        "bars: {unit} up to P10 █, P50 ▒, P90 ░; the line of all months is no sum of theirs: percentiles do "
        "not add",
        unit=unit,
    )
    made = found.projection.total.embodied_kg
    lines: list[str] = [bars, *map(_flow_line, found.flows)]
    if made is not None and mass is not None:
        lines.append(
            Phrase("making the hardware, apart: {three} {unit}", three=_spans(made, mass[1]), unit=mass[0])
        )
    lines += [Phrase("assumed: {text}", text=text) for text in found.assumed]
    lines += [Phrase("note: {text}", text=text) for text in found.notes]
    lines += [Phrase("rests on: {text}", text=text) for text in found.rests_on if not text.startswith("run ")]
    return [told(line) for line in lines]


def _unit(months: Sequence["Likely"], units: Sequence[tuple[str, float]]) -> tuple[str, float]:
    """The unit in which the largest month has digits before its point."""
    largest = max(one.p50 for one in months)
    if largest >= 1e4:
        return units[0]
    return units[1] if largest >= 1 else units[2]


def _headline(found: "Projected") -> str:
    months, place = len(found.months), found.place
    return Phrase(
        "{title}: {months} months from {first}{place}; energy {held}{grams}",
        title=found.project.title,
        months=months,
        first=found.months[0],
        place="" if place is None else f", {place.name}",
        held=_HELD[found.flows[0].usual.scope],
        grams="" if place is None else Phrase(", CO2e location-based"),
    )


def _flow_line(one: "Priced") -> str:
    flow, mean = one.flow, one.mean_j
    apart = one.at_mean_j / mean.value - 1 if mean.value else 0.0
    return Phrase(
        "{name}: {model}{lengths}: {value:.3g} ({low:.3g} to {high:.3g}) J a request on average, "
        "{method} ({basis}){misled}",
        name=flow.name,
        model=flow.wanted.model,
        lengths=""
        if flow.input_lengths is None
        else Phrase(", {kind} {words}", kind=flow.input_kind, words=flow.input_lengths.words),
        value=mean.value,
        low=mean.low,
        high=mean.high,
        method=Phrase(one.usual.method),
        basis=Phrase(one.usual.basis),
        misled=Phrase("; the mean length alone would say {apart:+.1%}", apart=apart)
        if abs(apart) > _TELLING
        else "",
    )


def _count(requests: float) -> str:
    if requests == 0:
        return ""
    return number(requests, ",.0f" if 10 <= requests < 1e9 else ".3g").replace(",", "\u202f")


def _three(one: "Likely", factor: float) -> tuple[str, str, str]:
    low, middle, high = (_plain_number(x * factor) for x in (one.p10, one.p50, one.p90))
    return low, middle, high


def _plain_number(value: float) -> str:
    """Three digits, without an exponent where a reader can do without."""
    text = f"{value:.3g}"
    return number(float(text), ",.0f").replace(",", "\u202f") if 1000 <= value < 1e9 else number(value, ".3g")


def _spans(one: "Likely", factor: float) -> str:
    low, middle, high = _three(one, factor)
    return f"{middle} ({low} … {high})"


def _bar(one: "Likely", top: float) -> str:
    if top <= 0:
        return ""
    low, middle, high = (round(_BAR * x / top) for x in (one.p10, one.p50, one.p90))
    return "█" * low + "▒" * (middle - low) + "░" * (high - middle)


def plain_projected(found: "Projected") -> dict[str, Any]:
    """The JSON object (docs/how-to/volumes.md), but for its schema_version."""
    return {
        "title": found.project.title,
        "region": None if found.place is None else found.place.name,
        "scope": found.flows[0].usual.scope,
        "months": [
            {"month": name, **_plain(one)} for name, one in zip(found.months, found.projection.months, strict=True)
        ],
        "total": _plain(found.projection.total),
        "flows": [
            {**_plain_flow(one), "beyond_month": beyond, "total": _plain(amounts)}
            for one, amounts, beyond in zip(found.flows, found.projection.flows, found.beyond, strict=True)
        ],
        "always_on": [
            {"name": one.name, "total": _plain(amounts)}
            for one, amounts in zip(found.project.waiting, found.projection.waiting, strict=True)
        ],
        "assumed": [told(text) for text in found.assumed],
        "notes": [told(text) for text in found.notes],
        "rests_on": [told(text) for text in found.rests_on],
    }


def _plain(one: "Amounts") -> dict[str, Any]:
    def three(of: "Likely | None") -> dict[str, float] | None:
        return None if of is None else {"p10": of.p10, "p50": of.p50, "p90": of.p90}

    return {
        "requests": three(one.requests),
        "energy_kwh": three(one.energy_kwh),
        "carbon_kg": {"location": three(one.location_kg), "embodied": three(one.embodied_kg)},
    }


def _plain_flow(one: "Priced") -> dict[str, Any]:
    mean = one.mean_j
    return {
        "name": one.flow.name,
        "model": one.flow.wanted.model,
        "method": one.usual.method,
        "basis": one.usual.basis,
        "mean_request_j": {"low": mean.low, "value": mean.value, "high": mean.high},
        "mean_length_alone_j": one.at_mean_j,
        "outside_ratio": one.outside_ratio,
    }
