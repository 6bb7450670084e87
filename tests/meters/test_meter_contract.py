"""What every meter promises, whatever it reads. One test file for all, those of others included."""

import importlib
import os

import pytest
from fakes import GPU
from sim.powercap import intel_server

from bench.files.parts import readings_bytes
from bench.files.registry import meter_names
from bench.nouns import Condition, Found, Reading

BOUNDARIES = {"gpu", "cpu", "dram", "platform", "host", "wall"}


@pytest.fixture(params=meter_names())
def found(request, tmp_path):
    """What the plug-in finds on this machine, or on a simulated one where this machine has no such sensor."""
    intel_server(tmp_path / "powercap")
    recording = tmp_path / "readings.csv.gz"
    recording.write_bytes(readings_bytes([Reading(1, GPU.domain, "counter", "energy", 1.0)]))
    options = {
        "rapl": {"powercap_root": str(tmp_path / "powercap")},
        "replay": {"path": str(recording)},
    }.get(request.param, {})
    plugin = importlib.import_module(f"bench.meters.{request.param}")
    found = plugin.open_meters(options)
    yield found
    for meter in found.meters:
        meter.close()


def test_it_finds_without_raising(found):
    """What is there, what is excluded, and at least one line for doctor; a remedy wherever something lacks."""
    assert isinstance(found, Found)
    assert found.checks
    assert all(check.remedy for check in found.checks if check.status != "ok")
    assert all(check.reason for check in found.checks)


def test_sources_are_complete(found):
    """A measured or modelled domain names its fields; an excluded one its reason; no domain comes twice."""
    sources = [*(meter.source for meter in found.meters), *found.excluded]

    assert len({s.domain for s in sources}) == len(sources)
    for source in sources:
        assert source.boundary in BOUNDARIES
        assert source.device
        assert (source.basis == "excluded") == (not source.fields)
        assert source.basis == "measured" or source.reason
    assert all(s.basis == "excluded" for s in found.excluded)


def test_readings_are_of_the_declared_domain_and_fields(found):
    """Nothing is read that the source does not declare; stamps rise, counters never fall, 0 is not absence."""
    for meter in found.meters:
        first, second = meter.read(), meter.read()
        for one in (*first, *second):
            assert one.domain == meter.source.domain
            assert isinstance(one, Condition) or one.field in meter.source.fields
            assert one.value == one.value  # never NaN
        before = {o.field: o for o in first if isinstance(o, Reading)}
        for one in second:
            if isinstance(one, Reading) and one.field in before:
                assert one.t_ns >= before[one.field].t_ns
                assert one.kind == "power" or one.value >= before[one.field].value


def test_close_can_be_called_twice(found):
    """Closing is idempotent: the sampler closes a lost sensor at once and all of them at the end."""
    for meter in found.meters:
        meter.close()
    before = os.listdir("/proc/self/fd")
    for meter in found.meters:
        meter.close()

    assert os.listdir("/proc/self/fd") == before
