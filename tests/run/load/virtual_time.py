"""An event loop whose time passes only by waiting for it: a schedule of minutes is played at once, and exactly."""

import asyncio
import math
import selectors

from fakes import FakeClock

from bench.units import NS_PER_S


class VirtualTime(FakeClock):
    """A clock that stands in for the module `time` in what is played: `sleep` stalls, as busy code does."""

    def monotonic_ns(self):
        return self.now_ns

    def play(self, main):
        """Runs a coroutine to its end in a loop of this clock."""
        with asyncio.Runner(loop_factory=lambda: _Loop(self)) as runner:
            return runner.run(main)


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self, clock):
        self._clock = clock
        super().__init__(_Leap(clock))

    def time(self):
        return self._clock.now_ns / NS_PER_S


class _Leap(selectors.SelectSelector):
    """Waits for nothing: the time that would pass has passed."""

    def __init__(self, clock):
        super().__init__()
        self._clock = clock

    def select(self, timeout=None):
        assert timeout is not None, "nothing is under way, and nothing will ever come"
        self._clock.now_ns += math.ceil(max(timeout, 0) * NS_PER_S)
        return super().select(0)
