"""Windows that came out low by chance count for no more than those that came out high."""

from dataclasses import replace

import numpy as np
import pytest
from sim.fast_line import Ask, measured, without_gain
from sim.scheduler import Physics

from bench.fit.coefficients import fit
from bench.fit.rows import groups
from bench.fit.weighing import fitted_weights
from bench.physics import phases

OF = Physics(decode_context_token_s=0.0)
SHAPES = tuple((p, o) for p in (32, 256, 1024) for o in (8, 64, 128))


@pytest.fixture(scope="module")
def base():
    asks = [Ask(prompt=p, output=o, requests=6) for p, o in SHAPES]
    return [without_gain(measured(ask, OF, index=n)) for n, ask in enumerate(asks)]


def off(one, ratios, name=""):
    """The run with its work windows off by so much, in turn; `name`: behind its workload's and its own."""
    turn = iter(ratios)
    energies = tuple(
        replace(e, energy_j=e.energy_j * (1 + next(turn))) if e.phase == "work" else e for e in one.energies
    )
    cell = replace(one.run.spec.cell, workload=one.run.spec.cell.workload + name)
    run = replace(one.run, id=one.run.id + name, spec=replace(one.run.spec, cell=cell))
    return replace(one, run=run, energies=energies)


def assert_the_same(found, true):
    for name in ("output_token", "prompt_token"):
        assert found.terms[name].value == pytest.approx(true.terms[name].value, rel=2e-3)


def test_windows_off_either_way_leave_the_terms(base):
    """One of each pair 15 % high, the other 15 % low: weighted by their own energies a token is 8 % low."""
    [true], [found] = fit(base), fit([off(one, (0.15, -0.15)) for one in base])

    assert_the_same(found, true)


def test_cells_off_either_way_leave_the_terms(base):
    """One cell of each kind of work 15 % high, its twin low: the means of cells alone would weigh them unlike."""
    high, low = ([off(one, (by, by), name) for one in base] for by, name in ((0.15, "a"), (-0.15, "b")))
    [true], [found] = fit(base), fit([*high, *low])

    assert_the_same(found, true)


def test_a_window_that_the_terms_make_nothing_of_has_a_weight(base):
    """A cell of a hundredth of its energy: the other terms stay near the truth, and it is named."""
    [found] = fit([off(base[0], (-0.99, -0.99)), *base[1:]])

    assert any("prompt-32-8 is predicted" in note for note in found.notes)
    [true] = fit(base)
    assert found.terms["output_token"].value == pytest.approx(true.terms["output_token"].value, rel=0.1)


def test_cells_left_out_are_predicted_no_lower_for_their_scatter(base):
    """Windows 20 % off either way are predicted 20 % off, whatever the weights: 1/E of their own makes it more."""
    [found] = fit([off(one, (0.2, -0.2)) for one in base])

    assert found.fit["held_out_error"] == pytest.approx(0.2 / 0.96 * 1.04**0.5, rel=5e-3)


def test_what_terms_make_negative_is_half_of_its_cell(base):
    """A window without a sound fitted energy keeps a weight: no infinite one, and none below zero."""
    [group] = groups(base)
    work, idle = phases.work(group.rows), phases.idle(group.rows, "resident")
    design = np.array([[row.energy_j] for row in work])
    design[2:4] *= -1.0  # what all others tell makes this cell less than nothing
    found = fitted_weights(design, work, idle)
    share = work[2].duration_s / (work[2].duration_s + work[3].duration_s)

    assert work[2].cell == work[3].cell
    assert (found > 0.0).all()
    assert found[2] == pytest.approx(2.0 / (share * (work[2].energy_j + work[3].energy_j)))
