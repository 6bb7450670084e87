"""An estimate as people and as machines read it."""

from typing import TYPE_CHECKING

from bench.cli.output import table

if TYPE_CHECKING:
    from bench.estimators.priced import Estimated
    from bench.estimators.rivals import RivalFigure
    from bench.nouns.estimates import Range

_HEAD = ("", "low", "value", "high", "unit")


def estimate_table(found: "Estimated", *, explain: bool) -> str:
    """Energy, its terms and grams, then what they rest on; the chain where asked for."""
    answer, carbon = found.answer, found.carbon
    rows = [_row("energy", answer.energy_kwh, f"kWh, {answer.scope}")]
    rows += [
        ("  " + name.replace("_", " "), "", f"{kwh:.4g}", "", "kWh") for name, kwh in answer.terms_kwh.items()
    ]
    if carbon is not None:
        rows.append(_row("energy with its building", carbon.energy_kwh, "kWh"))
        rows.append(_row("location-based", carbon.location.g, f"g CO2e, {carbon.location.kind.words}"))
        rows += [] if carbon.embodied is None else [_row("embodied", carbon.embodied, "g CO2e, hardware")]
        rows += [] if carbon.water_l is None else [_row("water", carbon.water_l, "l, on site")]
    rows += [_shadow_row(one, answer.wanted.count) for one in found.rivals]
    lines = [
        f"{answer.wanted.model}, {_requests(answer.wanted.count)}: {answer.method} ({answer.basis})",
        table(rows, _HEAD),
        *(f"note: {note}" for note in answer.notes),
        *(f"rests on: {line}" for line in answer.rests_on[: None if explain else 1]),
    ]
    if explain:
        lines += [f"chain: {line}" for line in answer.chain]
    if carbon is not None:
        lines += [f"note: {note}" for note in carbon.notes]
        lines += [f"rests on: {line}" for line in carbon.rests_on] if explain else []
    return "\n".join(lines)


def _requests(count: float) -> str:
    return "1 request" if count == 1 else f"{count:.12g} requests"


def _row(name: str, one: "Range", unit: str) -> tuple[str, ...]:
    return (name, *(f"{number:.4g}" for number in one), unit)


def _shadow_row(one: "RivalFigure", count: float) -> tuple[str, ...]:
    return (one.label, "", f"{one.energy_kwh * count:.4g}", "", "kWh, with its building; no interval")
