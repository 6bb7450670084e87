"""fit, report, verify, audit: what is learnt from sealed runs, and how far to trust it."""

from pathlib import Path
from typing import Annotated

import typer

from bench.cli.output import give, note, say, table

Out = Annotated[Path, typer.Argument(help="The result folder.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


def fit(folder: Out = Path("results"), json: Json = False) -> None:
    """Fit coefficients on the sealed runs of a folder."""
    from bench.cli.apart_text import apart_text
    from bench.files.codec import plain
    from bench.report.quality_text import quality_table
    from bench.report.terminal import coefficient_table
    from bench.run.learn import fit_folder

    learnt = fit_folder(folder)
    if json:
        give(
            {
                "coefficients": [plain(c) for c in learnt.coefficients],
                "files": list(map(str, learnt.files)),
                "left_out": list(learnt.broken),
                "kept_apart": [plain(one) for one in learnt.apart],
                "quality": [
                    {
                        "run": one.id,
                        "cell": one.cell,
                        "version": one.engine_version,
                        **(plain(one.quality) if one.quality else {"unscored": one.unscored}),
                    }
                    for one in learnt.scored
                ],
            }
        )
    else:
        say(coefficient_table(learnt.coefficients))
        if learnt.scored:
            say("\n" + quality_table(learnt.scored))
        if learnt.apart:
            say("\n" + apart_text(learnt.apart))
        for path in learnt.files:
            note(f"written: {path}")
    _left_out(learnt.broken)
    if not any(set(c.terms) - {"idle_bare", "idle_resident"} or c.rates for c in learnt.coefficients):
        why = "every run is void, kept apart, or one too few; the reasons stand above"
        note(f"no coefficient: {why}; joulemark next {folder}")
        raise typer.Exit(1)


def report(folder: Out = Path("results"), json: Json = False) -> None:
    """Render runs and coefficients as one HTML page."""
    from bench.cli.apart_text import apart_text
    from bench.files.codec import plain
    from bench.run.learn import report_folder

    made = report_folder(folder)
    if json:
        apart = [plain(one) for one in made.apart]
        give({"report": str(made.path), "left_out": list(made.broken), "kept_apart": apart})
    else:
        say(str(made.path))
        if made.apart:
            note(apart_text(made.apart))
    _left_out(made.broken)


def verify(
    folder: Annotated[Path | None, typer.Argument(help="The result folder.", show_default="results")] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="A folder with the measured data of others: whether it still teaches the prior."),
    ] = None,
    json: Json = False,
) -> None:
    """Recompute every published number from readings; with --data and no folder, the prior alone."""
    from bench.files.codec import plain
    from bench.run.verify import verified
    from bench.units import counted

    found = verified(folder, data)
    if json:
        give({"checked": found.checked, "differences": [plain(d) for d in found.differences]})
    elif found.differences:
        rows = [(d.file, d.field, f"expected {d.expected}, found {d.found}") for d in found.differences]
        say(table(rows[:20], ("FILE", "FIELD", "DIFFERENCE")))
        if len(rows) > 20:
            say(f"… and {len(rows) - 20} more (--json lists them all)")
        say(f"{counted(len(rows), 'difference')} in {counted(found.checked, 'file')} checked")
    else:
        say(f"{counted(found.checked, 'file')} checked: every published number follows from its readings")
    raise typer.Exit(1 if found.differences else 0)


def audit(folder: Out = Path("results"), json: Json = False) -> None:
    """Check how the runs of a folder were made, rule by rule."""
    from bench.cli.audit_text import audit_text
    from bench.files.codec import plain
    from bench.run.audit import audit as audit_folder
    from bench.run.audit import fails

    lines = audit_folder(folder)
    if json:
        give({"checks": [plain(line) for line in lines]})
    else:
        say(audit_text(lines))
    raise typer.Exit(1 if fails(lines) else 0)


def _left_out(broken: tuple[str, ...]) -> None:
    """Says which runs could not be read; what is shown then falls short, and the exit code is 1."""
    for why in broken:
        note(f"left out: {why}")
    if broken:
        raise typer.Exit(1)
