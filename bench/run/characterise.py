"""Sensor passports: of a device that is made busy at known moments, or of whatever the sensors show meanwhile."""

import json
import select
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench import __version__
from bench.engines._busy import check
from bench.errors import CannotRun
from bench.files.config import inherited_with
from bench.files.machine import environment
from bench.files.store import MeteredRecord, known_passports, write_metered
from bench.nouns import Domain, Load, Meters, Passport, Source, Trace
from bench.run.host import look
from bench.run.publish import passports_by_steps, passports_of
from bench.sensing.passport import POLL_S, STEPS, Watched, watch, watch_steps
from bench.sensing.sampler import Sampler

_ANSWER_WITHIN_S = 120.0  # starting CUDA and making its matrices takes seconds, on a slow disk a minute
_END_WITHIN_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Characterised:
    """The passports of the measured domains; `sealed`: where their readings lie; `why`: what they lack."""

    passports: Mapping[Domain, Passport]
    sources: tuple[Source, ...]
    sealed: Path | None = None
    why: str = ""


def characterise(meters: Meters, device: Source, out: Path | None) -> Characterised:
    """The passports of this machine's sensors under known steps of `device`. Raises CannotRun without a load."""
    with Sampler(meters, POLL_S) as sampler, remote_load(device.device) as load:
        return _from_steps(sampler, watch_steps(sampler, load), out)


def watch_sensors(meters: Meters, why: str) -> Characterised:
    """What the sensors show by themselves in some seconds; `why` no more is found out."""
    with Sampler(meters, POLL_S) as sampler:
        trace = Trace(observations=watch(sampler).observations, windows=())
        return Characterised(passports=passports_of(trace, sampler.sources), sources=sampler.sources, why=why)


def characterise_all(out: Path, say: Callable[[str], None]) -> tuple[Characterised, ...]:
    """The passports of all sensors: each measured GPU under its own load where one can be made; sealed in OUT."""
    sensors = look().sensors
    gpus = [s for s in sensors.live if s.is_board and s.basis == "measured"]
    loadable = check()
    why, found = f"windows and lags need known steps of load, and {loadable.reason}", []
    for device in gpus if loadable.status == "ok" else ():
        say(f"{device.device_name} is made busy {STEPS} times: keep the machine quiet meanwhile")
        try:
            found.append(characterise(sensors.meters, device, out))
        except CannotRun as error:
            why = str(error)
            break
    if not found:
        say("the sensors are watched for some seconds")
        found.append(watch_sensors(sensors.meters, why))
    return tuple(found)


def unknown_devices(sources: tuple[Source, ...], out: Path) -> tuple[Source, ...]:
    """The measured GPUs whose sensors no known steps of OUT have shown yet, where a load can be made."""
    if check().status != "ok":
        return ()
    known = known_passports(out)
    gpus = (s for s in sources if s.is_board and s.basis == "measured")
    return tuple(s for s in gpus if (s.device, s.driver) not in known)


@contextmanager
def remote_load(device: str) -> Iterator[Load]:
    """A load on one CUDA device, in a process that sees no other. Raises CannotRun where it can't be made."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "bench.run.busy_process"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=inherited_with(CUDA_VISIBLE_DEVICES=device),
    )
    try:
        load = _Remote(process)
        load.await_ready()
        yield load
    finally:
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(BrokenPipeError):  # it is dead already, which is what is wanted
            process.stdin.close()
        try:
            process.wait(_END_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


class _Remote:
    """The load in the other process."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def await_ready(self) -> None:
        """Returns once the device is warm. Raises CannotRun with the other process's reason."""
        answer = self._answer()
        if "failed" in answer:
            raise CannotRun(str(answer["failed"]))

    def keep_busy(self, duration_s: float) -> tuple[int, int]:
        """The span in which the device worked. Raises CannotRun where the other process has died."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # it died: the answer that does not come says how
            self._process.stdin.write(json.dumps({"busy_s": duration_s}) + "\n")
            self._process.stdin.flush()
        start_ns, end_ns = self._answer()["busy"]
        return int(start_ns), int(end_ns)

    def _answer(self) -> Mapping[str, list[int]]:
        assert self._process.stdout is not None
        if not select.select([self._process.stdout], [], [], _ANSWER_WITHIN_S)[0]:
            raise CannotRun(f"the process that loads the device gave no answer within {_ANSWER_WITHIN_S:g} s")
        line = self._process.stdout.readline()
        if not line:
            raise CannotRun(f"the process that loads the device ended with exit code {self._process.wait()}")
        return dict(json.loads(line))


def _from_steps(sampler: Sampler, watched: Watched, out: Path | None) -> Characterised:
    at = datetime.now(UTC)
    trace = Trace(observations=watched.observations, windows=watched.windows)
    id_ = f"{at:%Y%m%dT%H%M%SZ}-passport-{watched.windows[0].start_ns % 0xFFFFFF:06x}"
    passports = passports_by_steps(id_, trace, sampler.sources)
    sealed = None
    if out is not None:
        record = MeteredRecord(
            kind="passport",
            id=id_,
            started_at=at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            environment=environment(),
            sources=sampler.sources,
            trace=trace,
            energies=(),
            passports=passports,
        )
        sealed = write_metered(out, record, __version__)
    return Characterised(passports=passports, sources=sampler.sources, sealed=sealed)
