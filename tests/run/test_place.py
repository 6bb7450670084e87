"""Whose energy a server's is: who listens at an address, and who only passes on."""

import ipaddress
import os
import shutil
import socket
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest
from fakes import GPU

from bench.errors import BadInput
from bench.nouns import ELSEWHERE, Condition
from bench.run import place
from bench.run.place import _address, _answering, _passes_on, find_place

LISTEN = """
import socket, sys
listening = socket.create_server((sys.argv[1], int(sys.argv[2])))
print(listening.getsockname()[1], flush=True)
sys.stdin.read()
"""

SHARING = """
import socket, sys
one = socket.socket()
one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
one.bind(("127.0.0.1", int(sys.argv[1])))
one.listen()
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def listens():
    """Starts processes that listen at an address and a port, under a name of one's choice."""
    started = []

    def start(host, port=0, program=sys.executable):
        one = subprocess.Popen(
            [program, "-c", LISTEN, host, str(port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONHOME": sys.base_prefix},
        )  # fmt: skip
        started.append(one)
        return int(one.stdout.readline()), one.pid

    yield start
    for one in started:
        one.stdin.close()
        one.wait(timeout=10)
        one.stdout.close()


@pytest.mark.parametrize("name", ["sshd", "tailscaled", "haproxy"])
def test_who_only_passes_on_is_never_the_server(listens, tmp_path, name):
    """Of `ssh -R` the daemon listens here, and the work is done elsewhere: the user has to say where."""
    program = shutil.copy(os.path.realpath(sys.executable), tmp_path / name)
    port, _ = listens("127.0.0.1", program=program)

    with pytest.raises(BadInput, match=f"{name} listens on port {port} and passes on.*--device"):
        find_place(f"http://127.0.0.1:{port}", None, ())
    assert find_place(f"http://127.0.0.1:{port}", ELSEWHERE, ()).device == ELSEWHERE


@pytest.mark.parametrize(
    "name",
    ["sshd-session", "sshd: me@notty", "stunnel", "gost", "code", "httpd", "apache2", "caddy", "traefik", "envoy"],
)
def test_passers_on_by_their_names(name):
    assert _passes_on(name)


@pytest.mark.parametrize(
    "name", ["python3", "ollama", "llama-server", "vllm", "uvicorn", "node", "VLLM::EngineCor"]
)
def test_servers_do_their_own_work(name):
    assert not _passes_on(name)


def test_of_two_that_share_a_port_the_one_at_the_address_is_asked(listens):
    """The older process is not it because it is older, nor the one that listens everywhere beside it."""
    port, first = listens("127.0.0.2")
    _, second = listens("127.0.0.3", port)

    for address, pid in (("127.0.0.2", first), ("127.0.0.3", second), ("[::ffff:127.0.0.3]", second)):
        assert find_place(f"http://{address}:{port}", None, ()).pids == (pid,)


@pytest.mark.parametrize(
    ("asked", "pids"),
    [
        ("127.0.0.1", {1}),  # exactly there, before everywhere
        ("::ffff:127.0.0.1", {1}),
        ("0.0.0.0", {1}),  # a client that is sent everywhere goes to loopback
        ("10.0.0.5", {2}),
        ("::1", {3}),
        ("10.0.0.9", set()),  # who listens there may not be seen: nobody else is it
    ],
)
def test_the_closest_listener_answers(asked, pids):
    on_port = [("127.0.0.1", 1), ("0.0.0.0", 2), ("::", 3), ("10.0.0.9", None)]
    listening = [(ipaddress.ip_address(at), pid) for at, pid in on_port]
    assert _answering({_address(asked)}, listening) == pids


def test_ipv6_that_listens_everywhere_takes_ipv4_too():
    assert _answering({_address("127.0.0.1")}, [(_address("::"), 7)]) == {7}


def test_mapped_addresses_of_loopback_are_here():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        found = find_place(f"http://[::ffff:127.0.0.1]:{listening.getsockname()[1]}", None, ())
    assert (found.device, os.getpid() in found.pids) == ("cpu", True)


class Board:
    """A board that says how many processes of the server's, and of others', hold a context on it."""

    def __init__(self, device, own, others):
        self.source = replace(GPU, domain=f"gpu:{device[-1]}", device=device)
        self._held = {"own_processes": own, "foreign_processes": others}

    def read(self):
        return [Condition(0, self.source.domain, name, float(count)) for name, count in self._held.items()]

    def close(self):
        pass


@pytest.fixture
def boards(monkeypatch):
    """Sets what the boards of this machine say."""

    def set_(*several):
        monkeypatch.setattr(place, "open_meter_plugin", lambda *_: SimpleNamespace(meters=several))
        monkeypatch.setattr(place, "_LOOK_FOR_S", 0.05)

    return set_


def test_a_gateway_before_a_gpu_server_is_not_taken_for_it(listens, boards):
    """It holds no board, and somebody does: on the CPU's energy the request would be many times too cheap."""
    port, _ = listens("127.0.0.1")
    boards(Board("GPU-1", own=0, others=1))

    with pytest.raises(BadInput, match=r"holds no GPU, other processes hold GPU-1.*--device"):
        find_place(f"http://127.0.0.1:{port}", None, (GPU,))
    assert find_place(f"http://127.0.0.1:{port}", "cpu", (GPU,)).device == "cpu"


def test_a_server_on_the_cpu_of_a_machine_whose_board_nobody_holds_is_on_the_cpu(listens, boards):
    port, _ = listens("127.0.0.1")
    boards(Board("GPU-1", own=0, others=0))

    assert find_place(f"http://127.0.0.1:{port}", None, (GPU,)).device == "cpu"


def test_a_servers_own_board_is_where_it_works_whoever_else_holds_one(listens, boards):
    port, pid = listens("127.0.0.1")
    boards(Board("GPU-1", own=1, others=2), Board("GPU-2", own=0, others=1))

    found = find_place(f"http://127.0.0.1:{port}", None, (GPU,))
    assert (found.device, found.pids) == ("GPU-1", (pid,))


def test_workers_that_share_a_port_on_two_boards_are_refused(listens, boards):
    port, _ = listens("127.0.0.1")
    boards(Board("GPU-1", own=1, others=0), Board("GPU-2", own=1, others=0))

    with pytest.raises(BadInput, match="works on 2 GPUs"):
        find_place(f"http://127.0.0.1:{port}", None, (GPU,))


def test_every_process_that_answers_at_an_address_is_the_server(listens):
    """Two workers at one address and port: either may be asked."""
    with socket.socket() as first, socket.socket() as second:
        for one in (first, second):
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        first.bind(("127.0.0.1", 0))
        first.listen()
        port = first.getsockname()[1]
        worker = subprocess.Popen([sys.executable, "-c", SHARING, str(port)], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, text=True)  # fmt: skip
        worker.stdout.readline()
        found = find_place(f"http://127.0.0.1:{port}", None, ())
        worker.communicate("")

    assert {os.getpid(), worker.pid} <= set(found.pids)
