"""`joulemark attribute DIR`: the energy of each window as its requests'."""

from pathlib import Path
from typing import Annotated

import typer

from bench.cli.output import give, note, say


def attribute(
    folder: Annotated[Path, typer.Argument(help="The result folder.")] = Path("results"),
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout, with every request.")] = False,
) -> None:
    """Lay each window's energy out over its requests, and beside the meter."""
    from bench.cli.attribute_text import attribution_text
    from bench.files.codec import plain
    from bench.run.attribute import attribute_folder

    found, broken = attribute_folder(folder)
    if json:
        give({"runs": [plain(one) for one in found], "left_out": list(broken)})
    else:
        say(attribution_text(found))
    for why in broken:
        note(f"left out: {why}")
    raise typer.Exit(0 if any(one.windows for one in found) else 1)
