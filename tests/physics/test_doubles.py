"""Stand-ins for sensors: replayed readings are void, a declared power is called a test double."""

from dataclasses import replace

from sound_cell import GPU, cell

from bench.physics.doubles import REPLAYED, unmasked
from bench.physics.energy import window_energies
from bench.run.publish import rounded_energies


def test_replayed_readings_are_void_wherever_energies_are_made():
    """What was measured elsewhere is not what this machine took: in a metered command as in a run's verdict."""
    run = cell()
    played = replace(GPU, meter="replay")
    energies = rounded_energies(run.trace, (played,), (), run.outcomes)

    assert {e.energy_j for e in energies} == {e.low_j for e in energies} == {None}
    assert all(e.reasons[0] == REPLAYED and not e.components for e in energies)


def test_a_declared_power_is_called_a_test_double_beside_its_figure():
    """100 W by declaration looks like any other figure otherwise."""
    declared = replace(GPU, meter="constant", details={"power_w": 100.0})
    (energy, *_) = unmasked(window_energies(cell().trace, (GPU,)), (declared,))

    assert energy.energy_j is not None
    assert energy.flags[0] == "a test double: 100 W by declaration, not a sensor"


def test_a_simulated_board_is_called_one_beside_its_figure():
    """Its readings come through the driver's own calls: nothing but its name tells it from a card."""
    simulated = replace(GPU, device_name="SIMULATED board")
    (energy, *_) = unmasked(window_energies(cell().trace, (GPU,)), (simulated,))

    assert energy.flags[0] == "a test double: SIMULATED board, a program and not a board"
    assert unmasked([energy], (replace(GPU, device_name="NVIDIA H200"),)) == (energy,)


def test_a_module_s_power_is_never_told_without_saying_what_is_inside():
    """700 W of a module are not 700 W of its GPU."""
    module = replace(GPU, domain="module:0", boundary="platform")
    energies = [replace(e, domain="module:0") for e in window_energies(cell().trace, (GPU,))]

    assert (
        unmasked(energies, (module,))[0].flags[0].startswith("the module's power: a GPU with its CPU and memory")
    )


def test_a_sensor_s_energies_stay_as_they_are():
    """Nothing else is touched."""
    energies = window_energies(cell().trace, (GPU,))

    assert unmasked(energies, (GPU,)) == energies
