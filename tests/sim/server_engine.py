"""The simulated device in real time: decides steps, lets a simulated board draw them, and hands tokens out.

A step is announced to the board before it begins, and written down as announced. What the board draws is
therefore exactly what the truth log says, whatever the event loop does; a host that is late leaves the board
idle between two steps, as a real one does.
"""

import asyncio
import json
import select
import selectors
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sim.scheduler import Physics, Scheduler, Step, Work
from sim.step_truth import Level, Truth, server_line, step_line
from sim.truth import RECORD


class PreciseSelector(selectors.EpollSelector):
    """epoll waits in whole milliseconds; select, which waits for epoll here, in microseconds."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """As any selector does."""
        if timeout is not None and timeout > 0:
            select.select([self.fileno()], [], [], timeout)
            timeout = 0
        return super().select(timeout)


class LiveBoard:
    """The file that simulated boards follow (curve.h)."""

    def __init__(self, path: Path, epoch_ns: int) -> None:
        self.path, self.epoch_ns = path, epoch_ns
        self._file = path.open("ab", buffering=0)

    def draw(self, *changes: tuple[int, float]) -> None:
        """Watts from these moments on, which lie ahead."""
        records = b"".join(RECORD.pack((t_ns - self.epoch_ns) * 1e-9, power_w) for t_ns, power_w in changes)
        self._file.write(records)

    def close(self) -> None:
        """No more changes."""
        self._file.close()

    def statements(self, level_w: float, pid: int, memory_bytes: int) -> list[str]:
        """What a board declares to follow this file, as the board of this process."""
        return [f"point 0 {level_w}", f"live {self.path}", f"process {pid} {memory_bytes}"]


class TruthLog:
    """Lines as they happen, and the same as values."""

    def __init__(self, path: Path | None, physics: Physics, **facts: Any) -> None:
        self._file = path.open("w", buffering=1) if path else None
        self.physics = physics
        self.steps: list[Step] = []
        self.levels: list[Level] = []
        self.requests: list[Mapping[str, Any]] = []
        self.faults: list[Mapping[str, Any]] = []
        self._write(server_line(physics, **facts))

    def step(self, step: Step) -> None:
        """A step was announced."""
        self.steps.append(step)
        self._write(step_line(step))

    def level(self, at_ns: int, level_w: float) -> None:
        """The board's level changes."""
        self.levels.append(Level(at_ns=at_ns, level_w=level_w))
        self._write({"line": "level", "at_ns": at_ns, "level_w": level_w})

    def request(self, **facts: Any) -> None:
        """A request is over."""
        self.requests.append(facts)
        self._write({"line": "request", **facts})

    def fault(self, **facts: Any) -> None:
        """A fault has struck."""
        self.faults.append(facts)
        self._write({"line": "fault", **facts})

    def truth(self) -> Truth:
        """All of it so far."""
        return Truth(
            physics=self.physics, steps=tuple(self.steps), levels=tuple(self.levels),
            requests=tuple(self.requests), faults=tuple(self.faults),
        )  # fmt: skip

    def close(self, **more: Any) -> None:
        """Writes the summary, and what is said beside it."""
        self._write({"line": "summary", **self.truth().summary(), **more})
        if self._file:
            self._file.close()

    def _write(self, line: Mapping[str, Any]) -> None:
        if self._file:
            self._file.write(json.dumps(line, separators=(",", ":")) + "\n")


class Job:
    """A request at work: what became of it, and who wants to hear of its tokens.

    `on_token` is called at each token with how many there are and whether it is the last; it returns whether
    anybody still listens.
    """

    __slots__ = (
        "cached_tokens", "end_ns", "end_sent_ns", "first_ns", "first_sent_ns", "load_ns", "on_token", "produced",
        "start_ns", "submitted_ns", "work",
    )  # fmt: skip

    def __init__(self, work: Work) -> None:
        self.work = work
        self.on_token: Callable[[int, bool], bool] = lambda produced, last: True
        self.submitted_ns = self.start_ns = self.first_ns = self.end_ns = self.load_ns = 0
        self.first_sent_ns = self.end_sent_ns = 0  # when the loop handed them out
        self.cached_tokens = self.produced = 0


class Engine:
    """The scheduler on the event loop's clock, which is CLOCK_MONOTONIC."""

    def __init__(
        self, scheduler: Scheduler, board: LiveBoard, log: TruthLog, loop: asyncio.AbstractEventLoop
    ) -> None:
        self.scheduler, self.board, self.log, self._loop = scheduler, board, log, loop
        self.physics = scheduler.physics
        self.jobs: dict[int, Job] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._unload: asyncio.TimerHandle | None = None
        self._lead_ns = round(self.physics.lead_s * 1e9)
        self._loaded_ns = 0  # when the weights were there last
        self.late_ns: list[int] = []  # how long after a step's end its tokens were handed out
        level_w = self.physics.idle_w if scheduler.resident else self.physics.bare_w
        board.draw((board.epoch_ns, level_w))
        log.level(board.epoch_ns, level_w)

    @property
    def has_room(self) -> bool:
        """Whether the queue would take one more."""
        return not self.physics.max_waiting or len(self.scheduler.waiting) < self.physics.max_waiting

    def lateness(self) -> dict[str, int]:
        """How long after a step's end its tokens were handed out: the event loop's share of a client's latency."""
        late_ns = sorted(self.late_ns) or [0]
        return {"late_p99_ns": late_ns[len(late_ns) * 99 // 100], "late_worst_ns": late_ns[-1]}

    async def load(self) -> None:
        """Returns when the weights are there; loads them where they are not, by a step without tokens."""
        if not self.scheduler.resident and not self.scheduler.busy:
            step = self.scheduler.load(time.monotonic_ns())
            self._announce(step)
        await asyncio.sleep(max(0, self.scheduler.free_ns - time.monotonic_ns()) * 1e-9)

    def submit(self, job: Job) -> bool:
        """Whether the request was taken; False: the queue is full."""
        self._stay()
        if not self.scheduler.submit(job.work):
            return False
        job.submitted_ns = time.monotonic_ns()
        self.jobs[job.work.id] = job
        if self._timer is None:
            self._advance()
        return True

    def cancel(self, id: int) -> None:
        """Nobody wants the rest of it."""
        if self.jobs.pop(id, None):
            self.scheduler.cancel(id)

    def unload_after(self, keep_alive_s: float) -> None:
        """The weights leave when nothing has been asked for so long; never, where that is below 0."""
        self._stay()
        if keep_alive_s >= 0:
            self._unload = self._loop.call_later(keep_alive_s, self._leave, keep_alive_s)

    def _stay(self) -> None:
        if self._unload:
            self._unload.cancel()
            self._unload = None

    @property
    def keeps_s(self) -> float:
        """How long the weights will stay if nothing comes; a year, where there is no end."""
        return max(0.0, self._unload.when() - self._loop.time()) if self._unload else 365 * 86400.0

    def _leave(self, keep_alive_s: float) -> None:
        if self.jobs or self.scheduler.busy:
            self.unload_after(max(keep_alive_s, 0.01))
        elif self.scheduler.resident:
            self.scheduler.unload()
            at_ns = max(self.scheduler.free_ns, time.monotonic_ns() + round(self.physics.host_s * 1e9))
            self.scheduler.free_ns = at_ns
            self.board.draw((at_ns, self.physics.bare_w))
            self.log.level(at_ns, self.physics.bare_w)

    def _advance(self) -> None:
        while True:
            step = self.scheduler.decide(time.monotonic_ns())
            if step is None:
                self._timer = None
                return
            self._announce(step)
            self._loop.call_at(step.end_ns * 1e-9, self._deliver, step)
            if step.end_ns - self._lead_ns > time.monotonic_ns():
                self._timer = self._loop.call_at((step.end_ns - self._lead_ns) * 1e-9, self._advance)
                return

    def _announce(self, step: Step) -> None:
        self.board.draw((step.start_ns, step.level_w + step.above_w), (step.end_ns, self.physics.idle_w))
        self.log.step(step)
        if step.kind == "load":
            self.log.level(step.end_ns, self.physics.idle_w)
            self._loaded_ns = step.end_ns
        for id in step.opened:
            if job := self.jobs.get(id):
                job.start_ns, job.cached_tokens = step.start_ns, step.cached[id]
                job.load_ns = max(0, self._loaded_ns - job.submitted_ns)

    def _deliver(self, step: Step) -> None:
        now_ns = time.monotonic_ns()
        self.late_ns.append(now_ns - step.end_ns)
        for one in step.emitted:
            job = self.jobs.get(one.id)
            if job is None:
                continue
            job.produced, job.end_ns, job.end_sent_ns = one.produced, step.end_ns, now_ns
            if one.produced == 1:
                job.first_ns, job.first_sent_ns = step.end_ns, now_ns
            if one.last:
                del self.jobs[one.id]
            if not job.on_token(one.produced, one.last) and not one.last:
                self.cancel(one.id)
