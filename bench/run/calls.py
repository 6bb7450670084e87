"""Calls of a function on this machine's sensors, which stay open from one measurement to the next."""

from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from typing import Protocol

from bench.errors import SensorLost
from bench.nouns import Calls
from bench.run.host import look
from bench.run.meter import SAMPLE_PERIOD_S
from bench.run.publish import rounded
from bench.sensing.recorder import Recorder
from bench.sensing.rounds import LEAST_S, Loop, meter_calls
from bench.sensing.sampler import Sampler


class Recording(Protocol):
    """Sensors that can be opened; they record until they are closed."""

    def __call__(self) -> AbstractContextManager[Recorder]:
        """What records from `__enter__` on."""
        ...


def sensors() -> Sampler:
    """This machine's sensors, in a process of their own. Raises NoSensor where one that was asked for lacks."""
    return Sampler(look().sensors.meters, SAMPLE_PERIOD_S)


class CallMeter:
    """Sensors that are opened at the first measurement and stay open for the next, until `close`."""

    def __init__(self, open_recorder: Recording = sensors, *, least_s: float = LEAST_S) -> None:
        self._open_recorder, self._least_s = open_recorder, least_s
        self._held = ExitStack()
        self._recorder: Recorder | None = None

    def measure(self, loop: Loop) -> Calls:
        """What one call takes, at published digits. Raises CannotRun without sensors, SensorLost if they die."""
        recorder = self._recorder or self._opened()
        try:
            recorder.collect()
        except SensorLost:  # since the last test; it says so where it was measured
            self.close()
            recorder = self._opened()
        found = meter_calls(loop, recorder, least_s=self._least_s)
        return replace(found, energies=tuple(map(rounded, found.energies)))

    def _opened(self) -> Recorder:
        self._recorder = self._held.enter_context(self._open_recorder())
        return self._recorder

    def close(self) -> None:
        """Ends the sampler process; a later measurement opens another."""
        self._recorder = None
        self._held.close()
