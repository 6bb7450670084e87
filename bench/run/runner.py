"""A cell becomes a Run: idle, load, warm-up and work windows around a session, while sensors are read.

    |bare 1|bare 2| load |res. 1|res. 2| warm-up |rest| work 1 |rest| work 2 |rest|      first cell of a model
                         |res. 1|res. 2| warm-up |rest| work 1 |rest| work 2 |rest|      the cells after it

Each rest is three ticks of the slowest counter (longer where only trailing means are read): energy windows may
widen to the ticks around them and still hold nothing but idle power besides the work. Nothing cools down between
warm-up and work. Where the board's sensor may see a part of the time only, batches leave in trains from phases of
its period; and a cell goes on past its least windows until its interval is as narrow as asked, or its budget ends.

Candidates that are loaded at once work in turn, window by window, each resting while another works (turns.py).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import count, cycle, islice

from bench.nouns import (
    Fact,
    Outcome,
    Phase,
    Request,
    Run,
    RunSpec,
    Served,
    Session,
    Workload,
)
from bench.physics.phases import AFTER
from bench.physics.precision import precision
from bench.physics.trains import Timetable
from bench.run.answers import forget_answers, with_answers
from bench.run.load.play import Play
from bench.run.tape import Clockwork, Tape
from bench.run.turns import ALONE, Turns
from bench.sensing.recorder import Recorder
from bench.sensing.witnessing import NOBODY, Watch
from bench.units import NS_PER_S, S_PER_NS


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """A phase is about to begin, or (`over`) has ended; nobody draws in between."""

    cell: str
    phase: Phase
    label: str
    expected_s: float
    over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One cell, ready to be measured."""

    spec: RunSpec
    workload: Workload
    run_id: str


AFTER_S = 2.0  # long enough for twenty ticks of the slowest sensor that is known
_WINDOWS_A_SEED = 1000  # every window of a run has arrivals of its own
_Drive = Callable[[Phase, str, float], Sequence[Outcome]]
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
    witnesses: Watch = NOBODY,
    turns: Turns = ALONE,
) -> Iterator[Run]:
    """The runs of cells that share one loaded model, one by one as they finish."""
    stage = _Stage(recorder, time_ or Clockwork(), announce, witnesses, turns)
    stage.begin(tasks[0])
    stage.idle("bare")
    with ExitStack() as held:
        turns.take("load")
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

    def __init__(
        self, recorder: Recorder, time_: Clockwork, announce: Announce, witnesses: Watch, turns: Turns
    ) -> None:
        self._recorder = recorder
        self._time = time_
        self._announce = announce
        self._witnesses = witnesses
        self._turns = turns

    def begin(self, task: Task) -> None:
        """Starts a cell with nothing measured, and lets a tick fall before its first window."""
        self._task = task
        self._started_at = self._time.utc().strftime("%Y-%m-%dT%H:%M:%SZ")
        self._tape = Tape(self._recorder, self._time, self._witnesses)
        self._outcomes: list[Outcome] = []
        self._trains = 0
        self._timetable: Timetable | None = None
        self.rest()

    def measure(self, session: Session, environment: Mapping[str, Fact]) -> Run:
        """The whole cell after loading: idle, warm-up and work."""
        timing = self._task.spec.timing
        requests = session.stage(self._task.workload.requests)
        drive = self._driver(session, requests)
        self.idle("resident")
        self._turns.take("warmup")
        drive("warmup", "1", timing.warmup_s)
        forget_answers(session)
        self._timetable = self._tape.timetable(session.loaded.device, self._task.spec.seed, timing.window_s)
        for index in range(timing.most_windows or timing.windows):
            self.rest()
            enough = index >= timing.windows and self._narrow_enough(session.loaded.device)
            if not self._turns.take("work", enough=enough):
                break
            self._outcomes += drive(self._task.workload.phase, str(index + 1), timing.window_s)
            if self._outcomes and all(o.error for o in self._outcomes):
                break  # nothing works: more windows of it tell no more
        self.rest()
        if isinstance(session, Served):
            self._turns.take("idle")
            self._afterwards()
        change = session.change() if isinstance(session, Served) else None
        self._turns.take("end")
        self._tape.gather()
        return Run(
            id=self._task.run_id,
            spec=self._task.spec,
            started_at=self._started_at,
            environment=environment,
            sources=self._recorder.sources,
            loaded=session.loaded,
            trace=self._tape.trace,
            outcomes=with_answers(self._outcomes, session, self._task.workload.requests),
            workload_notes=self._task.workload.notes,
            labelled=sum(request.meant is not None for request in self._task.workload.requests),
            voice=self._task.workload.voice,
            faults=self._tape.faults,
            server_change=change,
        )

    def idle(self, label: str) -> None:
        """Two windows in which nothing is asked, so that their scatter is known."""
        self._turns.take("idle")
        for index in (1, 2):
            half_s = self._task.spec.timing.idle_s / 2
            with self.window("idle", f"{label}-{index}", half_s):
                self._time.sleep(half_s)
            self.rest()

    def _afterwards(self) -> None:
        """A window in which a server that has given all its answers is to be idle: some answer, and then work."""
        after_s = min(AFTER_S, self._task.spec.timing.idle_s)
        with self.window("idle", f"{AFTER}-1", after_s):
            self._time.sleep(after_s)
        self.rest()

    def rest(self) -> None:
        """Idle between windows, until every sensor shows nothing else."""
        self._tape.rest()

    @contextmanager
    def window(self, phase: Phase, label: str, expected_s: float) -> Iterator[None]:
        """A window between its edges; nothing is announced, printed or written inside."""
        self._announce(self._said(phase, label, expected_s, over=False))
        with self._tape.window(phase, label):
            yield
        self._announce(self._said(phase, label, 0.0, over=True))

    def _driver(self, session: Session, requests: Sequence[Request]) -> "_Drive":
        """What fills a window with work: batches one after the other, or a server's requests at their pace."""
        pace = self._task.spec.pace
        if pace is not None and isinstance(session, Served):
            seeds = count(self._task.spec.seed * _WINDOWS_A_SEED)
            endless = cycle(requests)
            return lambda phase, label, least_s: self._served(
                session, Play(pace, endless, least_s, next(seeds)), phase, label, least_s
            )
        batches = _batches(requests, self._task.spec.cell.batch)
        return lambda phase, label, least_s: self._batched(session, batches, phase, label, least_s)

    def _served(self, session: Served, play: Play, phase: Phase, label: str, least_s: float) -> Sequence[Outcome]:
        """Requests that overlap; the window ends with the last answer, so that it holds all of their work."""
        with self.window(phase, label, least_s):
            session.drive(play)
        done = len(self._outcomes)
        return [replace(o, batch_id=done + i) for i, o in enumerate(session.take())]

    def _batched(
        self,
        session: Session,
        batches: Iterator[tuple[Request, ...]],
        phase: Phase,
        label: str,
        least_s: float,
    ) -> Sequence[Outcome]:
        """Whole batches until `least_s` have passed, at least one; in trains, where the sensor needs them."""
        timetable = self._timetable
        found: list[Outcome] = []
        with self.window(phase, label, least_s):
            now_ns = self._time.clock_ns()
            stop_ns, train_ends_ns = now_ns + round(least_s * NS_PER_S), now_ns
            while True:
                if timetable and now_ns >= train_ends_ns:
                    self._await(timetable.departure_ns(now_ns))
                    self._trains += 1
                    train_ends_ns = self._time.clock_ns() + round(timetable.train_s * NS_PER_S)
                train = self._trains if timetable else None
                found += _numbered(session.run(next(batches)), len(self._outcomes) + len(found), train)
                now_ns = self._time.clock_ns()
                if now_ns >= stop_ns:
                    break
        return found

    def _await(self, moment_ns: int) -> None:
        self._time.sleep(max(0, moment_ns - self._time.clock_ns()) * S_PER_NS)

    def _narrow_enough(self, device: str) -> bool:
        look = self._tape.look(device)
        work = [w for w in self._tape.windows if w.phase == self._task.workload.phase]
        found = precision(look, work, self._outcomes) if look else None
        asked_ratio = self._task.spec.timing.precision_ratio
        return found is not None and found.half_width_ratio is not None and found.half_width_ratio <= asked_ratio

    def _said(self, phase: Phase, label: str, expected_s: float, *, over: bool) -> Announcement:
        cell = str(self._task.spec.cell)
        return Announcement(cell=cell, phase=phase, label=label, expected_s=expected_s, over=over)


def _batches(requests: Sequence[Request], size: int) -> Iterator[tuple[Request, ...]]:
    endless = cycle(requests)
    while True:
        yield tuple(islice(endless, size))


def _numbered(outcomes: Sequence[Outcome], start: int, train: int | None) -> list[Outcome]:
    """Outcomes with a batch_id that is unique in the run (engines count from anywhere), and their train."""
    return [replace(o, batch_id=start, train_id=train) for o in outcomes]
