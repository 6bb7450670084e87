"""The matrix of variants and batchings: which commands it becomes, and that no server outlives it."""

import json
import os
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest

from workloads.intent.curves import VARIANTS, Asked, main, measure, measure_command, servers

ROOT = Path(__file__).resolve().parent.parent.parent
UP_WITHIN_S = 120  # a server that builds its file, on a machine with much else to do


def values(command, option):
    """What follows each `option` in a command."""
    return [after for before, after in pairwise(command) if before == option]


@pytest.fixture
def served(onnx_folder):
    """Skips where a server cannot be started or asked; the folder of its ONNX files."""
    for library, extra in (("fastapi", "intent"), ("uvicorn", "intent"), ("aiohttp", "endpoints")):
        remedy = f"{library} is missing: pip install 'joulemark[{extra}]'"
        pytest.importorskip(library, reason=remedy, exc_type=ImportError)
    return onnx_folder


def gone(pid):
    """Whether no process has this id."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_every_variant_meets_every_batching_and_only_a_batch_is_waited_for():
    """Each wait is a server, but where each request is a run of its own, nothing waits."""
    found = list(
        servers(Asked(out=Path("o"), variants=("fp32", "int8"), max_batch=(1, 8), max_wait_ms=(0.0, 5.0)))
    )

    assert [(v.model, v.max_batch, v.max_wait_ms) for v in found] == [
        ("fp32", 1, 0.0),
        ("fp32", 8, 0.0),
        ("fp32", 8, 5.0),
        ("int8", 1, 0.0),
        ("int8", 8, 0.0),
        ("int8", 8, 5.0),
    ]
    assert [v.setup for v in found[:3]] == ["max-batch-1", "max-batch-8-wait-0ms", "max-batch-8-wait-5ms"]


def test_a_server_becomes_one_command_with_all_its_levels():
    """Precision and batching are settings of the record; rates, users and scenarios are levels."""
    asked = Asked(out=Path("o"), variants=("int8",), max_batch=(8,), max_wait_ms=(2.5,), rates=(25.0, 0.5),
                  concurrency=(64,), load=("two_hundred_users",), windows=3)  # fmt: skip
    [variant] = servers(asked)
    command = measure_command(asked, variant, "http://127.0.0.1:5055")

    assert command[:5] == (sys.executable, "-m", "bench", "run", "endpoint")
    assert values(command, "--endpoint") == ["http://127.0.0.1:5055"]
    assert {"precision=int8", "setup=max-batch-8-wait-2.5ms", "family=classifier", "answer=argmax"} <= set(
        values(command, "--set")
    )
    assert values(command, "--rate") == ["25", "0.5"]
    assert values(command, "--concurrency") == ["64"]
    assert values(command, "--load") == ["two_hundred_users"]
    assert values(command, "--windows") == values(command, "--most-windows") == ["3"]


def test_the_plan_starts_nothing_and_says_how_long(tmp_path, capsys):
    """Commands to copy, and minutes; no folder is made."""
    assert main(["--plan", "--out", str(tmp_path / "out"), "--max-batch", "1", "--rates", "10"]) == 0

    said = capsys.readouterr().out
    assert said.count("workloads.intent.app") == 2  # fp32 and int8
    assert "2 servers, about 2 min" in said
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--variants", "int4"], "there are fp32"),
        (["--max-batch", "0"], "from 1 on"),
        (["--rates", "nan"], "needed a number"),
        (["--rates", "", "--concurrency", ""], "no level"),
        (["--variants", ""], "need one each"),
    ],
)
def test_what_makes_no_matrix_is_refused(options, why, capsys):
    """Before anything is started."""
    with pytest.raises(SystemExit) as ended:
        main(["--out", "o", "--plan", *options])

    assert ended.value.code == 2
    assert why in capsys.readouterr().err


def test_the_variants_are_those_that_can_be_built(onnx_folder):
    """Named apart from export.py, so that planning needs none of its libraries."""
    from workloads.intent import export

    assert tuple(export.VARIANTS) == VARIANTS


def test_a_command_that_fails_stops_no_other_and_its_code_is_kept(served, tmp_path):
    """Both servers are started, asked, and gone in the end; the first code that was not 0 is the answer."""
    note = tmp_path / "pids"
    asks = (
        "import json,sys,urllib.request as u; h=json.load(u.urlopen(sys.argv[1]+'/health'));"
        "print(h['pid'], h['max_batch'], h['max_wait_ms'], file=open(sys.argv[2],'a'));"
        "sys.exit(7 if h['max_batch']==1 else 0)"
    )
    asked = Asked(out=tmp_path, variants=("fp32",), max_batch=(1, 4), max_wait_ms=(2.0,), port=0, cache=served)

    code = measure(asked, lambda _, __, address: (sys.executable, "-c", asks, address, str(note)))

    seen = [line.split() for line in note.read_text().splitlines()]
    assert code == 7
    assert [line[1:] for line in seen] == [["1", "0.0"], ["4", "2.0"]]
    assert all(gone(int(pid)) for pid, *_ in seen)


def test_a_port_that_is_taken_is_said_and_nothing_is_measured(served, tmp_path, capfd):
    """Exit 1, and the remedy."""
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code = main(["--out", str(tmp_path / "out"), "--port", str(port), "--cache", str(served)])

    assert code == 1
    assert "choose another with --port" in capfd.readouterr().err


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_matrix_leaves_no_server(served, tmp_path, number, code):
    """Ctrl-C, or a signal to the one process: the server is gone when the command is."""
    command = [sys.executable, "-m", "workloads.intent.curves", "--out", str(tmp_path / "out")]
    command += ["--variants", "fp32", "--port", "0", "--cache", str(served), "--window-s", "60"]
    process = subprocess.Popen(command, cwd=ROOT, start_new_session=True, stderr=subprocess.DEVNULL)
    try:
        server = _child(process.pid, "workloads.intent.app")
        _child(process.pid, "bench")
        if number == signal.SIGINT:
            os.killpg(process.pid, number)  # as a terminal does: everybody in the foreground
        else:
            process.send_signal(number)
        assert process.wait(timeout=30) == code
    finally:
        process.kill()
        process.wait()

    assert gone(server)


KEEPER = """
import sys
from pathlib import Path
from workloads.intent.serving import Variant, _health, serving
with serving(Variant(), cache=Path(sys.argv[1])) as address:
    print(_health(address)["pid"], flush=True)
    sys.stdin.read()
"""


def test_a_server_whose_keeper_is_killed_ends(served):
    """Nobody is left to stop it: it sees that for itself."""
    with subprocess.Popen(
        [sys.executable, "-c", KEEPER, str(served)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as keeper:
        server = int(keeper.stdout.readline())
        keeper.kill()

    until = time.monotonic() + 30
    while not gone(server) and time.monotonic() < until:
        time.sleep(0.05)
    assert gone(server)


def test_a_matrix_of_one_measures_its_server(served, tmp_path):
    """One variant, one rate, windows of one second: sealed, under its precision and its setup."""
    command = [sys.executable, "-m", "workloads.intent.curves", "--out", str(tmp_path / "out")]
    command += ["--variants", "int8", "--max-batch", "8", "--rates", "20", "--concurrency", "", "--port", "0"]
    command += ["--cache", str(served), "--window-s", "1", "--windows", "1", "--idle-s", "0.4"]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "JOULEMARK_METERS": "constant:power_w=100"}, capture_output=True,
        text=True, timeout=120, check=False,
    )  # fmt: skip

    assert done.returncode in (0, 1), done.stderr  # 1: a busy machine's run is void, and sealed all the same
    [seal] = (tmp_path / "out").glob("runs/*/run.json")
    spec = json.loads(seal.read_text())["spec"]
    assert (spec["cell"]["precision"], spec["cell"]["rate"], spec["family"]) == ("int8", 20.0, "classifier")
    assert "max-batch-8-wait-5ms" in json.dumps(spec)


def _child(parent, word):
    """The id of the parent's child whose command holds `word`; waits for it to come up."""
    until = time.monotonic() + UP_WITHIN_S
    while time.monotonic() < until:
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                said = (stat.parent / "cmdline").read_bytes().decode().split("\0")
                if int(stat.read_text().rpartition(")")[2].split()[1]) == parent and word in said:
                    return int(stat.parent.name)
            except (FileNotFoundError, ProcessLookupError):
                continue
        time.sleep(0.05)
    pytest.fail(f"no {word} was started within {UP_WITHIN_S} s")
