"""A cell's windows, work and faults, on a clock that moves only when told."""

from dataclasses import replace
from itertools import pairwise

import pytest
from fakes import GPU, FakeClock, FakeRecorder, FakeSession, seconds, spec

from bench.nouns import Fault, FieldPassport, Passport, Request, Usage, Workload
from bench.physics.energy import window_energies
from bench.physics.trains import train_starts
from bench.run.runner import Task, measure_group
from bench.run.tape import Clockwork
from bench.sensing.recorder import APPROACH_S, REST_S

REQUESTS = tuple(
    Request(id=f"q{i}", token_ids=(i,), asked=Usage(requests=1, prompt_tokens=1, output_tokens=2))
    for i in range(5)
)
WORKLOAD = Workload(name="prompt-32-8", family="causal-lm", requests=REQUESTS)


class Rig:
    def __init__(self, **recorder):
        self.clock = FakeClock()
        self.session = FakeSession(self.clock)
        self.recorder = FakeRecorder(self.clock, self.session, **recorder)
        self.said = []

    def run(self, *specs, **more):
        tasks = [Task(spec=s, workload=WORKLOAD, run_id=f"r{i}") for i, s in enumerate(specs)]
        time_ = Clockwork(clock_ns=self.clock.clock_ns, sleep=self.clock.sleep)
        return list(
            measure_group(
                tasks, self.session.loading, self.recorder, {}, time_=time_, announce=self.said.append, **more
            )
        )


def names(run):
    return [(w.phase, w.label) for w in run.trace.windows]


def test_the_first_cell_holds_bare_idle_and_the_load():
    """Later cells of the same model hold neither: the model is there already."""
    first, second = Rig().run(spec(), spec(workload="other"))

    after = [("idle", "resident-1"), ("idle", "resident-2"), ("warmup", "1"), ("work", "1"), ("work", "2")]
    assert names(first) == [("idle", "bare-1"), ("idle", "bare-2"), ("load", "1"), *after]
    assert names(second) == after


def test_windows_hold_whole_batches_and_last_at_least_as_asked():
    """Ten seconds of half-second batches are twenty batches, all recorded inside the window."""
    [run] = Rig().run(spec(window_s=10.0))

    work = [w for w in run.trace.windows if w.phase == "work"]
    assert [w.duration_s for w in work] == [10.0, 10.0]
    assert len(run.outcomes) == 40
    assert all(any(w.start_ns <= o.start_ns and o.end_ns <= w.end_ns for w in work) for o in run.outcomes)


def test_at_least_one_batch_runs_however_long_it_takes():
    """A batch longer than the window is run whole."""
    rig = Rig()
    rig.session.batch_s = 25.0

    [run] = rig.run(spec(window_s=10.0, windows=1))

    assert [w.duration_s for w in run.trace.windows if w.phase == "work"] == [25.0]


def test_windows_rest_three_ticks_apart():
    """Between any two windows lies the rest that lets ticks fall on idle power only."""
    [run] = Rig().run(spec())

    edges = [(a.end_ns, b.start_ns) for a, b in zip(run.trace.windows, run.trace.windows[1:], strict=False)]
    work = [
        (end, start) for (end, start), w in zip(edges, run.trace.windows[1:], strict=False) if w.phase == "work"
    ]
    assert all(start - end >= seconds(REST_S) for end, start in work)


def test_the_energies_of_a_simulated_board_come_out():
    """70 W idle and 400 W busy are found again from the recorded ticks."""
    [run] = Rig(idle_w=70.0, busy_w=400.0).run(spec(window_s=5.0))

    for e in window_energies(run.trace, run.sources):
        span_s = (e.end_ns - e.start_ns) * 1e-9
        busy_s = 5.0 if e.phase == "work" else 2.0 if e.phase == "warmup" else 0.0
        poll_j = 0.02 * 70.0  # each edge is known to one look at the counter
        truth_j = 400.0 * busy_s + 70.0 * (span_s - busy_s)
        assert e.energy_j == pytest.approx(truth_j, rel=2e-3, abs=poll_j), e.label


def test_batches_take_the_requests_in_turn():
    """Requests are cycled in their order; a batch of 2 takes two."""
    rig = Rig()

    rig.run(spec(batch=2, window_s=1.0, windows=1, warmup_s=0.5))

    assert rig.session.ran[:6] == ["q0", "q1", "q2", "q3", "q4", "q0"]


def test_a_lost_sensor_leaves_its_reason_and_stops_the_group():
    """The cell is handed on with its fault; the next needs sensors that were opened afresh."""
    runs = Rig(lose_at_s=15.0).run(spec(), spec(workload="other"))

    assert len(runs) == 1
    assert runs[0].faults == (Fault(domain="gpu:0", reason="GPU is lost"),)


def test_a_dead_sampler_is_a_fault_of_every_domain():
    """Without a sampler there is a run with no readings, and its reason."""
    [run] = Rig(die=True).run(spec())

    assert run.trace.observations == ()
    assert run.faults == (Fault(domain=None, reason="the sampler died: killed"),)


def test_nothing_is_announced_inside_a_window():
    """Whoever draws has drawn before the window opens: announcements come in pairs around it."""
    rig = Rig()

    rig.run(spec())

    assert [a.over for a in rig.said] == [False, True] * (len(rig.said) // 2)


def test_the_mark_stands_before_a_window_by_more_than_a_tick():
    """Close looks begin early enough that the last tick before the work is known as well; and once at its end."""
    rig = Rig()
    [run] = rig.run(spec())

    begun, ended = rig.recorder.marks[::2], rig.recorder.marks[1::2]
    assert [w.start_ns - seconds(APPROACH_S) for w in run.trace.windows] == begun
    assert [w.end_ns for w in run.trace.windows] == ended
    assert APPROACH_S > 0.1  # the slowest tick known


@pytest.mark.parametrize(
    ("windows", "precision_ratio", "made"), [(2, 0.02, 2), (3, 0.02, 3), (2, 1e-12, 4), (4, 1e-12, 4)]
)
def test_a_cell_ends_with_the_window_that_makes_it_known_well_enough(windows, precision_ratio, made):
    """Every batch costs the same: the least windows tell. Asked for the impossible, it ends with its budget."""
    asked = {"window_s": 5.0, "idle_s": 1.0, "warmup_s": 0.5, "precision_ratio": precision_ratio}
    [run] = Rig().run(spec(windows=windows, most_windows=4, **asked))

    assert [w.label for w in run.trace.windows if w.phase == "work"] == [str(i + 1) for i in range(made)]


MODEL = replace(GPU, meter="constant", basis="modelled", fields=("value", "instant"), passport=None)
GATED = FieldPassport(update_s=0.1, window_s=0.025, lag_s=0.0, origin="steps")
PART = replace(GPU, fields=("counter",), passport=Passport(fields={"counter": GATED}, steps=16))


@pytest.mark.parametrize(("source", "trains"), [(GPU, False), (MODEL, False), (PART, True)])
def test_batches_leave_in_trains_only_for_a_sensor_that_may_miss_some(source, trains):
    """One that sees everything needs none, and a model misses nothing: trains would only put pauses in."""
    [run] = Rig(sources=(source,)).run(spec(window_s=5.0, windows=1))

    assert all((o.train_id is not None) is trains for o in run.outcomes)


def test_four_trains_leave_a_quarter_of_the_sensors_period_apart():
    """Together their looks tile 100 ms, wherever the first leaves; the period is read off to a ten-thousandth."""
    rig = Rig(sources=(PART,))
    rig.session.batch_s = 0.13
    [run] = rig.run(spec(window_s=5.0, windows=1))

    starts_ns = train_starts(run.trace.windows[-1], run.outcomes)
    assert len(starts_ns) >= 8
    for first in range(0, 8, 4):
        phases = sorted(t % seconds(0.1) for t in starts_ns[first : first + 4])
        assert [b - a for a, b in pairwise(phases)] == pytest.approx([seconds(0.025)] * 3, abs=seconds(0.004))


class Slow:
    """Others work a while before each turn; `stops_at`: so many turns of work, and no more."""

    def __init__(self, clock, stops_at=99):
        self.clock, self.stops_at, self.took = clock, stops_at, []

    def take(self, stage, *, enough=False):
        self.took.append((stage, self.clock.clock_ns()))
        self.clock.sleep(7.0)
        return stage != "work" or [s for s, _ in self.took].count("work") <= self.stops_at


def test_a_candidate_among_others_asks_before_each_stage():
    """Idle, load, warm-up, every window, and before what follows the last: sealing takes the processor."""
    rig = Rig()
    turns = Slow(rig.clock)
    [run] = rig.run(spec(), turns=turns)

    asked = [stage for stage, _ in turns.took]
    assert asked == ["idle", "load", "idle", "warmup", "work", "work", "end"]
    assert [w.label for w in run.trace.windows if w.phase == "work"] == ["1", "2"]


def test_no_window_is_open_while_others_work():
    """A rest stands between its last window and its next question, and between the answer and no window less."""
    rig = Rig()
    turns = Slow(rig.clock)
    [run] = rig.run(spec(), turns=turns)

    for _, asked_ns in turns.took:
        assert not [w for w in run.trace.windows if w.start_ns < asked_ns + seconds(7.0) and w.end_ns > asked_ns]
    for stage, asked_ns in turns.took:
        if stage in ("work", "end"):
            last = max(w.end_ns for w in run.trace.windows if w.end_ns <= asked_ns)
            assert asked_ns - last >= seconds(REST_S)


def test_whoever_is_told_that_it_is_enough_stops():
    """As where every candidate is known well enough."""
    rig = Rig()
    [run] = rig.run(spec(), turns=Slow(rig.clock, stops_at=1))

    assert [w.label for w in run.trace.windows if w.phase == "work"] == ["1"]
