"""This machine as a run sees it: its hardware profile, sensors, memory and GPUs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.files.atomic import write_whole
from bench.files.cloud import read_cloud
from bench.files.layout import profile_folder
from bench.files.machine import environment, read_machine
from bench.nouns import Fact, HardwareProfile, Source
from bench.run.profile import match_profile, render_profile
from bench.run.sensors import Sensors, default_meters, find_sensors


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """Everything about this machine that a plan and a run need."""

    profile: HardwareProfile
    sensors: Sensors
    memory_bytes: float | None
    environment: Mapping[str, Fact] = field(default_factory=dict)

    @property
    def gpus(self) -> tuple[Source, ...]:
        """Every GPU that NVML shows, measurable or not."""
        return tuple(s for s in self.sensors.sources if s.is_board)

    @property
    def gpu_memory_bytes(self) -> float | None:
        """The free memory of the first GPU; None when NVML does not say."""
        found = [s.details.get("memory_free_bytes") for s in self.gpus]
        sizes = [float(f) for f in found if isinstance(f, (int, float))]
        return sizes[0] if sizes else None


def look() -> Host:
    """This machine, found out in about a second: cloud metadata, CPUID, sensors."""
    machine, cloud = read_machine(), read_cloud()
    first = find_sensors(default_meters())
    gpu_names = tuple(s.device_name for s in first.sources if s.is_board)
    profile = match_profile(machine, cloud, gpu_names)
    meters = default_meters(profile)
    sensors = first if meters == first.meters else find_sensors(meters)
    return Host(
        profile=profile,
        sensors=sensors,
        memory_bytes=machine.usable_memory_bytes,
        environment={**environment(machine), **(cloud.facts() if cloud else {})},
    )


def keep_profile(host: Host, out: Path) -> None:
    """Writes a generated profile under OUT/profiles, where its name is looked for first; never twice."""
    path = profile_folder(out) / f"{host.profile.name}.toml"
    if host.profile.generated and not path.exists():
        write_whole(path, render_profile(host.profile).encode())
