"""Rates and idle powers rest on what repeats: windows, or runs where these differ by more."""

import math
import random
from dataclasses import replace

import pytest
from sim.fast_line import Ask, measured, without_gain
from sim.scheduler import Physics

from bench.fit.coefficients import fit
from bench.fit.intervals import half_of_mean
from bench.fit.repeats import differ, half_over_runs
from bench.stats import deviation, f75, f95, mean, t95

OF = Physics(decode_context_token_s=0.0)
ASKS = [Ask(prompt=p, output=o, windows=6, requests=4) for p, o in ((32, 8), (256, 8), (32, 64), (256, 64))]
NOTE = "what a day makes of it"


@pytest.fixture(scope="module")
def base():
    return [without_gain(measured(ask, OF, index=n)) for n, ask in enumerate(ASKS)]


def campaign(base, runs, between, within, seed=0):
    """Each cell so many times: runs off by `between`, their windows by `within`, as shares."""
    draw = random.Random(seed)
    made = []
    for one in base:
        for _ in range(runs):
            factor = 1 + between * draw.gauss(0, 1)
            energies = tuple(
                replace(e, energy_j=e.energy_j * factor * (1 + within * draw.gauss(0, 1))) for e in one.energies
            )
            made.append(replace(one, run=replace(one.run, id=f"run-{len(made):03d}"), energies=energies))
    return made


def test_runs_that_differ_are_the_repeats_of_a_mean():
    """Three runs of two windows each: Student over three means, by hand; alike ones are six windows."""
    apart = [90.0, 90.2, 95.0, 95.2, 99.0, 99.2]
    alike = [90.0, 95.2, 90.2, 95.0, 90.1, 95.1]
    runs = ["a", "a", "b", "b", "c", "c"]

    assert half_over_runs(apart, runs) == pytest.approx(t95(2) * deviation([90.1, 95.1, 99.1]) / math.sqrt(3))
    assert half_over_runs(apart, runs) > 2.0 * half_of_mean(apart)
    assert half_over_runs(alike, runs) == half_of_mean(alike)
    assert half_over_runs(apart, list("abcdef")) == half_of_mean(apart)


def test_a_run_of_more_windows_counts_more():
    values = [90.0, 90.1, 90.2, 90.1, 99.0]
    found = half_over_runs([*values, 99.1], ["a"] * 4 + ["b"] * 2)

    assert found == pytest.approx(t95(1) * deviation([90.1, 99.05]) * math.sqrt(4**2 + 2**2) / 6)


@pytest.mark.parametrize(("between", "quantile"), [(3, f95), (4, f75)])
def test_few_runs_are_tested_more_strictly(between, quantile):
    limit = quantile(between, 12)

    assert differ(1.01 * limit, 1.0, between, 12)
    assert not differ(0.99 * limit, 1.0, between, 12)


def test_rates_and_idle_hold_what_days_do(base):
    """Runs that differ by 3 %, windows by 0.3 %: over windows alone 41 and 65 of 100 held the truth."""
    [true] = fit(base)
    rates, idles = [], []
    for seed in range(30):
        [found] = fit(campaign(base, 3, 0.03, 0.003, seed))
        rates += [q.low <= true.rates[name].value <= q.high for name, q in found.rates.items()]
        idles.append(found.terms["idle_resident"].low <= OF.idle_w <= found.terms["idle_resident"].high)

    assert mean(rates) >= 0.88
    assert mean(idles) >= 0.85


def test_alike_runs_widen_no_rate(base):
    """Windows off by ± 0.3 % in every run alike: the interval is that of all windows of the four cells."""
    sign = {str(n): (-1) ** n for n in range(1, 7)}
    [found] = fit(
        replace(
            one,
            energies=tuple(
                replace(e, energy_j=e.energy_j * (1 + 0.003 * sign.get(e.label, 0))) for e in one.energies
            ),
        )
        for one in campaign(base, 2, 0.0, 0.0)
    )
    rate = found.rates["output_token@prompt-32-64"]
    spread = 0.003 * math.sqrt(12 / 11)

    assert math.log(rate.high / rate.value) == pytest.approx(t95(44) * spread / math.sqrt(12), rel=0.02)


@pytest.mark.parametrize(
    ("runs", "cells", "said"),
    [
        (1, 1, "one run: what a day makes of it is in no interval"),
        (1, 4, "one run a cell: what a day makes of it is in no rate's interval"),
        (2, 4, None),
    ],
)
def test_one_run_says_what_it_can_not_tell(base, runs, cells, said):
    [found] = fit(campaign(base[:cells], runs, 0.0, 0.003))

    assert [note for note in found.notes if NOTE in note] == ([said] if said else [])


def test_a_window_far_longer_than_the_others_is_hardly_averaged_over(base):
    """Five short windows beside one of a hundred times their work: the long one's own error is the rate's."""
    longer = without_gain(measured(replace(ASKS[0], windows=1, requests=400), OF, index=9))
    short = without_gain(measured(replace(ASKS[0], windows=5), OF, index=8))
    off = [1.02, 0.98, 1.01, 0.99, 1.0]
    work = iter(off)
    energies = tuple(
        replace(e, energy_j=e.energy_j * next(work)) if e.phase == "work" else e for e in short.energies
    )
    [found] = fit([replace(short, energies=energies), longer])
    rate = found.rates["request@prompt-32-8"]
    units = [4.0] * 5 + [400.0]
    expected = t95(5) * deviation([*off, 1.0]) * math.hypot(*units) / math.fsum(units)

    assert math.log(rate.high / rate.value) == pytest.approx(expected, rel=0.01)
