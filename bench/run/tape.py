"""What is recorded around one run: windows between their edges, readings, trains, and what was lost on the way."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from bench.errors import SensorLost
from bench.nouns import Fault, Observation, Phase, Trace, Window
from bench.physics.look import Look, look_at
from bench.physics.precision import main_source
from bench.physics.series import series
from bench.physics.trains import Timetable
from bench.physics.view import dither_s
from bench.sensing.recorder import APPROACH_S, Recorder, rest_s
from bench.sensing.witnessing import NOBODY, Watch, merged


@dataclass(frozen=True, slots=True, kw_only=True)
class Clockwork:
    """Time, as a run sees it; tests hand in a clock of their own."""

    clock_ns: Callable[[], int] = time.monotonic_ns
    sleep: Callable[[float], None] = time.sleep
    utc: Callable[[], datetime] = lambda: datetime.now(UTC)


class Tape:
    """The windows and observations of one run so far; blank when it is made."""

    def __init__(self, recorder: Recorder, time_: Clockwork, witnesses: Watch = NOBODY) -> None:
        self.windows: list[Window] = []
        self._recorder = recorder
        self._time = time_
        self._witnesses = witnesses
        self._observations: list[Observation] = []
        self._fault: Fault | None = None

    def rest(self) -> None:
        """Idle between windows, until every sensor shows nothing else."""
        self._time.sleep(rest_s(self._recorder.sources))

    @contextmanager
    def window(self, phase: Phase, label: str) -> Iterator[None]:
        """A window between its edges; nothing is announced, printed or written inside."""
        self._witnesses.begin()
        self._recorder.mark()
        self._time.sleep(APPROACH_S)
        start_ns = self._time.clock_ns()
        yield
        end_ns = self._time.clock_ns()
        self._recorder.mark()
        self._witnesses.end()
        self.windows.append(Window(phase=phase, label=label, start_ns=start_ns, end_ns=end_ns))

    def gather(self) -> None:
        """Everything that was recorded since the last time; a recorder that dies leaves a fault, and silence."""
        if self._fault:
            return
        try:
            self._observations += merged(self._recorder.collect(), self._witnesses.collect())
        except SensorLost as error:
            self._fault = Fault(domain=None, reason=f"the sampler died: {error}")

    def look(self, device: str) -> Look | None:
        """What was read so far of the domain that work on `device` is about; None where nothing reads it."""
        self.gather()
        source = main_source(self._recorder.sources, device)
        return look_at(source, series(self._observations)) if source else None

    def timetable(self, device: str, seed: int, window_s: float) -> Timetable | None:
        """Trains, where what has been read so far does not prove that the device's sensor sees all of the time."""
        look = self.look(device)
        period_s = dither_s(look.passport) if look and look.source.basis == "measured" else None
        return Timetable(period_s, seed, window_s) if period_s else None

    @property
    def trace(self) -> Trace:
        """Windows, observations and peers so far."""
        return Trace(
            observations=tuple(self._observations), windows=tuple(self.windows), witnesses=self._witnesses.records
        )

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The sampler that died, and every sensor that did."""
        lost = tuple(Fault(domain=domain, reason=why) for domain, why in self._recorder.lost.items())
        return (*((self._fault,) if self._fault else ()), *lost)
