"""Which meters a run opens on this machine, and what the sampler finds when it opens them."""

from collections.abc import Mapping
from dataclasses import dataclass

from bench.errors import BadInput, NoSensor
from bench.files.config import environment as variable
from bench.files.registry import open_meter_plugin
from bench.nouns import Check, HardwareProfile, Meters, Source
from bench.run.profile import host_model_options
from bench.sensing.sampler import Sampler

METERS_VARIABLE = "JOULEMARK_METERS"
_LOOK_PERIOD_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensors:
    """What was found when every meter was opened once."""

    meters: Meters
    sources: tuple[Source, ...]
    checks: tuple[Check, ...]

    @property
    def live(self) -> tuple[Source, ...]:
        """The domains that give readings."""
        return tuple(s for s in self.sources if s.basis != "excluded")


def default_meters(profile: HardwareProfile | None = None) -> Meters:
    """NVML and RAPL, and the host model where no RAPL package can be read.

    JOULEMARK_METERS overrides: "nvml,host_model" or "constant:power_w=100".
    """
    asked = variable(METERS_VARIABLE)
    if asked:
        return _parsed(asked)
    meters: dict[str, Mapping[str, str]] = {"nvml": {}, "rapl": {}}
    if not _rapl_works():
        meters["host_model"] = host_model_options(profile) if profile else {}
    return meters


def find_sensors(meters: Meters) -> Sensors:
    """Opens every meter once, in a sampler of its own, and closes it. Raises NoSensor when none answers."""
    with Sampler(meters, _LOOK_PERIOD_S) as sampler:
        found = Sensors(meters=meters, sources=sampler.sources, checks=sampler.checks)
    if variable(METERS_VARIABLE) and not found.live:
        why = "; ".join(dict.fromkeys(check.reason for check in found.checks if check.status == "missing"))
        raise NoSensor(
            f"{METERS_VARIABLE} asks for {', '.join(meters)}, and none of them reads anything here"
            f"{f' ({why})' if why else ''}; see `joulemark doctor`"
        )
    return found


def _rapl_works() -> bool:
    found = open_meter_plugin("rapl", {})
    for meter in found.meters:
        meter.close()
    return any(m.source.boundary == "cpu" for m in found.meters)


def _parsed(asked: str) -> Meters:
    meters: dict[str, Mapping[str, str]] = {}
    for one in asked.split(","):
        name, _, options = one.strip().partition(":")
        pairs = [pair.partition("=") for pair in options.split(";") if pair]
        if any(not equals for _, equals, _ in pairs):
            raise BadInput(f"{METERS_VARIABLE}={asked!r}: options are NAME:key=value;key=value")
        if name in meters:
            raise BadInput(f"{METERS_VARIABLE}={asked!r}: {name!r} is named twice; name it once, with its options")
        if len({key for key, _, _ in pairs}) < len(pairs):
            raise BadInput(f"{METERS_VARIABLE}={asked!r}: an option of {name!r} is given twice")
        meters[name] = {key: value for key, _, value in pairs}
    return meters
