"""The energy of anything that has a beginning and an end: sensors before, the work, sensors after.

|lead|<──────── the work ────────>|tail|      lead and tail: three ticks of the slowest counter,
     ^ mark                       ^ mark      so that ticks lie on both sides of the work
"""

import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Protocol

from bench.errors import SensorLost
from bench.nouns import Domain, Observation, Source, Trace, Window, WindowEnergy
from bench.physics.energy import void, window_energies

LEAD_S = 0.35  # three ticks of 100 ms, the slowest counter known (arXiv:2312.02741, table 2), and a margin
NOT_STARTED = 125  # as `env` and `timeout` answer when the command could not be started


class Recorder(Protocol):
    """What records sensors meanwhile; `Sampler` is one."""

    @property
    def sources(self) -> tuple[Source, ...]:
        """Every domain, the excluded ones too."""
        ...

    @property
    def lost(self) -> Mapping[Domain, str]:
        """Domains whose sensor died, and why."""
        ...

    def mark(self) -> None:
        """A window's edge is here: look closely for a moment."""
        ...

    def collect(self) -> tuple[Observation, ...]:
        """Everything since the last call. Raises SensorLost when nothing is recorded any more."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Metered:
    """A command's end and its energy in every domain."""

    exit_code: int
    start_ns: int
    end_ns: int
    trace: Trace
    sources: tuple[Source, ...]
    energies: tuple[WindowEnergy, ...]


def meter_command(
    command: Sequence[str],
    recorder: Recorder,
    *,
    stdout: IO[str] | int | None = None,
    clock_ns: Callable[[], int] = time.monotonic_ns,
    sleep: Callable[[float], None] = time.sleep,
) -> Metered:
    """Runs the command once between sensors. Raises OSError when it cannot be started."""
    sleep(LEAD_S)
    recorder.mark()
    start_ns = clock_ns()
    with subprocess.Popen(command, stdout=stdout) as process:
        code = _wait(process)
    end_ns = clock_ns()
    recorder.mark()
    sleep(LEAD_S)
    window = Window(phase="work", label="1", start_ns=start_ns, end_ns=end_ns)
    trace, energies = _read(recorder, window)
    return Metered(
        exit_code=code if code >= 0 else 128 - code,
        start_ns=start_ns,
        end_ns=end_ns,
        trace=trace,
        sources=recorder.sources,
        energies=energies,
    )


def _wait(process: "subprocess.Popen[bytes]") -> int:
    """The command's code. Ctrl-C is the command's to answer: it has received it too."""
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue


def _read(recorder: Recorder, window: Window) -> tuple[Trace, tuple[WindowEnergy, ...]]:
    try:
        observations = recorder.collect()
    except SensorLost as error:
        trace = Trace(observations=(), windows=(window,))
        reason = f"the sampler died: {error}"
        return trace, tuple(void(window, source, (reason,)) for source in recorder.sources)
    trace = Trace(observations=observations, windows=(window,))
    energies = window_energies(trace, recorder.sources)
    lost = recorder.lost
    by_domain = {s.domain: s for s in recorder.sources}
    return trace, tuple(
        void(window, by_domain[e.domain], (lost[e.domain],)) if e.domain in lost else e for e in energies
    )
