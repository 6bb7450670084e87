"""Ratios from interleaved rounds are those of the work, even while the machine slows down."""

import pytest

pytest.importorskip(
    "onnxruntime", reason="onnxruntime is missing: pip install 'joulemark[intent]'", exc_type=ImportError
)

from workloads.intent.timing import compare, interleaved


class Clock:
    """Time that passes only when somebody works."""

    def __init__(self):
        self.now_ns, self.slowness = 0, 1.0

    def __call__(self):
        return self.now_ns


class Working:
    """Takes so many nanoseconds a sentence on a machine that slows down by 1 % at each call."""

    def __init__(self, clock, each_ns):
        self.clock, self.each_ns = clock, each_ns

    def scores(self, batch):
        self.clock.slowness *= 1.01
        self.clock.now_ns += int(self.each_ns * len(batch) * self.clock.slowness)


def test_a_slowing_machine_does_not_tilt_the_ratio():
    """Half the work is half the time, within the interval, although the last round takes many times the first."""
    clock = Clock()
    variants = {"full": Working(clock, 1e6), "half": Working(clock, 5e5)}
    taken = interleaved(variants, [((1,),)] * 4, rounds=40, clock_ns=clock)
    found = compare(taken, "full")

    assert taken["full"][-1] > 10 * taken["full"][0]
    assert found["half"].low_ratio <= 0.5 <= found["half"].high_ratio
    assert found["half"].ratio == pytest.approx(0.5, rel=0.05)
    assert found["full"].ratio == 1.0
