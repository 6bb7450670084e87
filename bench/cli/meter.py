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
    from bench.errors import BadInput
    from bench.report.terminal import energy_table
    from bench.run.meter import meter_document, metered, seal_metered

    if not context.args:
        raise BadInput("no command to meter; as in: joulemark meter -- python work.py")
    try:
        done = metered(context.args, stdout=sys.stderr if json else None)
    except OSError as error:
        note(f"joulemark: {context.args[0]} could not be started: {error.strerror}")
        raise typer.Exit(125) from error
    folder = seal_metered(out, done) if out else None
    if json:
        give(meter_document(done))
    else:
        note(f"\n{context.args[0]} took {(done.end_ns - done.start_ns) * S_PER_NS:.2f} s")
        note(energy_table(done.energies))
        if folder:
            note(f"sealed: {folder}")
    raise typer.Exit(done.exit_code)
