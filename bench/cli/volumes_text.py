"""A projection as people and as machines read it."""

from typing import TYPE_CHECKING, Any

from bench.cli.output import table

if TYPE_CHECKING:
    from bench.estimators.flows import Priced
    from bench.estimators.likely import Likely
    from bench.estimators.volumes import Amounts
    from bench.nouns.estimates import Range
    from bench.run.volumes import Projected

_HEAD = ("month", "requests", "kWh P10", "P50", "P90", "kg P10", "P50", "P90", "")
_BAR = 24
_TELLING = 0.005  # of joules, above which the mean length alone would have misled


def projected_text(found: "Projected") -> str:
    """A line a month with a bar, totals, a line a flow, then what was assumed and what it rests on."""
    top = max(one.energy_kwh.p90 for one in found.projection.months)
    first = min((month for month in found.beyond if month is not None), default=len(found.months) + 1)
    rows = [
        (name + " *" * (at >= first), *_figures(one), _bar(one.energy_kwh, top))
        for at, (name, one) in enumerate(zip(found.months, found.projection.months, strict=True), start=1)
    ]
    rows.append(("all", *_figures(found.projection.total), ""))
    rows += [
        (f"  {one.flow.name}", *_figures(amounts), "")
        for one, amounts in zip(found.flows, found.projection.flows, strict=True)
    ]
    made = found.projection.total.embodied_kg
    return "\n".join(
        [
            _headline(found),
            table(*_without_grams(rows) if found.place is None else (rows, _HEAD)),
            "bars: kWh up to P10 █, P50 ▒, P90 ░; `all` is no sum of the lines above: percentiles do not add",
            *(_flow_line(one) for one in found.flows),
            *(
                []
                if made is None
                else [f"making the hardware: kg {' · '.join(_three(made))} (P10, P50, P90), apart"]
            ),
            *(f"assumed: {line}" for line in found.assumed),
            *(f"note: {line}" for line in found.notes),
            *(f"rests on: {line}" for line in found.rests_on if not line.startswith("run ")),
        ]
    )


def _without_grams(rows: list[tuple[str, ...]]) -> tuple[list[tuple[str, ...]], tuple[str, ...]]:
    return [(*row[:5], row[8]) for row in rows], (*_HEAD[:5], _HEAD[8])


def _headline(found: "Projected") -> str:
    when = f"{len(found.months)} months" + (f" from {found.months[0]}" if found.project.start else "")
    where = f", {found.place.name}" if found.place else ""
    grams = ", kg CO2e location-based" if found.place else ""
    held = {"wall": "at the wall", "machine": "of the machine", "gpu": "of the cards alone"}
    return f"{found.project.title}: {when}{where}; kWh {held[found.flows[0].usual.scope]}{grams}"


def _flow_line(one: "Priced") -> str:
    flow, mean = one.flow, one.mean_j
    lengths = "" if flow.input_lengths is None else f", {flow.input_kind} {flow.input_lengths.words}"
    apart = one.at_mean_j / mean.value - 1 if mean.value else 0.0
    misled = f"; the mean length alone would say {apart:+.1%}" if abs(apart) > _TELLING else ""
    return (
        f"{flow.name}: {flow.wanted.model}{lengths}: {_joules(mean)} J a request on average, "
        f"{one.usual.method} ({one.usual.basis}){misled}"
    )


def _joules(one: "Range") -> str:
    return f"{one.value:.3g} ({one.low:.3g} to {one.high:.3g})"


def _figures(one: "Amounts") -> tuple[str, ...]:
    return (_count(one.requests.p50), *_three(one.energy_kwh), *_three(one.location_kg))


def _count(number: float) -> str:
    return f"{number:,.0f}".replace(",", "\u00a0") if 10 <= number < 1e9 else f"{number:.3g}"


def _three(one: "Likely | None") -> tuple[str, str, str]:
    return ("", "", "") if one is None else (f"{one.p10:.3g}", f"{one.p50:.3g}", f"{one.p90:.3g}")


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
        "assumed": list(found.assumed),
        "notes": list(found.notes),
        "rests_on": list(found.rests_on),
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
