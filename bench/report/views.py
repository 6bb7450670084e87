"""What a report shows, as values: made from sealed runs by others, only laid out here."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bench.nouns import (
    Basis,
    Check,
    Coefficients,
    Domain,
    LoadCurve,
    MeasuredFigure,
    Passport,
    Quality,
    Quantity,
    Source,
    Times,
    Verdict,
    Window,
    WindowEnergy,
)
from bench.report.words import served_by


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerSeries:
    """One field of one domain over a run, ready to draw: seconds from the run's start, and watts."""

    domain: Domain
    field: str  # "instant", "average", "counter"; a model's "value", "low", "high"
    basis: Basis
    times_s: tuple[float, ...]
    power_w: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """One run as the report shows it. A rate's name may start with its domain: `gpu:0/audio_second`."""

    id: str
    cell: str
    model_title: str
    weights: str
    hardware: str
    started_at: str
    engine: str
    engine_version: str
    precision: str
    device_name: str
    device: str = ""  # what worked: "GPU-<uuid>" or "cpu"; "": not told, so every GPU counts
    notes: tuple[str, ...] = ()
    energies: tuple[WindowEnergy, ...] = ()  # every window in every domain
    verdicts: tuple[Verdict, ...] = ()
    times: Mapping[str, Times] = field(default_factory=dict)  # how long a server's requests took, by phase
    quality: Quality | None = None  # how right its answers were
    unscored: str = ""  # of labelled work without any score: why
    power: tuple[PowerSeries, ...] = ()
    windows: tuple[Window, ...] = ()
    t0_ns: int = 0
    rates: Mapping[str, Quantity] = field(default_factory=dict)  # gross, at this run's own rate
    seal_sha256: str = ""

    @property
    def workload(self) -> str:
        """The workload's name with its batch and concurrency."""
        return self.cell.rpartition("/")[2]

    @property
    def by(self) -> str:
        """The engine, and how its server was set up where that was said."""
        return served_by(self.engine, self.engine_version)

    @property
    def short(self) -> str:
        """Model, precision and workload in the cell's own words: `whisper-tiny:fp32 · speech-fr-5`."""
        return " · ".join(self.cell.split("/")[1:]) or self.cell


@dataclass(frozen=True, slots=True, kw_only=True)
class HardwareFigure:
    """A declared fact of the machine with where it was read."""

    name: str
    value: float | str
    unit: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportInput:
    """Everything that one page shows; the same value gives the same bytes."""

    title: str
    generated_by: str  # "Joulemark 0.1.0"
    hardware_title: str
    hardware: tuple[HardwareFigure, ...] = ()
    measured: tuple[MeasuredFigure, ...] = ()  # of the machine, by `joulemark profile`
    sources: tuple[Source, ...] = ()
    passports: Mapping[Domain, Passport] = field(default_factory=dict)  # of the measured sources
    runs: tuple[RunView, ...] = ()
    coefficients: tuple[Coefficients, ...] = ()
    curves: tuple[LoadCurve, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()  # (cell, why)
    not_covered: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()
    verify_command: str = "joulemark verify results"
