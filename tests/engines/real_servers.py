"""Servers that nobody here wrote, as tests start them and ask them."""

import http.client
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bench.engines import openai_http
from bench.files.models import served_model
from bench.nouns import Cell, Endpoint, LoadSpec, Request, Served, Usage


def free_port() -> int:
    """A port of this machine at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def await_health(port: int, process: "subprocess.Popen[bytes]", said: Path, within_s: float) -> None:
    """Returns once /health answers 200; fails the test with the server's last words where it does not."""
    until = time.monotonic() + within_s
    while time.monotonic() < until and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/health")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        finally:
            connection.close()
        time.sleep(0.1)
    pytest.fail(f"the server does not start: {said.read_text(errors='replace')[-500:]}")


@contextmanager
def session(url: str, model: str, **options: str) -> Iterator[Served]:
    """The client of OpenAI's protocol in a session with a server."""
    endpoint = Endpoint(url=url, options=options)
    cell = Cell(engine="openai_http", model=model, precision="served", workload="w")
    load = LoadSpec(model=served_model(cell, "causal-lm"), precision="served", weights="served", endpoint=endpoint)
    with openai_http.open_engine().load(load) as opened:
        yield opened


def asked(count: int, prompt: int = 64, output: int = 24, text: str | None = None) -> list[Request]:
    """So many requests alike."""
    usage = Usage(requests=1, prompt_tokens=prompt, output_tokens=output)
    return [Request(id=f"r{i}", text=text, asked=usage) for i in range(count)]
