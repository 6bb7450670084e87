"""Each reason to doubt a run is found, and voids its own domain only."""

from dataclasses import replace

import pytest
from fakes import GPU, HOST, outcome, run_of, seconds, ticking, window

from bench.nouns import Condition, Fault, Usage, Verdict
from bench.physics.energy import window_energies
from bench.physics.verdict import judge, spoilt, voided

WINDOWS = (window("idle", "resident-1", 0.5, 1.0), window("work", "1", 2.0, 6.0))
REPEATS = [outcome(2.0 + i / 8, 2.1 + i / 8, output_tokens=5) for i in range(32)]


def judged(run):
    return {v.name: v for v in judge(run, window_energies(run.trace, run.sources))}


def busy_power(t):
    return 400.0 if 2.0 <= t < 6.0 else 70.0


def test_a_sound_run_has_no_verdict():
    """Nothing is said of a run with nothing wrong."""
    run = run_of(ticking(busy_power, 0, 7), WINDOWS, REPEATS)

    assert judged(run) == {}


@pytest.mark.parametrize(("bits", "name", "level"), [(0x40, "throttled", "void"), (0x4, "power cap", "flag")])
def test_event_reasons_inside_the_work(bits, name, level):
    """Thermal slowdown voids; a software power cap is only flagged: full load sits there."""
    hot = Condition(seconds(3), "gpu:0", "event_reasons", float(bits))

    found = judged(run_of([*ticking(busy_power, 0, 7), hot], WINDOWS))

    assert found[name].level == level
    assert found[name].domain == "gpu:0"


@pytest.mark.parametrize(
    ("counted", "name", "level"),
    [("thermal_slowdown_s", "throttled", "void"), ("power_cap_s", "power cap", "flag")],
)
def test_a_slowdown_between_two_looks_is_counted(counted, name, level):
    """No look saw it, and the driver's running total grew by 0.4 s meanwhile."""
    looks = [Condition(seconds(t), "gpu:0", counted, 7.0 if t < 4 else 7.4) for t in (1.0, 2.5, 3.5, 4.5, 5.5)]
    calm = [replace(look, value=7.0 if look.t_ns < seconds(2) else 7.4) for look in looks]

    found = judged(run_of([*ticking(busy_power, 0, 7), *looks], WINDOWS))
    before = judged(run_of([*ticking(busy_power, 0, 7), *calm], WINDOWS))

    assert found[name].level == level
    assert "for 0.4 s by NVML's own count" in found[name].evidence
    assert name not in before  # it grew before the work began


def test_throttling_outside_the_work_is_nobodys_business():
    """An event during idle voids nothing."""
    hot = Condition(seconds(0.7), "gpu:0", "event_reasons", float(0x40))

    assert judged(run_of([*ticking(busy_power, 0, 7), hot], WINDOWS, REPEATS)) == {}


def test_a_silent_stretch_inside_the_work_voids():
    """Three seconds without readings are not a measurement."""
    readings = [r for r in ticking(busy_power, 0, 7) if not seconds(2.4) < r.t_ns < seconds(5.4)]

    assert judged(run_of(readings, WINDOWS))["sampler gap"].level == "void"


def test_mean_power_above_the_limit_is_forbidden():
    """A board that draws 40 % more than its enforced limit has a broken sensor."""
    run = run_of(ticking(lambda t: 1000.0 if 2 <= t < 6 else 70.0, 0, 7), WINDOWS)

    assert judged(run)["above the power limit"].level == "void"


def test_work_below_idle_is_forbidden_for_the_device_at_work():
    """Work that draws less than the resident idle means that somebody else worked during idle."""
    run = run_of(ticking(lambda t: 200.0 if t < 1.5 else 100.0, 0, 7), WINDOWS)

    assert judged(run)["below idle"].level == "void"


def test_a_lost_sensor_voids_its_domain_only():
    """The host's figures survive the GPU's death."""
    run = run_of((), WINDOWS, sources=(GPU, HOST), faults=(Fault(domain="gpu:0", reason="GPU is lost"),))
    verdicts = judge(run, ())

    assert any("GPU is lost" in why for why in voided(verdicts, "gpu:0"))
    assert not any("GPU is lost" in why for why in voided(verdicts, "host"))


@pytest.mark.parametrize(("steal_s", "level"), [(0.04, None), (0.4, "flag"), (2.0, "void")])
def test_steal_time_touches_the_host_only(steal_s, level):
    """Over 1 % of the threads is flagged, over 10 % void, for host and never for the GPU."""
    from bench.nouns import Reading

    host = [
        Reading(seconds(i / 20), "host", f, "energy", i / 2) for i in range(140) for f in ("value", "low", "high")
    ]
    steal = [
        Condition(seconds(i / 10), "host", "steal_s", steal_s * max(0.0, min(1.0, (i / 10 - 2) / 4)))
        for i in range(70)
    ]
    run = run_of([*ticking(busy_power, 0, 7), *host, *steal], WINDOWS, sources=(GPU, HOST))

    found = judged(run).get("steal time")

    assert (found.level if found else None) == level
    assert found is None or found.domain == "host"


def test_a_failed_request_voids_everything():
    """Energy of work that failed is not energy per unit of work."""
    failed = replace(outcome(2.0, 3.0, output_tokens=5), error="CUDA error")

    found = judged(run_of(ticking(busy_power, 0, 7), WINDOWS, [failed]))

    assert found["failed requests"].domain is None
    assert "CUDA error" in found["failed requests"].evidence


def test_achieved_work_that_differs_is_said():
    """An engine that stopped early is flagged with both numbers."""
    short = replace(outcome(2.0, 3.0, output_tokens=8), achieved=Usage(requests=1, output_tokens=3))

    found = judged(run_of(ticking(busy_power, 0, 7), WINDOWS, [short]))

    assert "output_tokens=8" in found["work differs from the ask"].evidence
    assert "output_tokens=3" in found["work differs from the ask"].evidence


@pytest.mark.parametrize(("busy_ratio", "level"), [(0.02, None), (0.15, "flag"), (0.6, "void")])
def test_a_busy_machine_is_seen_while_nothing_is_asked(busy_ratio, level):
    """Somebody else's work during idle voids host figures and never the GPU's."""
    busy = [Condition(seconds(i / 10), "host", "busy_s", busy_ratio * 2 * i / 10) for i in range(70)]
    run = run_of([*ticking(busy_power, 0, 7), *busy], WINDOWS, sources=(GPU, HOST))

    found = judged(run).get("busy machine")

    assert (found.level if found else None) == level
    assert found is None or found.domain == "host"


def test_work_that_leaves_its_window_voids_everything():
    """Its energy would be counted and its tokens not."""
    work = [outcome(2.0, 5.0, output_tokens=5), outcome(5.0, 6.5, output_tokens=5)]

    found = judged(run_of(ticking(busy_power, 0, 8), WINDOWS, work))["work outside its window"]

    assert (found.level, found.domain) == ("void", None)


@pytest.mark.parametrize(("share", "level"), [(0.02, None), (0.1, "flag"), (0.6, "void")])
def test_a_board_that_works_while_nothing_is_asked_is_somebody_elses(share, level):
    """Idle is what is subtracted: whoever computes meanwhile changes every figure above it."""
    looks = [Condition(seconds(t), "gpu:0", "utilisation_ratio", share) for t in (0.6, 0.8, 0.9)]

    found = judged(run_of([*ticking(busy_power, 0, 7), *looks], WINDOWS)).get("busy board")

    assert (found and found.level) == level


def test_other_processes_on_the_board_are_said():
    """They may have drawn some of the energy, and nobody can tell how much."""
    look = Condition(seconds(3), "gpu:0", "foreign_processes", 2.0)

    found = judged(run_of([*ticking(busy_power, 0, 7), look], WINDOWS))["foreign processes"]

    assert (found.level, found.domain) == ("flag", "gpu:0")


def test_a_gpu_that_no_sensor_reads_is_said():
    """Host figures alone would pass for the whole of a GPU's work."""
    run = run_of(ticking(busy_power, 0, 7), WINDOWS, sources=(replace(GPU, device="GPU-other"),))

    assert judged(run)["device not found"].level == "flag"


def test_a_run_without_its_own_devices_figure_is_spoilt():
    """A host that could still be modelled does not make a GPU's cell whole."""
    void = Verdict(name="throttled", level="void", domain="gpu:0", evidence="", remedy="")

    assert spoilt((GPU, HOST), GPU.device, (void,))
    assert not spoilt((GPU, HOST), "GPU-other", (void,))
    assert not spoilt((GPU, HOST), GPU.device, (replace(void, level="flag"),))
    assert spoilt((GPU, HOST), "cpu", (replace(void, domain=None),))


def test_an_idle_gpu_does_not_make_a_run_on_the_cpu_whole():
    """The host is the figure that it was made for; a void board beside it takes nothing away."""
    void = Verdict(name="frozen power", level="void", domain="gpu:0", evidence="", remedy="")

    assert spoilt((GPU, HOST), "cpu", (replace(void, domain="host"),))
    assert spoilt((GPU,), "cpu", ())
    assert not spoilt((GPU, HOST), "cpu", (void,))
