"""Every reason to doubt a figure, in one table: its thresholds, whose figures it touches, what helps, and why so.

What looks for a reason compares with the numbers that stand here, and docs/method.md prints them.
Sources were checked on 2026-11-21. "Chosen" says that nobody has published a number.
"""

from bench.nouns import Verdict
from bench.physics.doubt import Rule
from bench.physics.rules.forbidden import (
    ABOVE_LIMIT,
    ABOVE_PEAK,
    BELOW_IDLE,
    BELOW_IDLE_RATIO,
    BELOW_MEMORY_COST,
    CROWDED,
    FASTER_THAN_MEMORY,
    FREE_BYTES,
    LARGEST_CACHE_BYTES,
    LEAST_J_PER_BYTE,
    OF_CALIBRATIONS,
)
from bench.physics.rules.machine import (
    BUSY_BOARD,
    BUSY_MACHINE,
    CLOCK_DRIFT,
    FASTEST_C_PER_MIN,
    FOREIGN,
    FOREIGN_CPU,
    HELD_MIB,
    LEAST_RISE_C,
    LIMIT_CHANGED,
    POWER_CAP,
    SETTLED_W,
    STEAL,
    TEMPERATURE_DRIFT,
    THROTTLED,
    USED_RATIO,
)
from bench.physics.rules.readings import (
    DEVICE_NOT_FOUND,
    ELSEWHERE,
    FAULT,
    FROZEN_POWER,
    NO_SENSOR,
    OTHER_MODULE,
    REPLAYED,
    SAMPLER_GAP,
    SENSOR_LOST,
    SENSOR_SILENT,
    VOID_WINDOWS,
)
from bench.physics.rules.work import (
    AIMED_RATIO,
    COUNTS_UNCHECKED,
    FAILED_REQUESTS,
    FEW_REPEATS,
    FEW_TICKS,
    FEWEST_ANSWERS,
    FEWEST_REQUESTS,
    FEWEST_TICKS,
    LATEST_RATIO,
    LATEST_S,
    NO_WORK,
    OTHER_BOARD,
    OTHER_SERVER,
    OTHER_WORK,
    RELOADED,
    SENT_LATE,
    SHORTEST_S,
    STILL_AT_WORK_RATIO,
    STILL_BUSY_RATIO,
    STRAY_WORK,
    THIN_RATIO,
    THIN_SHARE,
    WIDER,
    WORK_AFTER,
)

RULES = (
    NO_SENSOR, ELSEWHERE, SENSOR_LOST, FAULT, SENSOR_SILENT, SAMPLER_GAP, VOID_WINDOWS, FROZEN_POWER, REPLAYED,
    OTHER_MODULE, DEVICE_NOT_FOUND, NO_WORK, FAILED_REQUESTS, OTHER_WORK, OTHER_SERVER, OTHER_BOARD, WORK_AFTER,
    RELOADED, COUNTS_UNCHECKED, STRAY_WORK, SENT_LATE, FEW_REPEATS, WIDER, FEW_TICKS, THROTTLED, POWER_CAP,
    LIMIT_CHANGED, CLOCK_DRIFT, TEMPERATURE_DRIFT, FOREIGN, BUSY_BOARD, BUSY_MACHINE, FOREIGN_CPU, STEAL,
    ABOVE_LIMIT, BELOW_IDLE, BELOW_MEMORY_COST, FASTER_THAN_MEMORY, *OF_CALIBRATIONS,
)  # fmt: skip
_BY_NAME = {rule.name: rule for rule in RULES}


def of_verdict(verdict: Verdict) -> Rule:
    """The rule that a verdict goes by. Raises KeyError for a name that is in no table."""
    return _BY_NAME[verdict.name]


__all__ = [
    "ABOVE_LIMIT", "ABOVE_PEAK", "AIMED_RATIO", "BELOW_IDLE", "BELOW_IDLE_RATIO", "BELOW_MEMORY_COST",
    "BUSY_BOARD", "BUSY_MACHINE", "CLOCK_DRIFT", "COUNTS_UNCHECKED", "CROWDED", "DEVICE_NOT_FOUND", "ELSEWHERE",
    "FAILED_REQUESTS", "FASTER_THAN_MEMORY", "FASTEST_C_PER_MIN", "FAULT", "FEWEST_ANSWERS", "FEWEST_REQUESTS",
    "FEWEST_TICKS", "FEW_REPEATS", "FEW_TICKS", "FOREIGN", "FOREIGN_CPU", "FREE_BYTES", "FROZEN_POWER", "HELD_MIB",
    "LARGEST_CACHE_BYTES", "LATEST_RATIO", "LATEST_S", "LEAST_J_PER_BYTE", "LEAST_RISE_C", "LIMIT_CHANGED",
    "NO_SENSOR", "NO_WORK", "OF_CALIBRATIONS", "OTHER_BOARD", "OTHER_MODULE", "OTHER_SERVER", "OTHER_WORK",
    "POWER_CAP", "RELOADED", "REPLAYED", "RULES", "SAMPLER_GAP", "SENSOR_LOST", "SENSOR_SILENT", "SENT_LATE",
    "SETTLED_W", "SHORTEST_S", "STEAL", "STILL_AT_WORK_RATIO", "STILL_BUSY_RATIO", "STRAY_WORK",
    "TEMPERATURE_DRIFT", "THIN_RATIO", "THIN_SHARE", "THROTTLED", "USED_RATIO", "VOID_WINDOWS", "WIDER",
    "WORK_AFTER", "of_verdict",
]  # fmt: skip
