"""Did the board slow down, or was it told to draw less than when it began?"""

from collections.abc import Sequence

from bench.nouns import Source, Verdict, Window
from bench.physics import rules
from bench.physics.phases import work
from bench.physics.series import SeriesMap

# NVML clock event reasons (nvml.h, NVIDIA driver API reference; checked 2026-11-21)
_HARDWARE_SLOWDOWN = 0x8 | 0x40 | 0x80  # HwSlowdown, HwThermalSlowdown, HwPowerBrakeSlowdown
_SOFTWARE_THERMAL = 0x20
_SOFTWARE_POWER_CAP = 0x4


def slowed(source: Source, known: SeriesMap, windows: Sequence[Window]) -> list[Verdict]:
    """Slowdown and power cap inside work windows, and a limit that moved from the first idle on."""
    return [*_events(source, known, work(windows)), *_limit(source, known, windows)]


def _events(source: Source, known: SeriesMap, windows: Sequence[Window]) -> list[Verdict]:
    """By what looks saw, and by running totals, which miss nothing between two looks inside a window."""
    seen = 0
    for window in windows:
        reasons = known.get((source.domain, "event_reasons", "condition"))
        for value in reasons.between(window.start_ns, window.end_ns).values if reasons else ():
            seen |= int(value)
    slow_s, capped_s = (_grown(source, known, windows, name) for name in ("thermal_slowdown_s", "power_cap_s"))
    found = []
    if seen & (_HARDWARE_SLOWDOWN | _SOFTWARE_THERMAL) or slow_s > 0:
        evidence = f"thermal or hardware slowdown inside a work window ({_said(seen, slow_s)})"
        found.append(rules.THROTTLED.voids(source.domain, evidence))
    if seen & _SOFTWARE_POWER_CAP or capped_s > 0:
        evidence = f"the board ran at its power limit ({_said(seen, capped_s)})"
        found.append(rules.POWER_CAP.flags(source.domain, evidence))
    return found


def _grown(source: Source, known: SeriesMap, windows: Sequence[Window], name: str) -> float:
    """By how much (s) a running total grew between the first and the last look inside each window, at most."""
    total = known.get((source.domain, name, "condition"))
    inside = [total.between(w.start_ns, w.end_ns).values for w in windows] if total else []
    return max((values[-1] - values[0] for values in inside if values), default=0.0)


def _said(seen: int, held_back_s: float) -> str:
    return f"event reasons 0x{seen:x}" + (
        f"; for {held_back_s:.3g} s by NVML's own count" if held_back_s > 0 else ""
    )


def _limit(source: Source, known: SeriesMap, windows: Sequence[Window]) -> list[Verdict]:
    """The limit at the start is in the coefficient's key: a run under two limits belongs to neither."""
    limits = known.get((source.domain, "power_limit_w", "condition"))
    if limits is None or source.power_limit_w is None:
        return []
    seen = [v for w in windows for v in limits.between(w.start_ns, w.end_ns).values]
    moved_w = max((abs(v - source.power_limit_w) for v in seen), default=0.0)
    if moved_w <= rules.SETTLED_W:
        return []
    evidence = f"{min(seen):g} to {max(seen):g} W during the run, {source.power_limit_w:g} W before it"
    return [rules.LIMIT_CHANGED.voids(source.domain, evidence)]
