"""What records sensors while something runs, as those who need it see it; `Sampler` is one."""

from collections.abc import Mapping
from typing import Protocol

from bench.nouns import Domain, Observation, Source

# Three ticks of the slowest counter known, 100 ms (arXiv:2312.02741, table 2; checked 2026-11-21), and a margin:
# so much idle stands before and after whatever is measured, so that ticks fall on both sides of it.
REST_S = 0.35
# Longer than one such tick: between a mark and the beginning of the work, so that the last tick before the work
# is seen by close looks too. Without it that tick is known to one ordinary look only: 2 % of a 1 s window.
APPROACH_S = 0.15


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
