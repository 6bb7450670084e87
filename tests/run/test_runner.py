"""A cell's windows, work and faults, on a clock that moves only when told."""

import pytest
from fakes import FakeClock, FakeRecorder, FakeSession, seconds, spec

from bench.nouns import Fault, Request, Usage, Workload
from bench.physics.energy import window_energies
from bench.run.runner import Clockwork, Task, measure_group
from bench.sensing.recorder import REST_S

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

    def run(self, *specs):
        tasks = [Task(spec=s, workload=WORKLOAD, run_id=f"r{i}") for i, s in enumerate(specs)]
        time_ = Clockwork(clock_ns=self.clock.clock_ns, sleep=self.clock.sleep)
        return list(
            measure_group(tasks, self.session.loading, self.recorder, {}, time_=time_, announce=self.said.append)
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
