"""The energy of anything that has a beginning and an end: sensors before, the work, sensors after.

|rest|<──────── the work ────────>|rest|      rests: three ticks of the slowest counter,
   ^ mark                         ^ mark      so that ticks lie on both sides of the work
"""

import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import IO

from bench.errors import SensorLost
from bench.loading.child import Answer, answering
from bench.nouns import Fault, Source, Trace, Window, WindowEnergy
from bench.physics.doubles import unmasked
from bench.physics.energy import window_energies
from bench.sensing.recorder import APPROACH_S, Recorder, rest_s
from bench.sensing.witnessing import NOBODY, Watch, merged

NOT_STARTED = 125  # as `env` and `timeout` answer when the command could not be started


@dataclass(frozen=True, slots=True, kw_only=True)
class Metered:
    """A command's end and its energy in every domain."""

    exit_code: int
    start_ns: int
    end_ns: int
    start_unix_ns: int  # the same two moments on the wall clock, by which other tools' files are dated
    end_unix_ns: int
    trace: Trace
    sources: tuple[Source, ...]
    energies: tuple[WindowEnergy, ...]
    faults: tuple[Fault, ...] = ()


def meter_command(
    command: Sequence[str],
    recorder: Recorder,
    *,
    witnesses: Watch = NOBODY,
    stdout: IO[str] | int | None = None,
    clock_ns: Callable[[], int] = time.monotonic_ns,
    wall_ns: Callable[[], int] = time.time_ns,
    sleep: Callable[[float], None] = time.sleep,
) -> Metered:
    """Runs the command once between sensors, and peers beside them. Raises OSError when it cannot be started."""
    sleep(rest_s(recorder.sources))
    witnesses.begin()
    recorder.mark()
    sleep(APPROACH_S)
    start_ns, start_unix_ns = clock_ns(), wall_ns()
    code = _run(command, stdout)
    end_ns, end_unix_ns = clock_ns(), wall_ns()
    recorder.mark()
    witnesses.end()
    sleep(rest_s(recorder.sources))
    window = Window(phase="work", label="1", start_ns=start_ns, end_ns=end_ns)
    trace, faults = read_trace(recorder, (window,), witnesses)
    return Metered(
        exit_code=code if code >= 0 else 128 - code,
        start_ns=start_ns,
        end_ns=end_ns,
        start_unix_ns=start_unix_ns,
        end_unix_ns=end_unix_ns,
        trace=trace,
        sources=recorder.sources,
        energies=unmasked(window_energies(trace, recorder.sources, faults), recorder.sources),
        faults=faults,
    )


def _run(command: Sequence[str], stdout: IO[str] | int | None) -> int:
    """The command's code. Ctrl-C is the command's to answer: it has received it too; SIGTERM is passed on."""
    told: list[int] = []
    running: list[subprocess.Popen[bytes]] = []

    def pass_on(number: int, _: FrameType | None) -> None:
        told.append(number)
        for process in running:
            process.send_signal(number)

    # functions, not SIG_IGN: what is ignored here would be ignored by the command as well, through exec
    answers: dict[int, Answer] = {signal.SIGINT: lambda *_: None, signal.SIGTERM: pass_on}
    with answering(answers), subprocess.Popen(command, stdout=stdout) as process:
        running.append(process)
        for number in told:  # it came while the command was started
            process.send_signal(number)
        return process.wait()


def read_trace(
    recorder: Recorder, windows: tuple[Window, ...], witnesses: Watch = NOBODY
) -> tuple[Trace, tuple[Fault, ...]]:
    """What the sensors and the peers said, and which of the sensors died."""
    said = witnesses.collect()
    try:
        observations = merged(recorder.collect(), said)
    except SensorLost as error:
        died = Fault(domain=None, reason=f"the sampler died: {error}")
        return Trace(observations=said, windows=windows, witnesses=witnesses.records), (died,)
    lost = tuple(Fault(domain=domain, reason=reason) for domain, reason in recorder.lost.items())
    return Trace(observations=observations, windows=windows, witnesses=witnesses.records), lost
