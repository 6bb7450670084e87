"""What is learnt from runs: quantities with intervals, and coefficients."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from bench.nouns.words import Basis, Boundary, Fact, Weights

_BENDS_RATIO = 0.05


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
    # what did the work: a host beside a busy GPU and one that works itself are two things. None: an older file
    device: Literal["gpu", "cpu"] | None = None
    # None in an older file too: it tells these apart no more than it did then
    weights_path: str | None = None  # of weights that were named; None: synthetic, or the model's own
    endpoint: str | None = None  # a server's address, and the typed options that its version does not tell
    threads: int | None = None  # that the engine was given; None: it records none
    parameters: int | None = None  # as counted when it was loaded; None: not said


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    """One level of load: what was offered, what was answered, and the mean power meanwhile."""

    run_id: str
    offered_per_s: float | None  # None: users who wait for their answers
    users: int | None
    answered_per_s: float
    power: Quantity
    saturated: bool  # the server did not keep up with what was offered


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadCurve:
    """Power against answered requests a second: idle + J/request × rate, as far as the server keeps up."""

    key: CoefficientKey
    boundary: Boundary
    workload: str
    points: tuple[CurvePoint, ...]
    idle: Quantity | None  # W at no request
    request: Quantity | None  # J for each more
    most_per_s: float  # the highest rate that was answered
    off_line_ratio: float | None  # how far the farthest point lies from the line, of its power
    missing: str = ""  # why there is no line
    at_most: Quantity | None = None  # J a request at that rate, waiting included

    @property
    def bends(self) -> bool:
        """Whether a point lies farther from the line than a board's gain may be off."""
        return self.off_line_ratio is not None and self.off_line_ratio > _BENDS_RATIO


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
    rate: float | None = None  # requests a second that were offered, whatever came back
    load: str | None = None  # a named scenario
    levels: tuple[str, ...] = ()  # batches and loads that its terms hold for: "batch=8"; (): the one above
    components: Mapping[str, Mapping[str, float]] = field(default_factory=dict)  # half-widths at 95 %
    # of the terms' statistical errors, each pair once: what is predicted from several terms needs them
    correlations: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    simulated: bool = False  # what counts as measured came from a program that plays a sensor
