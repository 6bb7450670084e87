"""Every fault of a simulated sensor, through the real `joulemark meter`: none may end in a silent number."""

import pytest
from sim.fault_kinds import (
    BOARD_EXCLUDED,
    BOARDS,
    EITHER,
    MACHINE_FAULTS,
    MOST_BOARDS,
    NUMBERS,
    STALLED_BOARDS,
    STALLED_ZONES,
    ZONES,
    expected,
)
from sim.faults import Workshop, every_answer, pauses

ALL = [*BOARDS, *ZONES, *STALLED_BOARDS, *STALLED_ZONES]
SOUND = ("gpu: none, start", "gpu: none, mid-run", "zone: none, start")


@pytest.fixture(scope="module")
def answers(nvml_library, powercap_library, tmp_path_factory):
    """The answers to all faults: a few boards in each of several processes, which sleep most of the time."""
    shop = Workshop(nvml=nvml_library, powercap=powercap_library, folder=tmp_path_factory.mktemp("faults"))
    return every_answer(shop)


@pytest.mark.slow
@pytest.mark.parametrize("fault", ALL)
def test_a_fault_ends_as_it_must(answers, fault):
    """The truth inside the interval where a field is left that tells it, else no number and a reason."""
    assert answers[fault].kind in expected(fault), answers[fault]


def test_each_fault_is_pinned_once():
    """A name that is mistyped, or left over, would pin nothing."""
    asked = [name for one in pauses() for name in (*one.boards, *one.zones)]

    assert sorted(asked) == sorted(ALL)
    assert NUMBERS | EITHER.keys() <= set(ALL)
    assert not NUMBERS & EITHER.keys()
    assert all(len(one.boards) + len(one.zones) <= MOST_BOARDS for one in pauses())
    assert len(NUMBERS) > len(ALL) / 3


@pytest.mark.slow
@pytest.mark.parametrize("fault", SOUND)
def test_a_sound_sensor_tells_the_truth_within_a_percent(answers, fault):
    """Far inside its interval, which holds what boards differ by."""
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
