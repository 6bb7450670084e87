"""A log's sums as people and as machines read them."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.cli.output import table
from bench.phrases import Phrase, language_in_force, number, told
from bench.report.stored import retold

if TYPE_CHECKING:
    from bench.files.csv_out import Style
    from bench.nouns.estimates import Range
    from bench.run.log_figures import LogRow
    from bench.run.logged import Logged

_SHOWN = 60  # rows of the table; all are in --json and --csv
_NONE = (None, None, None)
_TOLD = 8  # gaps and notes


def log_table(found: "Logged") -> str:
    """The rows, their total, then what no sum holds and what the figures rest on."""
    reported = found.total.reported_kwh is not None
    head = (
        *found.by,
        Phrase("requests"),
        "kWh",
        Phrase("kg CO2e"),
        *((Phrase("kWh, kg as logged"),) if reported else ()),
    )
    rows = [_row(one, found.by, reported) for one in found.rows[:_SHOWN]]
    more = len(found.rows) - _SHOWN
    if more > 0:
        rows.append((Phrase("… {n} more rows: --csv OUT or --json has all", n=more), *("" for _ in head[1:])))
    total = _row(found.total, found.by, reported)
    rows.append((Phrase("total"), *total[1:]) if found.by else total)
    lines = [table(rows, head)]
    if found.total.embodied_kg is not None:
        made = found.total.embodied_kg.words
        lines.append(told(Phrase("embodied in the hardware, beside it: {kg} kg CO2e", kg=made)))
    lines += [
        told(Phrase("by {method}: {share:.3g} of the energy", method=Phrase(method), share=share))
        for method, share in found.methods.items()
    ]
    lines += [_gap(one.reason, one.rows, found.log_rows) for one in found.gaps[:_TOLD]]
    if len(found.gaps) > _TOLD:
        rest = found.gaps[_TOLD:]
        lines.append(_gap(Phrase("{n} more reasons", n=len(rest)), sum(one.rows for one in rest), found.log_rows))
    lines += [told(Phrase("missing: {text}", text=retold(one))) for one in found.missing]
    lines += [told(Phrase("note: {text}", text=retold(one))) for one in found.notes]
    lines += [told(Phrase("rests on: {text}", text=retold(one))) for one in found.rests_on[:1]]
    return "\n".join(lines)


def _gap(reason: str, rows: int, of: int) -> str:
    share = 100 * rows / max(1, of)
    if rows == 1:
        return told(Phrase("in no sum: 1 row ({share:.3g} %): {reason}", share=share, reason=retold(reason)))
    said = Phrase(
        "in no sum: {rows} rows ({share:.3g} %): {reason}", rows=rows, share=share, reason=retold(reason)
    )
    return told(said)


def _row(one: "LogRow", by: tuple[str, ...], reported: bool) -> tuple[str, ...]:
    cells = [one.keys.get(name) or "—" for name in by]
    cells += [
        _grouped(one.requests),
        *("—" if each is None else each.words for each in (one.kwh, one.kg)),
    ]
    if reported:
        cells.append(
            f"{number(one.reported_kwh or 0, '.4g')}; "
            f"{'—' if one.reported_kg is None else number(one.reported_kg, '.4g')}"
        )
    return tuple(cells)


def _grouped(requests: float) -> str:
    text = number(requests, ",.15g")
    return text.replace(",", " ") if language_in_force().translate is None else text


def plain_log(found: "Logged") -> dict[str, Any]:
    """The JSON object (docs/how-to/logs.md), but for its schema_version."""
    return {
        "by": list(found.by),
        "log_rows": found.log_rows,
        "total": _plain(found.total),
        "rows": [_plain(one) for one in found.rows],
        "gaps": [
            {
                "reason": one.reason,
                "rows": one.rows,
                "requests": one.requests,
                "share": one.rows / max(1, found.log_rows),
            }
            for one in found.gaps
        ],
        "missing": list(found.missing),
        "methods": dict(found.methods),
        "notes": list(found.notes),
        "rests_on": list(found.rests_on),
    }


def _plain(one: "LogRow") -> dict[str, Any]:
    return {
        **one.keys,
        "rows": one.rows,
        "requests": one.requests,
        "input_tokens": one.input_tokens,
        "output_tokens": one.output_tokens,
        "energy_kwh": _three(one.kwh),
        "carbon_kg": {"location": _three(one.kg), "market": None, "embodied": _three(one.embodied_kg)},
        "placed_kwh": one.placed_kwh,
        "reported": {"energy_kwh": one.reported_kwh, "carbon_kg": one.reported_kg},
    }


def _three(one: "Range | None") -> dict[str, float] | None:
    return None if one is None else {"low": one.low, "value": one.value, "high": one.high}


def write_log(path: Path, found: "Logged", style: "Style") -> None:
    """Every row as CSV; empty where there is no figure. Raises BadInput."""
    from bench.files.csv_out import write_table

    header = (
        *found.by, "rows", "requests", "input_tokens", "output_tokens", "kwh_low", "kwh", "kwh_high",
        "kg_low", "kg", "kg_high", "reported_kwh", "reported_kg",
    )  # fmt: skip
    rows = [
        (
            *(one.keys[name] for name in found.by), one.rows, one.requests, one.input_tokens, one.output_tokens,
            *(one.kwh or _NONE), *(one.kg or _NONE), one.reported_kwh, one.reported_kg,
        )
        for one in found.rows
    ]  # fmt: skip
    write_table(path, header, rows, delimiter=style.delimiter, decimal=style.decimal)
