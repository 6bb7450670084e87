"""The unmodified RAPL meter against counters that follow a declared power on the real clock."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sim.powercap import RANGE_UJ, PowercapSim, SimulatedZone
from sim.truth import Curve

DRIVER = Path(__file__).parents[1] / "sim" / "meter_driver.py"
SQUARE = Curve(((0, 60), (0.25, 60), (0.25, 210), (0.5, 210)), repeat_s=0.5)
HEAVY = Curve(((0, 2000),))
MOST = "most_power_w=4000"  # HEAVY is more than any package draws, so that wraps come often
EIO, ENOENT, EACCES = 5, 2, 13

# (curve, statements, range): every fault begins at 0.9 s, when the meter has looked for a while
PACKAGES = {
    "sound": (SQUARE, [], RANGE_UJ),
    "coarse": (SQUARE, ["tick_ms 50", "unit_uj 15259.0", "gain 1.05"], RANGE_UJ),
    "near its end": (SQUARE, [f"start_uj {RANGE_UJ - 80e6:.0f}"], RANGE_UJ),
    "wraps often": (HEAVY, ["unit_uj 1"], 700_000_000),
    "no range": (HEAVY, [f"start_uj {RANGE_UJ - 2000e6:.0f}"], None),
    "silent for a while": (SQUARE, [f"error {EIO} 0.9 1.2"], RANGE_UJ),
    "closed for a while": (SQUARE, [f"error {EACCES} 0.9 1.2"], RANGE_UJ),
    "empty for a while": (SQUARE, ["text - 0.9 1.2"], RANGE_UJ),
    "stuck for a while": (SQUARE, ["frozen 0.9 1.2"], RANGE_UJ),
    "begins again": (SQUARE, ["start_uj 5e9", "reset 0.9"], RANGE_UJ),
    "leaps": (SQUARE, ["jump 0.9 2e9"], RANGE_UJ),
    "goes away": (SQUARE, [f"error {ENOENT} 0.9"], RANGE_UJ),
    "closed": (SQUARE, [f"error {EACCES}"], RANGE_UJ),
    "silent": (SQUARE, [f"error {EIO}"], RANGE_UJ),
    "no number": (SQUARE, ["text hello"], RANGE_UJ),
}
GAPS = ("silent for a while", "closed for a while", "empty for a while")


def zones(packages):
    return [
        SimulatedZone(
            folder=f"intel-rapl:{i}", name=f"package-{i}", statements=[*curve.statements, *own], range_uj=range_uj
        )
        for i, (curve, own, range_uj) in enumerate(packages.values())
    ]


def look(sim, packages, seconds, period_s):
    """What the meter says, with the epoch of the declaration."""
    epoch_ns = time.monotonic_ns()
    environment = sim.environment(*zones(packages), head=[f"epoch_ns {epoch_ns}"])
    done = subprocess.run(
        [sys.executable, str(DRIVER), "rapl", str(seconds), str(period_s), f"powercap_root={sim.root}", MOST],
        env=environment, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    said = json.loads(done.stdout)

    def name(domain):
        return list(packages)[int(domain.partition(":")[2])]

    values = {}
    for o in (o for o in said["observations"] if "field" in o):
        values.setdefault(name(o["domain"]), []).append(((o["t_ns"] - epoch_ns) * 1e-9, o["value"]))
    lost = {name(domain): why for domain, why in said["lost"].items()}
    excluded = {name(s["domain"]): s["reason"] for s in said["excluded"]}
    return values, lost, excluded


@pytest.fixture(scope="module")
def looked(powercap_library, tmp_path_factory):
    """All packages, looked at together once: for 1.5 s, a hundred times a second."""
    return look(PowercapSim(powercap_library, tmp_path_factory.mktemp("zones")), PACKAGES, 1.5, 0.01)


def rises(seen, curve, *, tick_s=0.001, unit_j=61.035e-6, gain=1.0):
    """Whether every rise since the first look is the energy of its span, to the tick and the unit.

    A look that the machine held up in its middle is known to what it took: nine of ten to 2 ms, all to 30.
    """
    (start_s, start_j), *rest = seen

    def fits(t, value, within_s):
        most = gain * curve.energy_j(start_s - tick_s - within_s, t + within_s) + unit_j
        least = gain * curve.energy_j(start_s + within_s, t - tick_s - within_s) - unit_j
        return least <= value - start_j <= most

    assert [t for t, value in rest if not fits(t, value, 0.030)] == []
    assert sum(fits(t, value, 0.002) for t, value in rest) >= 0.9 * len(rest)
    return len(rest)


@pytest.mark.parametrize("package", ["sound", "near its end", "stuck for a while", *GAPS])
def test_joules_are_those_of_the_curve(looked, package):
    """To the millisecond, across a wrap, and after a time without a reading."""
    values, lost, excluded = looked
    seen = values[package]
    if package == "stuck for a while":
        seen = [(t, v) for t, v in seen if not 0.89 < t < 1.21]

    assert rises(seen, SQUARE) > 20
    assert package not in {**lost, **excluded}


def test_units_ticks_and_gain_are_the_declared_ones(looked):
    """A coarse counter moves every 50 ms by whole units, 5 % too fast."""
    seen = looked[0]["coarse"]
    assert rises(seen, SQUARE, tick_s=0.05, unit_j=15259e-6, gain=1.05) > 20
    assert {round(value * 1e6) % 15259 for _, value in seen} == {0}
    assert len({v for _, v in seen}) < 32


def test_wraps_of_every_third_of_a_second_are_unrolled(looked):
    """2 kW over 700 J: four wraps and more, and not a joule too many."""
    values, lost, _ = looked
    seen = values["wraps often"]

    assert "wraps often" not in lost
    assert seen[-1][1] - seen[0][1] > 2 * 700
    assert rises(seen, HEAVY) > 20


@pytest.mark.parametrize("package", GAPS)
def test_a_read_that_fails_is_a_gap(looked, package):
    """No reading while the zone does not answer; it is a powercap file's own error that the meter sees."""
    times = [t for t, _ in looked[0][package]]

    assert not [t for t in times if 0.902 < t < 1.198]
    assert [t for t in times if t > 1.2]


@pytest.mark.parametrize(
    ("package", "why"),
    [("begins again", "fell from"), ("leaps", "nothing draws"), ("no range", "max_energy_range_uj")],
)
def test_what_can_not_be_told_is_a_lost_sensor(looked, package, why):
    """A reset, a leap, a wrap of unknown range: the readings end there, with the reason."""
    values, lost, _ = looked

    assert why in lost[package]
    assert rises(values[package], PACKAGES[package][0]) > 2


def test_a_zone_that_is_gone_gives_no_more_readings(looked):
    """The module was unloaded: not a reading after it, and none of them 0."""
    times = [t for t, _ in looked[0]["goes away"]]

    assert max(times) < 0.902


@pytest.mark.parametrize(
    ("package", "why"), [("closed", "root only"), ("silent", "Input/output error"), ("no number", "no number")]
)
def test_what_fails_from_the_start_is_excluded(looked, package, why):
    """With the words of the system."""
    assert why in looked[2][package]


def test_looks_too_far_apart_for_the_range_are_refused(powercap_sim):
    """0.4 s may hide two wraps of 700 J at the most that a package can draw."""
    _, lost, _ = look(powercap_sim, {"wraps often": PACKAGES["wraps often"]}, 0.8, 0.4)

    assert "more than once" in lost["wraps often"]


def test_a_file_is_read_afresh_from_its_beginning_only(powercap_sim):
    """As a kernel's file: nothing is left at its end, and its beginning shows the counter of that moment."""
    environment = powercap_sim.environment(*zones({"sound": PACKAGES["sound"]}))
    file = powercap_sim.root / "intel-rapl:0" / "energy_uj"
    code = (
        f"import os, time; f = open({str(file)!r}); a, end = f.read(), f.read(); time.sleep(0.05);"
        "b = os.pread(f.fileno(), 32, 0); f.seek(0); time.sleep(0.05); c = f.read();"
        "print(int(a), repr(end), int(b), int(c))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )

    first, end, second, third = done.stdout.split()
    assert end == "''"
    for earlier, later in ((first, second), (second, third)):
        assert int(later) - int(earlier) > 0.9 * 0.05 * 60e6


def test_nothing_outside_the_tree_is_touched(powercap_sim, tmp_path):
    """A file of the same name elsewhere is the system's own, and the tree's other files are as they stand."""
    other = tmp_path / "energy_uj"
    other.write_text("42\n")
    environment = powercap_sim.environment(*zones({"sound": PACKAGES["sound"]}))
    shell = f"cat {other} {powercap_sim.root}/intel-rapl:0/name {powercap_sim.root}/intel-rapl/intel-rapl:0/name"
    done = subprocess.run(["sh", "-c", shell], env=environment, capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["42", "package-0", "package-0"]


def test_a_reader_without_the_library_finds_no_number(powercap_sim):
    """What stands on disk can't be taken for a reading."""
    powercap_sim.environment(*zones({"sound": PACKAGES["sound"]}))
    file = powercap_sim.root / "intel-rapl:0" / "energy_uj"

    assert "LD_PRELOAD" not in os.environ
    assert file.read_text() == "not preloaded\n"
