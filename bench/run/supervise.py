"""Runs a plan's cells, one worker process per loaded model, and goes on when one of them fails."""

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import FrameType
from typing import IO, Any, Literal

from bench.errors import Interrupted
from bench.files.codec import plain
from bench.files.known import spec_sha256
from bench.nouns import RunSpec
from bench.run.worker import Job

_GRACE_S = 10.0
Event = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class CellResult:
    """What became of one cell."""

    cell: str
    status: Literal["done", "void", "failed", "already done", "skipped"]
    run_id: str | None = None
    reason: str = ""


def run_id(spec: RunSpec, at: datetime) -> str:
    """ "20260822T101500Z-1a2b3c4d": when it began (UTC), and which spec."""
    return f"{at:%Y%m%dT%H%M%SZ}-{spec_sha256(spec)[:8]}"


def run_jobs(jobs: Sequence[Job], listen: Callable[[Event], None] = lambda _: None) -> Iterator[CellResult]:
    """The result of every cell, as it comes. Raises Interrupted on Ctrl-C or SIGTERM."""
    with _terminable():
        for job in jobs:
            yield from _run_job(job, listen)


def _run_job(job: Job, listen: Callable[[Event], None]) -> Iterator[CellResult]:
    """One worker after another until every cell of the job has a result."""
    left = list(job.specs)
    while left:
        part = replace(job, specs=tuple(left), run_ids=tuple(run_id(s, datetime.now(UTC)) for s in left))
        before = len(left)
        why = None
        for event in _events(part):
            listen(event)
            if event["event"] == "sealed":
                spec = left.pop(0)
                yield _sealed(str(spec.cell), event)
            elif event["event"] == "failed":
                why = str(event["reason"])
        if left and (why is not None or len(left) == before):
            failed = left.pop(0)
            yield CellResult(
                cell=str(failed.cell), status="failed", reason=why or "the worker ended without a word"
            )


def _sealed(cell: str, event: Event) -> CellResult:
    status: Literal["void", "done"] = "void" if event["all_void"] else "done"
    return CellResult(cell=cell, status=status, run_id=event["run_id"], reason="; ".join(event["void"]))


def _events(job: Job) -> Iterator[Event]:
    """The worker's events; a crash becomes a `failed` event that says how it ended."""
    with tempfile.TemporaryFile("w+") as errors, _worker(errors) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(plain(job)) + "\n")
        process.stdin.flush()
        failed = False
        for line in process.stdout:
            event = json.loads(line)
            failed = failed or event["event"] == "failed"
            yield event
        code = process.wait()
        if code and not failed:
            yield {"event": "failed", "reason": _ending(code, errors)}


@contextmanager
def _worker(errors: IO[str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "bench.run.worker"],  # -P: a folder called bench here is not ours
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        start_new_session=True,  # Ctrl-C reaches this process, which ends the worker in order
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(_GRACE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def _ending(code: int, errors: IO[str]) -> str:
    errors.seek(0)
    lines = [line.strip() for line in errors.read().splitlines() if line.strip()]
    last = lines[-1] if lines else "it said nothing"
    if code == -signal.SIGKILL:
        return f"the worker was killed (signal 9, as the kernel does when memory runs out); last: {last}"
    return f"the worker ended with {f'signal {-code}' if code < 0 else f'code {code}'}; last: {last}"


@contextmanager
def _terminable() -> Iterator[None]:
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
