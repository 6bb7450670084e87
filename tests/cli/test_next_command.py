"""`joulemark next` on the committed example."""

import json
from pathlib import Path

from typer.testing import CliRunner

from bench.cli.app import app

EXAMPLE = Path(__file__).parents[2] / "results" / "examples" / "cpu-2-threads"


def test_what_to_run_next_is_named_with_what_it_gives():
    told = CliRunner().invoke(app, ["next", str(EXAMPLE)])
    data = json.loads(CliRunner().invoke(app, ["next", str(EXAMPLE), "--json"]).stdout)

    assert told.exit_code == 0
    assert "transformers/mistral-160m:fp32 · host" in told.stdout
    assert "→ ±" in told.stdout
    assert max(map(len, told.stdout.split("\n"))) <= 80
    first = next(one for one in data["entries"] if one["cells"])
    assert {"cell", "workload", "concurrency", "batch", "seconds", "before", "after"} == first["cells"][0].keys()
    assert first["cells"][0]["cell"] in first["commands"][0]
    assert first["commands"][0].endswith(f"--out {EXAMPLE}")


def test_a_folder_without_runs_is_bad_input(tmp_path):
    assert CliRunner().invoke(app, ["next", str(tmp_path)]).exit_code != 0
