"""On real GPUs: two sensors of one board agree, repeats agree, the passport is the published one."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.errors import CannotRun
from bench.files.registry import open_meter_plugin
from bench.meters.nvml.classes import published_passport
from bench.nouns import Source
from bench.physics.view import sees_all
from bench.run.characterise import characterise
from bench.stats import deviation, mean

pytestmark = pytest.mark.hardware

# Chosen wide: no list of idle watts by board is published; a small card draws a few, a module of 1 kW some 150
IDLE_W = (3.0, 160.0)
CELL = "transformers/mistral-160m:fp32/prompt-256-64"


@pytest.fixture(scope="module")
def board() -> Source:
    found = open_meter_plugin("nvml", {})
    sources = [m.source for m in found.meters]
    for one in found.meters:
        one.close()
    if not sources:
        pytest.skip(f"no GPU is measured on this machine: {'; '.join(c.reason for c in found.checks)}")
    return sources[0]


@pytest.fixture(scope="module")
def passport(board, tmp_path_factory):
    try:
        found = characterise({"nvml": {}}, board, tmp_path_factory.mktemp("passport"))
    except CannotRun as error:
        pytest.skip(f"no load can be made on {board.device_name}: {error}")
    return found.passports[board.domain]


def test_the_passport_is_the_published_class(board, passport):
    """Periods within 5 %, looks within 10 ms or a tenth, of what others measured from outside."""
    known = published_passport(board.device_name, board.fields).fields
    if not known:
        pytest.skip(f"nothing is published of {board.device_name}")
    for name, field in known.items():
        found = passport.fields[name]
        assert found.origin == "steps", name
        assert found.update_s == pytest.approx(field.update_s, rel=0.05), name
        assert found.window_s == pytest.approx(field.window_s, rel=0.10, abs=0.010), name


def test_the_counter_has_a_known_view(passport):
    """Known steps decide whether the counter sees everything or adds up looks."""
    assert passport.fields["counter"].seen_ratio is not None
    print("the counter sees", "everything" if sees_all(passport.fields["counter"]) else passport.fields["counter"])


@pytest.fixture(scope="module")
def ten_repeats(board, tmp_path_factory):
    """One cell on this board, ten windows of 10 s, as a user would run it."""
    out = tmp_path_factory.mktemp("repeats")
    done = subprocess.run(
        [sys.executable, "-P", "-m", "bench", "run", CELL, "--windows", "10", "--out", str(out), "--json"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode == 3:
        pytest.skip(f"the cell cannot run here: {done.stderr.strip().splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    [path] = Path(out).glob("runs/*/run.json")
    return [e for e in json.loads(path.read_text())["energies"] if e["domain"] == board.domain]


def test_counter_and_integral_agree_within_two_percent(ten_repeats):
    """Two fields of one board over the same span of work."""
    for one in (e for e in ten_repeats if e["phase"] == "work"):
        assert one["witness_j"] == pytest.approx(one["energy_j"], rel=0.02)


def test_ten_repeats_of_a_cell_agree_within_one_percent(ten_repeats):
    """The coefficient of variation of mean power over ten windows of one run."""
    powers = [e["energy_j"] / ((e["end_ns"] - e["start_ns"]) * 1e-9) for e in ten_repeats if e["phase"] == "work"]
    assert len(powers) == 10
    assert deviation(powers) / mean(powers) < 0.01


def test_idle_power_is_in_the_known_range(board, ten_repeats):
    """A board that is asked nothing draws what such boards draw, and less than a third of its limit."""
    for one in (e for e in ten_repeats if e["phase"] == "idle"):
        power_w = one["energy_j"] / ((one["end_ns"] - one["start_ns"]) * 1e-9)
        assert IDLE_W[0] < power_w < min(IDLE_W[1], (board.power_limit_w or 500) / 3)
