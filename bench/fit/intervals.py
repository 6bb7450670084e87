"""The interval of a published quantity: statistical, the board's gain, the model's span, synthetic data."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from bench.fit.rows import Group, Row
from bench.nouns import Quantity
from bench.physics.budget import COVERAGE_95
from bench.stats import deviation, significant, t95

# The data alone change the power of a GPU's matrix products by almost 40 % from end to end (Gregersen, Patel,
# Choukse, "Input-Dependent Power Usage in GPUs", arXiv:2409.18324, abstract; checked 2026-11-21). Half of it on
# either side stands for weights and activations that are not the real ones, until a pretrained control has run.
SYNTHETIC_DATA_RATIO_95 = 0.20
SERIES = ("value", "low", "high")


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """What the windows' own intervals make of a quantity that is a weighted sum of their energies.

    Independent parts add in quadrature; what a sensor never saw is bounded, window by window, and so is the sum.
    """

    half: float = 0.0  # of the 95 % interval
    below: float = 0.0
    above: float = 0.0


def own(weights: Iterable[float], rows: Sequence[Row]) -> Own:
    """Σ weight × energy of the rows: its own uncertainty, and how far bounds can move it either way."""
    pairs = list(zip(weights, rows, strict=True))
    return Own(
        half=COVERAGE_95 * math.sqrt(math.fsum((w * r.own_j) ** 2 for w, r in pairs)),
        below=math.fsum(w * r.unseen_low_j if w > 0 else -w * r.unseen_high_j for w, r in pairs),
        above=math.fsum(w * r.unseen_high_j if w > 0 else -w * r.unseen_low_j for w, r in pairs),
    )


Spread = Callable[[float, float], tuple[float, float]]


def additive(value: float, half: float) -> tuple[float, float]:
    """The interval of a term, which may have either sign."""
    return value - half, value + half


def multiplicative(value: float, half: float) -> tuple[float, float]:
    """The interval of a gross energy or power, which is never below zero: value ×/÷ exp(half / value).

    The same to first order; a log-normal quantity has it exactly (Limpert, Stahel, Abbt, BioScience 51(5),
    2001, table 3; checked 2026-11-21).
    """
    factor = math.exp(half / value)
    return value / factor, value * factor


def half_of_mean(values: Sequence[float]) -> float:
    """Half the 95 % interval of the mean of at least two values (Student)."""
    return t95(len(values) - 1) * deviation(values) / math.sqrt(len(values))


def row_series(rows: Sequence[Row], which: str) -> list[float]:
    """The rows' energies (J), in the model's value, low or high series."""
    field = {"value": "energy_j", "low": "model_low_j", "high": "model_high_j"}[which]
    return [float(getattr(r, field)) for r in rows]


def row_powers_w(rows: Sequence[Row], which: str) -> list[float]:
    """The rows' mean powers (W), in the model's value, low or high series."""
    return [e / r.duration_s for e, r in zip(row_series(rows, which), rows, strict=True)]


def quantity(
    group: Group,
    values: Mapping[str, float],
    statistical: Mapping[str, float],
    unit: str,
    data_ratio: float | None = None,
    *,
    spread: Spread = additive,
    own: Own | None = None,
) -> tuple[Quantity, dict[str, float]]:
    """The published quantity and its components; `values` and `statistical` by series.

    `own`: what the windows' own intervals make of it. Their independent parts show in the scatter of windows too,
    where there are enough of them: the larger of the two counts.
    """
    told = own or Own()
    if data_ratio is None:
        data_ratio = SYNTHETIC_DATA_RATIO_95 if group.synthetic else 0.0
    lows, highs = [], []
    for s in SERIES:
        scatter = max(statistical[s], told.half)
        half = math.hypot(scatter, group.gain_ratio_95 * values[s], data_ratio * values[s])
        low, high = spread(values[s], half)
        lows.append(low - told.below if spread is additive else max(0.0, low - told.below))
        highs.append(high + told.above)
    value = values["value"]
    parts = {
        "statistical": statistical["value"], "gain": abs(group.gain_ratio_95 * value),
        "synthetic_data": abs(data_ratio * value), "windows": told.half,
        "unseen_low": told.below, "unseen_high": told.above,
        "model": max(abs(values["low"] - value), abs(values["high"] - value)),
    }  # fmt: skip
    made = Quantity(
        value=significant(value), low=significant(min(lows)), high=significant(max(highs)),
        unit=unit, basis=group.basis,
    )  # fmt: skip
    return made, {k: significant(v) for k, v in parts.items() if v}
