"""What a sensor that looks at a part of the time may have missed of a window.

A load that Joulemark drives leaves in trains from phases that tile the sensor's period: the scatter of their
blocks tells what was missed. A load that nobody drives can keep in step with the sensor and never show its
other face: then only bounds are left, between nothing and the board's limit, for all that was not seen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bench.nouns import POWER_FIELDS, FieldPassport, Outcome, Passport, Source, Window
from bench.physics.budget import VIEW
from bench.physics.folding import LEAST_SEEN_RATIO, fold
from bench.physics.gauge import SLOWEST_UPDATE_S
from bench.physics.ticks import Between, Ticks
from bench.physics.trains import block_scatter

SEES_PART = "this sensor"  # how the flag begins that bounds were needed
_SENSOR_FIELDS = ("counter", *POWER_FIELDS)
# Chosen: window and period are each known to a few per cent, and no published look lies between a half and all.
_WHOLE_RATIO = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """What was not seen: a standard uncertainty with its degrees of freedom, or bounds (J), and what to say."""

    standard_j: Mapping[str, float] = field(default_factory=dict)
    freedom: Mapping[str, int] = field(default_factory=dict)
    missing_j: float = 0.0  # to be added to what was seen
    low_j: float = 0.0
    high_j: float = 0.0
    flags: tuple[str, ...] = ()


def sees_all(passport: FieldPassport) -> bool:
    """Whether the field is known to tell of all of the time."""
    return passport.seen_ratio is not None and passport.seen_ratio >= _WHOLE_RATIO


def dither_s(passport: Passport) -> float | None:
    """The period (s) that driven work has to be spread over; None where the sensor is known to see all."""
    counter = passport.fields.get("counter")
    fields = {name: field for name, field in passport.fields.items() if name in _SENSOR_FIELDS}
    if not fields or (counter is not None and sees_all(counter)):
        return None
    if counter is None and any(sees_all(field) for field in fields.values()):
        return None
    return max(field.update_s or SLOWEST_UPDATE_S for field in fields.values())


def unseen(
    window: Window,
    between: Between,
    marks: Ticks,
    passport: FieldPassport,
    source: Source,
    outcomes: Sequence[Outcome],
    *,
    highest_w: float,
) -> Unseen | str:
    """What the field may have missed in the window; or, where not even bounds are known, why.

    The first of these that can be told: nothing (it sees all); what folding adds, with its uncertainty (J); the
    scatter of blocks of trains (J); and of a load that nobody drove, bounds (J): with the share r that is seen,
    (1 - r) of the energy may be too much, and (1 - r) of what the limit leaves above it may be missing.

    Example: 1000 J in 10 s by a sensor that sees a quarter, of a board of 400 W: 750 J below, 2250 J above, so
    that the interval is 250 to 3250 J before anything else. `highest_w`: where it showed more than its limit,
    that.
    """
    # only of graphics boards is it known that sensors look at a part of the time
    if sees_all(passport) or (passport.seen_ratio is None and source.boundary != "gpu"):
        return Unseen()
    folded = fold(window, outcomes, marks, passport)
    if folded is not None:
        return Unseen(
            missing_j=folded.missing_j,
            standard_j={VIEW: folded.standard_j},
            freedom={VIEW: folded.freedom},
        )
    scatter = block_scatter(window, outcomes, marks)
    if scatter is not None:
        return Unseen(standard_j={VIEW: scatter.energy_j}, freedom={VIEW: scatter.blocks - 1})
    return _bounds(between, passport, source, highest_w)


def _bounds(between: Between, passport: FieldPassport, source: Source, highest_w: float) -> Unseen | str:
    """Of a load that nobody drove: what may be too much, and what may be missing."""
    ratio = passport.seen_ratio or LEAST_SEEN_RATIO
    if not source.power_limit_w:
        return f"sees {ratio:.0%} of the time at worst, and no power limit bounds the rest"
    most_j = max(source.power_limit_w, highest_w) * between.span_s
    seen = (
        f"sees {ratio:.0%} of the time" if passport.seen_ratio else f"may see as little as {ratio:.0%} of the time"
    )
    return Unseen(
        low_j=(1 - ratio) * between.energy_j,
        high_j=(1 - ratio) * max(0.0, most_j - between.energy_j),
        flags=(f"{SEES_PART} {seen}, and a load in step with it can't be told from a steady one: wide interval",),
    )
