"""Simulated boards on a virtual clock: readings made in memory, with the truth behind them in closed form."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from sim.classes import SensorClass

from bench.meters.nvml.classes import published_passport
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
    """A board of one class: what its fields show at any moment. Ticks fall at multiples of the periods + phase.

    Every flaw is off unless asked for: clocks that are slow, wander or jitter, fields that come late or are noisy,
    a counter of another gain than theirs, or that ticks out of their step.
    """

    of: SensorClass
    power: Steps
    counter: str = "whole"  # "whole", "gated" (adds up what the short look shows), "none"
    gain: float = 1.0
    phase_s: float = 0.0
    lag_s: float = 0.0
    name_known: bool = True
    slow_ratio: float = 0.0  # every period is longer than the class says by this
    jitter_s: float = 0.0  # standard deviation of each renewal about its grid
    wander_s: float = 0.0  # standard deviation of each period: what lies between renewals adds up
    noise_w: float = 0.0  # standard deviation of each value of a power field
    noise_counted: bool = True  # a gated counter adds up the noise too
    counter_gain: float = 1.0  # of the counter, beside the fields'
    counter_phase_s: float = 0.0  # the counter ticks this much after the fields
    seed: int = 0
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
            passport=published_passport(name, self.fields),
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

    def renewals_s(self, period_s: float, phase_s: float, looks_s: np.ndarray) -> np.ndarray:
        """The moments of renewal from a little before the first look to the last."""
        period_s *= 1 + self.slow_ratio
        number = np.arange(
            math.floor((looks_s[0] - phase_s) / period_s) - 25, math.floor((looks_s[-1] - phase_s) / period_s) + 25
        )
        rng = np.random.default_rng((self.seed, round(period_s * 1e6)))
        off_s = self.jitter_s * rng.normal(size=len(number)) + np.cumsum(
            self.wander_s * rng.normal(size=len(number))
        )
        return np.maximum.accumulate(phase_s + number * period_s + off_s - 1e-10)

    def _shown_w(self, name: str, looks_s: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The moments at which a power field is renewed, what it then shows, and the same without its noise."""
        at = self.renewals_s(self.of.update_s, self.phase_s, looks_s)
        window_s = self.of.instant_s if name == "instant" else self.of.average_s
        plain_w = self._mean_w(at - self.lag_s, window_s)
        noise = np.random.default_rng((self.seed, len(name))).normal(size=len(at))
        return at, plain_w + self.noise_w * noise, plain_w

    def _counter_j(self, looks_s: np.ndarray) -> np.ndarray:
        ticks = self.renewals_s(self.of.counter_tick_s, self.phase_s + self.counter_phase_s, looks_s)
        if self.counter == "whole":
            sums = self.power.until_j(ticks)
        else:
            at, noisy_w, plain_w = self._shown_w("instant" if self.of.instant_s else "average", looks_s)
            held_w = (noisy_w if self.noise_counted else plain_w)[np.searchsorted(at, ticks, side="right") - 1]
            sums = np.cumsum(held_w * np.diff(ticks, prepend=ticks[0]))
        index = np.searchsorted(ticks, looks_s, side="right") - 1
        sums = sums - sums[index[0]] + 1000.0
        return np.floor(self.gain * self.counter_gain * sums[index] * 1e3) * 1e-3  # whole millijoules

    def _gauge_w(self, looks_s: np.ndarray, name: str) -> np.ndarray:
        at, shown_w, _ = self._shown_w(name, looks_s)
        values = shown_w[np.searchsorted(at, looks_s, side="right") - 1]
        return np.round(self.gain * values * 1e3) * 1e-3  # whole milliwatts


def looks(
    start_s: float, end_s: float, edges_s: Sequence[float], rng: np.random.Generator, period_s: float = PERIOD_S
) -> np.ndarray:
    """When the sampler polls: a steady grid, closely after each mark, each poll a little late."""
    grid = np.arange(start_s, end_s, period_s)
    fine = [np.arange(e, e + EDGE_S, EDGE_POLL_S) for e in edges_s]
    times = np.unique(np.concatenate([grid, *fine]))
    return np.unique(times + rng.exponential(0.0001, len(times)))
