"""A log's sums as people and as machines read them."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.cli.output import table
from bench.units import counted

if TYPE_CHECKING:
    from bench.nouns.estimates import Range
    from bench.run.log_figures import LogRow
    from bench.run.logged import Logged

_SHOWN = 60  # rows of the table; all are in --json and --csv
_NONE = (None, None, None)
_TOLD = 8  # gaps and notes


def log_table(found: "Logged") -> str:
    """The rows, their total, then what no sum holds and what the figures rest on."""
    reported = found.total.reported_kwh is not None
    head = (*found.by, "requests", "kWh", "kg CO2e", *(("kWh, kg as logged",) if reported else ()))
    rows = [_row(one, found.by, reported) for one in found.rows[:_SHOWN]]
    more = len(found.rows) - _SHOWN
    if more > 0:
        rows.append((f"… {more} more rows: --csv OUT or --json has all", *("" for _ in head[1:])))
    total = _row(found.total, found.by, reported)
    rows.append(("total", *total[1:]) if found.by else total)
    lines = [table(rows, head)]
    if found.total.embodied_kg is not None:
        lines.append(f"embodied in the hardware, beside it: {found.total.embodied_kg.words} kg CO2e")
    lines += [f"by {method}: {share:.3g} of the energy" for method, share in found.methods.items()]
    lines += [_gap(one.reason, one.rows, found.log_rows) for one in found.gaps[:_TOLD]]
    if len(found.gaps) > _TOLD:
        rest = found.gaps[_TOLD:]
        lines.append(_gap(f"{len(rest)} more reasons", sum(one.rows for one in rest), found.log_rows))
    lines += [f"missing: {one}" for one in found.missing]
    lines += [f"note: {one}" for one in found.notes]
    lines += [f"rests on: {one}" for one in found.rests_on[:1]]
    return "\n".join(lines)


def _gap(reason: str, rows: int, of: int) -> str:
    return f"in no sum: {counted(rows, 'row')} ({100 * rows / max(1, of):.3g} %): {reason}"


def _row(one: "LogRow", by: tuple[str, ...], reported: bool) -> tuple[str, ...]:
    cells = [one.keys.get(name) or "—" for name in by]
    cells += [
        f"{one.requests:,.15g}".replace(",", " "),
        *("—" if each is None else each.words for each in (one.kwh, one.kg)),
    ]
    if reported:
        cells.append(
            f"{one.reported_kwh or 0:.4g}, {'—' if one.reported_kg is None else f'{one.reported_kg:.4g}'}"
        )
    return tuple(cells)


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


def write_log(path: Path, found: "Logged") -> None:
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
    write_table(path, header, rows)
