"""`joulemark compare` at a terminal: sealed runs held against each other, in 80 columns, as JSON, and refused."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from comparison_demo import rounds

ONE, OTHER = "::echo/mistral-160m:q8", "::echo/mistral-160m:f16"


def joulemark(*arguments):
    return subprocess.run(
        [sys.executable, "-P", "-m", "bench", *arguments],
        capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, "JOULEMARK_METERS": "constant:power_w=9"},
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("sealed")
    rounds(out)
    return out


def test_a_table_of_80_columns_with_its_verdict(folder, tmp_path):
    """The ratio, its basis, the price, and the sentence; the comparison proves itself."""
    done = joulemark(
        "compare", f"{folder}{ONE}", f"{folder}{OTHER}", "--out", str(tmp_path),
        "--price-per-hour", "3.2", "--currency", "USD",
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    table = done.stdout.partition("page:")[0]
    assert max(map(len, table.splitlines())) <= 80
    assert "q8 ÷ f16  J/output token, gpu" in table
    assert "of the energy of f16 on prompt-32-8 at batch 1 (gpu," in " ".join(table.split())
    assert "quality not comparable: synthetic weights" in " ".join(table.split())
    assert "USD" in table
    assert joulemark("verify", str(tmp_path)).returncode == 0


def test_json_is_one_object_that_names_the_runs(folder, tmp_path):
    """The file's content, and where it lies."""
    done = joulemark("compare", f"{folder}{ONE}", f"{folder}{OTHER}", "--out", str(tmp_path), "--json")

    said = json.loads(done.stdout)
    assert said["names"] == ["q8", "f16"]
    assert len(said["runs"]) == len(said["seals"]) == 6
    assert json.loads(Path(said["file"]).read_text())["comparison"] == said["comparison"]
    assert Path(said["page"]).exists()


def test_a_price_that_no_machine_has_is_refused(tmp_path):
    """Its digits would not even be numbers: a message, and no folder."""
    done = joulemark("compare", "a", "b", "--price-per-hour", "1e-320", "--out", str(tmp_path / "o"))

    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert "expected 0, or 0.0001 to 1,000,000" in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    ("asked", "code", "said"),
    [
        (("echo/mistral-160m:fp32",), 2, "needs two candidates"),
        (("echo/mistral-160m:fp32", "echo/mistral-160m:bf16"), 2, "has no workload: add --on"),
        (("echo/mistral-160m:fp32", "echo/mistral-160m:fp16", "--on", "prompt-32-8"), 3, "fp16 needs a GPU"),
        (
            ("echo/mistral-160m:fp32/prompt-32-8", "echo/mistral-160m:bf16/prompt-32-64"),
            2,
            "a ratio needs the same workload",
        ),
    ],
    ids=["one", "no work", "not here", "other work"],
)
def test_what_cannot_be_compared_is_refused_before_anything_runs(tmp_path, asked, code, said):
    """Found, needed, what to do; no traceback, no folder."""
    done = joulemark("compare", *asked, "--out", str(tmp_path / "o"))

    assert (done.returncode, "Traceback" in done.stderr) == (code, False)
    assert said in done.stderr
    assert not (tmp_path / "o").exists()
