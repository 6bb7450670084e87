"""`joulemark meter -- COMMAND`: the energy of any command, like `time`."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.output import give, note

if TYPE_CHECKING:
    from bench.sensing.metering import Metered

_OPTIONS = ("--json", "--out", "--pue", "--components", "--witness", "--help")


def meter(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="One JSON object; the command's stdout → stderr.")] = False,
    out: Annotated[Path | None, typer.Option(help="Seal the raw readings in this folder.")] = None,
    pue: Annotated[float | None, typer.Option(help="Print the ledger times this PUE too, 1 to 3.")] = None,
    components: Annotated[bool, typer.Option("--components", help="Each part of the uncertainty too.")] = False,
    witness: Annotated[list[str] | None, typer.Option(help="A peer beside it: codecarbon, zeus.")] = None,
) -> None:
    """Measure any command: joulemark meter -- COMMAND."""
    from bench.run.meter import claim, meter_document, summary

    _check(context.args)
    claim(out, pue_ratio=pue)
    done = _metered(context.args, json=json, witnesses=witness or ())
    if json:
        give(meter_document(done, pue_ratio=pue))
    else:
        note(summary(context.args[0], done, pue_ratio=pue, components=components))
    if out:
        _seal(out, done)
    raise typer.Exit(done.exit_code)


def _check(command: list[str]) -> None:
    """Raises BadInput without a command, UnknownName for a mistyped option."""
    from bench.errors import BadInput, UnknownName

    if not command:
        raise BadInput("no command to meter; as in: joulemark meter -- python work.py")
    if command[0].startswith("-"):
        raise UnknownName("option of meter", command[0], _OPTIONS)


def _metered(command: list[str], *, json: bool, witnesses: Sequence[str]) -> "Metered":
    """The command between sensors. Raises Exit where it could not be started."""
    from bench.run.meter import metered
    from bench.sensing.metering import NOT_STARTED

    try:
        return metered(command, witnesses=witnesses, stdout=sys.stderr if json else None)
    except OSError as error:
        said = f"{command[0]} could not be started: {error.strerror}"
        if json:
            give({"error": {"kind": "NotStarted", "message": said}})
        note(f"joulemark: {said}")
        raise typer.Exit(NOT_STARTED) from error


def _seal(out: Path, done: "Metered") -> None:
    """Seals it and says where, or why not: what was measured has been said, the command's own code stands."""
    from bench.errors import BadInput
    from bench.run.meter import seal_metered

    try:
        note(f"sealed: {seal_metered(out, done)}")
    except BadInput as error:
        note(f"joulemark: not sealed: {error}")
