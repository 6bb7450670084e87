"""Intervals of ceilings in closed form, from energies that are written down."""

import math
from dataclasses import replace

import pytest
from fakes import GPU, run_of, seconds

from bench.fit.ceilings import Judged, ceilings
from bench.nouns import Calibration, Kernel, Outcome, Usage, Window, WindowEnergy

NS = 1_000_000_000


def by_hand(idles_w, works_j, *, basis="measured", **components):
    """Ceilings of one kernel from energies that are written down: idle windows of 1 s, work of 1 s and 1 GB."""
    kernel = Kernel(kind="triad", precision="fp32", size=250_000_000 // 3)
    windows, outcomes, energies = [], [], []
    source = replace(GPU, basis=basis, gain_ratio_95=0.0)
    done = Usage(requests=1)
    for phase, kind, values in (("idle", "resident", idles_w), ("work", "triad", works_j)):
        for index, value in enumerate(values):
            start_ns = seconds(2 * len(windows))
            windows.append(
                Window(phase=phase, label=f"{kind}-{index + 1}", start_ns=start_ns, end_ns=start_ns + NS)
            )
            energies.append(
                WindowEnergy(
                    domain="gpu:0", device="GPU-1", boundary="gpu", basis=basis, method="counter",
                    energy_j=value, low_j=0.0, high_j=9e9, start_ns=start_ns, end_ns=start_ns + NS,
                    phase=phase, label=f"{kind}-{index + 1}",
                    components={name: share * value for name, share in components.items()},
                )
            )  # fmt: skip
            if phase == "work":
                outcomes.append(
                    Outcome(
                        request_id="triad", batch_id=index, start_ns=start_ns, first_output_ns=None,
                        end_ns=start_ns + NS, requested=done, achieved=done,
                    )
                )  # fmt: skip
    run = run_of(windows=windows, outcomes=outcomes, sources=(source,))
    calibration = Calibration(device="gpu:0", hardware="h", kernels=(kernel,))
    told = ceilings(run, energies, Judged(), calibration)
    return {f.name: f.quantity for f in told.figures}, told, kernel.per_pass


def test_idle_that_is_not_well_known_is_in_what_stands_above_it_and_not_in_the_gross():
    """Idle of 60 and 80 W: ± t(1) × √(π/2) × 14.14 ÷ √2 W, over a second and a pass; the work is always 400 J."""
    figures, _, work = by_hand((60.0, 80.0), (400.0, 400.0, 400.0))
    half_w = 12.7062 * math.sqrt(math.pi / 2) * 10.0

    assert figures["triad_above_idle"].value * work == pytest.approx(330.0)
    assert (figures["triad_above_idle"].high - figures["triad_above_idle"].value) * work == pytest.approx(
        half_w, rel=1e-4
    )
    assert figures["triad_gross"].high == figures["triad_gross"].low == pytest.approx(400.0 / work)


def test_what_a_sensor_may_never_have_seen_widens_each_side_by_its_own_bound():
    """A tenth below and three tenths above: idle's lower bound lifts what is above it, and the other way round."""
    figures, _, work = by_hand((70.0, 70.0), (400.0, 400.0), unseen_low_j=0.1, unseen_high_j=0.3)
    above, gross = figures["triad_above_idle"], figures["triad_gross"]

    assert ((gross.value - gross.low) * work, (gross.high - gross.value) * work) == pytest.approx((40.0, 120.0))
    assert (above.value - above.low) * work == pytest.approx(40.0 + 21.0)
    assert (above.high - above.value) * work == pytest.approx(120.0 + 7.0)


def test_a_modelled_figure_spans_its_models_low_and_high():
    """Low, value and high are each calculated by themselves: 0.5 and 1.5 of everything."""
    half, more = {"model_low_j": 0.5}, {"model_high_j": 1.5}
    figures, _, work = by_hand((70.0, 70.0), (400.0, 400.0), basis="modelled", **half, **more)

    assert [
        v * work for v in (figures["triad_above_idle"].low, figures["triad_above_idle"].high)
    ] == pytest.approx([165.0, 495.0])
    assert figures["triad_gross"].basis == "modelled"
    assert figures["triad_rate"].basis == "measured"  # by the clock


def test_what_a_window_leaves_open_counts_where_it_is_more_than_the_scatter():
    """Two windows, each known to 1 %: 1.96 × 4 J ÷ √2."""
    figures, _, work = by_hand((70.0, 70.0), (400.0, 400.0), tick_j=0.01)

    assert (figures["triad_gross"].high - figures["triad_gross"].value) * work == pytest.approx(
        1.959964 * 4.0 / math.sqrt(2), rel=1e-4
    )  # both ends are published at seven digits


@pytest.mark.parametrize(("idles", "works"), [((70.0,), (400.0, 400.0)), ((70.0, 70.0), (400.0,))])
def test_one_window_tells_no_interval_and_no_figure(idles, works):
    figures, told, _ = by_hand(idles, works)

    assert "triad_above_idle" not in figures
    assert "triad_gross" not in figures
    assert set(told.refused) >= {"gpu:0/triad_gross", "gpu:0/triad_above_idle", "gpu:0/idle_bare"}
