"""The host model: what it charges for a machine whose use is known exactly, and when it says nothing."""

import math
import os
import subprocess
import sys

import pytest
from host_demo import (
    TICKS_PER_S,
    Host,
    conditions,
    joules,
)

from bench.errors import SensorLost
from bench.meters import host_model
from bench.meters.host_model import open_meters
from bench.nouns import Condition, Reading


@pytest.mark.parametrize("utilisation", [0.0, 0.5, 1.0])
def test_energy_is_min_plus_utilisation_times_the_difference(tmp_path, utilisation):
    """Genoa, four threads, 10 s: 4 × (0.739 + u × 1.543) W × 10 s, and AMD's span at its ends."""
    host = Host(tmp_path)
    meter = host.meter(vcpu_is="thread")
    host.pass_s(10.0, user=40.0 * utilisation)

    found = joules(meter)

    assert found["value"] == pytest.approx(40 * (0.739 + utilisation * (2.282 - 0.739)), rel=1e-12)
    assert found["low"] == pytest.approx(40 * (0.445 + utilisation * (1.693 - 0.474)), rel=1e-12)
    assert found["high"] == pytest.approx(40 * (0.847 + utilisation * (2.604 - 0.847)), rel=1e-12)
    meter.close()


def test_counters_start_at_zero_and_add_up_over_any_cut_of_the_time(tmp_path):
    """The integral is exact: many looks and one look give the same joules."""
    (tmp_path / "a").mkdir(), (tmp_path / "b").mkdir()
    often, once = Host(tmp_path / "a"), Host(tmp_path / "b")
    meters = often.meter(), once.meter()
    assert joules(meters[0]) == {"value": 0.0, "low": 0.0, "high": 0.0}

    seen = []
    for step in range(1, 21):
        often.pass_s(0.1, user=0.1 * (step % 4))
        seen.append(joules(meters[0])["value"])
    once.pass_s(2.0, user=0.1 * sum(step % 4 for step in range(1, 21)))

    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(joules(meters[1])["value"], rel=1e-12)


def test_only_work_is_busy(tmp_path):
    """user, nice, system, irq and softirq are work; idle, waiting and stolen time are not; guest is in user."""
    host = Host(tmp_path)
    meter = host.meter()
    host.pass_s(4.0, user=1, nice=2, system=3, irq=4, softirq=5, idle=7, iowait=8, steal=9, guest=1, guest_nice=2)

    found = conditions(meter)

    assert found["busy_s"] == 15.0
    assert found["steal_s"] == 9.0
    assert found["available_memory_bytes"] == 1024 * 1024


def test_a_sum_that_steps_back_never_takes_energy_back(tmp_path):
    """The kernel's sums may fall by a tick; the counters do not."""
    host = Host(tmp_path)
    meter = host.meter()
    host.pass_s(1.0, user=2.0)
    before = joules(meter)
    host.pass_s(0.0, user=-0.01)

    assert all(joules(meter)[field] >= before[field] for field in before)


@pytest.mark.parametrize("back_s", [0.09, 5.0, 1000.0])
def test_a_sum_that_begins_anew_is_a_lost_sensor(tmp_path, back_s):
    """A container restored, lxcfs restarted: the work until it has caught up would be in no number."""
    host = Host(tmp_path)
    host.pass_s(0.0, user=2000.0)
    meter = host.meter()
    host.pass_s(1.0, user=2.0)
    meter.read()
    host.pass_s(0.0, user=-back_s)

    with pytest.raises(SensorLost, match=rf"stepped back by {back_s:.2f} s"):
        meter.read()


def test_steps_back_that_add_up_are_a_lost_sensor(tmp_path):
    """A tick each time is nothing, a tick every time is a sum that goes backwards."""
    host = Host(tmp_path)
    host.pass_s(0.0, user=10.0)
    meter = host.meter()

    for _ in range(7):
        host.pass_s(0.05, user=-0.01)
        meter.read()
    host.pass_s(0.05, user=-0.02)

    with pytest.raises(SensorLost, match="stepped back"):
        meter.read()


def test_a_sum_that_runs_ahead_of_the_clock_is_a_lost_sensor(tmp_path):
    """Four threads are busy for four seconds a second, and not for more."""
    host = Host(tmp_path)
    meter = host.meter()
    host.pass_s(1.0, user=4.0)
    meter.read()
    host.pass_s(1.0, user=4.2)

    with pytest.raises(SensorLost, match=r"4 threads have had 4\.08 s"):
        meter.read()


def test_a_negative_time_is_a_lost_sensor(tmp_path):
    """What a broken /proc tells is not counted."""
    host = Host(tmp_path)
    meter = host.meter()
    host.pass_s(1.0, irq=-3.0)

    with pytest.raises(SensorLost, match="negative time: -300"):
        meter.read()


def test_every_parameter_stands_in_the_details(tmp_path):
    """Anyone can recompute a reading from the source's details and busy_s alone."""
    host = Host(tmp_path, memory_gib=64)
    meter = host.meter()
    host.pass_s(3.0, user=1.25, system=0.5)

    read = meter.read()
    details = meter.source.details
    busy_s = next(o.value for o in read if isinstance(o, Condition) and o.name == "busy_s")
    for reading in (o for o in read if isinstance(o, Reading)):
        idle_w = details[f"idle_w_{reading.field}"]
        slope_w = details[f"slope_w_per_busy_vcpu_{reading.field}"]
        assert reading.value == pytest.approx(idle_w * 3.0 + slope_w * busy_s, rel=1e-12)
        rebuilt_w = (
            details[f"min_w_per_thread_{reading.field}"]
            * details["threads"]
            * details[f"threads_per_vcpu_{reading.field}"]
        ) + details[f"memory_w_{reading.field}"]
        assert idle_w == pytest.approx(rebuilt_w, rel=1e-12)
    assert details["tick_s"] == 1 / TICKS_PER_S


def test_the_source_is_a_modelled_host(tmp_path):
    """Whole-server watts are never called cpu, and never measured; doctor is told."""
    found = Host(tmp_path).found()
    source, check = found.meters[0].source, found.checks[0]

    assert (source.domain, source.boundary, source.basis) == ("host", "host", "modelled")
    assert source.device == "cpu-model"
    assert (check.name, check.status) == ("host_model", "degraded")
    assert "not measured" in check.reason
    assert check.remedy


@pytest.mark.parametrize("gone", ["stat", "meminfo"])
def test_a_machine_without_proc_is_a_gap_with_its_reason(tmp_path, gone):
    """No file, no number: the domain is excluded and doctor says why."""
    host = Host(tmp_path)
    (tmp_path / "proc" / gone).unlink()

    found = host.found()

    assert not found.meters
    assert found.excluded[0].basis == "excluded"
    assert found.excluded[0].reason
    assert found.checks[0].status == "missing"


def test_a_proc_that_dies_is_a_lost_sensor(tmp_path):
    """Nonsense where the sums were ends the meter; it is not read as zero."""
    host = Host(tmp_path)
    meter = host.meter()
    (tmp_path / "proc/stat").write_text("gone\n")

    with pytest.raises(SensorLost, match="host_model"):
        meter.read()


def test_closing_twice_lets_go_once(tmp_path):
    """Close may come from two sides: its file is let go of, and no other file with it."""
    before = os.listdir("/proc/self/fd")
    meter = Host(tmp_path).meter()
    meter.close()
    meter.close()

    assert os.listdir("/proc/self/fd") == before


def test_this_machine_can_be_read():
    """On any Linux the meter opens, counts up from zero, and keeps low ≤ value ≤ high."""
    found = open_meters({})
    if not found.meters:
        pytest.skip(found.checks[0].reason)
    meter = found.meters[0]
    first, second = meter.read(), meter.read()
    values = {o.field: o.value for o in second if isinstance(o, Reading)}

    assert 0.0 <= values["low"] <= values["value"] <= values["high"] < math.inf
    assert all(b.t_ns >= a.t_ns for a, b in zip(first, second, strict=False))
    meter.close()


def test_it_stays_light():
    """The sampler's process imports this module: no library that is heavy may come along."""
    code = (
        "import sys, bench.meters.host_model\n"
        "heavy = {'numpy', 'rich', 'psutil', 'typer', 'scipy', 'ssl', 'asyncio'} & set(sys.modules)\n"
        "print(sorted(heavy))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert out.stdout.strip() == "[]", host_model.__doc__
