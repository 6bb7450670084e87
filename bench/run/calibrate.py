"""One device between sensors: idle with nothing loaded, idle with arrays held, then kernels as hard as it goes.

    |bare 1|bare 2|bare 3| load |warm-up| res. 1|2|3 |rest| triad 1 |rest| fp32 1 |rest| … |rest| triad 2 |rest| …

Kernels take turns, so that slow drift spreads over all of them. Where the board's sensor may see a part of the
time only, batches leave in trains from phases of its period, as those of a run do.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bench.errors import SensorLost
from bench.nouns import Calibration, Fault, Kernel, Loaded, Observation, Outcome, Phase, Run, Trace, Usage, Window
from bench.nouns.words import Fact
from bench.physics.ceilings import CPU_S
from bench.physics.look import look_at
from bench.physics.precision import main_source
from bench.physics.series import series
from bench.physics.trains import Timetable
from bench.physics.view import dither_s
from bench.run.calibrated import driven_spec
from bench.run.runner import Clockwork
from bench.sensing.recorder import APPROACH_S, Recorder, rest_s
from bench.units import NS_PER_S, S_PER_NS

IDLES = 3
REPEATS = 5
_BATCH_S = 0.05  # long against the pipe to the other process, short against a window
_MOST_WARM_S = 2.0

Environment = dict[str, Fact]
Spans = Sequence[tuple[int, int, int]]


class Ceiling(Protocol):
    """A device with its kernels in memory, in a process of its own."""

    @property
    def loaded(self) -> Loaded:
        """What does the work, and on which device."""
        ...

    @property
    def calibration(self) -> Calibration:
        """How it is calibrated: the kernels that could be loaded, what bounds them."""
        ...

    def run(self, label: str, passes: int, least_s: float) -> Spans:
        """Batches of `passes` until `least_s` are over: start, end (CLOCK_MONOTONIC), processor time (all ns)."""
        ...


Opened = Callable[[], AbstractContextManager[Ceiling]]
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Driven:
    """A calibration as it was made, not yet judged."""

    run: Run
    calibration: Calibration


def drive(
    opened: Opened, recorder: Recorder, window_s: float, environment: Environment, *, time_: Clockwork, say: Say
) -> Driven:
    """Every window of one device. Raises CannotRun where it can't be loaded, or dies meanwhile."""
    stage = _Stage(recorder, time_, window_s)
    at = time_.utc()
    say(f"idle, nothing loaded: {IDLES} windows of {window_s:g} s")
    stage.rest()
    stage.idle("bare")
    with opened() as ceiling:
        stage.warm(ceiling)
        say(f"idle, {ceiling.loaded.engine_version} and its arrays held: {IDLES} windows of {window_s:g} s")
        stage.idle("resident")
        timetable = stage.timetable(ceiling.loaded.device)
        for index in range(1, REPEATS + 1):
            for kernel in ceiling.calibration.kernels:
                say(f"{kernel.label} {index} of {REPEATS}")
                stage.work(ceiling, kernel, index, timetable)
        return stage.ended(ceiling, at, environment)


class _Stage:
    """The windows, batches and observations so far."""

    def __init__(self, recorder: Recorder, time_: Clockwork, window_s: float) -> None:
        self._recorder = recorder
        self._time = time_
        self._window_s = window_s
        self._windows: list[Window] = []
        self._outcomes: list[Outcome] = []
        self._observations: list[Observation] = []
        self._fault: Fault | None = None
        self._passes: dict[str, int] = {}
        self._trains = 0

    def rest(self) -> None:
        """Idle between windows, until every sensor shows nothing else."""
        self._time.sleep(rest_s(self._recorder.sources))

    def idle(self, kind: str) -> None:
        """Windows in which nothing is asked."""
        for index in range(1, IDLES + 1):
            with self._window("idle", f"{kind}-{index}"):
                self._time.sleep(self._window_s)
            self.rest()

    def warm(self, ceiling: Ceiling) -> None:
        """Runs each kernel until it is warm, and finds how many of its passes make a batch."""
        for kernel in ceiling.calibration.kernels:
            with self._window("warmup", kernel.label):
                ((start_ns, end_ns, _),) = ceiling.run(kernel.label, 1, 0.0)
                pass_s = max(end_ns - start_ns, 1) * S_PER_NS
                spans = ceiling.run(kernel.label, 1, min(self._window_s, _MOST_WARM_S) - pass_s)
            pass_s = min(end - start for start, end, _ in spans) * S_PER_NS
            self._passes[kernel.label] = max(1, math.ceil(_BATCH_S / max(pass_s, 1e-9)))
        self.rest()

    def timetable(self, device: str) -> Timetable | None:
        """Trains, where what has been read so far does not prove that the device's sensor sees all of the time."""
        self._gather()
        source = main_source(self._recorder.sources, device)
        look = look_at(source, series(self._observations)) if source else None
        period_s = dither_s(look.passport) if look and look.source.basis == "measured" else None
        return Timetable(period_s, 0, self._window_s) if period_s else None

    def work(self, ceiling: Ceiling, kernel: Kernel, index: int, timetable: Timetable | None) -> None:
        """One window of a kernel."""
        with self._window("work", f"{kernel.label}-{index}"):
            stop_ns = self._time.clock_ns() + round(self._window_s * NS_PER_S)
            self._batches(ceiling, kernel, timetable, stop_ns)
            while self._time.clock_ns() < stop_ns:
                self._batches(ceiling, kernel, timetable, stop_ns)
        self.rest()

    def _batches(self, ceiling: Ceiling, kernel: Kernel, timetable: Timetable | None, stop_ns: int) -> None:
        """One train of batches, or all of them until the window's end where trains are not needed."""
        if timetable:
            now_ns = self._time.clock_ns()
            self._time.sleep(max(0, timetable.departure_ns(now_ns) - now_ns) * S_PER_NS)
            self._trains += 1
        least_s = timetable.train_s if timetable else max(0.0, (stop_ns - self._time.clock_ns()) * S_PER_NS)
        passes = self._passes[kernel.label]
        done = Usage(requests=passes)
        for start_ns, end_ns, cpu_ns in ceiling.run(kernel.label, passes, least_s):
            self._outcomes.append(
                Outcome(
                    request_id=kernel.label,
                    batch_id=len(self._outcomes),
                    train_id=self._trains if timetable else None,
                    start_ns=start_ns,
                    first_output_ns=None,
                    end_ns=end_ns,
                    requested=done,
                    achieved=done,
                    server={CPU_S: cpu_ns * S_PER_NS},
                )
            )

    def ended(self, ceiling: Ceiling, at: datetime, environment: Environment) -> Driven:
        """All of it as a run."""
        self._gather()
        lost = tuple(Fault(domain=domain, reason=why) for domain, why in self._recorder.lost.items())
        calibration, loaded = ceiling.calibration, ceiling.loaded
        run = Run(
            id=f"{at:%Y%m%dT%H%M%SZ}-calibration-{self._windows[0].start_ns % 0xFFFFFF:06x}",
            spec=driven_spec(calibration, loaded),
            started_at=at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            environment=environment,
            sources=self._recorder.sources,
            loaded=loaded,
            trace=Trace(observations=tuple(self._observations), windows=tuple(self._windows)),
            outcomes=tuple(self._outcomes),
            faults=(*((self._fault,) if self._fault else ()), *lost),
        )
        return Driven(run=run, calibration=calibration)

    @contextmanager
    def _window(self, phase: Phase, label: str) -> Iterator[None]:
        """A window between its edges; nothing is printed or written inside."""
        self._recorder.mark()
        self._time.sleep(APPROACH_S)
        start_ns = self._time.clock_ns()
        yield
        end_ns = self._time.clock_ns()
        self._recorder.mark()
        self._windows.append(Window(phase=phase, label=label, start_ns=start_ns, end_ns=end_ns))

    def _gather(self) -> None:
        """Everything that was recorded since the last time; a recorder that dies leaves a fault, and silence."""
        if self._fault:
            return
        try:
            self._observations += self._recorder.collect()
        except SensorLost as error:
            self._fault = Fault(domain=None, reason=f"the sampler died: {error}")
