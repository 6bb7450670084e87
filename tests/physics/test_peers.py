"""A peer's joules stand beside ours over its own span, come into no figure, and are absent with a reason."""

import pytest
from fakes import GPU, HOST, seconds, ticking, window

from bench.nouns import Reading, Trace, WitnessRecord
from bench.nouns.witnesses import peer_field
from bench.physics.energy import window_energies
from bench.physics.peers import apart_ratio
from bench.physics.series import series

WORK = window("work", "1", 2.0, 6.0)
PEER = WitnessRecord(name="zeus", version="1.0")


def pair(begun_s, ended_s, before_j, after_j, *, name="zeus", domain="gpu:0", basis="measured"):
    field = peer_field(name, basis)
    return (
        Reading(seconds(begun_s), domain, field, "energy", before_j),
        Reading(seconds(ended_s), domain, field, "energy", after_j),
    )


def ours(readings=()):
    """70 W, and 400 W from 2 s to 6 s."""
    return (*ticking(lambda t: 400.0 if 2 <= t < 6 else 70.0, 0, 9), *readings)


def energies(readings, *, windows=(WORK,), sources=(GPU,), witnesses=(PEER,)):
    trace = Trace(observations=tuple(readings), windows=windows, witnesses=witnesses)
    return window_energies(trace, sources)


def test_ours_is_stretched_to_the_peer_s_span_and_no_further():
    """400 W for 4 s with 0.35 s of 70 W before and 0.45 s after: that is what a perfect peer would say."""
    truth_j = 400.0 * 4 + 70.0 * 0.80
    [found] = energies(ours(pair(1.65, 6.45, 5000.0, 5000.0 + truth_j)))

    assert found.peers == {"zeus": pytest.approx(truth_j)}
    assert found.over_peers_j["zeus"] == pytest.approx(truth_j, rel=2e-3)
    assert apart_ratio(found, "zeus") == pytest.approx(0.0, abs=2e-3)


def test_a_peer_comes_into_no_figure_of_ours():
    """Energy, interval, components, witness and flags are those without it, however wrong it is."""
    [alone] = energies(ours(), witnesses=())
    [beside] = energies(ours(pair(1.85, 6.1, 0.0, 1e6)))

    assert beside.peers == {"zeus": 1e6}
    for name in (
        "energy_j",
        "low_j",
        "high_j",
        "components",
        "witness_j",
        "flags",
        "reasons",
        "start_ns",
        "end_ns",
    ):
        assert getattr(beside, name) == getattr(alone, name)


def test_what_a_peer_said_is_no_field_of_a_sensor():
    """Whoever asks for the series of a trace gets those of sensors and conditions alone."""
    assert series(ours(pair(1.85, 6.1, 0.0, 10.0))) == series(ours())


def test_each_window_has_its_own_pair():
    """A cumulative counter gives each window its difference; a window without a pair gives none."""
    first, second = window("work", "1", 2.0, 3.0), window("work", "2", 4.0, 5.0)
    third = window("work", "3", 6.5, 7.0)
    said = (*pair(1.8, 3.1, 0.0, 500.0), *pair(3.8, 5.1, 500.0, 1100.0))

    found = energies(ours(said), windows=(first, second, third))

    assert [e.peers for e in found] == [{"zeus": 500.0}, {"zeus": 600.0}, {}]
    assert found[2].flags[-1] == "zeus gave no figure"


@pytest.mark.parametrize("energy_j", [0.0, -3.0])
def test_a_peer_that_says_nothing_was_taken_is_absent_with_a_flag(energy_j):
    """Zero joules are not a measurement of a board that draws power; ours stands as it was."""
    [found] = energies(ours(pair(1.85, 6.1, 10.0, 10.0 + energy_j)))

    assert found.peers == {}
    assert found.energy_j is not None
    assert f"zeus gave {energy_j:g} J" in found.flags[-1]


def test_a_peer_that_never_spoke_flags_every_domain_that_was_read():
    """Its fault is said; an excluded domain has said why already."""
    dead = WitnessRecord(name="zeus", fault="its process ended with exit code 1")
    readings = [*ours(), *(Reading(r.t_ns, "host", f, "energy", r.value) for r in ours() for f in HOST.fields)]

    gpu, host = energies(readings, sources=(GPU, HOST), witnesses=(dead,))

    for found in (gpu, host):
        assert found.energy_j is not None
        assert found.flags[-1] == "zeus gave no figure: its process ended with exit code 1"


def test_a_peer_of_gpus_is_not_missed_on_the_host():
    """Silence on a domain of which it never speaks is no failure."""
    readings = [*ours(pair(1.85, 6.1, 0.0, 1600.0))]
    readings += [Reading(r.t_ns, "host", f, "energy", r.value) for r in ours() for f in HOST.fields]

    _, host = energies(readings, sources=(GPU, HOST))

    assert (host.peers, host.flags) == ({}, ())


def test_its_own_model_is_told_apart_from_what_it_measured():
    """Two figures of one peer on one domain keep their names."""
    said = (*pair(1.85, 6.1, 0.0, 1600.0), *pair(1.85, 6.1, 0.0, 900.0, basis="modelled"))

    [found] = energies(ours(said))

    assert found.peers == {"zeus": 1600.0, "zeus (modelled)": 900.0}


def test_where_ours_is_void_the_peer_stands_alone():
    """Nothing of ours is made up to be compared with."""
    frozen = [Reading(seconds(i / 50), "gpu:0", "counter", "energy", 5.0) for i in range(450)]

    [found] = energies([*frozen, *pair(1.85, 6.1, 0.0, 1600.0)])

    assert (found.energy_j, found.peers, found.over_peers_j) == (None, {"zeus": 1600.0}, {})
    assert apart_ratio(found, "zeus") is None
