"""Sends requests by a schedule. An open loop waits for no answer; in a closed one each user waits for their own.

The moment that the schedule means (`due_ns`) goes along with every request: latency counts from there, so that a
client or a server that stalls makes the requests behind it late instead of leaving them out (coordinated
omission: G. Tene, "How NOT to Measure Latency", 2013; wrk2's README, both checked 2026-11-21).
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator

from bench.nouns import Pace, Request, Send
from bench.run.load.arrivals import poisson, rest_of_pause, thinking
from bench.units import NS_PER_S, S_PER_NS

# A server that answers nothing is asked no further: so many failures in a row end a window. Chosen: one that fails
# every second request at random fails so many in a row once in a million (0.5²⁰), and one that refuses at once is
# asked by one user for a second.
MOST_FAILURES = 20
_PAUSE_AFTER_FAILURE_S = 0.05  # a closed loop against a dead port would else turn as fast as it can


class Play:
    """One window's worth of requests. `play(send)` returns when all that were sent have ended."""

    def __init__(self, pace: Pace, requests: Iterator[Request], duration_s: float, seed: int) -> None:
        self._pace = pace
        self._requests = requests
        self._duration_s = duration_s
        self._seed = seed
        self._failures = 0  # in a row
        self._arrivals = poisson(pace.rate_per_s, duration_s, seed) if pace.kind == "open" else ()

    async def __call__(self, send: Send) -> None:
        """Sends until the window's length has passed, or a server has failed too often in a row."""
        start_ns = time.monotonic_ns()
        if self._pace.kind == "open":
            await self._open(send, start_ns)
        else:
            await self._closed(send, start_ns)

    async def _open(self, send: Send, start_ns: int) -> None:
        under_way: set[asyncio.Task[None]] = set()
        for at_s in self._arrivals:
            due_ns = start_ns + round(at_s * NS_PER_S)
            await _until(due_ns)
            if self._gave_up:
                break
            task = asyncio.ensure_future(self._one(send, due_ns))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
        if not self._gave_up:  # the pause after the last arrival is waiting, as those between them are
            await _until(start_ns + round(self._duration_s * NS_PER_S))
        if under_way:
            await asyncio.gather(*under_way)

    async def _closed(self, send: Send, start_ns: int) -> None:
        stop_ns = start_ns + round(self._duration_s * NS_PER_S)
        await asyncio.gather(*(self._user(send, start_ns, stop_ns, n) for n in range(self._pace.users)))

    async def _user(self, send: Send, start_ns: int, stop_ns: int, number: int) -> None:
        """Asks, waits for the answer, thinks, asks again. Users who think do not all begin at once."""
        seed = self._seed * 100_003 + number
        pauses = thinking(self._pace.least_think_s, self._pace.most_think_s, seed)
        due_ns = start_ns + round(
            rest_of_pause(self._pace.least_think_s, self._pace.most_think_s, seed) * NS_PER_S
        )
        while due_ns < stop_ns and not self._gave_up:
            await _until(due_ns)
            await self._one(send, due_ns)
            due_ns = time.monotonic_ns() + round(next(pauses) * NS_PER_S)

    async def _one(self, send: Send, due_ns: int) -> None:
        if await send(next(self._requests), due_ns):
            self._failures = 0
            return
        self._failures += 1
        await asyncio.sleep(_PAUSE_AFTER_FAILURE_S)

    @property
    def _gave_up(self) -> bool:
        return self._failures >= MOST_FAILURES


def noted(due: list[tuple[int, int]]) -> Callable[[Request, int], Awaitable[bool]]:
    """Sends nothing, and keeps (meant, taken up) of every request: the bare schedule beside a real one."""

    async def keep(_: Request, due_ns: int) -> bool:
        due.append((due_ns, time.monotonic_ns()))
        return True

    return keep


async def _until(moment_ns: int) -> None:
    left_s = (moment_ns - time.monotonic_ns()) * S_PER_NS
    if left_s > 0:
        await asyncio.sleep(left_s)
