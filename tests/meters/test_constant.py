"""The constant test double."""

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
