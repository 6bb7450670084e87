"""A test double: a power that never changes, as a counter and as a gauge. It measures nothing."""

import time
from collections.abc import Callable, Mapping, Sequence

from bench.errors import BadInput
from bench.files.options import check_options
from bench.nouns import Check, Found, Observation, Reading, Source
from bench.units import S_PER_NS

DEFAULT_POWER_W = 100.0
_COUNTERS = ("value", "low", "high")  # a modelled domain speaks in three counters


def open_meters(options: Mapping[str, str], *, clock_ns: Callable[[], int] = time.monotonic_ns) -> Found:
    """One meter on an imaginary wall socket. Options: `power_w`."""
    check_options("constant", options, ("power_w",))
    power_w = _power(options.get("power_w"))
    reason = f"a test double: {power_w:g} W by declaration"
    return Found(
        meters=(ConstantMeter(power_w, clock_ns),),
        checks=(Check(name="constant", status="degraded", reason=reason, remedy="use it in tests only"),),
    )


class ConstantMeter:
    """Energy counters that start at 0 J, and the power itself, at any time."""

    def __init__(self, power_w: float, clock_ns: Callable[[], int]) -> None:
        self._power_w = power_w
        self._clock_ns = clock_ns
        self._start_ns = clock_ns()

    @property
    def source(self) -> Source:
        """An imaginary device whose power is declared."""
        return Source(
            domain="wall",
            meter="constant",
            boundary="wall",
            basis="modelled",
            device="constant",
            device_name="constant power",
            fields=(*_COUNTERS, "instant"),
            reason=f"a test double: {self._power_w:g} W by declaration",
            details={"power_w": self._power_w},
        )

    def read(self) -> Sequence[Observation]:
        """power × time since it was opened, and the power."""
        now_ns = self._clock_ns()
        energy_j = self._power_w * (now_ns - self._start_ns) * S_PER_NS
        counters = [Reading(now_ns, "wall", name, "energy", energy_j) for name in _COUNTERS]
        return (*counters, Reading(now_ns, "wall", "instant", "power", self._power_w))

    def close(self) -> None:
        """Nothing is held open."""


def _power(text: str | None) -> float:
    try:
        power_w = DEFAULT_POWER_W if text is None else float(text)
    except ValueError:
        power_w = -1.0
    if not 0 <= power_w < float("inf"):
        raise BadInput(f"power_w: expected watts, 0 or more, found {text!r}")
    return power_w
