"""A cell becomes a Run: idle, load, warm-up and work windows around a session, while sensors are read.

    |bare 1|bare 2| load |res. 1|res. 2| warm-up |rest| work 1 |rest| work 2 |rest|      first cell of a model
                         |res. 1|res. 2| warm-up |rest| work 1 |rest| work 2 |rest|      the cells after it

Each rest is three ticks of the slowest counter: energy windows may widen to the ticks around them and still
hold nothing but idle power besides the work. Nothing cools down between warm-up and work.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import cycle, islice

from bench.errors import SensorLost
from bench.nouns import (
    Fact,
    Fault,
    Observation,
    Outcome,
    Phase,
    Request,
    Run,
    RunSpec,
    Session,
    Trace,
    Window,
    Workload,
)
from bench.sensing.recorder import APPROACH_S, REST_S, Recorder
from bench.units import NS_PER_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """A phase is about to begin, or (`over`) has ended; nobody draws in between."""

    cell: str
    phase: Phase
    label: str
    expected_s: float
    over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Clockwork:
    """Time, as a run sees it; tests hand in a clock of their own."""

    clock_ns: Callable[[], int] = time.monotonic_ns
    sleep: Callable[[float], None] = time.sleep
    utc: Callable[[], datetime] = lambda: datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One cell, ready to be measured."""

    spec: RunSpec
    workload: Workload
    run_id: str


Loader = Callable[[], AbstractContextManager[Session]]
Announce = Callable[[Announcement], None]


def measure_group(
    tasks: Sequence[Task],
    load: Loader,
    recorder: Recorder,
    environment: Mapping[str, Fact],
    *,
    time_: Clockwork | None = None,
    announce: Announce = lambda _: None,
) -> Iterator[Run]:
    """The runs of cells that share one loaded model, one by one as they finish."""
    stage = _Stage(recorder, time_ or Clockwork(), announce)
    stage.begin(tasks[0])
    stage.idle("bare")
    with ExitStack() as held:
        with stage.window("load", "1", 0.0):
            session = held.enter_context(load())
        stage.rest()
        for index, task in enumerate(tasks):
            if index:
                stage.begin(task)
            run = stage.measure(session, environment)
            yield run
            if run.faults:
                return  # a sensor died: the cells that are left need sensors that were opened afresh


class _Stage:
    """The windows, outcomes and faults of the cell that is being measured."""

    def __init__(self, recorder: Recorder, time_: Clockwork, announce: Announce) -> None:
        self._recorder = recorder
        self._time = time_
        self._announce = announce

    def begin(self, task: Task) -> None:
        """Starts a cell with nothing measured, and lets a tick fall before its first window."""
        self._task = task
        self._started_at = self._time.utc().strftime("%Y-%m-%dT%H:%M:%SZ")
        self._windows: list[Window] = []
        self._outcomes: list[Outcome] = []
        self.rest()

    def measure(self, session: Session, environment: Mapping[str, Fact]) -> Run:
        """The whole cell after loading: idle, warm-up and work."""
        timing = self._task.spec.timing
        requests = session.stage(self._task.workload.requests)
        batches = _batches(requests, self._task.spec.cell.batch)
        self.idle("resident")
        self._work(session, batches, "warmup", "1", timing.warmup_s, keep=False)
        for index in range(timing.windows):
            self.rest()
            phase = self._task.workload.phase
            self._work(session, batches, phase, str(index + 1), timing.window_s, keep=True)
        self.rest()
        observations, faults = self._collected()
        return Run(
            id=self._task.run_id,
            spec=self._task.spec,
            started_at=self._started_at,
            environment=environment,
            sources=self._recorder.sources,
            loaded=session.loaded,
            trace=Trace(observations=observations, windows=tuple(self._windows)),
            outcomes=tuple(self._outcomes),
            workload_notes=self._task.workload.notes,
            faults=faults,
        )

    def idle(self, label: str) -> None:
        """Two windows in which nothing is asked, so that their scatter is known."""
        for index in (1, 2):
            half_s = self._task.spec.timing.idle_s / 2
            with self.window("idle", f"{label}-{index}", half_s):
                self._time.sleep(half_s)
            self.rest()

    def rest(self) -> None:
        """Three ticks of idle between windows."""
        self._time.sleep(REST_S)

    @contextmanager
    def window(self, phase: Phase, label: str, expected_s: float) -> Iterator[None]:
        """A window between its edges; nothing is announced, printed or written inside."""
        self._announce(self._said(phase, label, expected_s, over=False))
        self._recorder.mark()
        self._time.sleep(APPROACH_S)
        start_ns = self._time.clock_ns()
        yield
        end_ns = self._time.clock_ns()
        self._recorder.mark()
        self._windows.append(Window(phase=phase, label=label, start_ns=start_ns, end_ns=end_ns))
        self._announce(self._said(phase, label, 0.0, over=True))

    def _work(
        self,
        session: Session,
        batches: Iterator[tuple[Request, ...]],
        phase: Phase,
        label: str,
        least_s: float,
        *,
        keep: bool,
    ) -> None:
        """Whole batches until at least `least_s` have passed; at least one."""
        with self.window(phase, label, least_s):
            stop_ns = self._time.clock_ns() + round(least_s * NS_PER_S)
            while True:
                outcomes = session.run(next(batches))
                if keep:
                    self._outcomes += _numbered(outcomes, len(self._outcomes))
                if self._time.clock_ns() >= stop_ns:
                    break

    def _collected(self) -> tuple[tuple[Observation, ...], tuple[Fault, ...]]:
        try:
            observations = self._recorder.collect()
            faults: tuple[Fault, ...] = ()
        except SensorLost as error:
            observations, faults = (), (Fault(domain=None, reason=f"the sampler died: {error}"),)
        lost = tuple(Fault(domain=domain, reason=reason) for domain, reason in self._recorder.lost.items())
        return observations, (*faults, *lost)

    def _said(self, phase: Phase, label: str, expected_s: float, *, over: bool) -> Announcement:
        cell = str(self._task.spec.cell)
        return Announcement(cell=cell, phase=phase, label=label, expected_s=expected_s, over=over)


def _batches(requests: Sequence[Request], size: int) -> Iterator[tuple[Request, ...]]:
    endless = cycle(requests)
    while True:
        yield tuple(islice(endless, size))


def _numbered(outcomes: Sequence[Outcome], start: int) -> list[Outcome]:
    """Outcomes with a batch_id that is unique in the run: engines count from anywhere."""
    return [replace(o, batch_id=start) for o in outcomes]
