"""`joulemark meter -- COMMAND`: the energy of any command, like `time`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from bench.cli.output import give, note
from bench.units import S_PER_NS


def meter(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="One JSON object; the command's stdout → stderr.")] = False,
    out: Annotated[Path | None, typer.Option(help="Seal the raw readings in this folder.")] = None,
) -> None:
    """Measure any command: joulemark meter -- COMMAND."""
    from bench.errors import BadInput, UnknownName
    from bench.report.terminal import energy_table
    from bench.run.meter import claim, meter_document, metered, seal_metered
    from bench.sensing.metering import NOT_STARTED

    if not context.args:
        raise BadInput("no command to meter; as in: joulemark meter -- python work.py")
    if context.args[0].startswith("-"):
        raise UnknownName("option of meter", context.args[0], ("--json", "--out", "--help"))
    if out:
        claim(out)
    try:
        done = metered(context.args, stdout=sys.stderr if json else None)
    except OSError as error:
        said = f"{context.args[0]} could not be started: {error.strerror}"
        if json:
            give({"error": {"kind": "NotStarted", "message": said}})
        note(f"joulemark: {said}")
        raise typer.Exit(NOT_STARTED) from error
    if json:
        give(meter_document(done))
    else:
        note(f"\n{context.args[0]} took {(done.end_ns - done.start_ns) * S_PER_NS:.2f} s")
        note(energy_table(done.energies))
        note("the whole machine's energy meanwhile: its idle and everybody else's work are inside")
    if out:
        try:
            note(f"sealed: {seal_metered(out, done)}")
        except BadInput as error:  # what was measured has been said; the command's own code stands
            note(f"joulemark: not sealed: {error}")
    raise typer.Exit(done.exit_code)
