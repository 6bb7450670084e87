"""Saturation of a fake server of known slots and service time, and the loads that a sweep chooses by it."""

import asyncio
import time
from itertools import count

import pytest
from fakes import LOADED

from bench.errors import CannotRun
from bench.nouns import Outcome, Request, Usage
from bench.run.saturation import Saturation, find_saturation
from bench.run.sweep import LADDER, levels_of

REQUESTS = (Request(id="r", asked=Usage(requests=1)),)


class SlotServer:
    """So many requests at work at once, `service_s` each; others wait, or from `refuse_from` on are refused."""

    loaded = LOADED

    def __init__(
        self, service_s, slots, *, refuse_from=None, slows_from=None, fails=(), stalls=None, hiccups=(0, -1)
    ):
        self.service_s, self.slots, self.refuse_from, self.fails = service_s, slots, refuse_from, fails
        self.slows_from = slows_from or 10_000  # so many at once, and each takes five times as long
        self.stalls = stalls  # the number of the drive in which every request takes five times as long
        self.hiccups = hiccups  # (first, last) of the requests that take twenty times as long
        self._done, self._drives, self._sent = [], count(), count()

    def stage(self, requests):
        return tuple(requests)

    def run(self, batch):
        raise AssertionError("a closed loop drives")

    def drive(self, play):
        service_s = self.service_s * (5 if next(self._drives) == self.stalls else 1)

        async def main():
            free, under_way = asyncio.Semaphore(self.slots), 0

            async def send(request, due_ns):
                nonlocal under_way
                start_ns, cause, number = time.monotonic_ns(), None, next(self._sent)
                under_way += 1
                if self.refuse_from and under_way >= self.refuse_from:
                    cause = "busy"
                elif number in self.fails:
                    cause = "status"
                else:
                    async with free:
                        slow = 20 if self.hiccups[0] <= number <= self.hiccups[1] else 1
                        await asyncio.sleep(service_s * slow * (5 if under_way >= self.slows_from else 1))
                under_way -= 1
                self._done.append((request, start_ns, due_ns, time.monotonic_ns(), cause))
                return cause is None

            await play(send)

        asyncio.run(main())

    def change(self):
        return None

    def take(self):
        done, self._done = self._done, []
        return [
            Outcome(
                request_id=request.id, batch_id=0, start_ns=start_ns, first_output_ns=None, end_ns=end_ns,
                requested=request.asked, achieved=Usage(requests=0 if cause else 1), cause=cause, due_ns=due_ns,
                error=f"{cause}: no" if cause else None,
            )
            for request, start_ns, due_ns, end_ns, cause in done
        ]  # fmt: skip


def found_of(server, **options):
    said = []
    return find_saturation(server, REQUESTS, said.append, least_s=0.3, **options), said


def test_slots_over_service_time_is_the_rate():
    """4 slots of 20 ms: 200 a second, and a fifth user only waits."""
    found, said = found_of(SlotServer(0.02, 4))

    assert found.per_s == pytest.approx(200, rel=0.15)
    assert {found.users, *found.as_good} == {4, 8, 16}  # whoever got a little more
    assert [line.partition(":")[0] for line in said] == [f"{n} user{'s' * (n > 1)}" for n in (1, 2, 4, 8, 16)]


def test_the_first_round_found_the_server_empty():
    """One slot: the first of eight waits for nobody. With it, the mean time would be far too short."""
    found, _ = found_of(SlotServer(0.05, 1))

    assert found.per_s == pytest.approx(20, rel=0.1)
    assert found.users in (1, 2, 4)


def test_one_stall_is_not_the_limit():
    """The fourth drive (4 users; after a first request, 1 and 2 users) stalls, and 8 get more again."""
    found, said = found_of(SlotServer(0.02, 16, stalls=3))

    assert said[-1].startswith("64 users: ")
    assert found.per_s == pytest.approx(800, rel=0.2)


class Giving(SlotServer):
    """Works 60 ms where one asks alone; in the third drive, where two do, it answers at once and does nothing."""

    driven, soon_s = 0, 0.005

    def drive(self, play):
        super().drive(play)
        self.driven += 1
        self.service_s = self.soon_s if self.driven == 2 else 0.06


def test_answers_that_come_far_faster_under_load_are_no_work():
    """Each of two users is answered twelve times as fast as one: both rates are told."""
    with pytest.raises(CannotRun, match=r"requests/s were answered with 2 users, \S+ with one alone"):
        found_of(Giving(0.06, 256))


def test_a_lone_request_that_waits_on_a_timer_is_said_and_measured():
    """Three times as fast for each of two: dynamic batching does that, so it is no error."""

    class Batching(Giving):
        soon_s = 0.02

    found, _ = found_of(Batching(0.06, 256), most_users=2)

    assert found.faster == pytest.approx(3, rel=0.25)
    assert "times as fast as one alone" in str(found)
    assert "times as fast" not in str(found_of(SlotServer(0.02, 2), most_users=2)[0])


def test_one_user_who_met_a_stall_is_asked_again():
    """Drive 1 is the first look at one user alone: five times too slow, and no other is."""
    found, _ = found_of(SlotServer(0.02, 2, stalls=1), most_users=4)

    assert found.per_s == pytest.approx(100, rel=0.2)


def test_a_hiccup_within_a_step_is_not_its_pace():
    """Of some ten requests two take twenty times as long: their mean alone would be four times too long."""
    found, said = found_of(SlotServer(0.01, 1, hiccups=(40, 41)), most_users=1)

    assert len(said) == 1
    assert found.per_s == pytest.approx(100, rel=0.15)


def test_users_who_get_less_together_are_not_the_level():
    """From five on they hinder each other: the level is that of the rate."""
    found, said = found_of(SlotServer(0.02, 16, slows_from=5))

    assert said[-1].startswith("16 users: ")
    assert (found.users, found.as_good) == (4, ())
    assert found.per_s == pytest.approx(200, rel=0.15)


def test_a_server_that_turns_users_away_is_saturated_below():
    found, said = found_of(SlotServer(0.02, 16, refuse_from=5))

    assert (found.users, found.refusing) == (4, True)
    assert found.per_s == pytest.approx(200, rel=0.15)
    assert "turned away" in said[-1]


def test_what_still_grows_with_the_most_users_says_so():
    found, _ = found_of(SlotServer(0.02, 64), most_users=4)

    assert (found.users, found.found) == (4, False)
    assert "still grows" in str(found)


@pytest.mark.parametrize("server", [{"fails": (9,)}, {"refuse_from": 1}])
def test_a_server_that_fails_is_refused_with_what_was_found(server):
    with pytest.raises(CannotRun, match=r"requests failed with . at once .*(status|busy).*mend that first"):
        found_of(SlotServer(0.02, 4, **server))


@pytest.mark.parametrize("per_s", [0.9, 3.7, 20.0, 101.0, 812.0, 2400.0])
def test_four_rates_lie_below_saturation_and_reach_far_down(per_s):
    rates = levels_of(Saturation(per_s=per_s, users=8), 60.0).rates

    assert len(rates) == len(set(rates)) == 4
    assert set(rates) <= set(LADDER)
    assert list(rates) == sorted(rates)
    assert rates[-1] <= 0.8 * per_s
    assert rates[-1] > 0.5 * per_s
    assert rates[0] < per_s / 10


def test_a_window_holds_requests_at_every_rate():
    """2.6 a second, windows of 10 s: a fifteenth of 2 would be 1.5 requests a window."""
    assert levels_of(Saturation(per_s=2.6, users=8), 10.0).rates == (0.7, 1.0, 1.5, 2.0)


@pytest.mark.parametrize("off", [0.75, 0.9, 0.97, 1.0, 1.03, 1.1, 1.25])
def test_a_second_probe_finds_the_same_cells(off):
    """From one that lies on an edge of the ladder (100 = 0.8 × 125) as from any, once a cell is sealed."""
    first = levels_of(Saturation(per_s=125.0, users=16), 10.0)
    again = levels_of(Saturation(per_s=125.0 * off, users=8, as_good=(16,)), 10.0, first.rates[:1], [16])

    assert again.users == 16
    assert all(rate < 0.9 * 125 * off for rate in again.rates)
    if off >= 0.9:  # below, its highest rate would lie above 0.9 of what the server now bears
        assert again == first


def test_measured_rates_of_another_reach_are_not_kept():
    assert levels_of(Saturation(per_s=125.0, users=16), 10.0, [0.1, 0.5]).rates == (7.0, 20.0, 50.0, 100.0)


def test_other_users_stand_in_only_where_they_got_as_much():
    saturated = Saturation(per_s=125.0, users=16, as_good=(8,))

    assert levels_of(saturated, 10.0, (), [8, 32]).users == 8
    assert levels_of(saturated, 10.0, (), [8, 16]).users == 16
    assert levels_of(saturated, 10.0, (), [4, 32]).users == 16
