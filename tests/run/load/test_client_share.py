"""The share of a core that asking takes, while saturation is looked for: reading the replies is no part of it."""

import asyncio
import time

from fakes import LOADED

from bench.nouns import Outcome, Request, Usage
from bench.run.saturation import find_saturation

SERVICE_S, READING_S = 0.01, 0.15


def burn(cpu_s):
    """Computes for so long."""
    end_s = time.process_time() + cpu_s
    while time.process_time() < end_s:
        pass


class CostlyServer:
    """Answers after `SERVICE_S`; the client computes so long for every request, and for every take."""

    loaded = LOADED

    def __init__(self, *, asking_s=0.0, reading_s=0.0):
        self.asking_s, self.reading_s, self._done = asking_s, reading_s, []

    def stage(self, requests):
        return tuple(requests)

    def run(self, batch):
        raise AssertionError("a closed loop drives")

    def drive(self, play):
        async def send(request, due_ns):
            burn(self.asking_s)
            await asyncio.sleep(SERVICE_S)
            self._done.append((request, due_ns, time.monotonic_ns()))
            return True

        asyncio.run(play(send))

    def change(self):
        return None

    def take(self):
        burn(self.reading_s)
        done, self._done = self._done, []
        return [
            Outcome(
                request_id=request.id, batch_id=0, start_ns=due_ns, first_output_ns=None, end_ns=end_ns,
                requested=request.asked, achieved=request.asked, due_ns=due_ns,
            )
            for request, due_ns, end_ns in done
        ]  # fmt: skip


def share_of(server):
    requests = (Request(id="r", asked=Usage(requests=1)),)
    return find_saturation(server, requests, lambda _: None, most_users=1, least_s=0.15).client_ratio


def test_reading_the_replies_is_not_asking():
    """As long as the step itself lasts, were it counted: a whole core."""
    assert share_of(CostlyServer(reading_s=READING_S)) < 0.6


def test_asking_is():
    """A request computes as long as it then waits: half a core, less where others take turns at it."""
    assert share_of(CostlyServer(asking_s=SERVICE_S)) > 0.1
