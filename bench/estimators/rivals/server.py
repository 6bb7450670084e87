"""The server of the older calculators: a GPU and a CPU at full power, each for its share of a request's time.

    energy  =  (GPU W × (1 − e) + CPU W × e) × seconds × PUE

e is the share of the CPU, `eta_cpu`. Source: github.com/LaurealDente/env5001 at ee2eddf, traitement.py and api.py
(no licence stated: facts cited, nothing copied; checked 2026-11-22), whose defaults these are.
"""

from dataclasses import dataclass

from bench.estimators.rivals.figure import positive, within
from bench.units import J_PER_KWH

MOST_W = 1e6  # chosen: a rack of any maker's draws less
MOST_TOKENS_PER_S = 1e9  # chosen: beyond any server
MOST_PUE, MOST_G_PER_KWH = 10.0, 1e4  # chosen: beyond any building and any plant


@dataclass(frozen=True, slots=True, kw_only=True)
class OlderServer:
    """Watts, shares, tokens a second, PUE and g CO2e a kWh, as the older calculators take them. BadInput."""

    gpu_w: float = 700.0
    cpu_w: float = 70.0
    cpu_share_ratio: float = 0.15
    tokens_per_s: float = 60.0
    pue: float = 1.3
    grid_g_per_kwh: float = 60.0

    def __post_init__(self) -> None:
        within("hardware.power_gpu", self.gpu_w, 0.0, MOST_W)
        within("hardware.power_cpu", self.cpu_w, 0.0, MOST_W)
        within("hardware.eta_cpu", self.cpu_share_ratio, 0.0, 1.0)
        within("profile.throughput", positive("profile.throughput", self.tokens_per_s), 0.0, MOST_TOKENS_PER_S)
        within("region.pue", self.pue, 1.0, MOST_PUE)
        within("region.carbon_intensity", self.grid_g_per_kwh, 0.0, MOST_G_PER_KWH)

    @property
    def power_w(self) -> float:
        """What GPU and CPU draw together, before the building's share."""
        return self.gpu_w * (1 - self.cpu_share_ratio) + self.cpu_w * self.cpu_share_ratio

    def energy_kwh(self, duration_s: float) -> float:
        """The kWh of that time, the building's share inside."""
        return self.power_w * duration_s * self.pue / J_PER_KWH
