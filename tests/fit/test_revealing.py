"""Where a fit does not predict what it has not seen, the cell that is named shows the term that it lacks."""

from dataclasses import replace

import pytest
from sim.fast_line import Ask, measured
from sim.scheduler import Physics

from bench.files.shapes import declared_shapes
from bench.fit.coefficients import fitted
from bench.fit.revealing import revealing, untrue
from bench.fit.terms import SHOWN, TERMS
from bench.run.next_cells import advice

SHORT = ((32, 8), (256, 8), (32, 64), (256, 64))
SHAPES = declared_shapes()
SLIGHT, STRONG = Physics(decode_context_token_s=2e-6), Physics(decode_context_token_s=1e-5)


def cells(physics, shapes=SHORT, start=0):
    return [
        measured(Ask(prompt=p, output=o, requests=20), physics, index=start + i, noise=0.005)
        for i, (p, o) in enumerate(shapes)
    ]


def lengths(cell):
    _, prompt, output = cell.workload.split("-")
    return int(prompt), int(output)


def test_the_cell_that_is_named_shows_the_term_and_the_error_falls():
    """Attention that four short cells do not show: 13 % off on those left out; with one long cell it is told."""
    runs = cells(SLIGHT)
    [before] = advice(runs, SHAPES)
    named = before.shows[0].cell
    [after] = advice([*runs, *cells(SLIGHT, [lengths(named)], 9)], SHAPES)

    assert untrue(before.entry)
    assert "context_token" not in before.entry.terms
    assert "context_token" in after.entry.terms
    assert after.entry.fit["held_out_error"] < 0.05 < before.entry.fit["held_out_error"]
    assert not after.shows
    assert before.cells  # those that narrow what is there stand behind


def test_where_terms_are_refused_as_untrue_the_same_cells_are_their_help():
    """Half of the energy is attention: no term stands, and each names what would show it."""
    runs = cells(STRONG)
    [found] = fitted(runs, SHAPES)
    [why] = {(why.why, why.helps) for why in found.refused if why.helps and not why.again}
    [after] = advice([*runs, *cells(STRONG, [lengths(why[1][0])], 9)], SHAPES)

    assert "cells left out are off by" in why[0]
    assert {"output_token", "prompt_token", "request"}.isdisjoint(found.entry.terms)
    assert {"output_token", "prompt_token", "context_token"} <= after.entry.terms.keys()


def test_a_fit_that_predicts_has_nothing_to_show():
    [found] = advice(cells(Physics()), SHAPES)

    assert not untrue(found.entry)
    assert found.shows == ()


def test_a_term_that_no_cell_could_tell_apart_is_not_offered():
    """One user's decoding steps are his tokens less his requests: more of them show nothing."""
    [found] = fitted(cells(SLIGHT), SHAPES)
    offered = revealing(found.group, TERMS["causal-lm"], SHAPES)

    assert offered
    assert not any("decode_step" in one.terms for one in offered)
    assert all(times > 1.0 for one in offered for times in one.terms.values())
    assert {name for one in offered for name in one.terms} <= {term.name for term in SHOWN["causal-lm"]}


@pytest.mark.parametrize("shapes", [(), SHAPES])
def test_without_users_who_wait_or_shapes_nothing_is_offered(shapes):
    """What an offered rate would hold is not known from here."""
    rated = [
        replace(m, run=replace(m.run, spec=replace(m.run.spec, cell=replace(m.run.spec.cell, rate=0.5))))
        for m in cells(SLIGHT)
    ]
    [found] = fitted(rated if shapes else cells(SLIGHT), shapes)

    assert revealing(found.group, TERMS["causal-lm"], shapes) == ()
