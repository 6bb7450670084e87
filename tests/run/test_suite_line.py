"""The whole line with a pretend engine and a constant meter, through the real command and its processes."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

CELLS = [f"echo/mistral-160m:fp32/prompt-{p}-{o}" for p, o in ((32, 8), (256, 8), (32, 64), (256, 64))]
QUICK = ["--window-s", "0.3", "--windows", "2", "--idle-s", "0.6", "--warmup-s", "0.1"]
ENVIRONMENT = {**os.environ, "JOULEMARK_METERS": "constant:power_w=100", "NO_COLOR": "1"}


def joulemark(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "bench", *arguments],
        capture_output=True, text=True, env=ENVIRONMENT, timeout=120, check=False, **options,
    )  # fmt: skip


def sealed(out):
    return sorted(p.parent.name for p in out.glob("runs/*/run.json"))


def result(done):
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
def test_run_fit_report_verify_end_to_end(tmp_path):
    """Four cells become coefficients, a page, and a proof; a second call measures nothing again."""
    out = str(tmp_path)
    first = result(joulemark("run", *CELLS, *QUICK, "--out", out, "--json"))
    fitted = result(joulemark("fit", out, "--json"))
    page = result(joulemark("report", out, "--json"))
    proof = result(joulemark("verify", out, "--json"))
    again = result(joulemark("run", *CELLS, *QUICK, "--out", out, "--json"))

    assert [c["status"] for c in first["cells"]] == ["done"] * 4
    assert {"output_token", "prompt_token"} <= set(fitted["coefficients"][0]["terms"])
    assert "<html" in Path(page["report"]).read_text()
    assert proof["differences"] == []
    assert [c["status"] for c in again["cells"]] == ["already done"] * 4
    assert len(sealed(tmp_path)) == 4


@pytest.mark.slow
@pytest.mark.parametrize("after_s", [1.5, 3.0, 4.5])
def test_a_kill_at_any_moment_loses_no_finished_cell_and_leaves_no_half_cell(tmp_path, after_s):
    """SIGKILL to the command: workers end by themselves, sealed cells stay, the next call does the rest."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench", "run", *CELLS, *QUICK, "--out", str(tmp_path)],
        env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    time.sleep(after_s)
    process.send_signal(signal.SIGKILL)
    process.wait()
    time.sleep(0.5)  # the worker notices that its parent is gone
    kept = sealed(tmp_path)

    resumed = result(joulemark("run", *CELLS, *QUICK, "--out", str(tmp_path), "--json"))

    statuses = sorted(c["status"] for c in resumed["cells"])
    assert statuses == ["already done"] * len(kept) + ["done"] * (4 - len(kept))
    assert set(kept) <= set(sealed(tmp_path))
    assert result(joulemark("verify", str(tmp_path), "--json"))["differences"] == []


@pytest.mark.slow
def test_ctrl_c_is_130_and_resumable(tmp_path):
    """SIGINT ends the worker in order and says that finished cells are kept."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench", "run", *CELLS, *QUICK, "--out", str(tmp_path)],
        env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    begun = next((line for line in process.stderr if line.startswith("…")), "")  # the first cell is under way
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)

    assert begun
    assert process.returncode == 130
    assert "Traceback" not in said
    assert "kept" in said


def test_an_unknown_suite_offers_the_nearest(tmp_path):
    """Exit 2, one line, no traceback."""
    done = joulemark("run", "quik", "--out", str(tmp_path))

    assert done.returncode == 2
    assert "did you mean 'quick'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("cell", "nearest"),
    [("transfomers/mistral-160m:fp32/prompt-32-8", "transformers"),
     ("transformers/mistral-160:fp32/prompt-32-8", "mistral-160m"),
     ("transformers/mistral-160m:fp23/prompt-32-8", "fp32"),
     ("transformers/mistral-160m:fp32/promt-32-8", "prompt-32-8")],
)  # fmt: skip
def test_an_unknown_part_of_a_cell_offers_the_nearest(cell, nearest, tmp_path):
    """Engine, model, precision and workload alike."""
    done = joulemark("plan", cell, "--out", str(tmp_path))

    assert done.returncode == 2
    assert nearest in done.stderr


def test_concurrency_is_refused_while_no_engine_serves_requests_side_by_side(tmp_path):
    """A cell measured one batch at a time is never published as eight at once."""
    done = joulemark("plan", f"{CELLS[0]}@concurrency=8", "--out", str(tmp_path))

    assert done.returncode == 2
    assert "batch=8" in done.stderr


def test_plan_says_what_will_run_and_costs(tmp_path):
    """Minutes, and EUR only when a price is given."""
    made = result(joulemark("plan", *CELLS, "--json", "--price-per-hour", "3.6", "--out", str(tmp_path)))

    assert [c["cell"] for c in made["cells"]] == CELLS
    assert made["minutes"] > 0
    assert made["eur"] == pytest.approx(made["minutes"] / 60 * 3.6)


def test_a_suite_that_needs_a_gpu_says_why_it_skips(tmp_path):
    """Every cell of `standard` has its reason on a machine without a GPU, and nothing can run: exit 3."""
    planned = joulemark("plan", "standard", "--json", "--out", str(tmp_path))
    done = joulemark("run", "standard", "--out", str(tmp_path))

    made = json.loads(planned.stdout)
    models = [c for c in made["cells"] if not c["cell"].startswith("ffmpeg/")]  # it may lack ffmpeg, too
    assert all("needs a GPU" in c["skipped"] for c in models)
    assert all(c["skipped"] for c in made["cells"])
    assert (planned.returncode, done.returncode) == (3, 3)
