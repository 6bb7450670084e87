"""Windows that no fit can weigh, without a size or with work that nobody counted: set apart, with the reason."""

import math
from dataclasses import replace

import pytest
from sim.fast_line import Ask, measured, noisy, without_gain
from sim.scheduler import Physics

from bench.fit.coefficients import fit

OF = Physics(decode_context_token_s=0.0)
SHAPES = tuple((p, o) for p in (32, 128, 512) for o in (8, 32, 96))


@pytest.fixture(scope="module")
def base():
    asks = [Ask(prompt=p, output=o, requests=6, windows=3) for p, o in SHAPES]
    return noisy([without_gain(measured(ask, OF, index=n)) for n, ask in enumerate(asks)], 0.002, 1)


def put(one, label, joules, phase="work"):
    """The run with this window's energy so much."""
    energies = tuple(
        replace(e, energy_j=joules) if (e.phase, e.label) == (phase, label) else e for e in one.energies
    )
    return replace(one, energies=energies)


@pytest.mark.parametrize("joules", [0.0, -5.0, math.nan, math.inf])
def test_a_work_window_without_a_size_is_set_apart(base, joules):
    [true], [found] = fit(base), fit([put(base[0], "2", joules), *base[1:]])

    assert found.fit["windows"] == true.fit["windows"] - 1
    assert found.terms["output_token"].value == pytest.approx(true.terms["output_token"].value, rel=0.01)
    assert any(f"1 of 9 runs, work window 2 of {joules:g} J set apart" in note for note in found.notes)
    assert not any("set apart" in note for note in true.notes)


def test_idle_windows_of_nothing_are_no_idle(base):
    """A board that is on draws something: no terms, and the reason, not a division by zero."""
    without = [put(put(one, "resident-1", 0.0, "idle"), "resident-2", 0.0, "idle") for one in base]
    [found] = fit(without)

    assert not found.terms
    assert "0 idle windows with an energy" in found.not_identified["idle_resident"]
    assert any("9 of 9 runs, idle window resident-1 of 0 J set apart" in note for note in found.notes)


def uncounted(one):
    """The run of a server that did not count prompts."""
    outcomes = tuple(
        replace(
            o, achieved=replace(o.achieved, prompt_tokens=None), requested=replace(o.requested, prompt_tokens=None)
        )
        for o in one.run.outcomes
    )
    return replace(one, run=replace(one.run, outcomes=outcomes))


def test_work_that_nobody_counted_is_not_none(base):
    """Taken for a run without prompt tokens it made a request cost 0.7 J that costs nothing."""
    [without], [found] = fit(base[1:]), fit([uncounted(base[0]), *base[1:]])

    for name in ("output_token", "prompt_token", "request"):
        assert found.terms[name].value == pytest.approx(without.terms[name].value, abs=0.02)
    assert "flag: 3 of 27 work windows set apart, prompt_tokens not counted there: in no term" in found.notes
    assert found.fit["windows"] == 24
    assert not any("set apart" in note for note in without.notes)


def test_work_that_no_window_counted_is_no_term(base):
    """Where none counts it there is nothing to hold a window against: its energy is in the other terms."""
    [found] = fit([uncounted(one) for one in base])

    assert "no window did work of this kind" in found.not_identified["prompt_token"]
    assert not any("set apart" in note for note in found.notes)
