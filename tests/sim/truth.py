"""The truth behind a simulated sensor, in closed form: the same declaration, integrated independently."""

import itertools
import math
import struct
from dataclasses import dataclass
from pathlib import Path

RECORD = struct.Struct("<dd")  # a live curve's: seconds since the epoch, watts from then on


@dataclass(frozen=True)
class Curve:
    """Piecewise linear watts over seconds, constant outside its corners; with `repeat_s` it comes again."""

    points: tuple[tuple[float, float], ...]
    repeat_s: float = 0.0

    @property
    def statements(self) -> list[str]:
        """The curve in the simulated library's own words."""
        repeat = [f"repeat_s {self.repeat_s}"] if self.repeat_s else []
        return [*(f"point {t} {p}" for t, p in self.points), *repeat]

    def energy_j(self, start_s: float, end_s: float) -> float:
        """Joules between two moments."""
        return self._until(end_s) - self._until(start_s)

    def mean_w(self, end_s: float, window_s: float) -> float:
        """The mean of the `window_s` that end then; a window of 0 is a microsecond, as in the library."""
        width_s = window_s or 1e-6
        return self.energy_j(end_s - width_s, end_s) / width_s

    def _until(self, t: float) -> float:
        if not self.repeat_s:
            return self._once(t)
        whole = math.floor(t / self.repeat_s)
        return whole * self._once(self.repeat_s) + self._once(t - whole * self.repeat_s)

    def _once(self, t: float) -> float:
        """From 0 to t by trapezia; corners at one moment are a step."""
        return self._between(0.0, t) if t >= 0 else -self._between(t, 0.0)

    def _between(self, a: float, b: float) -> float:
        corners = [(s, p) for s, p in self.points if a <= s < b]
        line = [(a, self._power(a)), *corners, (b, self._power(b, before=True))]
        return sum((v - u) * (p + q) / 2 for (u, p), (v, q) in itertools.pairwise(line))

    def _power(self, t: float, *, before: bool = False) -> float:
        last = None
        for s, p in self.points:
            if s > t or (before and s == t):
                if last is None:
                    return p
                return last[1] + (p - last[1]) * (t - last[0]) / (s - last[0]) if s > last[0] else p
            last = (s, p)
        return last[1]


def live_curve(path: Path, before_w: float) -> Curve:
    """What a live curve's file has said so far: each record holds until the next, `before_w` before the first."""
    records = list(RECORD.iter_unpack(_whole(path.read_bytes()))) if path.exists() else []
    if not records:
        return Curve(((0.0, before_w),))
    points, last_w = [], before_w
    for t_s, power_w in records:
        points += [(t_s, last_w), (t_s, power_w)]
        last_w = power_w
    return Curve(tuple(points))


def _whole(data: bytes) -> bytes:
    """Without a record that is still being written."""
    return data[: len(data) // RECORD.size * RECORD.size]


def deviate(seed: int, stream: int, index: int) -> float:
    """The library's standard normal deviate of these three (curve.h), computed once more.

    Streams: 0 for the counter; for the power fields `instant` 1, `average` 2, `usage` 4.
    """
    key = _mixed(_mixed(seed) ^ stream)
    u, v = (_ratio(_mixed(key + 2 * index + half)) for half in (0, 1))
    return math.sqrt(-2 * math.log(1 - u)) * math.cos(2 * math.pi * v)


def _mixed(x: int) -> int:
    x = (x + 0x9E3779B97F4A7C15) % 2**64
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    x = (x ^ x >> 27) * 0x94D049BB133111EB % 2**64
    return x ^ x >> 31


def _ratio(x: int) -> float:
    return (x >> 11) * 2.0**-53
