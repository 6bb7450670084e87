"""`joulemark next DIR`: the cells that are worth running next."""

from pathlib import Path
from typing import Annotated

import typer

from bench.cli.output import give, note, say


def next_(
    folder: Annotated[Path, typer.Argument(help="The result folder.")] = Path("results"),
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Name the cells that part terms, or narrow intervals most."""
    from bench.cli.next_text import next_text
    from bench.files.codec import plain
    from bench.run.next_cells import advise

    found, broken = advise(folder)
    if json:
        give(
            {
                "entries": [
                    {
                        "key": plain(one.entry.key),
                        "boundary": one.entry.boundary,
                        "batch": one.entry.batch,
                        "levels": list(one.entry.levels),
                        "apart": dict(one.apart),
                        "cells": [plain(cell) for cell in one.cells],
                    }
                    for one in found
                ],
                "left_out": list(broken),
            }
        )
    else:
        say(next_text(found))
    for why in broken:
        note(f"left out: {why}")
