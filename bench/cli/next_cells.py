"""`joulemark next DIR`: the cells that are worth running next."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bench.cli.output import give, note, say

if TYPE_CHECKING:
    from bench.nouns import Cell
    from bench.run.next_cells import Advice


def next_(
    folder: Annotated[Path, typer.Argument(help="The result folder.")] = Path("results"),
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Name the cells that part terms, or narrow intervals most, and what to type."""
    from bench.cli.next_text import next_text
    from bench.files.codec import plain
    from bench.run.next_cells import advise

    found = advise(folder)
    if json:
        give(
            {
                "entries": [_plain(one) for one in found.entries],
                "kept_apart": [plain(one) for one in found.apart],
                "left_out": list(found.broken),
            }
        )
    else:
        say(next_text(found))
    for why in found.broken:
        note(f"left out: {why}")


def _plain(one: "Advice") -> dict[str, Any]:
    from bench.files.codec import plain

    cells = [{**plain(cell), "cell": str(cell.cell), **_level(cell.cell)} for cell in one.cells]
    return {
        "key": plain(one.entry.key),
        "boundary": one.entry.boundary,
        "batch": one.entry.batch,
        "levels": list(one.entry.levels),
        "apart": {why.term: why.sentence for why in one.apart},
        "helps": {why.term: [str(cell) for cell in why.helps] for why in one.apart},
        "shows": [{**plain(found), "cell": str(found.cell)} for found in one.shows],
        "cells": cells,
        "commands": list(one.lines),
    }


def _level(cell: "Cell") -> dict[str, Any]:
    return {"workload": cell.workload, "concurrency": cell.concurrency, "batch": cell.batch}
