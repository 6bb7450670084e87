"""`joulemark join RUN FILE`: joules beside a load generator's own numbers."""

from pathlib import Path
from typing import Annotated

import typer

from bench.cli.output import give, say


def join(
    run: Annotated[Path, typer.Argument(help="The folder that `joulemark meter --out` sealed.")],
    file: Annotated[Path, typer.Argument(help="What the command wrote: AIPerf, guidellm, vLLM bench.")],
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Put a metered run's joules beside a load generator's result file."""
    from bench.cli.join_text import join_text
    from bench.files.codec import plain
    from bench.run.join import join as join_files

    found = join_files(run, file)
    if json:
        give(plain(found))
    else:
        say(join_text(found))
    raise typer.Exit(0 if any(share.per_request for share in found.shares) else 1)
