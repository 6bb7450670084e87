"""The constant test double."""

import subprocess
import sys
import time

import pytest
from fakes import FakeClock

from bench.errors import BadInput
from bench.meters import constant


def test_a_hundred_watts_for_ten_seconds_are_a_thousand_joules():
    """The counter is power × time on the clock that it is given."""
    clock = FakeClock()
    (meter,) = constant.open_meters({}, clock_ns=clock.clock_ns).meters
    first = meter.read()
    clock.sleep(10)
    last = meter.read()

    assert [r.value for r in first if r.kind == "energy"] == [0.0] * 3
    assert [r.value for r in last if r.kind == "energy"] == pytest.approx([1000.0] * 3)
    assert [r.value for r in last if r.kind == "power"] == [100.0]


def test_it_is_never_called_measured():
    """A test double is modelled, and says that it is one."""
    (meter,) = constant.open_meters({"power_w": "5"}).meters

    assert meter.source.basis == "modelled"
    assert "test double" in meter.source.reason


@pytest.mark.parametrize("power_w", ["many", "-1", "nan", "inf"])
def test_a_wrong_power_is_bad_input(power_w):
    """The message carries what was found."""
    with pytest.raises(BadInput, match=power_w):
        constant.open_meters({"power_w": power_w})


def test_work_is_dearer_by_what_is_declared():
    """60 W for ten seconds, and 40 W for the four of them in which a processor worked."""
    clock, worked = FakeClock(), [0]
    options = {"power_w": "60", "busy_w": "40"}
    (meter,) = constant.open_meters(options, clock_ns=clock.clock_ns, worked_ns=lambda: worked[0]).meters
    clock.sleep(6)
    rested = meter.read()
    clock.sleep(4)
    worked[0] += 4_000_000_000
    done = meter.read()

    assert [r.value for r in done if r.kind == "energy"] == pytest.approx([760.0] * 3)
    assert [r.value for r in (*rested, *done) if r.kind == "power"] == pytest.approx([60.0, 100.0])
    assert meter.source.basis == "modelled"
    assert "test double: 60 W and 40 W more while work computes by declaration" in meter.source.reason


def test_whose_work_is_taken_is_the_process_that_opened_the_meters():
    """The sampler reads the clock of its parent: here, of this very test."""
    script = "import sys; from bench.meters import constant; print(constant._worked_ns())"
    before_ns = time.process_time_ns()
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert before_ns <= int(found.stdout) <= time.process_time_ns()
