"""The unmodified RAPL meter against a powercap tree of plain files."""

import os
import stat
import subprocess
from pathlib import Path

import pytest
from fakes import FakeClock
from sim.powercap import RANGE_UJ, Powercap, intel_server

from bench.errors import SensorLost
from bench.meters import rapl
from bench.nouns import Reading

SCRIPT = Path(__file__).parents[2] / "scripts" / "grant_rapl.sh"


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def tree(tmp_path):
    return Powercap(tmp_path / "powercap")


def found_in(tree, clock, vendor="GenuineIntel"):
    proc = tree.root.parent / "proc"
    proc.mkdir(exist_ok=True, parents=True)
    (proc / "cpuinfo").write_text(f"vendor_id\t: {vendor}\n")
    options = {"powercap_root": str(tree.root), "proc_root": str(proc)}
    return rapl.open_meters(options, clock_ns=clock.clock_ns)


def joules(meter):
    return [one.value for one in meter.read() if isinstance(one, Reading)]


def test_zones_are_known_by_name_and_counted_once(tmp_path, clock):
    """Core lies inside its package, MMIO shows it twice: what is left is two packages, two memories, psys."""
    found = found_in(intel_server(tmp_path / "powercap"), clock)

    assert {m.source.domain: (m.source.boundary, m.source.device) for m in found.meters} == {
        "cpu-package:0": ("cpu", "intel-rapl:0"),
        "cpu-package:1": ("cpu", "intel-rapl:1"),
        "dram:0": ("dram", "intel-rapl:0:1"),
        "dram:1": ("dram", "intel-rapl:1:1"),
        "platform": ("platform", "intel-rapl:2"),
    }
    assert {m.source.basis for m in found.meters} == {"measured"}
    assert [c.status for c in found.checks] == ["ok"] * 5


def test_the_numbers_of_folders_mean_nothing(tree, clock):
    """Package 1 may lie in intel-rapl:0; its memory belongs to it all the same."""
    tree.zone("intel-rapl:0", "package-1")
    tree.zone("intel-rapl:0:2", "dram")

    assert {m.source.domain for m in found_in(tree, clock).meters} == {"cpu-package:1", "dram:1"}


def test_microjoules_become_joules(tree, clock):
    """1 500 000 µJ are 1.5 J, stamped with the clock's time."""
    tree.zone("intel-rapl:0", "package-0", energy_uj=1_500_000)
    (meter,) = found_in(tree, clock).meters
    (reading,) = meter.read()

    assert (reading.value, reading.kind, reading.field) == (1.5, "energy", "counter")
    assert reading.t_ns == clock.clock_ns()


def test_a_wrap_is_unrolled_by_the_zones_own_range(tree, clock):
    """5 J before the end and 3 J after it are 8 J, whatever the range of the other zones."""
    tree.zone("intel-rapl:0", "package-0", energy_uj=RANGE_UJ - 5_000_000)
    tree.zone("intel-rapl:1", "package-1", energy_uj=65_000_000_000 - 5_000_000, range_uj=65_000_000_000)
    meters = found_in(tree, clock).meters
    before = [joules(m)[0] for m in meters]
    clock.sleep(0.1)
    tree.show("intel-rapl:0", 3_000_000)
    tree.show("intel-rapl:1", 3_000_000)

    assert [joules(m)[0] - b for m, b in zip(meters, before, strict=True)] == pytest.approx([8.0, 8.0])


def test_many_wraps_stay_exact(tree, clock):
    """Three wraps seen one by one add up to every joule."""
    tree.zone("intel-rapl:0", "package-0", range_uj=65_000_000_000)
    (meter,) = found_in(tree, clock).meters
    start = joules(meter)[0]
    total_uj = 0
    for _ in range(70):  # 300 W looked at every ten seconds
        clock.sleep(10.0)
        total_uj += 3_000_000_000
        tree.show("intel-rapl:0", total_uj % 65_000_000_000)
        last = joules(meter)[0]

    assert last - start == pytest.approx(700 * 300.0, rel=1e-12)


def test_a_counter_that_falls_is_lost_not_262_kilojoules(tree, clock):
    """A fall that no plausible power explains is a reset: the sensor is lost, no wrap is invented."""
    tree.zone("intel-rapl:0", "package-0", energy_uj=100_000_000)
    (meter,) = found_in(tree, clock).meters
    meter.read()
    clock.sleep(0.1)
    tree.show("intel-rapl:0", 0)

    with pytest.raises(SensorLost, match="fell from 100000000 to 0"):
        meter.read()


def test_a_fall_without_a_known_range_is_lost(tree, clock):
    """Where max_energy_range_uj is missing a wrap cannot be unrolled, so it is refused."""
    tree.zone("intel-rapl:0", "package-0", energy_uj=RANGE_UJ - 1_000_000, range_uj=None)
    (meter,) = found_in(tree, clock).meters
    meter.read()
    clock.sleep(0.1)
    tree.show("intel-rapl:0", 1_000_000)

    with pytest.raises(SensorLost, match="max_energy_range_uj"):
        meter.read()


def test_a_pause_that_may_hide_several_wraps_is_refused(tree, clock):
    """After ten minutes without a look nobody can say how often the counter wrapped."""
    tree.zone("intel-rapl:0", "package-0", energy_uj=1_000_000)
    (meter,) = found_in(tree, clock).meters
    meter.read()
    clock.sleep(600)
    tree.show("intel-rapl:0", 2_000_000)

    with pytest.raises(SensorLost, match="more than once"):
        meter.read()


def test_a_failed_read_is_a_gap_not_zero(tree, clock):
    """While the zone does not answer there is no reading; afterwards no joule is missing."""
    tree.zone("intel-rapl:0", "package-0", energy_uj=1_000_000)
    (meter,) = found_in(tree, clock).meters
    meter.read()
    tree.break_off("intel-rapl:0")
    clock.sleep(1.0)
    during = joules(meter)
    tree.mend("intel-rapl:0", 4_000_000)
    clock.sleep(0.5)

    assert during == []
    assert joules(meter) == [4.0]


def test_a_zone_that_stays_silent_is_lost(tree, clock):
    """More than two seconds of failed reads are a dead sensor."""
    tree.zone("intel-rapl:0", "package-0")
    (meter,) = found_in(tree, clock).meters
    meter.read()
    tree.break_off("intel-rapl:0")
    clock.sleep(2.1)

    with pytest.raises(SensorLost, match="does not answer"):
        meter.read()


def test_an_unreadable_zone_is_excluded_with_the_command_that_helps(tree, clock):
    """A counter that cannot be read is excluded, never 0 J, and doctor names the script."""
    tree.zone("intel-rapl:0", "package-0")
    tree.break_off("intel-rapl:0")
    found = found_in(tree, clock)

    assert found.meters == ()
    assert [(s.domain, s.basis, s.fields) for s in found.excluded] == [("cpu-package:0", "excluded", ())]
    assert [(c.status, c.remedy) for c in found.checks] == [("missing", "sudo scripts/grant_rapl.sh")]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_root_only_counter_says_why(tree, clock):
    """Without rights the reason names Linux 5.10 and the attack that closed the files."""
    path = tree.zone("intel-rapl:0", "package-0")
    (path / "energy_uj").chmod(0)

    assert "root only" in found_in(tree, clock).excluded[0].reason


@pytest.mark.parametrize(("vendor", "expected_j"), [("GenuineIntel", 5.0), ("AuthenticAMD", 2.0)])
def test_dies_add_up_on_intel_and_repeat_on_amd(tree, clock, vendor, expected_j):
    """Cascade Lake-AP counts each die alone; on AMD each die shows the whole package once more."""
    tree.zone("intel-rapl:0", "package-0-die-0", energy_uj=2_000_000)
    tree.zone("intel-rapl:1", "package-0-die-1", energy_uj=3_000_000)
    (meter,) = found_in(tree, clock, vendor).meters

    assert meter.source.domain == "cpu-package:0"
    assert joules(meter) == [expected_j]


def test_two_zones_of_one_name_are_one_package(tree, clock):
    """A package that is listed twice is counted once, and the other folder is named."""
    tree.zone("intel-rapl:0", "package-0", energy_uj=2_000_000)
    tree.zone("intel-rapl:1", "package-0", energy_uj=2_000_000)
    (meter,) = found_in(tree, clock, "AuthenticAMD").meters

    assert joules(meter) == [2.0]
    assert "intel-rapl:1" in meter.source.details["left_out"]


def test_no_powercap_at_all_is_a_missing_sensor(tree, clock):
    """A virtual machine has no zone: no meter, nothing excluded, a check with a reason and a remedy."""
    found = found_in(tree, clock)

    assert (found.meters, found.excluded) == ((), ())
    assert [c.status for c in found.checks] == ["missing"]
    assert found.checks[0].remedy


def test_the_script_grants_and_revokes(tmp_path):
    """grant_rapl.sh opens every counter for reading, and --revoke takes that back."""
    tree = intel_server(tmp_path / "powercap")
    counter = tree.root / "intel-rapl:0" / "energy_uj"
    environment = {**os.environ, "POWERCAP_ROOT": str(tree.root)}
    subprocess.run(["sh", str(SCRIPT)], env=environment, check=True, capture_output=True)
    granted = stat.S_IMODE(counter.stat().st_mode)
    subprocess.run(["sh", str(SCRIPT), "--revoke"], env=environment, check=True, capture_output=True)

    assert (granted, stat.S_IMODE(counter.stat().st_mode)) == (0o444, 0o400)


def test_a_counter_that_leaps_is_lost_not_a_kilojoule(tree, clock):
    """No package draws 4 kW: a rise beyond that is a broken counter, not energy."""
    tree.zone("intel-rapl:0", "package-0", energy_uj=1_000_000)
    (meter,) = found_in(tree, clock).meters
    meter.read()
    clock.sleep(0.1)
    tree.show("intel-rapl:0", 1_001_000_000)

    with pytest.raises(SensorLost, match="nothing draws"):
        meter.read()


def test_a_package_tells_how_busy_the_machine_is(tree, clock):
    """Who reads its joules must know whose they may be: thread seconds, five times a second, and the threads."""
    stat_file = tree.root.parent / "proc" / "stat"
    tree.zone("intel-rapl:0", "package-0")
    stat_file.parent.mkdir(parents=True)
    stat_file.write_text("cpu 100 0 50 900 0 0 0 25 0 0\ncpu0 1\ncpu1 1\n")
    [meter] = found_in(tree, clock).meters

    found = []
    for _ in range(21):
        clock.sleep(0.05)
        found += [one for one in meter.read() if not isinstance(one, Reading)]

    per_s = os.sysconf("SC_CLK_TCK")
    assert meter.source.details["threads"] == 2
    assert [(one.domain, one.name) for one in found[:2]] == [
        ("cpu-package:0", "busy_s"),
        ("cpu-package:0", "steal_s"),
    ]
    assert [one.value for one in found[:2]] == [150 / per_s, 25 / per_s]
    assert len(found) == 2 * 6
    meter.close()


def test_a_package_without_proc_stat_counts_on(tree, clock):
    """No /proc/stat is no circumstance, not a busy time of 0."""
    tree.zone("intel-rapl:0", "package-0")
    [meter] = found_in(tree, clock).meters

    assert [type(one) for one in meter.read()] == [Reading]
    assert "threads" not in meter.source.details


def steps(meter, tree, clock, *rises_j, apart_s=0.05):
    """Looks so far apart, between which the counter of intel-rapl:0 rises by so many joules."""
    shown_uj = int((tree.root / "intel-rapl:0" / "energy_uj").read_text())
    for rise_j in rises_j:
        clock.sleep(apart_s)
        shown_uj += round(rise_j * 1e6)
        tree.show("intel-rapl:0", shown_uj)
        last = joules(meter)[0]
    return last


def limit(tree, **files_uw):
    for name, value in files_uw.items():
        (tree.root / "intel-rapl:0" / name).write_text(f"{value}\n")


def test_a_rise_of_100_joules_between_two_looks_is_lost(tree, clock):
    """Nothing sold draws 1000 W for 50 ms: such a rise is no energy, though a long window would hide it."""
    tree.zone("intel-rapl:0", "package-0")
    (meter,) = found_in(tree, clock).meters
    steps(meter, tree, clock, 5, 5, 5)

    with pytest.raises(SensorLost, match="more than 1000 W, twice the power of the largest package sold"):
        steps(meter, tree, clock, 100)


def test_a_package_is_bounded_by_its_own_limit(tree, clock):
    """Twice the highest of its limits, and the two milliseconds by which a refresh may lie beside the look."""
    tree.zone("intel-rapl:0", "package-0")
    limit(tree, constraint_0_max_power_uw=100_000_000, constraint_1_power_limit_uw=120_000_000)
    (meter,) = found_in(tree, clock).meters

    assert meter.source.details["most_power_w"] == 240.0
    assert steps(meter, tree, clock, 5, 0.99 * 240 * 0.052) > 0
    with pytest.raises(SensorLost, match="more than 240 W, twice the highest power limit of its zone"):
        steps(meter, tree, clock, 1.01 * 240 * 0.052)


@pytest.mark.parametrize(
    "files",
    [{"constraint_0_power_limit_uw": 4_095_875_000}, {"constraint_0_power_limit_uw": 50_000_000, "enabled": 0}],
)
def test_a_limit_that_means_nothing_bounds_nothing(tree, clock, files):
    """Firmware's "no limit" is no limit, and neither is one that is switched off."""
    tree.zone("intel-rapl:0", "package-0")
    limit(tree, **files)

    assert found_in(tree, clock).meters[0].source.details["most_power_w"] == 1000.0


def test_who_knows_better_says_what_a_zone_can_draw(tree, clock):
    """A package of tomorrow is measured by an option, not by a new release."""
    tree.zone("intel-rapl:0", "package-0")
    (meter,) = rapl.open_meters(
        {"powercap_root": str(tree.root), "proc_root": "/nowhere", "most_power_w": "3000"}, clock_ns=clock.clock_ns
    ).meters

    assert steps(meter, tree, clock, 5, 100) == 105.0


def test_a_step_that_stands_alone_is_lost(tree, clock):
    """30 J in 50 ms are 600 W, more than any package's limit, and the moments beside it had a sixth of that."""
    tree.zone("intel-rapl:0", "package-0")
    (meter,) = found_in(tree, clock).meters
    steps(meter, tree, clock, 5, 5, 5)

    with pytest.raises(SensorLost, match=r"rose by 30\.0 J at once"):
        steps(meter, tree, clock, 30, 5)


@pytest.mark.parametrize("rises_j", [(5, 20, 5), (15, 30, 15), (5, 30, 30, 5)])
def test_a_burst_of_work_is_no_leap(tree, clock, rises_j):
    """What a package may draw for a moment, beside as much as that, or for two looks, is energy."""
    tree.zone("intel-rapl:0", "package-0")
    (meter,) = found_in(tree, clock).meters
    steps(meter, tree, clock, 5, 5)

    assert steps(meter, tree, clock, *rises_j, 5, 5) == 20 + sum(rises_j)


def test_a_counter_that_stood_still_may_catch_up(tree, clock):
    """A second without a tick, then a second's joules: nothing is lost."""
    tree.zone("intel-rapl:0", "package-0")
    (meter,) = found_in(tree, clock).meters

    assert steps(meter, tree, clock, 5, 5, *([0] * 20), 105, 5, 5) == 125.0


def packages(tree, *physical_ids):
    (tree.root.parent / "proc").mkdir(parents=True, exist_ok=True)
    blocks = [
        f"processor\t: {i}\nvendor_id\t: GenuineIntel\nphysical id\t: {n}\n" for i, n in enumerate(physical_ids)
    ]
    (tree.root.parent / "proc" / "cpuinfo").write_text("\n".join(blocks))
    options = {"powercap_root": str(tree.root), "proc_root": str(tree.root.parent / "proc")}
    return rapl.open_meters(options)


def test_one_package_of_two_is_not_the_cpu(tree):
    """The package that powercap does not show is excluded by name, so that nobody takes the other for both."""
    tree.zone("intel-rapl:0", "package-0")
    tree.zone("intel-rapl:0:0", "dram")
    found = packages(tree, 0, 0, 1, 1)

    assert [m.source.domain for m in found.meters] == ["cpu-package:0", "dram:0"]
    assert [(s.domain, s.boundary, s.basis) for s in found.excluded] == [
        ("cpu-package:1", "cpu", "excluded"),
        ("dram:1", "dram", "excluded"),
    ]
    assert "2 CPU packages" in found.excluded[0].reason
    assert [c.status for c in found.checks] == ["ok", "ok", "missing", "missing"]


@pytest.mark.parametrize("physical_ids", [(0, 0, 1, 1), (0, 2), ()])
def test_where_every_package_is_shown_nothing_is_excluded(tree, physical_ids):
    """Numbers may have holes, and an ARM machine tells none."""
    for i, number in enumerate(sorted({*physical_ids}) or [0]):
        tree.zone(f"intel-rapl:{i}", f"package-{number}")

    assert packages(tree, *physical_ids).excluded == ()
