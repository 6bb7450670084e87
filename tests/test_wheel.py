"""The wheel stands alone: installed in an empty folder it knows its declarations and plans a suite."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder with nothing but the wheel's own files; its dependencies are those of the test environment."""
    build, site = tmp_path_factory.mktemp("wheel"), tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", build, ROOT], check=True, timeout=180)
    [wheel] = build.glob("joulemark-*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--target", site, wheel], check=True, timeout=120)
    return site


def joulemark(site, folder, *arguments):
    environment = {**os.environ, "PYTHONPATH": str(site)}
    return subprocess.run(
        [sys.executable, "-m", "bench", *arguments],
        capture_output=True, text=True, cwd=folder, env=environment, timeout=120, check=False,
    )  # fmt: skip


def test_it_is_the_installed_package_that_runs(installed, tmp_path):
    """The checkout is not in the way."""
    done = subprocess.run(
        [sys.executable, "-c", "import bench; print(bench.__file__)"],
        capture_output=True, text=True, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(installed)}, check=True,
    )  # fmt: skip

    assert done.stdout.startswith(str(installed))


def test_list_finds_what_the_wheel_carries(installed, tmp_path):
    """Models, workloads, suites, hardware and published coefficients travel along."""
    done = joulemark(installed, tmp_path, "list", "--json")
    found = json.loads(done.stdout)

    names = {kind: {one["name"] for one in found[kind]} for kind in found if kind != "schema_version"}
    assert "mistral-7b" in names["models"]
    assert "speech-fr-30" in names["workloads"]
    assert {"quick", "standard", "full"} <= names["suites"]
    assert "nvidia-t4" in names["hardware"]
    assert names["coefficients"]


def test_it_speaks_french_there(installed, tmp_path):
    """The catalogue travels along."""
    done = joulemark(installed, tmp_path, "--lang", "fr", "estimate", "--model", "lama", "--out-tokens", "1")

    assert "modèle inconnu" in done.stderr


def test_doctor_and_plan_work_there(installed, tmp_path):
    """Both answer, and leave nothing behind in the empty folder."""
    doctor = joulemark(installed, tmp_path, "doctor", "--json")
    plan = joulemark(installed, tmp_path, "plan", "quick", "--json")

    assert {c["status"] for c in json.loads(doctor.stdout)["checks"]} <= {"ok", "degraded", "missing"}
    assert len(json.loads(plan.stdout)["cells"]) > 5, plan.stderr
    assert list(tmp_path.iterdir()) == []
