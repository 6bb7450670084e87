"""On real sensors: physics, not numbers. Skipped, with the reason, where there are none."""

import time
from itertools import pairwise

import pytest

from bench.files.registry import open_meter_plugin
from bench.nouns import Reading, Trace, Window
from bench.physics.energy import window_energies
from bench.physics.series import series
from bench.sensing.sampler import Sampler

pytestmark = pytest.mark.hardware


def sources_of(meter):
    found = open_meter_plugin(meter, {})
    sources = [m.source for m in found.meters]
    for one in found.meters:
        one.close()
    if not sources:
        reasons = "; ".join(c.reason for c in found.checks)
        pytest.skip(f"no {meter} sensor on this machine: {reasons}")
    return sources


@pytest.fixture(scope="module", params=["nvml", "rapl"])
def recorded(request):
    """Twelve seconds of a machine left alone, and a window of ten seconds in the middle."""
    sources_of(request.param)
    with Sampler({request.param: {}}, 0.02) as sampler:
        time.sleep(1.0)
        start_ns = time.monotonic_ns()
        time.sleep(10.0)
        end_ns = time.monotonic_ns()
        time.sleep(1.0)
        observations = sampler.collect()
        window = Window(phase="idle", label="bare-1", start_ns=start_ns, end_ns=end_ns)
        return Trace(observations=observations, windows=(window,)), sampler.sources


def test_counters_never_fall(recorded):
    """Energy is never given back."""
    trace, _ = recorded
    for (domain, field, kind), one in series(trace.observations).items():
        if kind == "energy":
            assert all(a <= b for a, b in zip(one.values, one.values[1:], strict=False)), (domain, field)


def test_idle_power_is_above_zero_and_below_the_limit(recorded):
    """Every live domain draws something, and less than its limit."""
    trace, sources = recorded
    for energy in window_energies(trace, sources):
        source = next(s for s in sources if s.domain == energy.domain)
        if source.basis == "excluded":
            continue
        assert energy.energy_j is not None, energy.reasons
        power_w = energy.energy_j / ((energy.end_ns - energy.start_ns) * 1e-9)
        assert 0.1 < power_w < (source.power_limit_w or 2000.0)


def test_counter_and_integrated_power_agree(recorded):
    """Two meters of one board agree within 5 % over ten seconds of steady idle."""
    trace, sources = recorded
    witnessed = [e for e in window_energies(trace, sources) if e.witness_j is not None]
    if not witnessed:
        pytest.skip("no domain here has both a counter and a power field")
    for energy in witnessed:
        assert energy.energy_j == pytest.approx(energy.witness_j, rel=0.05), energy.domain


def test_every_poll_was_kept(recorded):
    """No gap of more than ten periods lies between two looks."""
    trace, _ = recorded
    times = sorted({o.t_ns for o in trace.observations if isinstance(o, Reading)})
    assert max(b - a for a, b in pairwise(times)) < 0.2e9
