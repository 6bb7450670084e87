"""What records sensors while something runs, as those who need it see it; `Sampler` is one."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from bench.nouns import Domain, Observation, Source
from bench.physics.view import sees_all

# Three ticks of the slowest counter known, 100 ms (arXiv:2312.02741, table 2; checked 2026-11-21), and a margin:
# so much idle stands before and after whatever is measured, so that ticks fall on both sides of it.
REST_S = 0.35
# Longer than one such tick: between a mark and the beginning of the work, so that the last tick before the work
# is seen by close looks too. Without it that tick is known to one ordinary look only: 2 % of a 1 s window.
APPROACH_S = 0.15

# Where only the mean of the last second is to be read: until such a mean has forgotten the work, and a margin.
TRAILING_REST_S = 1.3
# Out of step with every period known (10, 20, 100 ms), so that looks sweep over the moment of a renewal; and twice
# in each period of the fastest board known (20 ms: arXiv:2312.02741, table 2; checked 2026-11-21).
_CLOSE_S = 0.019
_CLOSE_RATIO = 0.47


def rest_s(sources: Sequence[Source]) -> float:
    """How much idle has to stand beside a window, so that every live sensor shows nothing else there."""
    return max((TRAILING_REST_S if _trails(source) else REST_S for source in sources), default=REST_S)


def _trails(source: Source) -> bool:
    """Whether trailing means are read that may be needed: no shorter look is known to see all of the time."""
    if source.meter != "nvml" or not {"average", "usage"} & set(source.fields):
        return False
    instant = source.passport.fields.get("instant") if source.passport else None
    return not _counter_sees_all(source) and (instant is None or not sees_all(instant))


def _counter_sees_all(source: Source) -> bool:
    counter = source.passport.fields.get("counter") if source.passport else None
    return counter is not None and sees_all(counter) and counter.follows is None


def period_s(sources: Sequence[Source], asked_s: float) -> float:
    """How often to look: as asked, but oftener at a board that may see a part of the time only.

    There each renewal counts, and its moment. A counter that sees everything does not mind slow looks.
    """
    partial = [s for s in sources if s.meter == "nvml" and s.fields and not _counter_sees_all(s)]
    if not partial:
        return asked_s
    fields = [f for s in partial if s.passport for f in s.passport.fields.values()]
    return min([asked_s, _CLOSE_S, *(f.update_s * _CLOSE_RATIO for f in fields if f.update_s)])


class Recorder(Protocol):
    """Sensors that are read in the background."""

    @property
    def sources(self) -> tuple[Source, ...]:
        """Every domain, the excluded ones too."""
        ...

    @property
    def lost(self) -> Mapping[Domain, str]:
        """Domains whose sensor died, and why."""
        ...

    def mark(self) -> None:
        """A window's edge is here: look closely for a moment."""
        ...

    def collect(self) -> tuple[Observation, ...]:
        """Everything since the last call. Raises SensorLost when nothing is recorded any more."""
        ...
