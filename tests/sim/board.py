"""Simulated boards on a virtual clock: readings made in memory, with the truth behind them in closed form."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from sim.classes import SensorClass

from bench.meters.nvml.classes import published
from bench.nouns import Reading, Source

PERIOD_S, EDGE_POLL_S, EDGE_S = 0.05, 0.005, 0.15  # as the sampler polls


@dataclass(frozen=True)
class Steps:
    """Power that is constant between moments: `power_w[i]` from `t_s[i]` on, `power_w[0]` before."""

    t_s: np.ndarray
    power_w: np.ndarray

    @cached_property
    def _sums_j(self) -> np.ndarray:
        return np.concatenate(([0.0], np.cumsum(np.diff(self.t_s) * self.power_w[:-1])))

    def until_j(self, t) -> np.ndarray:
        """Joules from t_s[0] to t."""
        t = np.asarray(t, dtype=float)
        i = np.clip(np.searchsorted(self.t_s, t, side="right") - 1, 0, len(self.t_s) - 1)
        return self._sums_j[i] + (t - self.t_s[i]) * self.power_w[i]

    def energy_j(self, start_s: float, end_s: float) -> float:
        return float(self.until_j(end_s) - self.until_j(start_s))


def pulses(spans: Sequence[tuple[float, float]], idle_w: float, busy_w: float) -> Steps:
    """Busy inside the spans (ascending, disjoint), idle elsewhere."""
    t, p = [-10.0], [idle_w]
    for a, b in spans:
        t += [a, b]
        p += [busy_w, idle_w]
    return Steps(np.array(t), np.array(p))


@dataclass(frozen=True, kw_only=True)
class Board:
    """A board of one class: what its fields show at any moment. Ticks fall at multiples of the periods + phase."""

    of: SensorClass
    power: Steps
    counter: str = "whole"  # "whole", "gated", "none"
    gain: float = 1.0
    phase_s: float = 0.0
    lag_s: float = 0.0
    name_known: bool = True
    fields: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        named = {"counter": self.counter != "none", "instant": self.of.instant_s, "average": self.of.average_s}
        object.__setattr__(self, "fields", tuple(n for n, there in named.items() if there))

    @property
    def source(self) -> Source:
        name = self.of.title if self.name_known else "Simulated board"
        return Source(
            domain="gpu:0", meter="nvml", boundary="gpu", basis="measured", device="GPU-1", device_name=name,
            fields=self.fields, gain_ratio_95=0.05, power_limit_w=self.of.limit_w,
            passport=published(name, self.fields),
        )  # fmt: skip

    def readings(self, looks_s: np.ndarray) -> tuple[Reading, ...]:
        """What looks at these moments find: every field, stamped to the nanosecond, in NVML's units' steps."""
        found = []
        t_ns = np.round(looks_s * 1e9).astype(np.int64)
        for name in self.fields:
            values = self._counter_j(looks_s) if name == "counter" else self._gauge_w(looks_s, name)
            kind = "energy" if name == "counter" else "power"
            found += [Reading(int(t), "gpu:0", name, kind, float(v)) for t, v in zip(t_ns, values, strict=True)]
        found.sort(key=lambda one: one.t_ns)
        return tuple(found)

    def _mean_w(self, t: np.ndarray, window_s: float) -> np.ndarray:
        return (self.power.until_j(t) - self.power.until_j(t - window_s)) / window_s

    def _counter_j(self, looks_s: np.ndarray) -> np.ndarray:
        tick_s = self.of.counter_tick_s
        index = np.floor((looks_s - self.phase_s) / tick_s + 1e-9).astype(int)
        first = math.floor((float(looks_s[0]) - self.phase_s) / tick_s) - 1
        ticks = np.arange(first, index.max() + 1) * tick_s + self.phase_s
        if self.counter == "whole":
            sums = self.power.until_j(ticks)
        else:
            sums = np.cumsum(self._mean_w(ticks, self.of.gate_s) * tick_s)
        sums = sums - sums[0] + 1000.0
        return np.floor(self.gain * sums[index - first] * 1e3) * 1e-3  # whole millijoules

    def _gauge_w(self, looks_s: np.ndarray, name: str) -> np.ndarray:
        update_s = self.of.update_s
        at = np.floor((looks_s - self.phase_s) / update_s + 1e-9) * update_s + self.phase_s - self.lag_s
        window_s = self.of.instant_s if name == "instant" else self.of.average_s
        return np.round(self.gain * self._mean_w(at, window_s) * 1e3) * 1e-3  # whole milliwatts


def looks(
    start_s: float, end_s: float, edges_s: Sequence[float], rng: np.random.Generator, period_s: float = PERIOD_S
) -> np.ndarray:
    """When the sampler polls: a steady grid, closely after each mark, each poll a little late."""
    grid = np.arange(start_s, end_s, period_s)
    fine = [np.arange(e, e + EDGE_S, EDGE_POLL_S) for e in edges_s]
    times = np.unique(np.concatenate([grid, *fine]))
    return np.unique(times + rng.exponential(0.0001, len(times)))
