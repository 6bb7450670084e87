"""A simulated board under known steps on a virtual clock: what `watch_steps` needs of sampler and load.

One minute of a real board passes in a moment, and the truth is what `Board` was made with.
"""

from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from fakes import FakeClock, seconds
from sim.board import Board, pulses
from sim.classes import SensorClass

from bench.nouns import Observation, Source

IDLE_W, BUSY_W = 80.0, 300.0
BEGINS_S = 1000.0
LOOK_LATE_S = 0.0001  # a sleeping process wakes about this late


@dataclass
class Stepped:
    """A board that is idle but while it is kept busy, looked at only while a burst goes on."""

    of: SensorClass
    flaws: Mapping[str, object] = field(default_factory=dict)
    clock: FakeClock = field(default_factory=lambda: FakeClock(seconds(BEGINS_S)))
    spans_s: list[tuple[float, float]] = field(default_factory=list)
    bursts_s: list[tuple[float, float, float]] = field(default_factory=list)  # start, end, period

    @property
    def board(self) -> Board:
        """The board, and all that it has drawn so far."""
        return Board(of=self.of, power=pulses(self.spans_s, IDLE_W, BUSY_W), **self.flaws)

    @property
    def sources(self) -> tuple[Source, ...]:
        return (self.board.source,)

    def burst(self, duration_s: float, period_s: float) -> None:
        """As a sampler does: looks this often for so long; the last one asked for counts."""
        now_s = self.clock.now_ns * 1e-9
        self.bursts_s = [(a, min(b, now_s), p) for a, b, p in self.bursts_s]
        self.bursts_s.append((now_s, now_s + duration_s, period_s))

    def keep_busy(self, duration_s: float) -> tuple[int, int]:
        """As a load does: its time passes, and the moments of its first and last instant come back."""
        start_ns = self.clock.now_ns
        self.clock.sleep(duration_s)
        self.spans_s.append((start_ns * 1e-9, self.clock.now_ns * 1e-9))
        return start_ns, self.clock.now_ns

    def collect(self) -> tuple[Observation, ...]:
        """What all looks until now have found."""
        now_s = self.clock.now_ns * 1e-9
        grids = [np.arange(a, min(b, now_s), p) for a, b, p in self.bursts_s]
        looks_s = np.concatenate(grids)
        late_s = np.random.default_rng(0).exponential(LOOK_LATE_S, len(looks_s))
        return self.board.readings(np.unique(looks_s + late_s))

    @contextmanager
    def opened(self, *_: object, **__: object):
        """Stands in the place of `Sampler` and of `remote_load`."""
        yield self
