"""A load that a program switches, and that a simulated board's power follows: the loop between them is closed.

    python -m sim.live PATH EPOCH_NS IDLE_W BUSY_W REPEATS BUSY_S REST_S      busy and idle by turns

The program appends to a file, and the library reads on in it. What is to come is announced a moment before
it comes, so that no look at the sensor can miss it and no record tells of the past.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sim.truth import RECORD, Curve, live_curve

LEAD_NS = 200_000  # writing a record takes a tenth of this


@dataclass(frozen=True)
class LiveLoad:
    """`idle_w` until told otherwise. Every board that declares `statements`, and this epoch, follows it."""

    path: Path
    epoch_ns: int
    idle_w: float
    busy_w: float
    clock_ns: Callable[[], int] = time.monotonic_ns
    sleep: Callable[[float], None] = time.sleep

    @property
    def statements(self) -> list[str]:
        """What a board that follows this load declares."""
        return [f"point 0 {self.idle_w}", f"live {self.path}"]

    def busy(self, duration_s: float) -> tuple[int, int]:
        """Busy for `duration_s` from now on; returns after it the ns at which the load rose and fell."""
        start_ns = self.clock_ns() + LEAD_NS
        end_ns = start_ns + round(duration_s * 1e9)
        self._announce((start_ns, self.busy_w), (end_ns, self.idle_w))
        while (left_ns := end_ns - self.clock_ns()) > 0:
            self.sleep(left_ns * 1e-9)
        return start_ns, end_ns

    def switch(self, power_w: float) -> int:
        """Draws `power_w` until told otherwise; the ns from which on it does."""
        start_ns = self.clock_ns() + LEAD_NS
        self._announce((start_ns, power_w))
        return start_ns

    def curve(self) -> Curve:
        """The truth so far, in seconds since the epoch."""
        return live_curve(self.path, self.idle_w)

    def energy_j(self, start_ns: int, end_ns: int) -> float:
        """The joules that were drawn between two moments of CLOCK_MONOTONIC."""
        return self.curve().energy_j((start_ns - self.epoch_ns) * 1e-9, (end_ns - self.epoch_ns) * 1e-9)

    def _announce(self, *changes: tuple[int, float]) -> None:
        records = b"".join(RECORD.pack((t_ns - self.epoch_ns) * 1e-9, power_w) for t_ns, power_w in changes)
        with self.path.open("ab", buffering=0) as file:
            file.write(records)


def main(path: str, epoch_ns: str, idle_w: str, busy_w: str, repeats: str, busy_s: str, rest_s: str) -> None:
    """Busy and idle by turns, as an engine at work would be."""
    load = LiveLoad(Path(path), int(epoch_ns), float(idle_w), float(busy_w))
    for _ in range(int(repeats)):
        load.busy(float(busy_s))
        time.sleep(float(rest_s))


if __name__ == "__main__":
    main(*sys.argv[1:])
