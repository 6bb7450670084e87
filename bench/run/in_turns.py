"""Several candidates loaded at once, one worker process each: their windows in turn, A B B A, seconds apart.

A machine's neighbours and its temperature move within minutes: what lies seconds apart shares more of that than
what lies a whole run apart. Every second time round the order is turned, so that a steady drift cancels.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace

from bench.run.supervise import CellResult, Listen, numbered, sealed
from bench.run.turns import GO, STOP
from bench.run.worker import OWN_CPU, Job, with_pids
from bench.run.worker_process import Event, Worker, give, tell, terminable, worker


def run_in_turns(jobs: Sequence[Job], listen: Listen = lambda _: None) -> Iterator[CellResult]:
    """The result of every cell, as it comes; one job's failure ends all of them, for a ratio needs every side.

    Raises Interrupted on Ctrl-C or SIGTERM.
    """
    with terminable(), ExitStack() as held:
        seats = [_seat(job, held) for job in jobs]
        pids = [seat.process.pid for seat in seats]
        for seat in seats:
            give(seat.process, numbered(_with_pids(seat.job, pids), seat.job.specs))
            yield from seat.advance(listen)
        yield from _played(seats, listen)
        yield from _unmade(seats)


class _Seat:
    """One candidate's worker, which stage it waits for, and which of its cells are not sealed yet."""

    def __init__(self, job: Job, process: Worker, told: Iterator[Event]) -> None:
        self.job = job
        self.process = process
        self.left = list(job.specs)
        self.stage = ""  # "": it has ended
        self.enough = False
        self.why = ""
        self._told = told

    def advance(self, listen: Listen) -> Iterator[CellResult]:
        """Its results until it waits for its next turn, or has ended."""
        self.stage = ""
        for event in self._told:
            if event["event"] == "turn":
                self.stage, self.enough = event["stage"], event["enough"]
                return
            listen(event)
            if event["event"] == "sealed":
                yield sealed(self.left.pop(0), event)
            elif event["event"] == "failed":
                self.why = str(event["reason"])

    def go(self, word: str = GO) -> None:
        """Its turn, or the word that no more of these are to come."""
        tell(self.process, word)


def _seat(job: Job, held: ExitStack) -> _Seat:
    process, told = held.enter_context(worker())
    return _Seat(job, process, told)


def _with_pids(job: Job, pids: Sequence[int]) -> Job:
    """The work of the others is not foreign: nobody else's windows are open while they work."""
    told = ("nvml", *OWN_CPU)
    meters = {name: with_pids(options, *pids) if name in told else options for name, options in job.meters.items()}
    return replace(job, meters=meters)


def _played(seats: Sequence[_Seat], listen: Listen) -> Iterator[CellResult]:
    """Stage after stage, until none waits any more, or one has ended before its time."""
    times_round = 0
    while waiting := [seat for seat in seats if seat.stage]:
        if any(seat.left and not seat.stage for seat in seats):
            return
        busy = [seat for seat in waiting if seat.stage != "idle"]
        if not busy:
            for seat in waiting:  # nobody works: all of them at once
                seat.go()
            for seat in waiting:
                yield from seat.advance(listen)
            continue
        working = any(seat.stage == "work" for seat in busy)
        word = STOP if all(seat.stage == "work" and seat.enough for seat in busy) else GO
        for seat in busy if times_round % 2 == 0 else busy[::-1]:
            seat.go(word)
            yield from seat.advance(listen)
        times_round += working


def _unmade(seats: Sequence[_Seat]) -> Iterator[CellResult]:
    """The cells that were not sealed, those of the candidate that failed first."""
    failed = [seat for seat in seats if seat.left and not seat.stage]
    for seat in sorted(seats, key=lambda one: one not in failed):
        for spec in seat.left:
            why = seat.why or "the worker ended without a word"
            if seat not in failed:
                why = f"ended with {failed[0].left[0].cell}: a round needs every candidate"
            yield CellResult(cell=str(spec.cell), status="failed", reason=why)
