"""Short work in trains that begin at evenly spread moments of a sensor's period, and what their scatter tells.

A sensor that looks at a part of each period sees a load that keeps in step with it at one and the same moment,
again and again. So a train of batches begins where the sensor's period stands at a chosen phase. Four trains
stand a quarter of the period apart (they make a block: together their looks tile the period), and every block is
turned by a random angle of its own, so that blocks are independent of each other and none is biased
(randomised quasi-Monte Carlo: Cranley, Patterson 1976, doi:10.1137/0713071; checked 2026-11-21).
"""

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from bench.nouns import Outcome, Window
from bench.physics.ticks import Ticks, energy_at
from bench.stats import deviation
from bench.units import NS_PER_S, S_PER_NS

TRAINS_A_BLOCK = 4
_ORDER = (0, 2, 1, 3)
# Long against the wait for the next phase (half a period on average), so that work, not waiting, fills a window.
PERIODS_A_TRAIN = 5
_TRAINS_A_WINDOW = 12  # in a short window trains are short, so that they leave from several phases all the same
# Blocks from which a scatter is told: with fewer trains, blocks of two or of one are compared, which scatter more.
LEAST_BLOCKS = 4


class Timetable:
    """When trains leave: reproducible from its seed."""

    def __init__(self, period_s: float, seed: int, window_s: float) -> None:
        self._period_ns = round(period_s * NS_PER_S)
        self._train_s = min(PERIODS_A_TRAIN * period_s, window_s / _TRAINS_A_WINDOW)
        self._phases = _phases(seed)

    @property
    def train_s(self) -> float:
        """How long a train goes on taking batches."""
        return self._train_s

    def departure_ns(self, now_ns: int) -> int:
        """The first moment from now on at which the sensor's period stands at the next phase."""
        phase_ns = round(next(self._phases) * self._period_ns)
        return now_ns + (phase_ns - now_ns) % self._period_ns


def _phases(seed: int) -> Iterator[float]:
    angles = random.Random(seed)
    while True:
        angle = angles.random()
        for step in _ORDER:
            yield (step / TRAINS_A_BLOCK + angle) % 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scatter:
    """The standard uncertainty of a window's energy (J) from the scatter of its blocks, and their number."""

    energy_j: float
    blocks: int


def block_scatter(window: Window, outcomes: Sequence[Outcome], marks: Ticks) -> Scatter | None:
    """What the scatter of blocks says of a window's energy; None where too few trains ran.

    mean power of block g: R_g; u(energy) = duration × s(R) / √blocks, with blocks - 1 degrees of freedom.
    """
    starts = train_starts(window, outcomes)
    size = next((n for n in (TRAINS_A_BLOCK, 2, 1) if len(starts) >= n * LEAST_BLOCKS), None)
    if size is None or len(marks.t_ns) < 2:
        return None
    whole = len(starts) - len(starts) % size  # a block that was not finished is left out
    edges = [*starts[:whole:size], starts[whole] if whole < len(starts) else window.end_ns]
    spans = [(a, b) for a, b in pairwise(edges) if b > a]
    if len(spans) < LEAST_BLOCKS:
        return None
    powers = [(energy_at(marks, b) - energy_at(marks, a)) / ((b - a) * S_PER_NS) for a, b in spans]
    return Scatter(
        energy_j=window.duration_s * deviation(powers) / math.sqrt(len(powers)),
        blocks=len(powers),
    )


def train_starts(window: Window, outcomes: Sequence[Outcome]) -> list[int]:
    """The moment (ns) at which each numbered train inside the window began, in their order."""
    found: dict[int, int] = {}
    for one in outcomes:
        if one.train_id is not None and window.start_ns <= one.start_ns and one.end_ns <= window.end_ns:
            found[one.train_id] = min(found.get(one.train_id, one.start_ns), one.start_ns)
    return [found[train] for train in sorted(found)]
