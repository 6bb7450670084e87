"""Runs a plan's cells, one worker process per loaded model, and goes on when one of them fails."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from bench.files.known import spec_sha256
from bench.nouns import RunSpec
from bench.run.worker import Job
from bench.run.worker_process import Event, give, terminable, worker


@dataclass(frozen=True, slots=True, kw_only=True)
class CellResult:
    """What became of one cell."""

    cell: str
    status: Literal["done", "void", "failed", "already done", "skipped"]
    run_id: str | None = None
    reason: str = ""


Listen = Callable[[Event], None]


def run_id(spec: RunSpec, at: datetime) -> str:
    """ "20260822T101500Z-1a2b3c4d": when it began (UTC), and which spec."""
    return f"{at:%Y%m%dT%H%M%SZ}-{spec_sha256(spec)[:8]}"


def numbered(job: Job, specs: Sequence[RunSpec]) -> Job:
    """The job of these cells alone, with ids for its runs."""
    return replace(job, specs=tuple(specs), run_ids=tuple(run_id(s, datetime.now(UTC)) for s in specs))


def run_jobs(jobs: Sequence[Job], listen: Listen = lambda _: None) -> Iterator[CellResult]:
    """The result of every cell, as it comes. Raises Interrupted on Ctrl-C or SIGTERM."""
    with terminable():
        for job in jobs:
            yield from _run_job(job, listen)


def _run_job(job: Job, listen: Listen) -> Iterator[CellResult]:
    """One worker after another until every cell of the job has a result."""
    left = list(job.specs)
    while left:
        before = len(left)
        why = None
        for event in _events(numbered(job, left)):
            listen(event)
            if event["event"] == "sealed":
                yield sealed(left.pop(0), event)
            elif event["event"] == "failed":
                why = str(event["reason"])
        if left and (why is not None or len(left) == before):
            failed = left.pop(0)
            yield CellResult(
                cell=str(failed.cell), status="failed", reason=why or "the worker ended without a word"
            )


def sealed(spec: RunSpec, event: Event) -> CellResult:
    """The result of a cell by the event of its seal."""
    status: Literal["void", "done"] = "void" if event["all_void"] else "done"
    return CellResult(cell=str(spec.cell), status=status, run_id=event["run_id"], reason="; ".join(event["void"]))


def _events(job: Job) -> Iterator[Event]:
    with worker() as (process, told):
        give(process, job)
        yield from told
