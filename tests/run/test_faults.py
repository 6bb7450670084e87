"""Every fault of a simulated sensor, through the real `joulemark meter`: none may end in a silent number."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sim.faults import (
    BOARD_EXCLUDED,
    BOARDS,
    MACHINE_FAULTS,
    STALLED_BOARDS,
    STALLED_ZONES,
    ZONES,
    Times,
    Workshop,
)

ALL = [*BOARDS, *ZONES, *STALLED_BOARDS, *STALLED_ZONES]
# Only from 10 s on is a counter held against the power beside it: a plausible wrong number needs the other sensor.
LONG = Times(end_s=16.0)
SOUND = ("gpu: none, start", "gpu: none, mid-run")


@pytest.fixture(scope="module")
def answers(nvml_library, powercap_library, tmp_path_factory):
    """The answers to all faults, in three runs: boards do not disturb each other, unless their calls stall."""
    shop = Workshop(nvml=nvml_library, powercap=powercap_library, folder=tmp_path_factory.mktemp("faults"))
    # sound sensors by themselves: a hundred boards in one process are more than a busy machine reads in time
    sound = {name: fault for name, fault in BOARDS.items() if name in SOUND}
    runs = (
        (BOARDS, {}, LONG),
        ({}, ZONES, Times()),
        (STALLED_BOARDS, STALLED_ZONES, Times()),
        (sound, {}, LONG),
    )
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(shop.ask, *one) for one in runs]
        return {name: answer for one in asked for name, answer in one.result().items()}


@pytest.mark.slow
@pytest.mark.parametrize("fault", ALL)
def test_no_fault_ends_in_a_wrong_number(answers, fault):
    """The truth inside the interval, or no number and a reason."""
    assert answers[fault].kind in ("right", "lucky", "gap", "error"), answers[fault]


@pytest.mark.slow
@pytest.mark.parametrize("fault", [*SOUND, "zone: none, start"])
def test_a_sound_sensor_gives_a_number(answers, fault):
    """The suite would prove nothing with a meter that never says anything."""
    assert answers[fault].kind == "right"
    assert answers[fault].energy_j == pytest.approx(answers[fault].truth_j, rel=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("fault", [f"gpu: {name}" for name in BOARD_EXCLUDED])
def test_what_is_not_a_whole_board_has_no_number(answers, fault):
    """Slices, guests, boards that do not open."""
    assert answers[fault].kind == "gap"
    assert answers[fault].said.startswith("excluded")


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["init error 9", "count error 999"])
def test_a_library_that_fails_is_a_clear_error(nvml_library, powercap_library, tmp_path, fault):
    """Words on stderr and an exit code that is not 0."""
    shop = Workshop(nvml=nvml_library, powercap=powercap_library, folder=tmp_path)

    assert shop.machine(MACHINE_FAULTS[fault]).kind == "error"
