"""Runs that differ more than their own windows do: idle that drifts, days that are not alike, wild cells."""

import random
from dataclasses import replace

import pytest
from sim.fast_line import Ask, measured
from sim.scheduler import Physics

from bench.fit.coefficients import fit
from bench.units import S_PER_NS

OF = Physics(decode_context_token_s=2e-6)
SHAPES = tuple((p, o) for p in (32, 256, 1024) for o in (8, 64, 256))
TRUTH = {"output_token": 0.504, "prompt_token": 0.025, "context_token": 2.4e-4}


def scaled(one, factor=1.0, more_w=0.0):
    """The run with its work energies scaled, and so many watts more in every window."""
    sources = tuple(replace(s, gain_ratio_95=0.0) for s in one.run.sources)
    loaded = replace(one.run.loaded, weights="served")

    def changed(e):
        joules = e.energy_j * (factor if e.phase == "work" else 1.0)
        return replace(e, energy_j=joules + more_w * (e.end_ns - e.start_ns) * S_PER_NS)

    run = replace(one.run, sources=sources, loaded=loaded)
    return replace(one, run=run, energies=tuple(changed(e) for e in one.energies))


def campaign(seed=0, noise=0.003, windows=2):
    return [
        measured(Ask(prompt=p, output=o, requests=10, windows=windows), OF, index=100 * seed + i, noise=noise)
        for i, (p, o) in enumerate(SHAPES)
    ]


def test_idle_that_rises_from_run_to_run_is_each_runs_own():
    """A board that warms by 15 W over a campaign: at the mean idle the later cells would pay for it."""
    runs = [scaled(one, more_w=15.0 * i / 8) for i, one in enumerate(campaign(noise=1e-4))]
    [found] = fit(runs)

    for name, true in TRUTH.items():
        assert found.terms[name].value == pytest.approx(true, rel=0.02), name


def test_runs_that_differ_by_a_day_widen_the_interval():
    """Ten windows of one run are no ten repeats: without the runs' own scatter half of the truths were outside."""
    held, of = 0, 0
    for seed in range(12):
        draw = random.Random(seed)
        [found] = fit([scaled(one, 1 + draw.gauss(0, 0.02)) for one in campaign(seed, windows=6)])
        for name, true in TRUTH.items():
            if name in found.terms:
                of += 1
                held += found.terms[name].low <= true <= found.terms[name].high
    assert held / of >= 0.8


def test_a_cell_that_the_others_do_not_predict_is_named():
    [found] = fit([scaled(one, 2.0 if i == 4 else 1.0) for i, one in enumerate(campaign())])

    assert any("prompt-256-64 is predicted" in note for note in found.notes)


def test_a_token_that_would_give_energy_back_is_no_term():
    """What one load after the other made of it: work that no terms describe."""
    factors = [0.3 if o == 256 else 3.0 for _, o in SHAPES]
    [found] = fit([scaled(one, f) for one, f in zip(campaign(), factors, strict=True)])

    for name in ("output_token", "prompt_token"):
        assert name not in found.terms or found.terms[name].high >= 0.0
