"""The domain's nouns: frozen values and Protocols. No I/O, no clock, no third-party import.

Between a meter and a report only joules, watts, seconds and monotonic nanoseconds exist.
Absence is None; zero is a measurement.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

Domain: TypeAlias = str  # "gpu:0", "cpu-package:0", "dram:0", "platform", "host"
Boundary: TypeAlias = Literal["gpu", "cpu", "dram", "platform", "host", "wall"]
Basis: TypeAlias = Literal["measured", "modelled", "excluded"]
Phase: TypeAlias = Literal["idle", "load", "warmup", "prepare", "work"]
Family: TypeAlias = Literal["speech", "translation", "causal-lm", "classifier", "video"]
Weights: TypeAlias = Literal["synthetic", "pretrained"]
Fact: TypeAlias = str | int | float | bool | None


# ── what sensors say ────────────────────────────────────────────────────────────────────────────


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


# ── when ────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Half-open [start_ns, end_ns) on the run's monotonic clock."""

    phase: Phase
    label: str  # "bare", "resident", "1", "2", …: unique within its phase
    start_ns: int
    end_ns: int

    @property
    def duration_s(self) -> float:
        return (self.end_ns - self.start_ns) * 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """All that the sensors said, in time order, and when each phase ran."""

    observations: tuple[Observation, ...]
    windows: tuple[Window, ...]


# ── work ────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Functional units, as counted by the engine. None: the engine cannot count it."""

    requests: int | None = None
    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    output_tokens: int | None = None
    source_tokens: int | None = None
    target_tokens: int | None = None
    audio_s: float | None = None
    audio_windows: int | None = None  # Whisper's padded 30 s windows
    video_s: float | None = None

    def __add__(self, other: "Usage") -> "Usage":
        def both(name: str) -> int | float | None:
            a: int | float | None = getattr(self, name)
            b: int | float | None = getattr(other, name)
            return b if a is None else a if b is None else a + b

        return Usage(**{f.name: both(f.name) for f in fields(self)})  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One item of work. Exactly one of token_ids, text, audio or video carries the input."""

    id: str
    token_ids: tuple[int, ...] = ()
    text: str | None = None
    audio: tuple[Path, ...] = ()  # clips played one after the other
    video: Path | None = None
    source_language: str | None = None  # ISO 639-1: "fr", "en", "es", "ar"
    target_language: str | None = None
    asked: Usage = field(default_factory=Usage)  # the work requested; output_tokens is exact, not a cap


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one Request became. Its end is taken after the device has finished."""

    request_id: str
    batch_id: int  # requests that ran together share it, and its times
    start_ns: int
    first_output_ns: int | None  # None: the engine cannot see it
    end_ns: int
    requested: Usage
    achieved: Usage
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A file in workloads/: requests, in the order in which they are sent, cycled when they run out."""

    name: str
    family: Family
    requests: tuple[Request, ...]
    phase: Phase = "work"  # "prepare" for the extraction of a sound track
    description: str = ""
    source: str = ""
    licence: str = ""
    notes: tuple[str, ...] = ()  # "target length from character ratios", "seeded token ids", …
    facts: Mapping[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """A file in bench/models/: an architecture, not a checkpoint."""

    name: str
    family: Family
    title: str
    parameters: int  # counted by building the architecture
    active_parameters: int  # those that one token passes through; the same unless a mixture of experts
    architecture: str  # "mistral", "phi3", "gpt_oss", "m2m_100", "whisper"
    config: Mapping[str, object]  # the engine library's own names
    engines: tuple[str, ...]
    precisions: tuple[str, ...]
    hub: str | None
    licence: str
    source: str
    tokenizer: str | None = None  # a tokenizer that ships in a package; None: seeded ids
    max_context_tokens: int | None = None
    languages: Mapping[str, str] = field(default_factory=dict)  # ISO 639-1 → the model's own code; {}: any


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A declared number with its unit in its name elsewhere, and its source always beside it."""

    value: float
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HardwareProfile:
    """A file in hardware_profiles/: a machine or a board. A number without a source is absent."""

    name: str
    title: str
    kind: Literal["vm", "gpu", "machine"]
    accelerator: str | None = None
    accelerator_count: float = 0.0  # a sixth of a board is possible
    figures: Mapping[str, Figure] = field(default_factory=dict)  # tdp_w, memory_gib, vcpu, …
    texts: Mapping[str, Figure | str] = field(default_factory=dict)
    match: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    generated: bool = False


# ── engines ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadSpec:
    """How a model is to be loaded."""

    model: ModelSpec
    precision: str
    weights: Weights
    path: str | None = None  # hub id or local folder when weights are pretrained
    seed: int = 0
    threads: int | None = None
    device: Literal["auto", "cpu", "cuda"] = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What was really loaded. `precision` is the one that runs; `notes` say how it differs from the ask."""

    engine: str
    engine_version: str
    precision: str
    weights: Weights
    device: str  # "GPU-<uuid>" or "cpu"
    device_name: str
    parameters: int
    notes: tuple[str, ...] = ()
    facts: Mapping[str, Fact] = field(default_factory=dict)


class Session(Protocol):
    """A loaded model."""

    @property
    def loaded(self) -> Loaded: ...
    def stage(self, requests: Sequence[Request]) -> tuple[Request, ...]:
        """The requests, ready to run: texts as tokens, clips in memory. Outside every window."""
        ...

    def run(self, batch: Sequence[Request]) -> Sequence[Outcome]:
        """Does exactly the asked work and returns only once the device has finished."""
        ...


class Engine(Protocol):
    """A way of running models: one file in bench/engines/."""

    def check(self) -> Check:
        """Whether it can run here. Never raises, loads no model."""
        ...

    def version(self) -> str:
        """The version of the library that does the work, without importing it."""
        ...

    def load(self, spec: LoadSpec) -> AbstractContextManager[Session]: ...


# ── a run ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """ENGINE/MODEL:PRECISION/WORKLOAD[@batch=8,concurrency=8]"""

    engine: str
    model: str
    precision: str
    workload: str
    batch: int = 1
    concurrency: int = 1

    def __str__(self) -> str:
        levels = [f"{k}={v}" for k, v in (("batch", self.batch), ("concurrency", self.concurrency)) if v != 1]
        at = "@" + ",".join(levels) if levels else ""
        return f"{self.engine}/{self.model}:{self.precision}/{self.workload}{at}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How long each phase of a cell lasts."""

    window_s: float = 10.0
    windows: int = 2
    idle_s: float = 5.0
    warmup_s: float = 2.0
    sample_period_s: float = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSpec:
    """What was asked: names and numbers only, so that it can be hashed."""

    cell: Cell
    family: Family
    weights: Weights
    weights_path: str | None
    hardware: str
    engine_version: str
    timing: Timing
    workload_sha256: str  # of the declaration and its payloads
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowEnergy:
    """The energy of one domain in one window. Void: energy_j is None and reasons say why."""

    domain: Domain
    device: str
    boundary: Boundary
    basis: Basis
    energy_j: float | None
    low_j: float | None
    high_j: float | None
    start_ns: int
    end_ns: int
    method: str  # "counter", "power", "model"
    witness_j: float | None = None
    components: Mapping[str, float] = field(default_factory=dict)  # standard uncertainties, J
    peers: Mapping[str, float] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    phase: Phase = "work"
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A reason to doubt a domain of a run. `void` takes its figures away; `flag` stands beside them."""

    name: str
    level: Literal["flag", "void"]
    domain: Domain | None  # None: every domain
    evidence: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What happened; sealed on disk, never edited."""

    id: str
    spec: RunSpec
    started_at: str  # UTC, ISO 8601
    environment: Mapping[str, Fact]
    sources: tuple[Source, ...]
    loaded: Loaded
    trace: Trace
    outcomes: tuple[Outcome, ...]
    workload_notes: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()  # what went wrong while it ran: a sensor that died, a request that failed


# ── what is learnt ──────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A number with its 95 % interval, unit and basis."""

    value: float
    low: float
    high: float
    unit: str
    basis: Basis


@dataclass(frozen=True, slots=True, kw_only=True)
class CoefficientKey:
    """What a coefficient is a coefficient of. Two keys are never averaged."""

    model: str
    precision: str
    weights: Weights
    engine: str
    engine_version: str
    hardware: str
    power_limit_w: float | None
    driver: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Coefficients:
    """energy of a run = idle_resident × its duration + Σ term × achieved work."""

    key: CoefficientKey
    boundary: Boundary
    terms: Mapping[str, Quantity]
    rates: Mapping[str, Quantity]
    domain: Mapping[str, tuple[float, float]]
    fit: Mapping[str, Fact]
    runs: tuple[str, ...]
    not_identified: Mapping[str, str]
    batch: int = 1
    concurrency: int = 1
    components: Mapping[str, Mapping[str, float]] = field(default_factory=dict)  # half-widths at 95 %
    notes: tuple[str, ...] = ()
