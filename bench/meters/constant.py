"""A test double: a declared power, as a counter and as a gauge. It measures nothing.

`busy_w` makes it a pretend machine whose power follows work: so many watts more for the share of a processor that
the process which opened the meters takes. A demonstration then has terms to show; they describe the declaration.
"""

import os
import time
from collections.abc import Callable, Mapping, Sequence

from bench.errors import BadInput
from bench.files.options import check_options
from bench.nouns import Check, Found, Observation, Reading, Source
from bench.units import S_PER_NS

DEFAULT_POWER_W = 100.0
_COUNTERS = ("value", "low", "high")  # a modelled domain speaks in three counters


def open_meters(
    options: Mapping[str, str],
    *,
    clock_ns: Callable[[], int] = time.monotonic_ns,
    worked_ns: Callable[[], int] | None = None,
) -> Found:
    """One meter on an imaginary wall socket. Options: `power_w`, `busy_w`.

    `worked_ns`: the processor time of who asks for work; by default that of the process that started this one.
    """
    check_options("constant", options, ("power_w", "busy_w"))
    power_w, busy_w = _power("power_w", options, DEFAULT_POWER_W), _power("busy_w", options, 0.0)
    meter = ConstantMeter(power_w, clock_ns, busy_w, worked_ns or _worked_ns if busy_w else lambda: 0)
    said = _said(power_w, busy_w)
    return Found(
        meters=(meter,),
        checks=(Check(name="constant", status="degraded", reason=said, remedy="use it in tests only"),),
    )


class ConstantMeter:
    """Energy counters that start at 0 J, and the power itself, at any time."""

    def __init__(
        self,
        power_w: float,
        clock_ns: Callable[[], int],
        busy_w: float = 0.0,
        worked_ns: Callable[[], int] = lambda: 0,
    ) -> None:
        self._power_w = power_w
        self._busy_w = busy_w
        self._clock_ns = clock_ns
        self._worked_ns = worked_ns
        self._start_ns, self._start_worked_ns = clock_ns(), worked_ns()
        self._last_ns, self._last_j = self._start_ns, 0.0

    @property
    def source(self) -> Source:
        """An imaginary device whose power is declared."""
        busy = {"busy_w": self._busy_w} if self._busy_w else {}
        return Source(
            domain="wall",
            meter="constant",
            boundary="wall",
            basis="modelled",
            device="constant",
            device_name="declared power" if busy else "constant power",
            fields=(*_COUNTERS, "instant"),
            reason=_said(self._power_w, self._busy_w),
            details={"power_w": self._power_w, **busy},
        )

    def read(self) -> Sequence[Observation]:
        """Declared joules since it was opened, and the mean power since the last look."""
        now_ns = self._clock_ns()
        worked_s = (self._worked_ns() - self._start_worked_ns) * S_PER_NS
        energy_j = self._power_w * (now_ns - self._start_ns) * S_PER_NS + self._busy_w * worked_s
        over_s = (now_ns - self._last_ns) * S_PER_NS
        mean_w = (energy_j - self._last_j) / over_s if self._busy_w and over_s > 0 else self._power_w
        self._last_ns, self._last_j = now_ns, energy_j
        counters = [Reading(now_ns, "wall", name, "energy", energy_j) for name in _COUNTERS]
        return (*counters, Reading(now_ns, "wall", "instant", "power", mean_w))

    def close(self) -> None:
        """Nothing is held open."""


def _said(power_w: float, busy_w: float) -> str:
    more = f" and {busy_w:g} W more while work computes" if busy_w else ""
    return f"a test double: {power_w:g} W{more} by declaration"


def _worked_ns() -> int:
    """The processor time of the parent process, all of its threads: the worker's, for the sampler is its child.

    Linux gives the clock of another process under this number: include/linux/posix-timers_types.h,
    make_process_cpuclock with CPUCLOCK_SCHED; checked 2026-11-21.
    """
    return time.clock_gettime_ns((~os.getppid() << 3) | 2)


def _power(name: str, options: Mapping[str, str], default_w: float) -> float:
    text = options.get(name)
    try:
        power_w = default_w if text is None else float(text)
    except ValueError:
        power_w = -1.0
    if not 0 <= power_w < float("inf"):
        raise BadInput(f"{name}: expected watts, 0 or more, found {text!r}")
    return power_w
