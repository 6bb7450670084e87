"""validate: measured rows of anybody against estimates, beside the formulas of others."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bench.cli.output import give, note, say, table
from bench.phrases import Phrase, number

if TYPE_CHECKING:
    from bench.fit.validated import Group, Scores

_LEAVE_OUT = ("model", "task", "source")


def validate(
    data: Annotated[
        Path, typer.Argument(help="A CSV of measured rows: docs/how-to/validate.md says its columns.")
    ],
    leave_out: Annotated[
        str | None, typer.Option("--leave-out", help="Learn from the other rows: model, task or source.")
    ] = None,
    calibrate_on: Annotated[
        str | None, typer.Option("--calibrate-on", help="Learn each machine from this model's rows alone.")
    ] = None,
    rows: Annotated[
        Path | None, typer.Option("--rows", help="A CSV to write: each row, its estimate, what was filled in.")
    ] = None,
    csv: Annotated[bool, typer.Option("--csv", help="The groups as CSV on stdout.")] = False,
    csv_style: Annotated[
        str, typer.Option(help="CSV: plain, or fr with semicolons and decimal commas, of --rows too.")
    ] = "plain",
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Estimate every row of a table of measured energy, and say how far off."""
    from bench.errors import BadInput, UnknownName
    from bench.files.csv_out import style_of, write_table
    from bench.run.validating import ROW_COLUMNS, rows_of, validate_file

    style = style_of(csv_style)
    if csv and json:
        raise BadInput(Phrase("--csv and --json are two answers to one question; ask for one of them"))
    if leave_out is not None and leave_out not in _LEAVE_OUT:
        raise UnknownName("--leave-out", leave_out, _LEAVE_OUT)
    found = validate_file(data, leave_out, calibrate_on)  # type: ignore[arg-type]
    if rows is not None:
        judged = rows_of(found.judged)
        write_table(rows, ROW_COLUMNS, judged, delimiter=style.delimiter, decimal=style.decimal)
    if csv:
        groups = map(_csv_row, found.groups)
        write_table(sys.stdout, _CSV_HEAD, groups, delimiter=style.delimiter, decimal=style.decimal)
    elif json:
        give({"rows": found.rows, "groups": [plain_group(group) for group in found.groups]})
    else:
        say(table([_row(group) for group in found.groups], _HEAD))
    reasons = sorted({one.row.refused for one in found.judged if one.row.refused})
    for reason in reasons[:8]:
        note(Phrase("refused: {reason}", reason=Phrase(reason)))
    filled = sorted({text for one in found.judged if one.row.job for text in one.row.job.notes})
    for text in filled[:12]:
        note(Phrase("filled in: {text}", text=Phrase(text)))


_HEAD = (
    Phrase("source"),
    "GPU",
    Phrase("batch"),
    Phrase("scope"),
    "n",
    Phrase("refused"),
    Phrase("median"),
    "MAPE",
    Phrase("bias"),
    "90 %",
    Phrase("models"),
    Phrase("rivals' median"),
)
_CSV_HEAD = (
    "source", "gpu", "batch_band", "scope", "in_sample", "n", "refused", "median_ape", "mape", "bias",
    "coverage_90", "coverage_90_models",
)  # fmt: skip


def _row(group: "Group") -> tuple[str, ...]:
    scores = group.scores
    figures = (
        ("", "", "") if scores is None else tuple(map(_percent, (scores.median_ape, scores.mape, scores.bias)))
    )
    return (
        Phrase("{source} (in-sample)", source=group.source) if group.in_sample else group.source,
        group.gpu[:28],
        Phrase(group.batch_band),
        Phrase(group.scope),
        str(group.n),
        str(group.refused),
        *figures,
        _percent(group.coverage_90),
        _percent(group.coverage_90_models),
        ", ".join(f"{name} {_percent(one.median_ape)}" for name, one in group.rivals.items()),
    )


def _csv_row(group: "Group") -> tuple[object, ...]:
    """A group as ratios, by the names that the JSON has."""
    found = plain_group(group)
    return tuple(found[name] for name in _CSV_HEAD)


def _percent(ratio: float | None) -> str:
    return "" if ratio is None else f"{number(100 * ratio, '.3g')} %"


def plain_group(group: "Group") -> dict[str, Any]:
    """A group as the JSON has it: ratios, not per cent."""

    def plain(scores: "Scores | None") -> dict[str, float | None]:
        names = ("median_ape", "mape", "bias")
        return {name: getattr(scores, name) if scores else None for name in names}

    return {
        "source": group.source,
        "gpu": group.gpu,
        "batch_band": group.batch_band,
        "scope": group.scope,
        "in_sample": group.in_sample,
        "n": group.n,
        "refused": group.refused,
        **plain(group.scores),
        "coverage_90": group.coverage_90,
        "coverage_90_models": group.coverage_90_models,
        "methods": dict(group.methods),
        "rivals": {name: {"n": one.n, **plain(one)} for name, one in group.rivals.items()},
    }
