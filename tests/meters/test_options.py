"""A meter's options, mistyped: an error, never a meter that goes on without them."""

import pytest

from bench.errors import BadInput
from bench.files.registry import open_meter_plugin
from bench.run.sensors import METERS_VARIABLE, default_meters


@pytest.mark.parametrize(
    ("meter", "option"),
    [
        ("constant", "powr_w"), ("replay", "paht"), ("elsewhere", "serve"), ("nvml", "own_pid"),
        ("rapl", "powercap"), ("host_model", "vcpu"),
    ],
)  # fmt: skip
def test_an_option_that_is_not_known_is_refused(meter, option):
    """`powr_w=5` would be 100 W."""
    with pytest.raises(BadInput, match=f"unknown option of {meter} '{option}'"):
        open_meter_plugin(meter, {option: "5"})


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ("constant:power_w=5,constant:power_w=500", "'constant' is named twice"),
        ("constant:power_w=5;power_w=500", "an option of 'constant' is given twice"),
        ("constant:power_w", "options are NAME:key=value"),
    ],
)
def test_meters_that_contradict_each_other_are_refused(monkeypatch, asked, why):
    """Nobody should have to guess which of the two was taken."""
    monkeypatch.setenv(METERS_VARIABLE, asked)

    with pytest.raises(BadInput, match=why):
        default_meters()
