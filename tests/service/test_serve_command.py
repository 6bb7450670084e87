"""`joulemark serve` as a process: uvicorn, a socket, signals, and what is missing."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

import pytest
import uvicorn
from asked import CHAT, estimate, knowledge, service
from uvicorn.server import ServerState

from bench.files.config import places
from bench.service import heads
from bench.service.batch_columns import MOST_ROWS


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture(scope="module")
def served():
    """A service of its own: its port and its process."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "bench", "serve", "--port", str(port)],
        cwd=places().checkout,
        stderr=subprocess.PIPE,
    )
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            time.sleep(0.05)
    yield port, process
    process.kill()
    process.communicate()


def asked(port, path, body=None, headers=None):
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", content, {"content-type": "application/json", **(headers or {})}
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as found:
            return found.status, json.load(found)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_a_process_answers_as_the_application_does(served):
    port, _ = served
    assert asked(port, "/health")[1]["status"] == "ok"
    assert asked(port, "/v1/estimate", CHAT) == estimate(CHAT)
    status, found = asked(port, "/v1/estimate", CHAT | {"in_tokens": -1})
    assert (status, found["detail"][0]["loc"]) == (422, ["body", "in_tokens"])


def test_only_this_machine_is_listened_to(served):
    port, _ = served
    own = socket.gethostbyname(socket.gethostname())
    if own.startswith("127."):
        pytest.skip("this machine has no address but loopback")
    with pytest.raises(OSError):  # noqa: PT011 - whichever way the system refuses
        socket.create_connection((own, port), 2)


def test_single_requests_are_answered_while_a_batch_is(served):
    port, _ = served
    models = sorted(one for one in knowledge().known.models if one.startswith("llama"))[:5]
    rows = [models[n % len(models)] for n in range(MOST_ROWS)]
    body = {"columns": {"model": rows, "out_tokens": 7, "in_tokens": 5}}
    took = []
    many = threading.Thread(target=lambda: took.append(asked(port, "/v1/estimate/batch", body)))
    many.start()
    singles = 0
    while many.is_alive():
        assert asked(port, "/v1/estimate", CHAT | {"count": singles})[0] == 200
        singles += 1
    many.join()
    assert took[0][0] == 200
    assert took[0][1]["refused"] == 0
    assert singles > 1


def test_half_a_request_is_waited_for_and_disturbs_nobody(served):
    port, _ = served
    with socket.create_connection(("127.0.0.1", port)) as slow:
        slow.sendall(b"POST /v1/estimate HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{")
        assert asked(port, "/v1/estimate", CHAT)[0] == 200


def pour(one):
    """Sends a head without end, until somebody ends it."""
    one.sendall(b"GET /health HTTP/1.1\r\nx: ")
    for _ in range(1000):
        one.sendall(b"x" * 10_000)
        time.sleep(0.001)


def test_a_head_without_end_ends_its_connection_and_nothing_else(served):
    port, _ = served
    with socket.create_connection(("127.0.0.1", port)) as endless, pytest.raises(ConnectionError):
        pour(endless)
    assert asked(port, "/health")[0] == 200


def test_a_head_that_is_long_and_whole_is_read(served):
    port, _ = served
    assert asked(port, "/v1/estimate", CHAT, {"x-long": "x" * 30_000})[0] == 200


@pytest.mark.parametrize("sent", [b"", b"GET /health HTTP/1.1\r\nx: "])
def test_a_head_that_does_not_come_ends_its_connection(sent, monkeypatch):
    monkeypatch.setattr(heads, "LONGEST_HEAD_S", 0.1)
    config = uvicorn.Config(service(), http=heads.BoundedHeads, lifespan="off")

    async def ended():
        def one():
            return heads.BoundedHeads(config=config, server_state=ServerState(), app_state={})

        listening = await asyncio.get_running_loop().create_server(one, "127.0.0.1", 0)
        async with listening, asyncio.timeout(10):
            reader, writer = await asyncio.open_connection(*listening.sockets[0].getsockname())
            writer.write(sent)
            found = await reader.read()
            writer.close()
            return found

    assert asyncio.run(ended()) == b""


def test_what_is_no_http_is_refused_and_the_service_goes_on(served):
    port, _ = served
    with socket.create_connection(("127.0.0.1", port)) as wild:
        wild.sendall(b"\x00\xff\x00 nonsense\r\n\r\n")
        assert wild.recv(1000).startswith(b"HTTP/1.1 400")
    assert asked(port, "/health")[0] == 200


def test_a_request_under_way_ends_when_the_service_is_told_to_stop(served):
    """The last test: it ends the process that all of them ask."""
    port, process = served
    body = json.dumps(CHAT).encode()
    with socket.create_connection(("127.0.0.1", port)) as one:
        head = "POST /v1/estimate HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: "
        one.sendall(f"{head}{len(body)}\r\n\r\n".encode() + body[:5])
        time.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        one.sendall(body[5:])
        answer = one.recv(100_000)
    assert answer.startswith(b"HTTP/1.1 200")
    assert process.wait(20) == 0
    assert b"Traceback" not in process.stderr.read()


@pytest.mark.parametrize("gone", ["fastapi", "uvicorn", "uvloop", "httptools", "orjson"])
def test_without_its_extra_it_says_what_to_install(gone):
    code = (
        f"import sys; sys.modules[{gone!r}] = None; sys.argv = ['joulemark', 'serve']\n"
        "from bench.__main__ import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 3
    assert "pip install 'joulemark[serve]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken_is_said(served_elsewhere):
    done = subprocess.run(
        [sys.executable, "-m", "bench", "serve", "--port", str(served_elsewhere)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=places().checkout,
    )
    assert done.returncode == 3
    assert f"port {served_elsewhere}" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def served_elsewhere():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        one.listen()
        yield one.getsockname()[1]


def test_a_results_folder_that_has_nothing_is_said(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "bench", "serve", "--results", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=places().checkout,
    )
    assert done.returncode == 2
    assert "no coefficients" in done.stderr
