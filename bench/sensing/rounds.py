"""The energy of one call of a function: rounds of calls between sensors, until the sensors have seen enough.

|── rest ──| mark |[round][round][round] … [round]| mark |── rest ──|
     └ its power is that beside the rounds        └ the window: 20 ticks of the slowest sensor, 1 s at least
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from bench.nouns import Calls, Outcome, Source, Usage, Window
from bench.physics.doubles import unmasked
from bench.physics.energy import window_energies
from bench.physics.gauge import SLOWEST_UPDATE_S
from bench.physics.per_call import per_call
from bench.physics.trains import Timetable
from bench.physics.view import dither_s
from bench.sensing.metering import read_trace
from bench.sensing.recorder import APPROACH_S, Recorder, rest_s
from bench.units import NS_PER_S, S_PER_NS

# Chosen: the two ticks at which a window's energy begins and ends are then a twentieth of it each at most, and
# what flows beside the rounds, which is taken off again, is small.
TICKS = 20
LEAST_S = 1.0
_ROUND_S = 0.01  # chosen: long against two looks at the clock (0.1 µs), short against a train (0.1 s and more)
_SETTLED_S = 0.1  # a rest's first tick may still hold what ran before it
_SEED = 0  # of the trains' phases: the same rounds leave at the same phases on every machine

_ONE = Usage(requests=1)

Loop: TypeAlias = Callable[[int], object]  # calls the function so many times, one after the other


@dataclass(frozen=True, slots=True, kw_only=True)
class Time:
    """The clock and the sleep of a measurement; fakes in tests."""

    clock_ns: Callable[[], int] = time.monotonic_ns
    sleep: Callable[[float], None] = time.sleep


REAL = Time()


def meter_calls(loop: Loop, recorder: Recorder, *, least_s: float = LEAST_S, time: Time = REAL) -> Calls:
    """Calls in rounds for `least_s` and 20 ticks of the slowest sensor at least; what one call took.

    The function has run before. Where a board's sensor may look at a part of the time only, rounds leave in trains
    from phases of its period, as batches of a cell do (`physics.trains`). Raises what the function raises, and
    SensorLost where nothing is recorded any more before it begins.
    """
    calls = _calls_a_round(loop, time)
    recorder.collect()  # what was read before is none of ours
    settled_ns = time.clock_ns() + round(_SETTLED_S * NS_PER_S)
    time.sleep(_SETTLED_S + rest_s(recorder.sources))
    recorder.mark()
    rested_ns = time.clock_ns()
    time.sleep(APPROACH_S)
    start_ns = time.clock_ns()
    rounds = _rounds(loop, calls, long_enough_s(recorder.sources, least_s), _timetable(recorder, least_s), time)
    end_ns = time.clock_ns()
    recorder.mark()
    time.sleep(rest_s(recorder.sources))
    rest = Window(phase="idle", label="resident-1", start_ns=settled_ns, end_ns=rested_ns)
    window = Window(phase="work", label="1", start_ns=start_ns, end_ns=end_ns)
    busy_s = sum(one.end_ns - one.start_ns for one in rounds) * S_PER_NS
    trace, faults = read_trace(recorder, (rest, window))
    found = unmasked(window_energies(trace, recorder.sources, faults, rounds), recorder.sources)
    each = len(recorder.sources)
    return Calls(
        calls=calls * len(rounds),
        busy_s=busy_s,
        window_s=window.duration_s,
        energies=tuple(
            per_call(beside, span, busy_s=busy_s, calls=calls * len(rounds))
            for beside, span in zip(found[:each], found[each:], strict=True)
        ),
    )


def long_enough_s(sources: Sequence[Source], least_s: float) -> float:
    """How long a window has to be for these sensors (s)."""
    return max(least_s, TICKS * max((_tick_s(s) for s in sources if s.basis != "excluded"), default=0.0))


def _tick_s(source: Source) -> float:
    """How often a sensor shows something new; the slowest known where it does not say."""
    if source.passport and source.passport.fields:
        return max(field.update_s or SLOWEST_UPDATE_S for field in source.passport.fields.values())
    declared = source.details.get("tick_s")
    if isinstance(declared, (int, float)):
        return float(declared)
    return SLOWEST_UPDATE_S if source.is_board else 0.0  # others answer afresh at every look


def _timetable(recorder: Recorder, least_s: float) -> Timetable | None:
    """Trains, where a board's sensor is not known to see all of the time."""
    boards = [s for s in recorder.sources if s.is_board and s.basis == "measured"]
    periods = [dither_s(s.passport) if s.passport and s.passport.fields else SLOWEST_UPDATE_S for s in boards]
    period_s = max((p for p in periods if p), default=None)
    return Timetable(period_s, _SEED, long_enough_s(recorder.sources, least_s)) if period_s else None


def _calls_a_round(loop: Loop, time: Time) -> int:
    """So many calls that a round is long against a look at the clock."""
    calls = 1
    while True:
        start_ns = time.clock_ns()
        loop(calls)
        took_s = (time.clock_ns() - start_ns) * S_PER_NS
        if took_s >= _ROUND_S:
            return calls
        calls = max(2 * calls, min(10 * calls, math.ceil(calls * _ROUND_S / max(took_s, S_PER_NS))))


def _rounds(loop: Loop, calls: int, window_s: float, timetable: Timetable | None, time: Time) -> list[Outcome]:
    """Rounds for so long, one at least; each as an outcome, by which the energy's uncertainty is told."""
    found: list[Outcome] = []
    now_ns = time.clock_ns()
    stop_ns, train_ends_ns, train = now_ns + round(window_s * NS_PER_S), now_ns, 0
    while not found or now_ns < stop_ns:
        if timetable and now_ns >= train_ends_ns:
            time.sleep(max(0, timetable.departure_ns(now_ns) - time.clock_ns()) * S_PER_NS)
            train += 1
            train_ends_ns = time.clock_ns() + round(timetable.train_s * NS_PER_S)
        start_ns = time.clock_ns()
        loop(calls)
        now_ns = time.clock_ns()
        found.append(_round(len(found), train if timetable else None, start_ns, now_ns))
    return found


def _round(number: int, train: int | None, start_ns: int, end_ns: int) -> Outcome:
    return Outcome(
        request_id="round", batch_id=number, train_id=train, start_ns=start_ns, first_output_ns=None,
        end_ns=end_ns, requested=_ONE, achieved=_ONE,
    )  # fmt: skip
