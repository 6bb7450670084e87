"""One device between sensors: idle with nothing loaded, idle with arrays held, then kernels as hard as it goes.

    |bare 1|bare 2|bare 3| load |warm-up| res. 1|2|3 |rest| triad 1 |rest| fp32 1 |rest| … |rest| triad 2 |rest| …

Kernels take turns, so that slow drift spreads over all of them. Where the board's sensor may see a part of the
time only, batches leave in trains from phases of its period, as those of a run do.
"""

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bench.nouns import Calibration, Kernel, Loaded, Outcome, Run, Usage
from bench.nouns.words import Fact
from bench.physics.ceilings import CPU_S
from bench.physics.trains import Timetable
from bench.run.calibrated import driven_spec
from bench.run.tape import Clockwork, Tape
from bench.sensing.recorder import Recorder
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
    stage = _Calibrating(recorder, time_, window_s)
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


class _Calibrating:
    """The windows, batches and observations so far."""

    def __init__(self, recorder: Recorder, time_: Clockwork, window_s: float) -> None:
        self._recorder = recorder
        self._tape = Tape(recorder, time_)
        self._time = time_
        self._window_s = window_s
        self._outcomes: list[Outcome] = []
        self._passes: dict[str, int] = {}
        self._trains = 0

    def rest(self) -> None:
        """Idle between windows, until every sensor shows nothing else."""
        self._tape.rest()

    def idle(self, kind: str) -> None:
        """Windows in which nothing is asked."""
        for index in range(1, IDLES + 1):
            with self._tape.window("idle", f"{kind}-{index}"):
                self._time.sleep(self._window_s)
            self.rest()

    def warm(self, ceiling: Ceiling) -> None:
        """Runs each kernel until it is warm, and finds how many of its passes make a batch."""
        for kernel in ceiling.calibration.kernels:
            with self._tape.window("warmup", kernel.label):
                ((start_ns, end_ns, _),) = ceiling.run(kernel.label, 1, 0.0)
                pass_s = max(end_ns - start_ns, 1) * S_PER_NS
                spans = ceiling.run(kernel.label, 1, min(self._window_s, _MOST_WARM_S) - pass_s)
            pass_s = min(end - start for start, end, _ in spans) * S_PER_NS
            self._passes[kernel.label] = max(1, math.ceil(_BATCH_S / max(pass_s, 1e-9)))
        self.rest()

    def timetable(self, device: str) -> Timetable | None:
        """Trains, where what has been read so far does not prove that the device's sensor sees all of the time."""
        return self._tape.timetable(device, 0, self._window_s)

    def work(self, ceiling: Ceiling, kernel: Kernel, index: int, timetable: Timetable | None) -> None:
        """One window of a kernel."""
        with self._tape.window("work", f"{kernel.label}-{index}"):
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
        self._tape.gather()
        trace = self._tape.trace
        calibration, loaded = ceiling.calibration, ceiling.loaded
        run = Run(
            id=f"{at:%Y%m%dT%H%M%SZ}-calibration-{trace.windows[0].start_ns % 0xFFFFFF:06x}",
            spec=driven_spec(calibration, loaded),
            started_at=at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            environment=environment,
            sources=self._recorder.sources,
            loaded=loaded,
            trace=trace,
            outcomes=tuple(self._outcomes),
            faults=self._tape.faults,
        )
        return Driven(run=run, calibration=calibration)
