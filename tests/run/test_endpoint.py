"""`joulemark run endpoint` on a simulated server of known physics and the simulated board that it draws from."""

import json
import socket
import subprocess
import sys
from dataclasses import replace

import pytest

from bench.errors import BadInput
from bench.files.layout import run_folders
from bench.files.store import read_sealed
from bench.fit.load_curve import load_curves
from bench.nouns import ELSEWHERE
from bench.run.place import find_place
from bench.run.publish import measured
from bench.run.sweep import measured_levels

pytest.importorskip("aiohttp", reason="the client's library is an extra: pip install 'joulemark[endpoints]'")
from sim.served import simulated_server

BOARD = "GPU-00000000-0000-0000-0000-00000000000a"
SHORT = ["--window-s", "2", "--windows", "2", "--idle-s", "1", "--warmup-s", "0.3"]
PHYSICS = ("--decode-step-s", "0.006", "--prefill-w", "250", "--decode-w", "120", "--idle-w", "90")


def joulemark(environment, *arguments):
    done = subprocess.run(
        [sys.executable, "-P", "-m", "bench", *arguments],
        capture_output=True, text=True, env={**environment, "JOULEMARK_METERS": "nvml"}, timeout=180, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return done


def run(environment, url, out, *arguments, engine="openai_http", model="simulated-model"):
    return joulemark(
        environment, "run", "endpoint", "--engine", engine, "--endpoint", url, "--model", model,
        "--out", str(out), "--json", *SHORT, *arguments,
    )  # fmt: skip


def sealed(out):
    paths = sorted(out.glob("runs/*/run.json"))
    lines = [(p.parent / "outcomes.jsonl").read_text().splitlines() for p in paths]
    return [
        (json.loads(p.read_text()), [json.loads(o) for o in each]) for p, each in zip(paths, lines, strict=True)
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("engine", "level"), [("openai_http", ("--concurrency", "4")), ("ollama", ("--rate", "6"))]
)
def test_a_servers_energy_is_what_its_log_says(nvml_sim, tmp_path, engine, level):
    """Its GPU is found by its processes, its joules by the board, its tokens by its own count."""
    with simulated_server(tmp_path, *PHYSICS) as server:
        environment = nvml_sim.environment([f"uuid {BOARD}", *server.statements], head=server.head)
        done = run(environment, server.url, tmp_path / "out", "--workloads", "prompt-32-16", *level, engine=engine)
        truth = server.truth()

    assert done.returncode == 0, done.stderr
    [(seal, outcomes)] = sealed(tmp_path / "out")
    assert seal["loaded"]["device"] == BOARD
    assert not [v for v in seal["verdicts"] if v["name"] == "foreign processes"]
    for energy in (e for e in seal["energies"] if e["phase"] == "work"):
        true_j = truth.energy_j(energy["start_ns"], energy["end_ns"])
        assert energy["low_j"] <= true_j <= energy["high_j"]
        assert energy["energy_j"] == pytest.approx(true_j, rel=0.03)
    assert {o["achieved"]["output_tokens"] for o in outcomes} == {16}
    assert all(o["due_ns"] <= o["start_ns"] <= o["first_output_ns"] <= o["end_ns"] for o in outcomes)
    assert seal["times"]["e2e_s"]["count"] == len(outcomes)
    assert joulemark(environment, "verify", str(tmp_path / "out")).returncode == 0


@pytest.mark.slow
def test_one_line_makes_a_load_curve(nvml_sim, tmp_path):
    """--sweep finds saturation, asks four rates below it and as many users as saturate it."""
    out, brief = tmp_path / "out", ("--window-s", "1.2", "--windows", "1", "--idle-s", "0.6", "--warmup-s", "0.1")
    named = ("--workloads", "prompt-32-16", "--set", "setup=max-batch-2", *brief)
    with simulated_server(tmp_path, *PHYSICS, "--max-batch", "2", "--decode-step-s", "0.003") as server:
        # no trailing means, which would need rests of more than a second
        board = [f"uuid {BOARD}", "error average 3", "error usage 3", *server.statements]
        environment = nvml_sim.environment(board, head=server.head)
        for _ in range(3):  # a machine that is busy itself voids a cell: the same line measures that one again
            done = run(environment, server.url, out, "--sweep", *named)
            if done.returncode == 0:
                break
        truth = server.truth()

    assert done.returncode == 0, done.stderr
    assert "  2 users: " in done.stderr
    assert "prompt-32-16: saturates at about " in done.stderr
    assert len(json.loads(done.stdout)["cells"]) == 5
    runs = [read_sealed(folder) for folder in run_folders(out)]
    [curve] = load_curves([measured(one) for one in runs])
    assert curve.key.engine_version.endswith(", setup max-batch-2")
    [closed] = [p for p in curve.points if p.users]
    assert curve.points[-1] == closed  # nothing answers more than users who wait for nothing else
    above_j, requests = 0.0, 0
    for one in map(measured, runs):
        for e in (e for e in one.energies if e.phase == "work" and one.run.spec.cell.rate):
            above_j += truth.energy_j(e.start_ns, e.end_ns) - 90 * (e.end_ns - e.start_ns) * 1e-9
            requests += len(one.run.outcomes)
    assert curve.idle.low <= 90 <= curve.idle.high
    assert curve.request.low <= above_j / requests <= curve.request.high
    assert curve.request.value == pytest.approx(above_j / requests, rel=0.15)

    spec = next(one.run.spec for one in runs if one.run.spec.cell.rate)
    rates, users = measured_levels(out, spec)  # what the same line finds again
    assert len(set(rates)) == 4
    assert set(users) == {closed.users}
    other = replace(spec, endpoint=replace(spec.endpoint, setup="max-batch-8"))
    assert measured_levels(out, other) == ([], [])


@pytest.mark.parametrize("level", [("--rate", "5"), ("--concurrency", "2"), ("--load", "two_hundred_users")])
def test_a_sweep_finds_its_loads_itself(nvml_sim, tmp_path, level):
    environment = nvml_sim.environment([f"uuid {BOARD}", "point 0 90"])
    done = run(environment, "http://127.0.0.1:9", tmp_path, "--sweep", *level)

    assert done.returncode == 2
    assert level[0] in done.stderr
    assert "--sweep finds the loads itself" in done.stderr


@pytest.mark.slow
def test_a_server_that_fails_makes_no_figure(nvml_sim, tmp_path):
    """Three requests of many answer 500, after all probing: the cell is void, the failures counted by cause."""
    with simulated_server(tmp_path, *PHYSICS, "--fault", "status:code=500,ids=40+45+50") as server:
        environment = nvml_sim.environment([f"uuid {BOARD}", *server.statements], head=server.head)
        done = run(environment, server.url, tmp_path / "out", "--workloads", "prompt-32-16", "--concurrency", "4")

    [(seal, outcomes)] = sealed(tmp_path / "out")
    assert done.returncode == 1, done.stderr
    assert [o["cause"] for o in outcomes if "cause" in o] == ["status"] * 3
    [verdict] = [v for v in seal["verdicts"] if v["name"] == "failed requests"]
    assert "3 status" in verdict["evidence"]


@pytest.mark.slow
def test_a_server_elsewhere_has_times_and_no_joules(nvml_sim, tmp_path):
    """An idle local GPU is not its meter."""
    with simulated_server(tmp_path, *PHYSICS) as server:
        environment = nvml_sim.environment([f"uuid {BOARD}", "point 0 90"])
        done = run(
            environment, server.url, tmp_path / "out", "--workloads", "prompt-32-16", "--device", "elsewhere"
        )

    [(seal, outcomes)] = sealed(tmp_path / "out")
    assert done.returncode == 1
    assert all(e["energy_j"] is None for e in seal["energies"])
    assert [s["basis"] for s in seal["sources"]] == ["excluded"]
    assert "work done elsewhere" in [v["name"] for v in seal["verdicts"]]
    assert seal["times"]["e2e_s"]["count"] == len(outcomes) > 10


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("run endpoint", "needs --engine"),
        ("run endpoint --engine openai_http --endpoint localhost:80 --model m", "http://"),
        ("run endpoint --engine openai_http --endpoint http://a:b@h/v1 --model m", "a key goes"),
        ("run endpoint --engine ollama --endpoint http://127.0.0.1:9 --model m --set setup=a/b", "a label"),
        ("run quick --sweep", "belong to"),
        ("run endpoint --engine whisper --endpoint http://127.0.0.1:9 --model m", "servers"),
        ("run endpoint --engine ollama --endpoint http://127.0.0.1:9 --model m", "answer"),
        ("run quick --engine ollama", "belong to"),
    ],
)  # fmt: skip
def test_half_an_endpoint_is_refused_with_what_lacks(nvml_sim, tmp_path, arguments, said):
    environment = nvml_sim.environment([f"uuid {BOARD}", "point 0 90"])
    done = joulemark(environment, *arguments.split(), "--out", str(tmp_path))

    assert done.returncode in (2, 3)
    assert said in done.stderr


def test_a_key_reaches_no_record(nvml_sim, tmp_path):
    """It goes into a header, and nowhere else."""
    with simulated_server(tmp_path, *PHYSICS) as server:
        environment = nvml_sim.environment([f"uuid {BOARD}", *server.statements], head=server.head)
        environment |= {"JOULEMARK_API_KEY": "sk-very-secret"}
        done = run(environment, server.url, tmp_path / "out", "--workloads", "prompt-32-16")

    assert done.returncode == 0, done.stderr
    written = [p.read_bytes() for p in (tmp_path / "out").rglob("*") if p.is_file()]
    assert written
    assert not any(b"sk-very-secret" in one for one in written)
    assert "sk-very-secret" not in done.stdout + done.stderr


def test_another_machines_address_is_elsewhere():
    assert find_place("http://192.0.2.1:8000", None, ()).device == ELSEWHERE


def test_a_device_of_this_machine_is_not_another_machines():
    with pytest.raises(BadInput, match="another machine"):
        find_place("http://192.0.2.1:8000", "cpu", ())


def test_a_process_of_this_machine_that_listens_is_found():
    """By its port; it works on the CPU where no GPU holds it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        found = find_place(f"http://127.0.0.1:{listening.getsockname()[1]}", None, ())

    assert found.device == "cpu"
    assert found.pids
