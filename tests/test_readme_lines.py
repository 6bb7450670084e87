"""The lines that README shows for estimates are typed as they stand, on files of a clone."""

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bench.cli.app import app

ROOT = Path(__file__).resolve().parent.parent
LINES = [
    line
    for line in re.findall(r"^\| `joulemark ([^`]+)` \|", (ROOT / "README.md").read_text(encoding="utf-8"), re.M)
    if line.split()[0] in ("estimate", "logs", "validate", "older")
]


def test_each_of_them_is_there():
    """One line estimates, one reads a month of logs, one validates, one shows the older calculator."""
    assert sorted(line.split()[0] for line in LINES) == ["estimate", "logs", "older", "validate"]


@pytest.mark.parametrize("line", LINES, ids=[line.split()[0] for line in LINES])
def test_a_line_of_the_readme_works_as_it_stands(line, monkeypatch):
    """In a clone's own folder; what stands in brackets may be left out."""
    monkeypatch.chdir(ROOT)
    done = CliRunner().invoke(app, shlex.split(re.sub(r"\[[^]]*\]", "", line)))

    assert done.exit_code == 0, done.output
    assert done.stdout.strip()
