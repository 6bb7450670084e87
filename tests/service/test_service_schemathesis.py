"""schemathesis against the running service: all phases, data that its description allows and other data."""

import subprocess
import sys
from pathlib import Path

import pytest
from test_serve_command import served

__all__ = ["served"]  # the service that is asked
EXAMPLES = 200  # of each operation


@pytest.mark.slow
def test_schemathesis_finds_nothing(served, tmp_path):
    port, _ = served
    done = subprocess.run(
        [
            str(Path(sys.executable).parent / "schemathesis"),
            "run",
            f"http://127.0.0.1:{port}/openapi.json",
            *("--max-examples", str(EXAMPLES)),
            *("--checks", "all"),
            *("--seed", "7"),
            "--continue-on-failure",
            "--no-color",
        ],
        capture_output=True,
        text=True,
        timeout=500,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout[-6000:]
    assert "No issues found" in done.stdout
