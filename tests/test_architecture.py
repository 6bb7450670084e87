"""The page on the architecture names the rooms that there are, in the order in which they may import."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def exists(name):
    """Whether bench has a room or a file of that name."""
    path = ROOT / "bench" / name
    return path.is_dir() or path.with_suffix(".py").exists()


def test_the_rooms_stand_in_the_order_of_imports():
    """Each line of the table is a layer of the import contract, from the bottom up."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = reversed(settings["tool"]["importlinter"]["contracts"][0]["layers"])
    rooms = [[name for name in re.findall(r"\w+", layer) if exists(name)] for layer in layers]
    rows = re.findall(r"^\| ((?:`\w+` ?)+)\|", PAGE, flags=re.MULTILINE)

    assert [re.findall(r"\w+", row) for row in rows] == [
        names for names in rooms if names not in ([], ["__main__"])
    ]


def test_every_file_that_the_page_names_is_there():
    """A page that sends a newcomer to a file that was renamed is worse than none."""
    named = re.findall(r"(?<!tests/)\b((?:physics|run)/\w+)", PAGE)

    assert len(named) > 10
    assert [name for name in named if not exists(name)] == []
