"""The truth behind a simulated board, in closed form: the same declaration, integrated independently."""

import itertools
import math
from dataclasses import dataclass


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

    def _until(self, t: float) -> float:
        if not self.repeat_s:
            return self._once(t)
        whole = math.floor(t / self.repeat_s)
        return whole * self._once(self.repeat_s) + self._once(t - whole * self.repeat_s)

    def _once(self, t: float) -> float:
        """From 0 to t by trapezia; corners at one moment are a step."""
        corners = [(s, p) for s, p in self.points if 0 <= s < t]
        line = [(0.0, self._power(0.0)), *corners, (t, self._power(t, before=True))]
        return sum((b - a) * (p + q) / 2 for (a, p), (b, q) in itertools.pairwise(line))

    def _power(self, t: float, *, before: bool = False) -> float:
        last = None
        for s, p in self.points:
            if s > t or (before and s == t):
                if last is None:
                    return p
                return last[1] + (p - last[1]) * (t - last[0]) / (s - last[0]) if s > last[0] else p
            last = (s, p)
        return last[1]
