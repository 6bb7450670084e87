"""Hours that are paid for but not worked: energy of a loaded model that waits.

Coefficients are above the idle of the loaded model, so that idle runs through every provisioned hour, busy or not:
energy of a month = idle × all its hours + Σ terms × its work. SCI counts "all energy consumed by hardware reserved
or provisioned, not just the hardware actually used" (SCI specification 1.1, "Energy", published as ISO/IEC
21031:2024; github.com/Green-Software-Foundation/sci at 29cab98, SPEC.md; checked 2026-11-22).
"""

import math

from bench.errors import BadInput
from bench.nouns import Range
from bench.phrases import Phrase
from bench.units import J_PER_KWH

_W_PER_KW = 1_000.0


def kwh(energy_j: Range) -> Range:
    """Joules as kilowatt-hours."""
    return Range(low=energy_j.low / J_PER_KWH, value=energy_j.value / J_PER_KWH, high=energy_j.high / J_PER_KWH)


def idle_kwh(idle_w: Range, hours: float) -> Range:
    """Energy [kWh] of `idle_w` (a loaded model's, all boards and the host) over provisioned hours. BadInput."""
    if idle_w.low < 0:
        raise BadInput(Phrase("an idle power of {idle_w} W; needed is 0 or more", idle_w=idle_w.words))
    if not (math.isfinite(hours) and hours >= 0):
        raise BadInput(
            Phrase(
                "{hours!r} provisioned hours; needed is a number from 0 on (a month has about 730)", hours=hours
            )
        )
    return Range(
        low=idle_w.low * hours / _W_PER_KW,
        value=idle_w.value * hours / _W_PER_KW,
        high=idle_w.high * hours / _W_PER_KW,
    )
