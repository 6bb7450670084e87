"""Ceilings from known work on a fake clock: rates and joules as they were made, and what takes them away."""

import math
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest
from fakes import GPU, HOST, LOADED, FakeClock, FakeRecorder, FakeSession, seconds

from bench.nouns import Calibration, Condition, Kernel, Peak, Trace
from bench.physics import rules
from bench.run.calibrate import IDLES, REPEATS, drive
from bench.run.calibrated import calibrated
from bench.run.tape import Clockwork

TRIAD = Kernel(kind="triad", precision="fp32", size=268_435_456)
MATMUL = Kernel(kind="matmul", precision="bf16", size=8192)
PASS_S = {"triad": 0.001, "bf16_matmul": 0.002}
IDLE_W, BUSY_W = 70.0, 400.0
GB_S = TRIAD.per_pass / 0.001 / 1e9
TFLOP_S = MATMUL.per_pass / 0.002 / 1e12


@dataclass
class FakeCeiling:
    """A device whose passes take as long as they are declared to."""

    clock: FakeClock
    session: FakeSession
    calibration: Calibration
    loaded: object = LOADED
    asked: list[str] = field(default_factory=list)

    def run(self, label, passes, least_s):
        self.asked.append(label)
        began, spans = self.clock.now_ns, []
        while not spans or self.clock.now_ns < began + seconds(least_s):
            start_ns = self.clock.now_ns
            self.clock.sleep(passes * PASS_S[label])
            spans.append((start_ns, self.clock.now_ns, self.clock.now_ns - start_ns))  # one thread is busy
        self.session.busy.append((began, self.clock.now_ns))  # one span: the batches follow without a gap
        return spans


def driven(window_s=2.0, calibration=None, **recorded):
    """A calibration of a fake board, and the device that was driven."""
    clock = FakeClock()
    session = FakeSession(clock)
    ceiling = FakeCeiling(
        clock, session, calibration or Calibration(device="gpu:0", hardware="fake", kernels=(TRIAD, MATMUL))
    )
    recorder = FakeRecorder(clock, session, **{"idle_w": IDLE_W, "busy_w": BUSY_W, **recorded})

    @contextmanager
    def opened():
        yield ceiling

    time_ = Clockwork(clock_ns=clock.clock_ns, sleep=clock.sleep, utc=lambda: datetime(2026, 11, 21, tzinfo=UTC))
    return drive(opened, recorder, window_s, {}, time_=time_, say=lambda _: None), ceiling


@pytest.fixture(scope="module")
def made():
    return driven()[0]


def found(made, **changes):
    """Its figures by name, and the whole of what it publishes; changed beforehand as told."""
    run = replace(made.run, **{k: v for k, v in changes.items() if k != "calibration"})
    published = calibrated(run, changes.get("calibration", made.calibration))
    return {f.name: f for f in published.ceilings.figures}, published


def test_work_is_counted_as_its_sources_count_it():
    """Copy moves two arrays and Triad three; a dense product of side n takes 2·n³ operations."""
    assert Kernel(kind="copy", precision="fp32", size=1000).per_pass == 2 * 4 * 1000
    assert Kernel(kind="triad", precision="fp64", size=1000).per_pass == 3 * 8 * 1000
    assert Kernel(kind="matmul", precision="bf16", size=100).per_pass == 2_000_000
    assert MATMUL.label == "bf16_matmul"
    assert MATMUL.held_bytes == 3 * 2 * 8192**2


def test_a_known_load_gives_its_rates_its_joules_and_the_idle_beneath_them(made):
    """Rates to the last digit (they go by the clock); joules within the ticks of the counter."""
    figures, published = found(made)
    value = {name: f.quantity.value for name, f in figures.items()}

    assert value["triad_rate"] == pytest.approx(GB_S, rel=1e-6)
    assert value["bf16_matmul_rate"] == pytest.approx(TFLOP_S, rel=1e-6)
    assert value["idle_bare"] == pytest.approx(IDLE_W, rel=0.01)
    assert value["idle_resident"] == pytest.approx(IDLE_W, rel=0.01)
    assert value["triad_above_idle"] == pytest.approx((BUSY_W - IDLE_W) * 0.001 / TRIAD.per_pass, rel=0.01)
    assert value["bf16_matmul_above_idle"] == pytest.approx((BUSY_W - IDLE_W) * 0.002 / MATMUL.per_pass, rel=0.01)
    # the rest in the ticks beside a window is taken off at idle's power
    assert value["triad_gross"] == pytest.approx(BUSY_W * 0.001 / TRIAD.per_pass, rel=0.01)
    assert published.ceilings.refused == {}
    assert published.verdicts == ()


def test_every_figure_has_its_unit_basis_run_and_an_interval_that_holds_it(made):
    """The gain of the board (5 %) is in every joule, and in no rate."""
    figures, _ = found(made)

    units = {name: (f.quantity.unit, f.domain) for name, f in figures.items()}
    assert units["triad_rate"] == ("GB/s", None)
    assert units["bf16_matmul_rate"] == ("TFLOP/s", None)
    assert units["idle_bare"] == ("W", "gpu:0")
    assert units["triad_gross"] == ("J/byte", "gpu:0")
    assert units["bf16_matmul_above_idle"] == ("J/FLOP", "gpu:0")
    assert {(f.quantity.basis, f.run_id) for f in figures.values()} == {("measured", made.run.id)}
    for name, f in figures.items():
        half = (f.quantity.high - f.quantity.low) / 2 / f.quantity.value
        assert half == pytest.approx(0.0, abs=1e-9) if name.endswith("_rate") else 0.05 <= half < 0.07


def test_the_windows_are_those_that_the_page_describes(made):
    """Idle before anything is loaded and after; kernels by turns, so that drift spreads over both."""
    labels = [f"{w.phase} {w.label}" for w in made.run.trace.windows]

    assert labels[:IDLES] == [f"idle bare-{i + 1}" for i in range(IDLES)]
    assert labels[IDLES : IDLES + 2] == ["warmup triad", "warmup bf16_matmul"]
    assert labels[IDLES + 2 : 2 * IDLES + 2] == [f"idle resident-{i + 1}" for i in range(IDLES)]
    assert labels[-2 * REPEATS :] == [f"work {k}-{i + 1}" for i in range(REPEATS) for k in PASS_S]


def test_batches_are_long_against_the_pipe_and_hold_whole_passes(made):
    """50 passes of a millisecond, 25 of two: each batch some 50 ms, counted exactly."""
    passes = {o.request_id: o.achieved.requests for o in made.run.outcomes}

    assert passes == {"triad": 50, "bf16_matmul": 25}


def test_more_than_the_declared_peak_is_refused_with_both_numbers(made):
    """Every figure of that kernel goes, joules too: if the work was not done, they are per work not done."""
    peak = Peak(per_s=GB_S * 1e9 * 0.99, source="bandwidth_gb_s of fake-board: a page")
    figures, published = found(made, calibration=replace(made.calibration, peaks={"triad": peak}))

    assert not any(name.startswith("triad") for name in figures)
    assert {"bf16_matmul_rate", "bf16_matmul_gross", "idle_bare"} <= set(figures)
    why = published.ceilings.refused["triad_rate"]
    assert f"{GB_S:.4g} GB/s were reached, {GB_S * 0.99:.4g} GB/s are declared" in why
    assert "a page" in why
    assert published.ceilings.refused["gpu:0/triad_gross"] == why


def test_what_reaches_the_declared_peak_and_no_more_stands(made):
    peak = Peak(per_s=GB_S * 1e9 * 1.001, source="a page")

    figures, _ = found(made, calibration=replace(made.calibration, peaks={"triad": peak}))

    assert "triad_rate" in figures


def test_bytes_that_cost_less_than_any_memory_are_no_figure():
    """3.2 TB/s for 15 W are 4.7 pJ a byte; 1.95 pJ a bit are 15.6. The rate stands: it is the sensor that errs."""
    figures, published = found(driven(idle_w=5.0, busy_w=15.0)[0])

    assert {name for name in figures if name.startswith("triad")} == {"triad_rate"}
    assert rules.FREE_BYTES.name in published.ceilings.refused["gpu:0/triad_gross"]
    assert "cost" in published.ceilings.refused["gpu:0/triad_gross"]


def test_a_ceiling_at_the_power_limit_says_so(made):
    """NVML's reason 0x4 within the products' windows alone: the stream's rate is the board's own."""
    capped = [w for w in made.run.trace.windows if w.label.startswith("bf16")]
    seen = [Condition(w.start_ns + seconds(0.5), "gpu:0", "event_reasons", float(0x4)) for w in capped]
    trace = replace(
        made.run.trace, observations=tuple(sorted((*made.run.trace.observations, *seen), key=lambda o: o.t_ns))
    )
    figures, published = found(made, trace=trace)

    assert figures["bf16_matmul_rate"].limited_by == "its power limit of 700 W"
    assert figures["triad_rate"].limited_by == ""
    assert [(v.name, v.level) for v in published.verdicts] == [("power cap", "flag")]
    assert published.verdicts[0].evidence.startswith("bf16_matmul: ")


def test_what_bounds_a_cpu_stands_beside_its_rates_and_not_its_joules(made):
    figures, _ = found(made, calibration=replace(made.calibration, limits=("2 of the machine's 8 threads",)))

    assert figures["triad_rate"].limited_by == "2 of the machine's 8 threads"
    assert figures["triad_gross"].limited_by == ""


@pytest.mark.parametrize(("name", "value", "takes"), [("utilisation_ratio", 0.5, True), ("busy_s", 1.0, False)])
def test_a_board_that_is_busy_by_itself_has_no_ceilings(made, name, value, takes):
    """Somebody else's work slows it, and is in its joules: all goes. A busy host beside it is another matter."""
    rest = [w for w in made.run.trace.windows if w.phase == "idle"]
    seen = [Condition(w.start_ns + seconds(t), "gpu:0", name, value) for w in rest for t in (0.5, 1.0, 1.5)]
    trace = Trace(
        observations=tuple(sorted((*made.run.trace.observations, *seen), key=lambda o: o.t_ns)),
        windows=made.run.trace.windows,
    )
    figures, published = found(made, trace=trace)

    assert (figures == {}) is takes
    if takes:
        assert all("busy board" in why for why in published.ceilings.refused.values())


def test_a_sensor_that_dies_takes_the_joules_and_leaves_the_clock():
    made = driven(lose_at_s=25.0)[0]

    figures, published = found(made)

    assert {f.domain for f in figures.values()} == {None}
    assert set(figures) == {"triad_rate", "bf16_matmul_rate"}
    assert "lost" in published.ceilings.refused["gpu:0/idle_bare"]


def test_scatter_of_the_windows_widens_a_rate(made):
    """One window of five at half the pace: the median does not move, the interval does."""
    slow = next(w for w in made.run.trace.windows if w.label == "triad-3")
    outcomes = [
        replace(o, achieved=replace(o.achieved, requests=25), requested=replace(o.requested, requests=25))
        if slow.start_ns <= o.start_ns < slow.end_ns
        else o
        for o in made.run.outcomes
    ]
    figures, _ = found(made, outcomes=tuple(outcomes))

    rate = figures["triad_rate"].quantity
    assert rate.value == pytest.approx(GB_S, rel=1e-6)
    # s = GB_S × 0.5/√5, t(4) = 2.776, √(π/2) = 1.2533, √5 windows
    assert rate.high - rate.value == pytest.approx(GB_S * 0.1 * 2.7764 * math.sqrt(math.pi / 2), rel=1e-3)


def test_part_time_sensors_get_their_batches_in_trains():
    """A passport that sees a quarter of the time: batches carry trains, and the joules still hold the truth."""
    part = replace(GPU.passport.fields["counter"], window_s=0.025)
    gated = replace(GPU, passport=replace(GPU.passport, fields={"counter": part, "instant": part}))
    made, _ = driven(sources=(gated,))
    figures, _ = found(made)

    assert {o.train_id is None for o in made.run.outcomes} == {False}
    rate = figures["triad_rate"].quantity.value
    assert rate == pytest.approx(GB_S, rel=1e-6)  # waiting for a phase is no time of work
    gross = figures["triad_gross"].quantity
    assert gross.low <= BUSY_W * 0.001 / TRIAD.per_pass <= gross.high
    assert gross.value == pytest.approx(BUSY_W * 0.001 / TRIAD.per_pass, rel=0.05)  # nor is its energy


@pytest.mark.parametrize(("others", "level"), [(0.04, None), (0.10, "flag"), (0.30, "void")])
def test_what_others_took_of_a_cpu_while_it_was_driven_is_told_from_its_own(others, level):
    """Of four threads the work takes one; the machine's busy time tells the rest. A board's pace is its own."""
    made = driven()[0]
    host = replace(HOST, details={"threads": 4})
    looks = []
    for w in made.run.trace.windows:
        rate = 1.0 + 4 * others if w.phase == "work" else 0.0
        began = seconds(0) if not looks else looks[-1].value
        looks += [
            Condition(w.start_ns + seconds(0.01), "host", "busy_s", began),
            Condition(w.end_ns - seconds(0.01), "host", "busy_s", began + rate * (w.duration_s - 0.02)),
        ]
    trace = replace(
        made.run.trace, observations=tuple(sorted((*made.run.trace.observations, *looks), key=lambda o: o.t_ns))
    )
    on_cpu = replace(LOADED, device="cpu")
    figures, published = found(made, trace=trace, sources=(GPU, host), loaded=on_cpu)
    _, of_board = found(made, trace=trace, sources=(GPU, host))

    crowd = [v.level for v in published.verdicts if v.name == "crowded machine"]
    assert set(crowd) == ({level} if level else set())
    assert ("triad_rate" in figures) is (level != "void")
    assert not [v for v in of_board.verdicts if v.name == "crowded machine"]
    assert {v.remedy for v in published.verdicts if v.name == "crowded machine"} == (
        {"stop what else runs on this machine, and run it again"} if level else set()
    )
