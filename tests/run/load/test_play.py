"""One window's requests, in a time that only waiting passes: when each is meant, who waits, who gives up."""

import asyncio
from collections import defaultdict
from itertools import count, pairwise

import pytest
from fakes import seconds
from virtual_time import VirtualTime

from bench.nouns import Pace, Request
from bench.run.load import play
from bench.run.load.arrivals import poisson
from bench.run.load.play import MOST_FAILURES, Play, noted

START_S = 1000.0
THINKERS = Pace(kind="closed", users=20, least_think_s=0.5, most_think_s=1.0)


@pytest.fixture
def clock(monkeypatch):
    found = VirtualTime(seconds(START_S))
    monkeypatch.setattr(play, "time", found)
    return found


class Server:
    """Takes `service_s` for each; stalls the whole client once, at its n-th request; fails those numbered."""

    def __init__(self, clock, *, service_s=0.0, stall=(-1, 0.0), fails=lambda _: False):
        self.clock, self.service_s, self.stall, self.fails = clock, service_s, stall, fails
        self.ids, self.due_s, self.begun_s, self.ended_s = [], [], [], []  # in the order of sending
        self.under_way, self.most_under_way = 0, 0

    async def send(self, request, due_ns):
        number = len(self.ids)
        self.ids.append(request.id)
        self.due_s.append(due_ns / 1e9 - START_S)
        self.begun_s.append(self._now_s())
        self.ended_s.append(None)
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        if number == self.stall[0]:
            self.clock.sleep(self.stall[1])
        await asyncio.sleep(self.service_s)
        self.under_way -= 1
        self.ended_s[number] = self._now_s()
        return not self.fails(number)

    def _now_s(self):
        return self.clock.now_ns / 1e9 - START_S


def played(clock, pace, duration_s=10.0, seed=7, **server):
    """What a server saw of one window; all that was sent has ended."""
    found = Server(clock, **server)
    requests = (Request(id=str(i)) for i in count())
    clock.play(Play(pace, requests, duration_s, seed)(found.send))
    assert None not in found.ended_s
    assert found.ids == [str(i) for i in range(len(found.ids))]
    return found


def opened(rate_per_s):
    return Pace(kind="open", rate_per_s=rate_per_s)


def test_an_open_loop_sends_by_its_schedule_and_waits_for_no_answer(clock):
    """Answers take 5 s, thirty times the mean gap: not one request waits for another."""
    found = played(clock, opened(6.0), service_s=5.0)

    assert found.due_s == pytest.approx(poisson(6.0, 10.0, 7), abs=1e-6)
    assert found.begun_s == pytest.approx(found.due_s, abs=1e-5)
    assert found.most_under_way > 15
    assert clock.now_ns / 1e9 - START_S == pytest.approx(found.due_s[-1] + 5.0, abs=1e-4)  # and then it ends


def test_the_seed_decides_an_open_schedule(clock):
    assert len(played(clock, opened(6.0), seed=8).due_s) > 30
    assert Play(opened(6.0), iter(()), 10.0, 8)._arrivals != Play(opened(6.0), iter(()), 10.0, 9)._arrivals


def test_a_stall_makes_those_behind_it_late_and_leaves_none_out(clock):
    """Coordinated omission: for 4 s nobody can send. All are sent, and each counts from when it was meant."""
    found = played(clock, opened(10.0), stall=(20, 4.0))

    assert found.due_s == pytest.approx(poisson(10.0, 10.0, 7), abs=1e-6)
    over_s = found.begun_s[20] + 4.0
    behind = [(due_s, at_s) for due_s, at_s in zip(found.due_s, found.begun_s, strict=True) if due_s < over_s]
    late_s = [at_s - due_s for due_s, at_s in behind[21:]]
    assert len(late_s) > 25
    assert late_s == pytest.approx([over_s - due_s for due_s, _ in behind[21:]], abs=1e-3)
    assert max(late_s) > 3.0


def test_a_stall_of_the_client_counts_for_users_too(clock):
    """While one user's request stalls the client for 3 s the others' pauses end: they were meant before."""
    found = played(clock, THINKERS, stall=(30, 3.0), service_s=0.01)

    late_s = [at_s - due_s for due_s, at_s in zip(found.due_s, found.begun_s, strict=True)]
    assert sum(late > 1.0 for late in late_s) > 15
    assert max(late_s) > 2.0


@pytest.mark.parametrize("users", [1, 2, 200])
def test_so_many_users_each_wait_for_their_answer(clock, users):
    """0.5 s each and no thought: twenty rounds of 10 s, and never more at once than there are users."""
    found = played(clock, Pace(kind="closed", users=users), service_s=0.5)

    assert found.most_under_way == users
    assert found.due_s[:users] == [0.0] * users
    assert len(found.due_s) == 20 * users
    assert max(found.due_s) < 10.0


def test_users_think_between_an_answer_and_the_next_request(clock):
    """One user: each gap from an answer on is a draw from 0.5 to 1 s, and none is like the other."""
    one = Pace(kind="closed", users=1, least_think_s=0.5, most_think_s=1.0)
    found = played(clock, one, duration_s=200.0, service_s=0.25)

    pauses_s = [due_s - end_s for end_s, due_s in zip(found.ended_s, found.due_s[1:], strict=False)]
    assert len(pauses_s) > 150
    assert 0.5 <= min(pauses_s) < 0.52
    assert 0.98 < max(pauses_s) <= 1.0
    assert len({round(pause, 6) for pause in pauses_s}) == len(pauses_s)


def test_users_who_think_do_not_begin_at_once_and_think_each_by_themselves(clock):
    found = played(clock, THINKERS, service_s=0.01)

    first_s = found.due_s[:20]
    assert all(0.0 <= due_s <= 1.0 for due_s in first_s)
    assert len(set(first_s)) == 20
    # 10 s of rounds of 0.76 s on average, for each of twenty
    assert len(found.due_s) == pytest.approx(20 * 10 / 0.76, rel=0.08)


def test_a_window_of_users_who_think_is_as_busy_at_its_start_as_later(clock):
    """Else its first half second is idle, and dearer a request than any later one."""
    many = Pace(kind="closed", users=500, least_think_s=0.5, most_think_s=1.0)
    found = played(clock, many, duration_s=2.0)
    thirds = [sum(k * 0.5 <= due_s < (k + 1) * 0.5 for due_s in found.due_s) for k in range(4)]

    assert all(one == pytest.approx(500 * 0.5 / 0.75, rel=0.12) for one in thirds)


def test_an_open_window_is_as_long_as_it_was_asked_to_be(clock):
    """The pause after the last arrival is waiting too; without one arrival all of it is."""
    for rate_per_s in (0.001, 0.5, 20.0):
        began_ns = clock.now_ns
        played(clock, opened(rate_per_s), duration_s=3.0, service_s=0.01)
        assert (clock.now_ns - began_ns) * 1e-9 == pytest.approx(3.0, abs=0.02)


def test_no_request_is_meant_after_the_window(clock):
    for pace in (THINKERS, opened(20.0), Pace(kind="closed", users=3)):
        assert max(played(clock, pace, duration_s=2.0, service_s=0.3).due_s) < 2.0
        clock.now_ns = seconds(START_S)


def test_an_open_loop_gives_a_dead_server_up(clock):
    found = played(clock, opened(10.0), duration_s=60.0, fails=lambda _: True)

    assert len(found.ids) == MOST_FAILURES < len(poisson(10.0, 60.0, 7))
    assert clock.now_ns / 1e9 - START_S < 10.0


def test_one_user_gives_a_dead_server_up_after_a_second(clock):
    """0.05 s after each failure: a dead port is not asked as fast as a client can turn."""
    found = played(clock, Pace(kind="closed"), duration_s=60.0, fails=lambda _: True)

    assert len(found.ids) == MOST_FAILURES
    assert [after - before for before, after in pairwise(found.begun_s)] == pytest.approx([0.05] * 19, abs=1e-4)


@pytest.mark.parametrize("pace", [opened(10.0), Pace(kind="closed")])
def test_failures_count_in_a_row(clock, pace):
    """One answer in twenty is enough to go on, to the window's end."""
    found = played(clock, pace, duration_s=30.0, fails=lambda n: n % MOST_FAILURES != 0, service_s=0.01)

    assert len(found.ids) > 2 * MOST_FAILURES
    assert found.begun_s[-1] > 29.0


def test_what_is_under_way_when_a_server_is_given_up_is_waited_for(clock):
    found = played(clock, opened(50.0), duration_s=60.0, service_s=2.0, fails=lambda _: True)

    assert len(found.ids) > MOST_FAILURES
    assert found.under_way == 0


def test_the_bare_schedule_says_when_each_was_meant_and_taken_up(clock):
    due = []
    clock.play(Play(opened(5.0), (Request(id="r") for _ in count()), 10.0, 7)(noted(due)))

    assert [meant_ns / 1e9 - START_S for meant_ns, _ in due] == pytest.approx(poisson(5.0, 10.0, 7), abs=1e-6)
    assert all(0 <= taken_ns - meant_ns < 1e4 for meant_ns, taken_ns in due)


def test_users_are_drawn_apart_by_window_too(clock):
    """No user of one seed thinks as any of the next seed does."""
    pauses = defaultdict(int)
    for seed in range(50):
        clock.now_ns = seconds(START_S)
        for due_s in played(clock, THINKERS, duration_s=1.0, seed=seed).due_s[:20]:
            pauses[due_s] += 1
    assert set(pauses.values()) == {1}
