"""Interrupts at the worst moment: after a process is started, and before anybody could end it."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from bench.engines import ffmpeg
from bench.files.models import read_model
from bench.loading.child import answering, child, signals_held
from bench.loading.converted import run_apart
from bench.nouns import LoadSpec, Request
from bench.run.remote import remote
from bench.sensing.sampler import Sampler
from bench.sensing.witnessing import Witnesses
from workloads.intent import curves
from workloads.intent.serving import Variant, serving

ROOT = Path(__file__).resolve().parents[2]
SLEEPS = [sys.executable, "-c", "import time; time.sleep(60)"]


class TerminatedError(Exception):
    """What SIGTERM becomes in these tests."""


@pytest.fixture(autouse=True)
def answered():
    """Both signals raise, as where somebody tidies up; what answered before is back at the end."""

    def terminated(*_):
        raise TerminatedError

    had = signal.signal(signal.SIGTERM, terminated)
    yield
    signal.signal(signal.SIGTERM, had)


@pytest.fixture
def started(monkeypatch):
    """Every process that is started from here on; as soon as it is, before its caller has it, a signal comes."""
    seen = []
    real = subprocess.Popen

    class Interrupted(real):
        number = signal.SIGINT

        def __init__(self, *arguments, **more):
            super().__init__(*arguments, **more)
            seen.append(self)
            signal.raise_signal(self.number)

    monkeypatch.setattr(subprocess, "Popen", Interrupted)
    yield seen
    for process in seen:
        process.kill()
        process.wait()


@contextmanager
def ffmpeg_batch():
    """A batch of two, whose commands would go on for a minute."""
    spec = LoadSpec(model=read_model("sound-track"), precision="none", weights="none")
    session = ffmpeg._Session("ffmpeg", "ffprobe", spec, SimpleNamespace())
    session._start = lambda request: subprocess.Popen(SLEEPS, stderr=subprocess.PIPE, text=True)
    yield session.run([Request(id="a"), Request(id="b")])


@contextmanager
def conversion():
    spec = LoadSpec(model=read_model("nllb-600m"), precision="int8", weights="synthetic")
    yield run_apart("bench.run.busy_process", spec, Path("nowhere"))


@contextmanager
def waited():
    yield curves._waited(SLEEPS)


@contextmanager
def witness():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bench.sensing.witnessing.require_witnesses", lambda _: None)
        with Witnesses(("nobody",)):
            yield


STARTERS = {
    "child": lambda: child(lambda: subprocess.Popen(SLEEPS), lambda process: (process.kill(), process.wait())),
    "remote": lambda: remote("bench.run.busy_process"),
    "run_apart": conversion,
    "ffmpeg": ffmpeg_batch,
    "sampler": lambda: Sampler({"constant": {"power_w": "100"}}, 0.05),
    "witness": witness,
    "serving": lambda: serving(Variant()),
    "curves": waited,
}


@pytest.mark.parametrize(
    ("number", "raised"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, TerminatedError)]
)
@pytest.mark.parametrize("name", STARTERS)
def test_what_is_started_when_an_interrupt_comes_is_ended(started, name, number, raised, monkeypatch):
    """The interrupt is answered, only later: when it is, the process is known, and it is gone."""
    monkeypatch.setattr(subprocess.Popen, "number", number)

    with pytest.raises(raised), STARTERS[name]():
        pytest.fail("the interrupt was lost")

    assert started
    assert all(process.returncode is not None for process in started)


def test_signals_are_answered_by_whoever_answered_them_and_each_once():
    """At the end of the block, and not before; the handlers are back."""
    before = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)]
    order = []

    def twice():
        with signals_held():
            signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGTERM)
            order.append("inside")

    with pytest.raises(TerminatedError):
        twice()

    assert order == ["inside"]
    assert [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)] == before


def test_a_child_takes_signals_as_ever():
    """Held, not masked and not ignored: both would be the child's too."""
    with child(lambda: subprocess.Popen(SLEEPS), lambda process: process.kill()) as process:
        status = dict(
            line.split(":\t")
            for line in Path(f"/proc/{process.pid}/status").read_text().splitlines()
            if ":\t" in line
        )
        process.terminate()
        assert process.wait(30) == -signal.SIGTERM

    for mask in ("SigBlk", "SigIgn"):
        assert not int(status[mask], 16) & (1 << (signal.SIGTERM - 1)), mask


def test_what_is_ignored_stays_ignored_and_another_thread_changes_nothing():
    """As under nohup; and where Python calls no handler, none is set."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with signals_held():
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN

    seen = []

    def elsewhere():
        with answering({signal.SIGINT: lambda *_: None}):
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert seen == [signal.default_int_handler]


def gone(pid, within_s=20.0):
    until_s = time.monotonic() + within_s
    while time.monotonic() < until_s:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


LEADER = """
import subprocess, sys, time
from bench.loading.parent import end_with_parent
end_with_parent()
print(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]).pid, flush=True)
time.sleep(60)
"""


def test_a_leader_takes_along_what_it_has_started():
    """A worker's ffmpeg, when the one that started the worker was killed."""
    with subprocess.Popen(
        [sys.executable, "-c", LEADER], cwd=ROOT, start_new_session=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as leader:  # fmt: skip
        orphan = int(leader.stdout.readline())
        leader.stdin.close()
        assert leader.wait(30) == -signal.SIGKILL

    assert gone(orphan)


FOLLOWER = "import time; from bench.loading.parent import end_with_parent; end_with_parent(); time.sleep(60)"


def test_who_leads_nobody_ends_alone():
    """Others of its group are not its own: here, the tests."""
    done = subprocess.run(
        [sys.executable, "-c", FOLLOWER],
        cwd=ROOT, stdin=subprocess.DEVNULL, timeout=30, check=False,
    )  # fmt: skip

    assert done.returncode == 130
