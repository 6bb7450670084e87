"""Sensor passports: of a device that is made busy at known moments, or of whatever the sensors show meanwhile."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench import __version__
from bench.engines._busy import check
from bench.errors import CannotRun
from bench.files.known import known_passports
from bench.files.machine import environment
from bench.files.store import MeteredRecord, write_metered
from bench.nouns import Domain, Load, Meters, Passport, Source, Trace
from bench.run.host import look
from bench.run.publish import passports_by_steps, passports_of
from bench.run.remote import Remote, remote
from bench.sensing.passport import POLL_S, STEPS, Watched, watch, watch_steps
from bench.sensing.sampler import Sampler


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
    with remote("bench.run.busy_process", CUDA_VISIBLE_DEVICES=device) as process:
        process.answer()  # it is ready once the device is warm
        yield _Load(process)


class _Load:
    """The load in the other process."""

    def __init__(self, process: Remote) -> None:
        self._process = process

    def keep_busy(self, duration_s: float) -> tuple[int, int]:
        """The span in which the device worked. Raises CannotRun where the other process has died."""
        start_ns, end_ns = self._process.ask({"busy_s": duration_s})["busy"]
        return int(start_ns), int(end_ns)


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
