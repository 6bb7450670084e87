import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest
from notebooks.run_cells import cells

from bench.files.config import inherited_with
from bench.files.volumes import read_volumes

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "docs" / "notebooks" / "estimate.py"
AGAIN = "run it anew: .venv/bin/jupytext --to ipynb --execute docs/notebooks/estimate.py"
MISSING = [name for name in ("matplotlib", "pandas") if importlib.util.find_spec(name) is None]


@pytest.fixture(scope="module")
def notebook():
    return json.loads(SCRIPT.with_suffix(".ipynb").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def said():
    """What every code cell of the script prints and gives, run in a process of its own."""
    if MISSING:
        pytest.skip(f"{', '.join(MISSING)} absent: pip install 'joulemark[notebook]'")
    runner = Path(__file__).with_name("run_cells.py")
    done = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning:__main__", str(runner), str(SCRIPT)],
        capture_output=True, text=True, check=False, timeout=300, env=inherited_with(MPLBACKEND="agg"),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_notebook_is_its_script_cell_by_cell(notebook):
    kept = [(cell["cell_type"], "".join(cell["source"])) for cell in notebook["cells"]]
    assert kept == cells(SCRIPT), AGAIN


def test_every_cell_was_run_in_order_without_an_error(notebook):
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1)), AGAIN
    assert not [out for cell in code for out in cell["outputs"] if out["output_type"] == "error"]
    assert not [out for cell in code for out in cell["outputs"] if out.get("name") == "stderr"], AGAIN
    assert sum("image/png" in out.get("data", {}) for cell in code for out in cell["outputs"]) == 6


@pytest.mark.slow
def test_the_notebook_says_what_its_script_says_now(notebook, said):
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert len(code) == len(said)
    for number, (cell, now) in enumerate(zip(code, said, strict=True), start=1):
        printed = "".join("".join(out["text"]) for out in cell["outputs"] if out["output_type"] == "stream")
        assert printed == now["printed"], f"cell {number} prints something else: {AGAIN}"
        given = ["".join(o["data"]["text/plain"]) for o in cell["outputs"] if o["output_type"] == "execute_result"]
        assert given == [now["value"]] * (now["value"] is not None), f"cell {number} gives something else: {AGAIN}"


@pytest.mark.slow
def test_what_the_text_claims_is_so(said):
    """Sentences of the notebook that name figures, held to what its cells print."""
    printed = "\n".join(one["printed"] + (one["value"] or "") for one in said)
    assert "measured cell" in printed
    assert "prior" in printed
    told = next(one["printed"] for one in said if "nothing removed" in one["printed"])
    ratios = {name: float(text.split()[2]) for name, text in (line.split(": ") for line in told.splitlines())}
    assert ratios.pop("energy of a request known") < 0.6 * min(ratios.values())  # "by far the most"
    last = said[-1]["printed"]
    assert last.startswith("Over 18 months from 2027-01")
    assert "power is modelled" in last
    assert "synthetic weights" in last


def test_the_project_that_it_reads_is_as_the_text_says():
    project = read_volumes(SCRIPT.with_name("project.toml"))
    podcasts, articles = project.flows
    assert project.months == 18
    assert podcasts.growth.kind == "exponential"
    assert (articles.growth.kind, articles.growth.ceiling.p50) == ("saturating", 6000)
    assert {flow.growth.known_months for flow in project.flows} == {12}
