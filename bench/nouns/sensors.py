"""What sensors say, and when: readings, conditions, what they mean, the windows they fall in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from bench.nouns.words import Basis, Boundary, Domain, Fact, Phase, of_module
from bench.units import S_PER_NS


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at one field of one sensor, stamped with CLOCK_MONOTONIC."""

    t_ns: int
    domain: Domain
    field: str  # "counter", "instant", "average"; a model's "value", "low", "high"
    kind: Literal["energy", "power"]  # energy: a counter in J that never falls; power: a gauge in W
    value: float


@dataclass(frozen=True, slots=True)
class Condition:
    """One look at a circumstance that can void a figure: temperature, clock, event, steal."""

    t_ns: int
    domain: Domain
    name: str  # "temperature_c", "sm_clock_mhz", "event_reasons", "foreign_processes", "steal_s", …
    value: float


Observation: TypeAlias = Reading | Condition
Meters: TypeAlias = Mapping[str, Mapping[str, str]]  # stem of a meter's file → the options it is opened with
POWER_FIELDS = ("instant", "usage", "average")  # the gauges of a graphics board, the shortest look first


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldPassport:
    """How one field of a sensor behaves. None: not found out.

    A value shown at t is the mean power of [t - lag_s - window_s, t - lag_s]; a counter grows by that mean
    times update_s. A window shorter than the update leaves the rest of the time unseen.
    """

    update_s: float | None = None
    window_s: float | None = None
    lag_s: float | None = None
    noise_w: float | None = None  # standard deviation of a value at steady power
    # what the window rests on: known steps of load, the readings themselves, the published class of such boards
    origin: Literal["steps", "readings", "published", "unknown"] = "unknown"
    follows: str | None = None  # a counter that only adds up this field's values, and sees no more than it does
    health: str = ""  # what is wrong with it; "": nothing

    @property
    def seen_ratio(self) -> float | None:
        """The share of the time that its values tell of; 1 when nothing is left out."""
        if self.window_s is None or not self.update_s:
            return None
        return min(1.0, self.window_s / self.update_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Passport:
    """What a board's sensor is, found in place: one field each, and the known steps that it took."""

    fields: Mapping[str, FieldPassport]
    steps: int = 0  # 0: from readings alone
    id: str | None = None  # the sealed folder of the readings under those steps


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What a domain's readings mean: who read them, where the boundary lies, how far to trust them."""

    domain: Domain
    meter: str  # stem of the meter's file: "nvml", "rapl", "host_model", …
    boundary: Boundary
    basis: Basis
    device: str  # "GPU-<uuid>", "intel-rapl:0", "cpu-model": what the engine's device is matched by
    device_name: str = ""
    fields: tuple[str, ...] = ()  # the fields that answered when they were called
    gain_ratio_95: float = 0.0  # half-width holding 95 % of boards, proportional to the energy
    power_limit_w: float | None = None
    driver: str | None = None
    reason: str | None = None  # why a domain is excluded, or what a modelled one rests on
    details: Mapping[str, Fact] = field(default_factory=dict)
    passport: Passport | None = None  # known before the run: from steps, or published; its own readings add to it

    @property
    def is_board(self) -> bool:
        """Whether a graphics board tells it: its own power or, where nothing else answers, its module's."""
        return self.boundary == "gpu" or of_module(self.domain)


class Meter(Protocol):
    """One domain's sensor. Native units die inside it."""

    @property
    def source(self) -> Source: ...
    def read(self) -> Sequence[Observation]:
        """All that the sensor says now. Raises SensorLost when it has died."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One line of `doctor`: what works, what not, why, how to mend it."""

    name: str
    status: Literal["ok", "degraded", "missing"]
    reason: str
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a meter plug-in found on this machine: open meters, excluded domains, and its checks."""

    meters: tuple[Meter, ...] = ()
    excluded: tuple[Source, ...] = ()
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Half-open [start_ns, end_ns) on the run's monotonic clock."""

    phase: Phase
    label: str  # "bare-1", "resident-2", "1", "2", …: unique within its phase
    start_ns: int
    end_ns: int

    @property
    def duration_s(self) -> float:
        return (self.end_ns - self.start_ns) * S_PER_NS


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessRecord:
    """A peer that was asked to watch the same windows, and how it fared."""

    name: str  # stem of the witness's file: "codecarbon", "zeus"
    version: str = ""
    fault: str | None = None  # why it fell silent, for good


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """All that the sensors said, in time order, and when each phase ran; what peers said lies among it."""

    observations: tuple[Observation, ...]
    windows: tuple[Window, ...]
    witnesses: tuple[WitnessRecord, ...] = ()
