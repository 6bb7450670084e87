"""Calls between sensors: known joules come out, and a window is as long as its slowest sensor needs."""

from dataclasses import dataclass, field, replace

import pytest
from fakes import GPU, HOST, FakeClock, FakeRecorder, FakeSession

from bench.errors import SensorLost
from bench.nouns import FieldPassport, Passport
from bench.sensing.rounds import Time, long_enough_s, meter_calls

PART = FieldPassport(update_s=0.1, window_s=0.025, lag_s=0.0, origin="published")
GATED = replace(GPU, passport=Passport(fields={"counter": PART, "instant": PART}))


@dataclass
class Work:
    """A function of `call_s`, called in a loop; the board is busy meanwhile."""

    session: FakeSession
    call_s: float
    calls: int = 0
    loops: list[int] = field(default_factory=list)

    def __call__(self, calls):
        start_ns = self.session.clock.now_ns
        self.session.clock.sleep(calls * self.call_s)
        self.session.busy.append((start_ns, self.session.clock.now_ns))
        self.calls += calls
        self.loops.append(calls)


def measured(call_s, source=GPU, **how):
    session = FakeSession(FakeClock())
    recorder = FakeRecorder(session.clock, session, sources=(source,))
    work = Work(session, call_s)
    time = Time(clock_ns=session.clock.clock_ns, sleep=session.clock.sleep)
    return meter_calls(work, recorder, time=time, **how), work, recorder


@pytest.mark.parametrize("call_s", [0.05, 0.002, 0.7])
def test_a_call_takes_its_power_times_its_time(call_s):
    """400 W at work, 70 W beside: 20 J in 50 ms, whatever the ticks at the edges have caught of idle."""
    found, _, _ = measured(call_s)

    [one] = found.energies
    assert one.energy_j == pytest.approx(400.0 * call_s, rel=0.01)
    assert one.low_j <= 400.0 * call_s <= one.high_j
    assert found.busy_s == pytest.approx(found.calls * call_s)


def test_the_window_is_20_ticks_of_the_slowest_sensor():
    """A board that ticks every 100 ms is watched for 2 s, one call of 5 s for 5 s, a counter of 10 ms for 1 s."""
    assert long_enough_s((GPU, HOST), 1.0) == pytest.approx(2.0)
    assert long_enough_s((HOST,), 1.0) == 1.0
    assert long_enough_s((replace(GPU, passport=None),), 1.0) == pytest.approx(2.0)
    assert long_enough_s((replace(GPU, basis="excluded"), HOST), 1.0) == 1.0
    assert measured(0.05)[0].window_s == pytest.approx(2.0, abs=0.1)
    assert measured(5.0)[0].calls == 1


def test_calls_that_are_counted_are_those_of_the_rounds():
    """What was called to find out how many make a round is in no figure."""
    found, work, _ = measured(0.0001)

    tried = sum(n for n in work.loops if n != work.loops[-1])
    rounds = [n for n in work.loops if n == work.loops[-1]]
    assert found.calls == sum(rounds[1:])  # the last trial was as long as a round
    assert work.calls == found.calls + tried + rounds[0]


def test_a_board_that_may_look_at_a_part_of_the_time_is_asked_in_trains():
    """Rounds leave in trains, so that their scatter tells what was not seen, instead of bounds up to the limit."""
    whole, part = measured(0.02)[0], measured(0.02, GATED)[0]

    [one] = part.energies
    assert part.busy_s < part.window_s - 0.1  # waits for the next phase
    assert whole.busy_s == pytest.approx(whole.window_s)
    assert not any("can't be told from a steady one" in flag for flag in one.flags)
    assert one.low_j <= 400.0 * 0.02 <= one.high_j
    assert one.high_j < 2 * 400.0 * 0.02


def test_what_ran_before_is_in_no_figure():
    """Readings from before are dropped, and a sampler that died meanwhile says so before a call is made."""
    session = FakeSession(FakeClock())
    recorder = FakeRecorder(session.clock, session, die=True)

    with pytest.raises(SensorLost):
        meter_calls(
            Work(session, 0.05), recorder, time=Time(clock_ns=session.clock.clock_ns, sleep=session.clock.sleep)
        )


def test_edges_are_looked_at_closely():
    """A mark before the first round and one after the last."""
    _, _, recorder = measured(0.05)

    assert len(recorder.marks) == 2


def test_a_board_that_is_lost_meanwhile_is_void_with_its_reason():
    """No number from half of a window."""
    session = FakeSession(FakeClock())
    recorder = FakeRecorder(session.clock, session, lose_at_s=1.5)
    time = Time(clock_ns=session.clock.clock_ns, sleep=session.clock.sleep)

    [one] = meter_calls(Work(session, 0.05), recorder, time=time).energies
    assert one.energy_j is None
    assert "GPU is lost" in one.reasons[0]
