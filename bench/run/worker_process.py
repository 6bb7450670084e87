"""The process of one worker: started, spoken to over pipes, and ended in order."""

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import IO, Any

from bench.errors import Interrupted
from bench.files.codec import plain
from bench.loading.child import child
from bench.run.worker import Job
from bench.sensing.ending import end

_GRACE_S = 10.0
Event = Mapping[str, Any]
Worker = subprocess.Popen[str]


@contextmanager
def worker() -> Iterator[tuple[Worker, Iterator[Event]]]:
    """A worker that waits for its job, and its events; it has ended when this does."""
    with tempfile.TemporaryFile("w+") as errors:

        def start() -> Worker:
            return subprocess.Popen(
                [sys.executable, "-P", "-m", "bench.run.worker"],  # -P: a folder called bench here is not ours
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,  # Ctrl-C reaches this process, which ends the worker in order
            )

        with child(start, lambda process: end(process, _GRACE_S)) as process:
            yield process, _events(process, errors)


def give(process: Worker, job: Job) -> None:
    """Its job, to a worker that waits for one."""
    tell(process, json.dumps(plain(job)))


def tell(process: Worker, line: str) -> None:
    """One line to the worker; one that has ended hears nothing, and its end says why."""
    assert process.stdin is not None
    try:
        process.stdin.write(line + "\n")
        process.stdin.flush()
    except BrokenPipeError:
        return


def _events(process: Worker, errors: IO[str]) -> Iterator[Event]:
    """The worker's events until it ends; a crash becomes a `failed` event that says how."""
    assert process.stdout is not None
    failed = False
    for line in process.stdout:
        event = json.loads(line)
        failed = failed or event["event"] == "failed"
        yield event
    code = process.wait()
    if code and not failed:
        yield {"event": "failed", "reason": _ending(code, errors)}


def _ending(code: int, errors: IO[str]) -> str:
    errors.seek(0)
    lines = [line.strip() for line in errors.read().splitlines() if line.strip()]
    last = lines[-1] if lines else "it said nothing"
    if code == -signal.SIGKILL:
        return f"the worker was killed (signal 9, as the kernel does when memory runs out); last: {last}"
    return f"the worker ended with {f'signal {-code}' if code < 0 else f'code {code}'}; last: {last}"


@contextmanager
def terminable() -> Iterator[None]:
    """Ctrl-C and SIGTERM both become Interrupted while cells run."""

    def stop(number: int, _: FrameType | None) -> None:
        name = signal.Signals(number).name
        raise Interrupted(f"stopped by {name}; finished cells are kept, and the same command goes on from there")

    before = {s: signal.signal(s, stop) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
