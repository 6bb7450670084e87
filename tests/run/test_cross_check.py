"""A peer beside the real command: shown, sealed, recomputed by verify, and never in a figure of ours."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from fake_peers import STEADY_W, install

CELL = "echo/mistral-160m:fp32/prompt-32-8"
QUICK = ["--window-s", "0.5", "--windows", "2", "--idle-s", "0.6", "--warmup-s", "0.1"]
PIP = "pip install 'joulemark[peers]'"


@pytest.fixture
def joulemark(tmp_path):
    """The command, with a wall socket of 100 W and every fake peer."""
    more = {"PYTHONPATH": install(tmp_path / "site"), "JOULEMARK_METERS": "constant:power_w=100", "NO_COLOR": "1"}

    def run(*arguments):
        return subprocess.run(
            [sys.executable, "-P", "-m", "bench", *arguments],
            capture_output=True, text=True, env={**os.environ, **more}, timeout=120, check=False,
        )  # fmt: skip

    return run


def test_a_peer_that_agrees_is_shown_beside_ours(joulemark):
    """100 W by both, over the peer's own span: apart by less than its begin and its end take."""
    done = joulemark("meter", "--json", "--witness", "steady", "--", "sleep", "1")

    [wall] = json.loads(done.stdout)["domains"]
    assert done.returncode == 0
    assert wall["peers"].keys() == wall["over_peers_j"].keys() == {"steady"}
    assert wall["peers"]["steady"] == pytest.approx(wall["over_peers_j"]["steady"], rel=0.03)
    assert wall["peers"]["steady"] > STEADY_W["wall"] * 1.0
    assert wall["energy_j"] == pytest.approx(100.0 * (wall["end_ns"] - wall["start_ns"]) * 1e-9, rel=0.01)


@pytest.mark.parametrize(
    ("name", "why"),
    [("naught", "naught gave 0 J"), ("silent", "silent gave no figure"), ("broken", "broken gave no figure: its")],
)
def test_a_peer_that_fails_is_a_flag_and_the_command_s_energy_stands(joulemark, name, why):
    """The command runs, its code is its own, its energy is there; the peer's absence has a reason."""
    done = joulemark("meter", "--json", "--witness", name, "--", "sh", "-c", "sleep 0.3; exit 5")

    [wall] = json.loads(done.stdout)["domains"]
    assert done.returncode == 5
    assert (wall["peers"], wall["energy_j"] is None) == ({}, False)
    assert wall["flags"][-1].startswith(why)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("meter", "--witness", "absent", "--", "touch", "ran"), 3, PIP),
        (("run", CELL, "--witness", "absent"), 3, PIP),
        (("meter", "--witness", "staedy", "--", "touch", "ran"), 2, "did you mean 'steady'"),
        (("run", CELL, "--witness", "staedy"), 2, "did you mean 'steady'"),
    ],
)
def test_a_peer_that_is_not_here_is_said_before_anything_runs(
    joulemark, tmp_path, monkeypatch, arguments, code, said
):
    """Exit 3 with the command that installs it, 2 with the nearest name; nothing is started."""
    monkeypatch.chdir(tmp_path)

    done = joulemark(*arguments)

    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not Path("ran").exists()
    assert not list(Path().glob("results/runs/*"))


def test_people_read_which_figure_is_a_model(joulemark):
    """The table names the peer, its joules, ours over its span, and what the figures are."""
    said = joulemark("meter", "--witness", "steady", "--", "sleep", "0.5").stderr

    assert "beside ours" in said
    assert "never comes into a figure of ours" in " ".join(said.split())
    assert [line.split()[1] for line in said.splitlines() if line.startswith("wall ")][1] == "steady"


@pytest.mark.slow
def test_a_cell_with_a_peer_is_sealed_shown_and_verified(joulemark, tmp_path):
    """Every window has the peer's figure; the page shows it; verify recomputes it and finds a lie."""
    out = tmp_path / "out"
    done = joulemark("run", CELL, *QUICK, "--witness", "steady", "--out", str(out), "--json")
    page = json.loads(joulemark("report", str(out), "--json").stdout)["report"]
    proof = json.loads(joulemark("verify", str(out), "--json").stdout)
    [path] = out.glob("runs/*/run.json")
    sealed = json.loads(path.read_text())
    sealed["energies"][0]["peers"]["steady"] *= 1.01
    path.write_text(json.dumps(sealed))
    lied = json.loads(joulemark("verify", str(out), "--json").stdout)

    assert done.returncode == 0, done.stderr
    assert sealed["witnesses"] == [{"name": "steady", "version": "1.0", "fault": None}]
    assert all(set(e["peers"]) == {"steady"} for e in sealed["energies"])
    assert "Beside ours" in Path(page).read_text()
    assert proof["differences"] == []
    assert "energies[0].peers.steady" in [d["field"] for d in lied["differences"]]


@pytest.mark.slow
def test_a_peer_that_dies_in_a_window_leaves_the_run_whole(joulemark, tmp_path):
    """The second window and those after it have no figure of it, and say why; every energy of ours is there."""
    done = joulemark("run", CELL, *QUICK, "--witness", "dying", "--out", str(tmp_path / "out"), "--json")
    proof = json.loads(joulemark("verify", str(tmp_path / "out"), "--json").stdout)
    [path] = (tmp_path / "out").glob("runs/*/run.json")
    found = json.loads(path.read_text())["energies"]

    assert [c["status"] for c in json.loads(done.stdout)["cells"]] == ["done"]
    assert [set(e["peers"]) for e in found] == [{"dying"}] + [set()] * (len(found) - 1)
    assert all(e["flags"][-1].startswith("dying gave no figure: its process ended") for e in found[1:])
    assert all(e["energy_j"] is not None for e in found)
    assert proof["differences"] == []


@pytest.mark.slow
def test_a_cell_that_no_peer_watched_is_measured_again_when_one_is_asked_for(joulemark, tmp_path):
    """A cross-check is never skipped in silence; and one that was made is not made twice."""
    ask = ("run", CELL, *QUICK, "--out", str(tmp_path / "out"), "--json")
    statuses = [
        json.loads(joulemark(*ask, *more).stdout)["cells"][0]["status"]
        for more in ((), ("--witness", "steady"), ("--witness", "steady"), ())
    ]

    assert statuses == ["done", "done", "already done", "already done"]
