"""The process that keeps a device busy, and its parent's end: with a torch that only pretends to multiply."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from bench.errors import CannotRun
from bench.run.characterise import remote_load

# Stands in torch's place: what is asked of it, and no more. `mm` takes a millisecond.
TORCH = """
import os, time
from types import SimpleNamespace

float16 = "float16"
cuda = SimpleNamespace(
    is_available=lambda: os.environ.get("PRETEND_CUDA") == "1",
    synchronize=lambda: None,
)

def randn(*_, **__):
    with open(os.environ["PRETEND_LOG"], "a") as log:
        print("device", os.environ.get("CUDA_VISIBLE_DEVICES"), "pid", os.getpid(), file=log)
    print("a library that talks on stdout")

def mm(*_):
    time.sleep(0.001)
"""


@pytest.fixture
def pretended(tmp_path, monkeypatch):
    """The log of a pretended device that processes started from here see."""
    folder = tmp_path / "library"
    folder.mkdir()
    (folder / "torch.py").write_text(TORCH)
    log = tmp_path / "log"
    paths = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
    monkeypatch.setenv("PRETEND_LOG", str(log))
    monkeypatch.setenv("PRETEND_CUDA", "1")
    return log


def ends(pid, within_s=5.0):
    until_s = time.monotonic() + within_s
    while time.monotonic() < until_s:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


def test_the_device_is_busy_for_as_long_as_was_asked_and_the_process_ends_with_its_parent(pretended):
    """The span lies inside what the parent saw; the other process sees that device alone, and is gone after."""
    with remote_load("GPU-7") as load:
        spans = []
        for duration_s in (0.05, 0.12):
            before_ns = time.monotonic_ns()
            spans.append((before_ns, *load.keep_busy(duration_s), time.monotonic_ns(), duration_s))

    for before_ns, start_ns, end_ns, after_ns, duration_s in spans:
        assert before_ns <= start_ns < end_ns <= after_ns
        assert duration_s <= (end_ns - start_ns) * 1e-9 < duration_s + 2.0
    words = pretended.read_text().split()
    assert words[:2] == ["device", "GPU-7"]
    assert ends(int(words[3]))


def test_a_device_that_is_not_there_is_the_parents_reason(pretended, monkeypatch):
    """The other process says why in its own words, and nothing is left of it."""
    monkeypatch.setenv("PRETEND_CUDA", "0")

    with pytest.raises(CannotRun, match="torch sees no CUDA device to load"), remote_load("GPU-7"):
        pass


def test_a_process_that_dies_meanwhile_is_said_with_its_exit_code(pretended):
    """Killed between two spans: whoever asks for the next one is told, not left with a broken pipe."""
    with remote_load("GPU-7") as load:
        pid = int(pretended.read_text().split()[3])
        os.kill(pid, signal.SIGKILL)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)

        with pytest.raises(CannotRun, match="ended with exit code -9"):
            load.keep_busy(0.05)


def test_it_says_one_json_object_a_line_whatever_a_library_prints(pretended):
    """Stdout is the parent's; the talk goes to stderr. It ends in order when nothing more is asked."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "bench.run.busy_process"],
        input='{"busy_s": 0.01}\n{"busy_s": 0.02}\n', capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    ready, *busy = map(json.loads, done.stdout.splitlines())

    assert done.returncode == 0
    assert ready == {"ready": True}
    assert [(b - a) * 1e-9 >= s for (a, b), s in zip((x["busy"] for x in busy), (0.01, 0.02), strict=True)] == [
        True
    ] * 2
    assert "a library that talks on stdout" in done.stderr


def test_what_it_cannot_do_is_its_exit_code(pretended, monkeypatch):
    """3, and one line that says what lacks."""
    monkeypatch.setenv("PRETEND_CUDA", "0")
    done = subprocess.run(
        [sys.executable, "-P", "-m", "bench.run.busy_process"],
        input="", capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip

    assert done.returncode == CannotRun.exit_code == 3
    assert list(json.loads(done.stdout)) == ["failed"]
