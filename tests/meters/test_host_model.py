"""The host model: what it charges for a machine whose use and identity are known exactly."""

import math
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bench.errors import BadInput, SensorLost
from bench.files.cpu_watts import read_memory_w_per_gib, read_watt_rows
from bench.meters import host_model
from bench.meters.host_model import HostModel, open_meters
from bench.nouns import Condition, Found, Reading
from bench.physics.host_power import MemoryTerm, Span, WattRow, choose_rows, host_power, memory_power, span_of

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
GENOA = ("AuthenticAMD", 25, 17, 1)
SKYLAKE, CASCADE_LAKE, COOPER_LAKE = (("GenuineIntel", 6, 85, s) for s in (4, 7, 11))
TURIN = ("AuthenticAMD", 26, 2, 1)  # its row is flagged
HASWELL = ("GenuineIntel", 6, 63, 2)  # one of its two rows is flagged
UNKNOWN = ("GenuineIntel", 6, 250, 0)


class Host:
    """A machine's /proc and /sys in a folder, and a clock that only a test moves."""

    def __init__(self, root: Path, cpuid=GENOA, threads=4, memory_gib=0.0, hypervisor=True, siblings="0"):
        self.root, self.threads, self.now_ns = root, threads, 10**9
        self.counts = dict.fromkeys(
            ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal", "guest", "guest_nice"), 0
        )
        vendor, family, model, stepping = cpuid
        flags = "fpu vme hypervisor lm" if hypervisor else "fpu vme lm"
        self._write(
            "proc/cpuinfo",
            f"processor\t: 0\nvendor_id\t: {vendor}\ncpu family\t: {family}\nmodel\t\t: {model}\n"
            f"model name\t: Fake\nstepping\t: {stepping}\nflags\t\t: {flags}\n\nprocessor\t: 1\n",
        )
        self._write("proc/meminfo", f"MemTotal: {int(memory_gib * 2**20)} kB\nMemAvailable: 1024 kB\n")
        self._write("sys/devices/system/cpu/cpu0/topology/thread_siblings_list", siblings + "\n")
        self.pass_s(0.0)

    def _write(self, path: str, text: str) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def smt(self, control: str) -> "Host":
        self._write("sys/devices/system/cpu/smt/control", control + "\n")
        return self

    def pass_s(self, seconds: float, **busy_s: float) -> None:
        """Time goes by, with so many seconds of each kind summed over all threads."""
        self.now_ns += round(seconds * 1e9)
        for kind, spent_s in busy_s.items():
            self.counts[kind] += round(spent_s * TICKS_PER_S)
        words = " ".join(map(str, self.counts.values()))
        lines = [f"cpu  {words}", *(f"cpu{n} {words}" for n in range(self.threads)), "intr 1", "ctxt 2"]
        self._write("proc/stat", "\n".join(lines) + "\n")

    def found(self, **options: str) -> Found:
        return open_meters({"proc_root": str(self.root / "proc"), "sys_root": str(self.root / "sys"), **options})

    def meter(self, **options: str) -> HostModel:
        opened = self.found(**options).meters[0]
        assert isinstance(opened, HostModel)
        descriptors = [os.open(self.root / "proc" / name, os.O_RDONLY) for name in ("stat", "meminfo")]
        meter = HostModel(
            model=opened._model, stat=descriptors[0], meminfo=descriptors[1], clock=lambda: self.now_ns
        )
        opened.close()
        return meter


def joules(meter: HostModel) -> dict[str, float]:
    return {o.field: o.value for o in meter.read() if isinstance(o, Reading)}


def conditions(meter: HostModel) -> dict[str, float]:
    return {o.name: o.value for o in meter.read() if isinstance(o, Condition)}


@pytest.mark.parametrize("utilisation", [0.0, 0.5, 1.0])
def test_energy_is_min_plus_utilisation_times_the_difference(tmp_path, utilisation):
    """Genoa, four threads, 10 s: 4 × (0.739 + u × 1.543) W × 10 s, and AMD's span at its ends."""
    host = Host(tmp_path)
    meter = host.meter(vcpu_is="thread")
    host.pass_s(10.0, user=40.0 * utilisation)

    found = joules(meter)

    assert found["value"] == pytest.approx(40 * (0.739 + utilisation * (2.282 - 0.739)), rel=1e-12)
    assert found["low"] == pytest.approx(40 * (0.445 + utilisation * (1.693 - 0.474)), rel=1e-12)
    assert found["high"] == pytest.approx(40 * (0.847 + utilisation * (2.604 - 0.847)), rel=1e-12)
    meter.close()


def test_counters_start_at_zero_and_add_up_over_any_cut_of_the_time(tmp_path):
    """The integral is exact: many looks and one look give the same joules."""
    (tmp_path / "a").mkdir(), (tmp_path / "b").mkdir()
    often, once = Host(tmp_path / "a"), Host(tmp_path / "b")
    meters = often.meter(), once.meter()
    assert joules(meters[0]) == {"value": 0.0, "low": 0.0, "high": 0.0}

    seen = []
    for step in range(1, 21):
        often.pass_s(0.1, user=0.1 * (step % 4))
        seen.append(joules(meters[0])["value"])
    once.pass_s(2.0, user=0.1 * sum(step % 4 for step in range(1, 21)))

    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(joules(meters[1])["value"], rel=1e-12)


def test_only_work_is_busy(tmp_path):
    """user, nice, system, irq and softirq are work; idle, waiting and stolen time are not; guest is in user."""
    host = Host(tmp_path)
    meter = host.meter()
    host.pass_s(4.0, user=1, nice=2, system=3, irq=4, softirq=5, idle=7, iowait=8, steal=9, guest=1, guest_nice=2)

    found = conditions(meter)

    assert found["busy_s"] == 15.0
    assert found["steal_s"] == 9.0
    assert found["available_memory_bytes"] == 1024 * 1024


def test_a_sum_that_steps_back_never_takes_energy_back(tmp_path):
    """The kernel's sums may fall by a tick; the counters do not."""
    host = Host(tmp_path)
    meter = host.meter()
    host.pass_s(1.0, user=2.0)
    before = joules(meter)
    host.pass_s(0.0, user=-0.01)

    assert all(joules(meter)[field] >= before[field] for field in before)


@pytest.mark.parametrize("back_s", [0.09, 5.0, 1000.0])
def test_a_sum_that_begins_anew_is_a_lost_sensor(tmp_path, back_s):
    """A container restored, lxcfs restarted: the work until it has caught up would be in no number."""
    host = Host(tmp_path)
    host.pass_s(0.0, user=2000.0)
    meter = host.meter()
    host.pass_s(1.0, user=2.0)
    meter.read()
    host.pass_s(0.0, user=-back_s)

    with pytest.raises(SensorLost, match=rf"stepped back by {back_s:.2f} s"):
        meter.read()


def test_steps_back_that_add_up_are_a_lost_sensor(tmp_path):
    """A tick each time is nothing, a tick every time is a sum that goes backwards."""
    host = Host(tmp_path)
    host.pass_s(0.0, user=10.0)
    meter = host.meter()

    for _ in range(7):
        host.pass_s(0.05, user=-0.01)
        meter.read()
    host.pass_s(0.05, user=-0.02)

    with pytest.raises(SensorLost, match="stepped back"):
        meter.read()


def test_a_sum_that_runs_ahead_of_the_clock_is_a_lost_sensor(tmp_path):
    """Four threads are busy for four seconds a second, and not for more."""
    host = Host(tmp_path)
    meter = host.meter()
    host.pass_s(1.0, user=4.0)
    meter.read()
    host.pass_s(1.0, user=4.2)

    with pytest.raises(SensorLost, match=r"4 threads have had 4\.08 s"):
        meter.read()


def test_a_negative_time_is_a_lost_sensor(tmp_path):
    """What a broken /proc tells is not counted."""
    host = Host(tmp_path)
    meter = host.meter()
    host.pass_s(1.0, irq=-3.0)

    with pytest.raises(SensorLost, match="negative time: -300"):
        meter.read()


def test_every_parameter_stands_in_the_details(tmp_path):
    """Anyone can recompute a reading from the source's details and busy_s alone."""
    host = Host(tmp_path, memory_gib=64)
    meter = host.meter()
    host.pass_s(3.0, user=1.25, system=0.5)

    read = meter.read()
    details = meter.source.details
    busy_s = next(o.value for o in read if isinstance(o, Condition) and o.name == "busy_s")
    for reading in (o for o in read if isinstance(o, Reading)):
        idle_w = details[f"idle_w_{reading.field}"]
        slope_w = details[f"slope_w_per_busy_vcpu_{reading.field}"]
        assert reading.value == pytest.approx(idle_w * 3.0 + slope_w * busy_s, rel=1e-12)
        rebuilt_w = (
            details[f"min_w_per_thread_{reading.field}"]
            * details["threads"]
            * details[f"threads_per_vcpu_{reading.field}"]
        ) + details[f"memory_w_{reading.field}"]
        assert idle_w == pytest.approx(rebuilt_w, rel=1e-12)
    assert details["tick_s"] == 1 / TICKS_PER_S


def test_the_source_is_a_modelled_host(tmp_path):
    """Whole-server watts are never called cpu, and never measured; doctor is told."""
    found = Host(tmp_path).found()
    source, check = found.meters[0].source, found.checks[0]

    assert (source.domain, source.boundary, source.basis) == ("host", "host", "modelled")
    assert source.device == "cpu-model"
    assert (check.name, check.status) == ("host_model", "degraded")
    assert "not measured" in check.reason
    assert check.remedy


@pytest.mark.parametrize(
    ("cpuid", "microarchitecture", "least_w"),
    [
        (SKYLAKE, "Skylake", (0.613 + 0.645) / 2),
        (CASCADE_LAKE, "Cascade Lake", (0.69 + 0.639) / 2),
        (GENOA, "EPYC 4th Gen", 0.739),
    ],
)
def test_a_cpu_is_known_by_family_model_and_stepping(tmp_path, cpuid, microarchitecture, least_w):
    """Family 6 model 85 is three microarchitectures; the value is the mean of both files' rows."""
    details = Host(tmp_path, cpuid).found().meters[0].source.details

    assert details["microarchitecture"] == microarchitecture
    assert details["min_w_per_thread_value"] == pytest.approx(least_w, rel=1e-12)


@pytest.mark.parametrize("cpuid", [COOPER_LAKE, TURIN, HASWELL, UNKNOWN])
def test_an_unknown_or_doubted_cpu_spans_every_trusted_row(tmp_path, cpuid):
    """No row of its own, a flagged one, or no identity at all: nothing narrower than all rows is claimed."""
    rows = [row for row in read_watt_rows() if not row.flag]
    source = Host(tmp_path, cpuid).found().meters[0].source

    assert source.details["min_w_per_thread_low"] == min(row.min_w for row in rows) == 0.445
    assert source.details["min_w_per_thread_high"] == max(row.min_w for row in rows) == 2.212
    assert source.details["slope_w_per_thread_low"] == min(row.slope_w for row in rows)
    assert source.details["slope_w_per_thread_high"] == max(row.slope_w for row in rows)
    assert source.details["rows_of_value"] == "median of the span"
    assert "every" in (source.reason or "")


def test_no_flagged_row_ever_becomes_a_number():
    """Copies and anomalies of the table stay out of every span and every value."""
    rows = read_watt_rows()
    flagged = {row for row in rows if row.flag}
    assert {row.microarchitecture for row in flagged} >= {"EPYC 5th Gen", "Graviton2", "Haswell"}

    for name in {row.microarchitecture for row in rows} | {None}:
        vendor = next((row.vendor for row in rows if row.microarchitecture == name), None)
        choice = choose_rows(rows, vendor, name)
        assert not flagged & {*choice.own, *choice.span}


def test_the_interval_is_no_narrower_than_the_vendor_s_spread():
    """One row says nothing about the scatter between servers; the vendor's other rows stand in."""
    rows = read_watt_rows()
    for vendor in ("GenuineIntel", "AuthenticAMD"):
        same = [row for row in rows if row.vendor == vendor and not row.flag]
        flagged = {row.microarchitecture for row in rows if row.flag}
        for name in {row.microarchitecture for row in same} - flagged:
            choice = choose_rows(rows, vendor, name)
            for quantity in (lambda row: row.min_w, lambda row: row.slope_w):
                span = span_of(choice, quantity)
                assert span.low == min(map(quantity, same))
                assert span.high == max(map(quantity, same))
                assert span.low <= span.value <= span.high


@pytest.mark.parametrize(
    ("options", "factors"),
    [
        ({"vcpu_is": "thread"}, (1.0, 1.0, 1.0)),
        ({"vcpu_is": "core"}, (2.0, 2.0, 2.0)),
        ({"vcpu_is": "thread", "vcpu_is_verified": "false"}, (1.0, 1.0, 2.0)),
        ({"vcpu_is": "core", "vcpu_is_verified": "false"}, (1.0, 2.0, 2.0)),
        ({"vcpu_is": "unverified"}, (1.0, 1.5, 2.0)),
        ({}, (1.0, 1.5, 2.0)),
    ],
)
def test_a_vcpu_that_is_a_core_draws_two_threads_watts(tmp_path, options, factors):
    """Twice the watts for a core; where that is unverified the interval spans both."""
    host = Host(tmp_path)
    meter = host.meter(**options)
    host.pass_s(10.0, user=20.0)

    found = joules(meter)

    per_thread_j = {
        "low": 40 * 0.445 + 20 * 1.219,
        "value": 40 * 0.739 + 20 * 1.543,
        "high": 40 * 0.847 + 20 * 1.757,
    }
    for field, factor in zip(("low", "value", "high"), factors, strict=True):
        assert found[field] == pytest.approx(factor * per_thread_j[field], rel=1e-12)


@pytest.mark.parametrize(
    ("hypervisor", "siblings", "control", "factors"),
    [
        (False, "0,32", "on", (1.0, 1.0, 1.0)),
        (False, "0", "off", (2.0, 2.0, 2.0)),
        (False, "0", "forceoff", (2.0, 2.0, 2.0)),
        (False, "0", "notsupported", (1.0, 1.5, 2.0)),  # switched off in the firmware, or never there
        (True, "0-1", "on", (1.0, 1.5, 2.0)),  # a guest is shown what the hypervisor likes
    ],
)
def test_bare_metal_shows_its_threads_and_a_guest_is_not_believed(
    tmp_path, hypervisor, siblings, control, factors
):
    """Without a profile only a machine of its own decides between thread and core."""
    host = Host(tmp_path, hypervisor=hypervisor, siblings=siblings).smt(control)
    details = host.found().meters[0].source.details

    assert tuple(details[f"threads_per_vcpu_{end}"] for end in ("low", "value", "high")) == factors


def test_a_wrong_option_is_refused(tmp_path):
    """A profile's mistake is named, not guessed around."""
    with pytest.raises(BadInput, match="thread, core or unverified"):
        Host(tmp_path).found(vcpu_is="cores")
    with pytest.raises(BadInput, match="chip_threads"):
        Host(tmp_path).found(chip_threads="0")


def test_memory_watts_are_converted_exactly():
    """0.000392 kWh/GB/h is 0.392 W/GB, and a GiB is 1.073741824 GB."""
    assert read_memory_w_per_gib() == pytest.approx(0.392 * 1.073741824, rel=1e-15)


def test_memory_is_none_at_the_low_end_and_all_at_the_high_end_when_the_chip_is_unknown(tmp_path):
    """Without the chip's threads nobody knows how much of it the watts per thread already hold."""
    details = Host(tmp_path, memory_gib=100).found().meters[0].source.details
    every_w = 100 * 0.392 * 1.073741824

    assert details["memory_w_low"] == 0.0
    assert details["memory_w_value"] == pytest.approx(every_w / 2, rel=1e-9)
    assert details["memory_w_high"] == pytest.approx(every_w, rel=1e-9)


def test_only_memory_above_the_machine_s_share_of_the_chip_is_added(tmp_path):
    """152.2 GB per chip, 4 of 128 threads: 4.756 GB are inside the watts per thread already."""
    host = Host(tmp_path, memory_gib=100)
    details = host.found(chip_threads="128", vcpu_is="thread").meters[0].source.details
    held_gib = 152.2 / 1.073741824 * 4 / 128

    assert details["memory_w_value"] == pytest.approx((100 - held_gib) * 0.392 * 1.073741824, rel=1e-9)
    assert details["memory_w_low"] <= details["memory_w_value"] <= details["memory_w_high"]


def test_a_small_memory_adds_nothing():
    """Less memory than the share of the chip is not a credit."""
    term = MemoryTerm(memory_gib=1.0, w_per_gib=0.4, gib_per_chip=Span(80, 100, 120), chip_threads=8)

    assert memory_power(term, Span(4, 4, 4)) == Span(0.0, 0.0, 0.0)


def test_a_host_s_power_scales_with_its_threads():
    """Twice the vCPUs, twice the idle watts; one busy vCPU adds the same."""
    row = WattRow(
        microarchitecture="X", vendor="V", min_w=1.0, max_w=4.0, gib_per_chip=10.0, scope="a file", flag=""
    )
    term = MemoryTerm(memory_gib=0.0, w_per_gib=0.4, gib_per_chip=Span(10, 10, 10), chip_threads=None)
    choice = choose_rows([row, replace(row, max_w=3.0, microarchitecture="Y")], "V", "X")
    two, four = (host_power(choice, n, Span(1, 1, 1), term) for n in (2, 4))

    assert two.idle_w.times(Span(2, 2, 2)) == four.idle_w
    assert two.slope_w == four.slope_w == Span(2.0, 3.0, 3.0)


@pytest.mark.parametrize("gone", ["stat", "meminfo"])
def test_a_machine_without_proc_is_a_gap_with_its_reason(tmp_path, gone):
    """No file, no number: the domain is excluded and doctor says why."""
    host = Host(tmp_path)
    (tmp_path / "proc" / gone).unlink()

    found = host.found()

    assert not found.meters
    assert found.excluded[0].basis == "excluded"
    assert found.excluded[0].reason
    assert found.checks[0].status == "missing"


def test_a_proc_that_dies_is_a_lost_sensor(tmp_path):
    """Nonsense where the sums were ends the meter; it is not read as zero."""
    host = Host(tmp_path)
    meter = host.meter()
    (tmp_path / "proc/stat").write_text("gone\n")

    with pytest.raises(SensorLost, match="host_model"):
        meter.read()


def test_closing_twice_lets_go_once(tmp_path):
    """Close may come from two sides: its file is let go of, and no other file with it."""
    before = os.listdir("/proc/self/fd")
    meter = Host(tmp_path).meter()
    meter.close()
    meter.close()

    assert os.listdir("/proc/self/fd") == before


def test_this_machine_can_be_read():
    """On any Linux the meter opens, counts up from zero, and keeps low ≤ value ≤ high."""
    found = open_meters({})
    if not found.meters:
        pytest.skip(found.checks[0].reason)
    meter = found.meters[0]
    first, second = meter.read(), meter.read()
    values = {o.field: o.value for o in second if isinstance(o, Reading)}

    assert 0.0 <= values["low"] <= values["value"] <= values["high"] < math.inf
    assert all(b.t_ns >= a.t_ns for a, b in zip(first, second, strict=False))
    meter.close()


def test_it_stays_light():
    """The sampler's process imports this module: no library that is heavy may come along."""
    code = (
        "import sys, bench.meters.host_model\n"
        "heavy = {'numpy', 'rich', 'psutil', 'typer', 'scipy', 'ssl', 'asyncio'} & set(sys.modules)\n"
        "print(sorted(heavy))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert out.stdout.strip() == "[]", host_model.__doc__
