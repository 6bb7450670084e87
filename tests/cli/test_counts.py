"""Counts are said as people say them: one difference, two differences."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bench.cli.audit_text import audit_text
from bench.run.checks.line import AuditLine, Where
from bench.units import counted

EXAMPLE = Path(__file__).resolve().parents[2] / "results" / "examples" / "cpu-2-threads"


def test_a_count_has_its_noun():
    """None is many."""
    assert [counted(n, "run") for n in (0, 1, 2)] == ["0 runs", "1 run", "2 runs"]
    assert counted(2, "entry", "entries") == "2 entries"


def test_one_check_is_a_check():
    """The sum under an audit's table."""
    line = AuditLine(name="seal", status="pass", expected="whole", found="whole", where=Where(file="run.json"))

    assert audit_text([line], width=100).splitlines()[-1].startswith("1 check: 1 pass")


@pytest.mark.slow
def test_one_difference_is_a_difference(tmp_path):
    """What `verify` says where one run's number was changed by hand, and nothing else is published."""
    run = next((EXAMPLE / "runs").glob("*sound*"), None) or sorted((EXAMPLE / "runs").iterdir())[0]
    shutil.copytree(run, tmp_path / "runs" / run.name)
    outcomes = tmp_path / "runs" / run.name / "outcomes.jsonl"
    outcomes.write_text(outcomes.read_text() + "\n")

    done = subprocess.run(
        [sys.executable, "-m", "bench", "verify", str(tmp_path)], capture_output=True, text=True, check=False
    )

    assert done.returncode == 1, done.stderr
    assert done.stdout.splitlines()[-1] == "1 difference in 1 file checked"
