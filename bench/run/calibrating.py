"""`profile`: every device of this machine calibrated, sealed, and its figures written beside the declared ones."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bench import __version__
from bench.engines._busy import check
from bench.errors import CannotRun, SensorLost
from bench.files.atomic import held, write_whole
from bench.files.codec import plain
from bench.files.known import known_passports
from bench.files.layout import profile_folder
from bench.files.machine import read_machine
from bench.files.profiles import profile_names, read_profile
from bench.files.store import Published, write_calibration
from bench.nouns import (
    Calibration,
    Ceilings,
    HardwareProfile,
    Loaded,
    Source,
)
from bench.run.calibrate import REPEATS, Opened, drive
from bench.run.calibrated import ENGINE, calibrated
from bench.run.characterise import characterise, unknown_devices
from bench.run.drivable import Asked, boards, cpu
from bench.run.host import Host, look
from bench.run.meter import claim
from bench.run.profile import render_profile
from bench.run.remote import Remote, remote
from bench.run.tape import Clockwork
from bench.sensing.sampler import Sampler
from bench.stats import significant

SAMPLE_PERIOD_S = 0.05
MODEL_NOTE = (
    "the modelled host sees busy time, not instructions: its joules per byte and per FLOP are shares of its watts "
    "by time, and a ratio of two of them is a ratio of times"
)
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profiled:
    """One device's calibration, sealed."""

    calibration: Calibration
    loaded: Loaded
    published: Published
    sealed: Path

    @property
    def ceilings(self) -> Ceilings:
        """Its figures, and why others are absent."""
        return self.published.ceilings or Ceilings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The written profile, what it rests on, and the devices that could not be calibrated."""

    profile: HardwareProfile
    path: Path
    devices: tuple[Profiled, ...]
    skipped: Mapping[str, str]  # device → why

    @property
    def falls_short(self) -> bool:
        """Whether a figure that was to be measured is absent."""
        return bool(self.skipped) or any(one.ceilings.refused for one in self.devices)


def make_profile(out: Path, window_s: float, say: Say, *, passports: bool = True) -> Profile:
    """Calibrates every device of this machine into OUT. Raises CannotRun where not one can be.

    Raises BadInput where OUT can't be made, and BadDeclaration for a profile in it that does not load: both before
    anything is measured.
    """
    claim(out)
    host, machine = look(), read_machine()
    known = _known(host, out)
    path = profile_folder(out) / f"{known.name}.toml"
    done: list[Profiled] = []
    skipped = {s.domain: s.reason or "not read" for s in host.gpus if s.basis == "excluded"}
    with held(out):
        if passports:
            _take_passports(host, out, say)
        for asked in (cpu(host, machine, known), *boards(host)):
            one = _tried(host, asked, out, window_s, say)
            if isinstance(one, str):
                skipped[asked.calibration.device] = one
                continue
            done.append(one)
            written = with_measured(known, done, host.sensors.sources, out)
            write_whole(path, render_profile(written).encode())  # a next device that is interrupted costs itself
    if not done:
        raise CannotRun("; ".join(f"{device}: {why}" for device, why in skipped.items()))
    return Profile(profile=written, path=path, devices=tuple(done), skipped=skipped)


def _tried(host: Host, asked: Asked, out: Path, window_s: float, say: Say) -> Profiled | str:
    """A device's calibration, or why there is none."""
    if asked.device == "cuda" and (loadable := check()).status != "ok":
        return f"{loadable.reason} → {loadable.remedy}"
    device = asked.calibration.device
    say(f"{device} ({asked.name}): {_minutes(asked, window_s)}; keep the machine quiet meanwhile")
    try:
        return _calibrate(host, asked, out, window_s, say)
    except (CannotRun, SensorLost) as error:
        return str(error)


def with_measured(
    known: HardwareProfile, done: Sequence[Profiled], sources: Sequence[Source], out: Path
) -> HardwareProfile:
    """The profile with the figures of `done` in the place of the same devices' former ones; nothing else moves."""
    fresh = {one.calibration.device: one.ceilings.figures for one in done if one.ceilings.figures}
    kept = [f for f in known.measured if f.device not in fresh]
    steps = known_passports(out)
    found = {s.domain: steps[s.device, s.driver].id for s in sources if (s.device, s.driver) in steps}
    model = next((s for s in sources if s.meter == "host_model" and s.basis == "modelled"), None)
    return replace(
        known,
        measured=(*kept, *(f for figures in fresh.values() for f in figures)),
        passports={**known.passports, **{domain: id_ for domain, id_ in found.items() if id_}},
        host_model=_constants(model) if model else known.host_model,
    )


def profile_document(made: Profile) -> dict[str, object]:
    """The published shape of `profile --json`."""
    return {
        "profile": made.profile.name,
        "path": str(made.path),
        "devices": [
            {
                "device": one.calibration.device,
                "device_name": one.loaded.device_name,
                "library": one.loaded.engine_version,
                "run": one.sealed.name,
                "kernels": [
                    {**plain(k), "label": k.label, "per_pass": k.per_pass} for k in one.calibration.kernels
                ],
                "declared": plain(one.calibration.peaks),
                "limits": list(one.calibration.limits),
                "figures": plain(one.ceilings.figures),
                "absent": {**one.calibration.left_out, **one.ceilings.refused},
                "verdicts": plain(one.published.verdicts),
            }
            for one in made.devices
        ],
        "skipped": dict(made.skipped),
        "passports": dict(made.profile.passports),
        "host_model": dict(made.profile.host_model),
        "note": MODEL_NOTE if made.profile.host_model else "",
    }


def _known(host: Host, out: Path) -> HardwareProfile:
    """The profile as OUT holds it already, else as it is declared or generated."""
    name = host.profile.name
    folder = profile_folder(out)
    return read_profile(name, folder) if name in profile_names(folder) else host.profile


def _take_passports(host: Host, out: Path, say: Say) -> None:
    """The passports of boards that no known steps of OUT have shown yet, where a load can be made."""
    for device in unknown_devices(host.sensors.sources, out):
        say(f"{device.device_name} is made busy by known steps first, for its sensor's passport")
        try:
            characterise(host.sensors.meters, device, out)
        except (CannotRun, SensorLost) as error:
            say(f"{device.domain}: no passport: {error}")


def _constants(model: Source) -> dict[str, str | int | float | bool | None]:
    """What the host model reckons with, and what that rests on."""
    kept = {k: significant(v) if isinstance(v, float) else v for k, v in model.details.items() if v is not None}
    return {**kept, "source": f"bench/data/cpu_watts.csv and memory_watts.csv; {model.reason}"}


def _minutes(asked: Asked, window_s: float) -> str:
    windows = 6 + REPEATS * len(asked.calibration.kernels)
    return f"{windows} windows of {window_s:g} s, some {windows * (window_s + 1) / 60:.1f} min"


def _calibrate(host: Host, asked: Asked, out: Path, window_s: float, say: Say) -> Profiled:
    sampling = Sampler(host.sensors.meters, SAMPLE_PERIOD_S, passports=known_passports(out))
    with sampling as sampler:
        made = drive(_opened(asked), sampler, window_s, dict(host.environment), time_=Clockwork(), say=say)
    published = calibrated(made.run, made.calibration)
    sealed = write_calibration(out, made.run, made.calibration, published, __version__)
    return Profiled(calibration=made.calibration, loaded=made.run.loaded, published=published, sealed=sealed)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Remote:
    """The device in the other process."""

    process: Remote
    loaded: Loaded
    calibration: Calibration

    def run(self, label: str, passes: int, least_s: float) -> list[tuple[int, int, int]]:
        """As the other process did it."""
        order = {"run": label, "passes": passes, "least_s": least_s}
        ran = self.process.ask(order, within_s=120.0 + least_s)["ran"]
        return [(int(start_ns), int(end_ns), int(cpu_ns)) for start_ns, end_ns, cpu_ns in ran]


def _opened(asked: Asked) -> Opened:
    @contextmanager
    def opened() -> Iterator[_Remote]:
        with remote("bench.run.ceiling_process", CUDA_VISIBLE_DEVICES=asked.visible) as process:
            order = {"device": asked.device, "threads": asked.threads, "kernels": plain(asked.calibration.kernels)}
            ready = process.ask(order)["ready"]
            loaded = Loaded(
                engine=ENGINE,
                engine_version=str(ready["library"]),
                precision="none",
                weights="synthetic",
                device=str(ready["device"]),
                device_name=asked.name,
                parameters=0,
                facts={"threads": asked.threads, "data": "normal numbers from a fixed seed"},
            )
            there = tuple(k for k in asked.calibration.kernels if k.label in ready["kernels"])
            calibration = replace(asked.calibration, kernels=there, left_out=dict(ready["left_out"]))
            yield _Remote(process=process, loaded=loaded, calibration=calibration)

    return opened
