"""What a plan predicts is what the runner takes: to the rest, on a clock that moves only when told."""

from dataclasses import replace

import pytest
from fakes import GPU, FakeClock, FakeSession, spec

from bench.nouns import Request, Usage, Workload
from bench.run.plan import Speeds, cell_seconds, load_seconds
from bench.run.runner import Task, measure_group
from bench.run.tape import Clockwork
from bench.sensing.recorder import rest_s
from bench.units import S_PER_NS

ASKED = Usage(requests=1, prompt_tokens=32, output_tokens=8)
WORKLOAD = Workload(
    name="q", family="causal-lm", requests=(Request(id="q", token_ids=(1,), asked=ASKED),)
)  # fmt: skip
SPEEDS = Speeds(
    flop_per_s=1e12, bytes_per_s=1e10, layer_pass_s=1e-4, fill_bytes_per_s=1e9, start_s=0.0, busy_w=None
)  # fmt: skip
LOAD_S = 3.0


class Silent:
    """Sensors that say nothing: only time counts here."""

    def __init__(self, *sources):
        self.sources, self.lost = sources, {}

    def mark(self):
        pass

    def collect(self):
        return ()


def taken_s(batch_s, *specs, source=GPU):
    """How long the runner takes for each cell; the first holds bare idle and loading."""
    clock = FakeClock()
    session = FakeSession(clock, batch_s=batch_s)
    time_ = Clockwork(clock_ns=clock.clock_ns, sleep=clock.sleep)
    tasks = [Task(spec=s, workload=WORKLOAD, run_id=f"r{i}") for i, s in enumerate(specs)]
    found, since_ns = [], 0
    for _ in measure_group(tasks, lambda: session.loading(LOAD_S), Silent(source), {}, time_=time_):
        found.append((clock.now_ns - since_ns) * S_PER_NS)
        since_ns = clock.now_ns
    return found


@pytest.mark.parametrize(
    ("timing", "batch_s"),
    [
        ({}, 0.5),
        ({"window_s": 3.0, "windows": 5, "idle_s": 2.0, "warmup_s": 0.3}, 0.4),
        ({"window_s": 1.0, "windows": 1, "idle_s": 1.0, "warmup_s": 0.0}, 2.5),
    ],
)
def test_a_cell_takes_as_long_as_was_predicted(timing, batch_s):
    """Every rest, approach, idle half and whole batch is counted; loading beside it."""
    asked = spec(**timing).timing

    first_s, second_s = taken_s(batch_s, spec(**timing), spec(workload="other", **timing))

    assert second_s == pytest.approx(cell_seconds(asked, batch_s))
    assert first_s - second_s == pytest.approx(load_seconds(LOAD_S * SPEEDS.fill_bytes_per_s, asked, SPEEDS))


def test_the_longer_rests_of_a_board_that_shows_trailing_means_are_predicted():
    """A plan without them took 1.6 times as long as it said."""
    trailing = replace(GPU, fields=("average",), passport=None)
    asked = spec(window_s=2.0, windows=3, idle_s=1.0, warmup_s=0.5)
    slow = replace(SPEEDS, rest_s=rest_s((trailing,)))

    first_s, second_s = taken_s(0.5, asked, spec(workload="other", window_s=2.0, windows=3, idle_s=1.0,
                                                 warmup_s=0.5), source=trailing)  # fmt: skip

    assert slow.rest_s > SPEEDS.rest_s
    assert second_s == pytest.approx(cell_seconds(asked.timing, 0.5, slow.rest_s))
    assert first_s - second_s == pytest.approx(load_seconds(LOAD_S * slow.fill_bytes_per_s, asked.timing, slow))
