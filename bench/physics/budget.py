"""The uncertainty of one energy: its components, and the interval that they make together.

Independent standard uncertainties add in quadrature (JCGM 100:2008, eq. 10). Where one of them was estimated
from few values the factor of 95 % is Student's, at the effective degrees of freedom of Welch and Satterthwaite
(JCGM 100:2008, G.4.1, eq. G.2b). What a sensor may never have seen is no standard uncertainty: it is a bound,
and widens the interval on its own side.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from bench.stats import t95

COVERAGE_95 = 1.959964
GAIN = "gain_j"
VIEW = "view_j"  # what a part-time sensor may have missed of a load that Joulemark drove
UNSEEN_LOW, UNSEEN_HIGH = "unseen_low_j", "unseen_high_j"


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Standard uncertainties (J) by name; `freedom`: of those that were estimated from few values."""

    standard_j: Mapping[str, float]
    freedom: Mapping[str, int] = field(default_factory=dict)
    unseen_low_j: float = 0.0
    unseen_high_j: float = 0.0

    def half_width_j(self, *, without: str | None = None) -> float:
        """Half of the 95 % interval (J), bounds left out; `without`: as if that component were not."""
        parts = {name: u for name, u in self.standard_j.items() if name != without}
        combined_j = math.sqrt(math.fsum(u**2 for u in parts.values()))
        weight = math.fsum(parts[name] ** 4 / nu for name, nu in self.freedom.items() if parts.get(name))
        if not weight:
            return COVERAGE_95 * combined_j
        return t95(combined_j**4 / weight) * combined_j

    def interval(self, energy_j: float) -> tuple[float, float]:
        """The 95 % interval of an energy (J); it never falls below zero."""
        half_j = self.half_width_j()
        return max(0.0, energy_j - half_j - self.unseen_low_j), energy_j + half_j + self.unseen_high_j

    @property
    def components(self) -> Mapping[str, float]:
        """As they are published: standard uncertainties, and the bounds where there are any."""
        bounds = {UNSEEN_LOW: self.unseen_low_j, UNSEEN_HIGH: self.unseen_high_j}
        return {**self.standard_j, **{name: j for name, j in bounds.items() if j}}
