"""The windows of a cell that a server works for: each has arrivals of its own, from the cell's seed."""

from contextlib import contextmanager
from dataclasses import replace

import pytest
from fakes import LOADED, FakeRecorder, FakeSession, spec
from virtual_time import VirtualTime

from bench.nouns import Outcome, Pace, Request, Usage, Workload
from bench.run.load import play
from bench.run.load.arrivals import poisson
from bench.run.runner import Task, measure_group
from bench.run.tape import Clockwork
from bench.units import S_PER_NS

WORKLOAD = Workload(
    name="w", family="causal-lm", requests=tuple(Request(id=f"q{i}", asked=Usage(requests=1)) for i in range(3))
)
RATE_PER_S, WINDOW_S = 5.0, 4.0


class ServedSession:
    """Answers at once, and keeps when each request of each window was meant (s from its start)."""

    loaded = LOADED

    def __init__(self, clock):
        self.clock, self.schedules, self._done = clock, [], []

    def stage(self, requests):
        return tuple(requests)

    def run(self, batch):
        raise AssertionError("a pace drives")

    def drive(self, play_):
        start_ns, due = self.clock.now_ns, []

        async def send(request, due_ns):
            due.append((due_ns - start_ns) * S_PER_NS)
            self._done.append((request, due_ns))
            return True

        self.clock.play(play_(send))
        self.schedules.append(tuple(due))

    def change(self):
        return None

    def take(self):
        done, self._done = self._done, []
        return [
            Outcome(
                request_id=request.id, batch_id=0, start_ns=due_ns, first_output_ns=None, end_ns=due_ns,
                requested=request.asked, achieved=request.asked, due_ns=due_ns,
            )
            for request, due_ns in done
        ]  # fmt: skip


@pytest.fixture
def schedules(monkeypatch):
    """Of a cell's seed: the schedules of its windows, the warm-up's first."""

    def of_seed(seed, pace):
        clock = VirtualTime()
        monkeypatch.setattr(play, "time", clock)
        session = ServedSession(clock)

        @contextmanager
        def load():
            yield session

        asked = replace(spec(window_s=WINDOW_S, warmup_s=WINDOW_S), seed=seed, pace=pace)
        time_ = Clockwork(clock_ns=clock.clock_ns, sleep=clock.sleep)
        task = Task(spec=asked, workload=WORKLOAD, run_id="r")
        [_] = measure_group([task], load, FakeRecorder(clock, FakeSession(clock)), {}, time_=time_)
        return session.schedules

    return of_seed


OPEN = Pace(kind="open", rate_per_s=RATE_PER_S)
CLOSED = Pace(kind="closed", users=2, least_think_s=0.5, most_think_s=1.0)


@pytest.mark.parametrize("pace", [OPEN, CLOSED], ids=lambda p: p.kind)
def test_no_two_windows_have_one_schedule(schedules, pace):
    """Of one cell, nor of cells with other seeds: a chance of one schedule is not measured again and again."""
    found = [tuple(round(at_s, 6) for at_s in due) for seed in (1, 2) for due in schedules(seed, pace)]

    assert len(found) >= 6
    assert len(set(found)) == len(found)


def test_a_cells_seed_makes_all_of_its_schedules_again(schedules):
    assert schedules(4, OPEN) == schedules(4, OPEN)


def test_schedules_are_those_of_the_pace_and_the_windows_length(schedules):
    """As many requests a second as the cell says, and nobody else's draws."""
    found = schedules(4, OPEN)

    assert all(any(due == pytest.approx(poisson(RATE_PER_S, WINDOW_S, 4000 + n), abs=1e-6) for n in range(9))
               for due in found)  # fmt: skip
