"""The variants as files, and the server as a process; both skip where their libraries are missing."""

import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
LACKING = "pip install 'joulemark[intent]'"


@pytest.fixture(scope="session")
def onnx_folder(tmp_path_factory):
    """Where the session's ONNX files are built."""
    for library in ("onnx", "onnxruntime"):
        pytest.importorskip(library, reason=f"{library} is missing: {LACKING}", exc_type=ImportError)
    return tmp_path_factory.mktemp("onnx")


@pytest.fixture(scope="module")
def server(onnx_folder):
    """Starts servers and says where they answer; ends each at the end."""
    for library in ("fastapi", "uvicorn"):
        pytest.importorskip(library, reason=f"{library} is missing: {LACKING}", exc_type=ImportError)
    started = []

    def start(*options):
        command = [
            sys.executable,
            "-m",
            "workloads.intent.app",
            "--port",
            "0",
            "--cache",
            str(onnx_folder),
            *options,
        ]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        started.append(process)
        address = process.stdout.readline().strip()
        assert address, f"the server said nothing and ended with {process.wait(timeout=30)}"
        return _answering(address)

    yield start
    for process in started:
        process.terminate()
        process.wait(timeout=30)
        process.stdout.close()


def _answering(address):
    until = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(f"{address}/health", timeout=60).close()
        except urllib.error.URLError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
        else:
            return address
