"""The published classes of NVIDIA's power sensors, as simulated boards declare them.

Source: Yang, Adamek, Armour, arXiv:2312.02741, table 2 (checked 2026-11-21). Whether a board's counter sees
everything or adds up the gated readings is not published: every class is simulated both ways, and without one.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class SensorClass:
    """How often the fields are renewed and how long they look; None: the field does not answer."""

    name: str
    title: str  # the board's name, as NVML would give it
    update_s: float
    instant_s: float | None = None
    average_s: float | None = None
    counter_tick_s: float = 0.1
    limit_w: float = 400.0

    @property
    def gate_s(self) -> float:
        """What a counter that adds up readings sees of every update."""
        return self.instant_s if self.instant_s is not None else self.average_s

    @property
    def gated(self) -> bool:
        """Whether a part of the time is never seen by the short look."""
        return self.gate_s < self.update_s


CLASSES = (
    SensorClass(name="volta", title="Simulated V100", update_s=0.02, instant_s=0.01, counter_tick_s=0.02),
    SensorClass(name="turing", title="Simulated T4", update_s=0.1, instant_s=0.1),
    SensorClass(name="ga100", title="Simulated A100", update_s=0.1, instant_s=0.025),
    SensorClass(name="ga102", title="Simulated RTX 3090", update_s=0.1, instant_s=0.1, average_s=1.0),
    SensorClass(name="ada", title="Simulated L4", update_s=0.1, average_s=1.0),
    SensorClass(
        name="hopper", title="Simulated H100", update_s=0.1, instant_s=0.025, average_s=1.0, limit_w=700.0
    ),
    SensorClass(name="grace", title="Simulated GH200", update_s=0.1, instant_s=0.02, average_s=1.0, limit_w=900.0),
)
COUNTERS = ("whole", "gated", "none")
