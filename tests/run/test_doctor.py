"""Whether a machine can measure follows from the checks of its sensors and engines, whatever they are called."""

import pytest

from bench.nouns import Check
from bench.run.doctor import exit_code

ENGINE = Check(name="engine whisper", status="ok", reason="")


@pytest.mark.parametrize("sensor", ["nvml gpu:0", "rapl cpu-package:0", "host_model"])
def test_any_live_sensor_is_enough(sensor):
    """A machine of GPUs and RAPL alone, which needs no model of its host, can measure."""
    assert exit_code([Check(name=sensor, status="ok", reason=""), ENGINE]) == 0


def test_nothing_is_measured_without_a_sensor_or_without_an_engine():
    """A missing sensor is no sensor, and the other lines of `doctor` are neither."""
    absent = Check(name="nvml", status="missing", reason="")
    other = Check(name="python", status="ok", reason="")

    assert exit_code([absent, other, ENGINE]) == 3
    assert exit_code([Check(name="nvml gpu:0", status="ok", reason=""), other]) == 3
