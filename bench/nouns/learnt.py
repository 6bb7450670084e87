"""What is learnt from runs: quantities with intervals, and coefficients."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bench.nouns.words import Basis, Boundary, Fact, Weights


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
    rate: float | None = None  # requests a second that were offered, whatever came back
    load: str | None = None  # a named scenario
    components: Mapping[str, Mapping[str, float]] = field(default_factory=dict)  # half-widths at 95 %
    notes: tuple[str, ...] = ()
