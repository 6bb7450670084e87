"""What no board can draw, and sensors that are stuck: readings that make an energy a gap, or flag it."""

import math
from collections.abc import Iterable

from bench.nouns import Source, Window
from bench.physics.look import IMPOSSIBLE_RATIO, Look
from bench.physics.ticks import Between
from bench.units import S_PER_NS

# Ten renewals of the slowest gauge (arXiv:2312.02741, table 2): power in milliwatts is hardly ever the same.
_LONG_HELD_S = 1.0
# No load is steady to the milliwatt for so long (chosen: five means of the slowest field, longer than an idle).
_TOO_LONG_HELD_S = 5.0
_FORGOTTEN_NS = 1_300_000_000  # after that the longest mean known, one second, has forgotten a step
_MOVED_RATIO = 0.05


def impossible(between: Between, source: Source) -> str | None:
    """That a field gave no energy, or more power than the board can draw; None: it may be true."""
    if between.energy_j <= 0:
        return "did not move" if between.energy_j == 0 else f"gave {between.energy_j:.6g} J"
    power_w = between.energy_j / between.span_s
    most_w = (source.power_limit_w or math.inf) * IMPOSSIBLE_RATIO
    if power_w > most_w:
        return f"rose by {power_w:.0f} W, on a board limited to {source.power_limit_w:.0f} W"
    if between.highest_w > most_w:
        return f"leapt: {between.highest_w:.0f} W from one tick to the next, limit {source.power_limit_w:.0f} W"
    return None


def held(window: Window, look: Look, name: str) -> tuple[str, ...]:
    """That a power field showed one value for long: a steady load, or a field that is stuck."""
    start_ns, end_ns = _longest_hold(window, look, name)
    held_s = (end_ns - start_ns) * S_PER_NS
    if held_s <= _LONG_HELD_S:
        return ()
    return (f"{name} power showed one value for {held_s:.1f} s: a steady load, or a field that is stuck",)


def all_held(window: Window, look: Look, names: Iterable[str]) -> str | None:
    """That every field there is stood still for so long that no load explains it; None: one of them moved."""
    spans = [_longest_hold(window, look, name) for name in names]
    held_s = min(((end_ns - start_ns) * S_PER_NS for start_ns, end_ns in spans), default=0.0)
    if held_s <= _TOO_LONG_HELD_S:
        return None
    return f"showed one value for {held_s:.1f} s, and nothing beside it moved: a sensor that is stuck"


def stuck(window: Window, look: Look, name: str) -> str | None:
    """That a power field stood still while one of a longer mean moved, its memory of what was before left out."""
    start_ns, end_ns = _longest_hold(window, look, name)
    own_s = look.passport.fields[name].window_s or 0.0
    for other, field_ in look.passport.fields.items():
        # the mean of whole periods of a load stands still while shorter looks move, never the other way round
        if other not in look.shown or (field_.window_s or 0.0) <= own_s:
            continue
        seen = look.shown[other].between(start_ns + _FORGOTTEN_NS, end_ns).values
        if seen and max(seen) - min(seen) > _MOVED_RATIO * max(seen):
            return f"stood still for {(end_ns - start_ns) * S_PER_NS:.1f} s while the {other} power moved"
    return None


def _longest_hold(window: Window, look: Look, name: str) -> tuple[int, int]:
    """The longest span inside the window in which a power field showed one value; (0, 0): none."""
    inside = look.shown[name].between(window.start_ns, window.end_ns) if name in look.shown else None
    if inside is None or not len(inside):
        return 0, 0
    longest, since_ns = (0, 0), inside.t_ns[0]
    for i in range(1, len(inside)):
        since_ns = since_ns if inside.values[i] == inside.values[i - 1] else inside.t_ns[i]
        longest = max(longest, (since_ns, inside.t_ns[i]), key=lambda span: span[1] - span[0])
    return longest


def absurd(window: Window, look: Look, name: str) -> str | None:
    """That a field read a power inside the window that no board draws; None: it did not."""
    if name not in look.absurd:
        return None
    wrong = look.absurd[name].between(window.start_ns, window.end_ns).values
    return f"read {wrong[0]:g} W inside the window, which no board draws" if wrong else None
