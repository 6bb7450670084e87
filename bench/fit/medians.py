"""The median of what windows tell, with its 95 % interval: by series of a model, idle taken off, bounds apart."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from bench.fit.intervals import SERIES
from bench.nouns import Source, WindowEnergy
from bench.physics.budget import COVERAGE_95, GAIN, UNSEEN_HIGH, UNSEEN_LOW, Budget
from bench.stats import deviation, mean, median, t95
from bench.units import S_PER_NS

# The standard error of a median over that of a mean, of normal values
_MEDIAN_RATIO = math.sqrt(math.pi / 2)
_SHARED = (GAIN, UNSEEN_LOW, UNSEEN_HIGH, "model_low_j", "model_high_j")


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesRow:
    """One window's energy in each series (J), what is open of it, and how long it lasted."""

    energy_j: Mapping[str, float]
    own_j: float  # standard uncertainty, gain and bounds left out
    below_j: float
    above_j: float
    duration_s: float

    @classmethod
    def of(cls, energy: WindowEnergy) -> "SeriesRow":
        """What an energy leaves open, its gain, its bounds and its model apart."""
        value_j, parts = energy.energy_j or 0.0, energy.components
        own = {name: u for name, u in parts.items() if name not in _SHARED}
        return cls(
            energy_j={
                "value": value_j,
                "low": parts.get("model_low_j", value_j),
                "high": parts.get("model_high_j", value_j),
            },
            own_j=Budget(standard_j=own, freedom=energy.freedom).half_width_j() / COVERAGE_95,
            below_j=parts.get(UNSEEN_LOW, 0.0),
            above_j=parts.get(UNSEEN_HIGH, 0.0),
            duration_s=(energy.end_ns - energy.start_ns) * S_PER_NS,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MedianLevel:
    """A median over windows and half of its 95 % interval, by series; bounds of what was not seen beside it."""

    value: Mapping[str, float]
    scatter: Mapping[str, float]  # half of the interval, the gain left out
    half: Mapping[str, float]
    below: float
    above: float


_ZERO = MappingProxyType(dict.fromkeys(SERIES, 0.0))
NOTHING = MedianLevel(value=_ZERO, scatter=_ZERO, half=_ZERO, below=0.0, above=0.0)


def level(
    rows: Sequence[SeriesRow],
    amounts: Sequence[float],
    source: Source,
    at_rest: tuple[MedianLevel, Sequence[float]] | None = None,
) -> MedianLevel:
    """Energy over amount, of each window; idle's power for so many seconds of each is taken off first.

    Its doubt is carried. The gain is one for all: it scales the difference, and is in no part of it twice.
    """
    idle_w, off_s = at_rest or (NOTHING, [0.0] * len(rows))
    off = mean([t / a for t, a in zip(off_s, amounts, strict=True)])
    open_ = COVERAGE_95 * math.sqrt(math.fsum((r.own_j / a) ** 2 for r, a in zip(rows, amounts, strict=True)))
    value, scatter, half = {}, {}, {}
    for s in SERIES:
        each = [(r.energy_j[s] - idle_w.value[s] * t) / a for r, a, t in zip(rows, amounts, off_s, strict=True)]
        value[s] = median(each)
        scatter[s] = math.hypot(max(half_width(each), open_ / len(rows)), idle_w.scatter[s] * off)
        half[s] = math.hypot(scatter[s], source.gain_ratio_95 * value[s])
    return MedianLevel(
        value=value,
        scatter=scatter,
        half=half,
        below=mean([r.below_j / a for r, a in zip(rows, amounts, strict=True)]) + idle_w.above * off,
        above=mean([r.above_j / a for r, a in zip(rows, amounts, strict=True)]) + idle_w.below * off,
    )


def half_width(values: Sequence[float]) -> float:
    """Half of the 95 % interval of the median of at least two values."""
    return _MEDIAN_RATIO * t95(len(values) - 1) * deviation(values) / math.sqrt(len(values))
