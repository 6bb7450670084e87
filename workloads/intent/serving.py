"""The server of app.py as a process of its own: started, known to answer, and always stopped."""

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench.loading.child import child

ROOT = Path(__file__).resolve().parent.parent.parent
WITHIN_S, STOPS_WITHIN_S = 120.0, 20.0
"""Until it answers: the first start builds the ONNX file, seconds on a small machine. Chosen, with room."""


class NotServedError(Exception):
    """The server did not come up, or another answers in its place; the message says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One way of serving the model."""

    model: str = "fp32"
    max_batch: int = 1
    max_wait_ms: float = 0.0

    @property
    def setup(self) -> str:
        """Its batching as a label: what is batched differently is another setup."""
        if self.max_batch == 1:
            return "max-batch-1"
        return f"max-batch-{self.max_batch}-wait-{self.max_wait_ms:g}ms"


def app_command(variant: Variant, *, port: int, cache: Path) -> tuple[str, ...]:
    """How the server of a variant is started; port 0 takes any free one."""
    options = {
        "--model": variant.model,
        "--port": port,
        "--max-batch": variant.max_batch,
        "--max-wait-ms": f"{variant.max_wait_ms:g}",
        "--cache": cache,
    }
    return (sys.executable, "-m", "workloads.intent.app", *(str(o) for pair in options.items() for o in pair))


@contextmanager
def serving(variant: Variant, *, port: int = 0, cache: Path = Path("out/intent")) -> Iterator[str]:
    """The address at which the variant answers; whatever happens inside, the server is stopped afterwards.

    Raises NotServedError where it does not come up, or where somebody else answers at its address.
    """
    command = (*app_command(variant, port=port, cache=cache.resolve()), "--ends-with-parent")

    def start() -> "subprocess.Popen[str]":
        return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    with child(start, stop) as process:
        assert process.stdout is not None, "a pipe was asked for"
        address = process.stdout.readline().strip()
        if not address:
            raise NotServedError(
                f"the server of {variant.model} ended with {process.wait(STOPS_WITHIN_S)}, its reason is above; "
                f"where port {port} is taken, choose another with --port, 0 for any free one"
            )
        _await(process, address)
        yield address


def stop(process: "subprocess.Popen[Any]") -> None:
    """Asks the process to end, and ends it where it does not; returns once it is gone."""
    process.terminate()
    try:
        process.wait(STOPS_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()


def _await(process: "subprocess.Popen[str]", address: str) -> None:
    until_s = time.monotonic() + WITHIN_S
    while process.poll() is None:
        health = _health(address)
        if health is not None:
            if health.get("pid") != process.pid:
                raise NotServedError(
                    f"{address}: process {health.get('pid')} answers there, {process.pid} was started"
                )
            return
        if time.monotonic() > until_s:
            raise NotServedError(f"{address}: no answer within {WITHIN_S:g} s")
        time.sleep(0.1)
    raise NotServedError(f"{address}: the server ended with {process.returncode}: its reason stands above")


def _health(address: str) -> dict[str, Any] | None:
    """What it says of itself; None: it does not answer yet."""
    asked = urlsplit(address)
    connection = http.client.HTTPConnection(asked.hostname or "", asked.port, timeout=WITHIN_S)
    try:
        connection.request("GET", "/health")
        said = json.load(connection.getresponse())
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
    return said if isinstance(said, dict) else {}
