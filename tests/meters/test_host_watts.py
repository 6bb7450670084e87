"""Which watts the host model takes: by the CPU that it is, its threads, its memory."""

from dataclasses import replace

import pytest
from host_demo import CASCADE_LAKE, COOPER_LAKE, GENOA, HASWELL, SKYLAKE, TURIN, UNKNOWN, Host, joules

from bench.errors import BadInput
from bench.files.cpu_watts import read_memory_w_per_gib, read_watt_rows
from bench.physics.host_power import MemoryTerm, Span, WattRow, choose_rows, host_power, memory_power, span_of


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
