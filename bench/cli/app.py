"""`joulemark`: one typer application; each command lives beside its kin and imports its work when called."""

import sys
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperGroup

from bench import __version__
from bench.cli import (
    attribute,
    compare,
    estimate,
    export,
    inspect,
    join,
    logs,
    measure,
    meter,
    next_cells,
    older,
    profile,
    results,
    serve,
    validate,
    volumes,
)
from bench.cli.language import taken
from bench.cli.output import fail
from bench.errors import JoulemarkError
from bench.files.locales import own_language
from bench.phrases import ENGLISH, speaking


class _Speaking(TyperGroup):
    """The commands, in the language that `--lang` says wherever it stands on the line."""

    def main(self, args: Sequence[str] | None = None, *more: Any, **named: Any) -> Any:
        language, rest = taken(sys.argv[1:] if args is None else args)
        with speaking(language or own_language()):
            return super().main(rest, *more, **named)


app = typer.Typer(
    name="joulemark",
    cls=_Speaking,
    help="Measures the real energy of AI inference on this machine, and says what it does not measure.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=True,
)


@app.callback(invoke_without_command=True)
def _top(
    version: bool = typer.Option(False, "--version", help="Print the version and stop."),
    lang: str = typer.Option("en", "--lang", help="en or fr, here or after a command; else JOULEMARK_LANG."),
) -> None:
    del lang  # _Speaking has taken it off the line
    if version:
        typer.echo(f"joulemark {__version__}")
        raise typer.Exit


for command in (
    inspect.doctor,
    inspect.list_,
    profile.profile,
    measure.plan,
    measure.run,
    measure.bench,
    results.fit,
    results.report,
    results.verify,
    results.audit,
    attribute.attribute,
    next_cells.next_,
    join.join,
    compare.compare,
    export.export,
    estimate.estimate,
    serve.serve,
    validate.validate,
    older.older,
    volumes.volumes,
    logs.logs,
):
    app.command(command.__name__.rstrip("_"))(command)
app.command(
    "meter",
    context_settings={
        "allow_extra_args": True,
        "ignore_unknown_options": True,
        "allow_interspersed_args": False,
    },
)(meter.meter)


def main() -> None:
    """Runs the command line and exits with its code."""
    spoken = ENGLISH
    try:
        spoken = taken(sys.argv[1:])[0] or own_language()
        with speaking(spoken):
            app()
    except JoulemarkError as error:
        # before `--`: a metered command's own --json is not ours
        ours = sys.argv[1 : sys.argv.index("--")] if "--" in sys.argv else sys.argv[1:]
        with speaking(spoken):
            sys.exit(fail(error, as_json="--json" in ours))
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()  # the reader has gone (`joulemark list | head`): nobody to tell
        sys.exit(0)
