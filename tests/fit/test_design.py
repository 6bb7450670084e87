"""Advice that comes true: the workload that is named parts the terms, the cell that is named narrows them."""

from dataclasses import replace

import pytest
from sim.fast_line import Ask, measured
from sim.scheduler import Physics

from bench.files.shapes import declared_shapes
from bench.fit.coefficients import fit, fitted
from bench.fit.design import WINDOWS, Shape, next_cells
from bench.fit.rows import groups
from bench.nouns import Usage
from bench.run.next_cells import advice

OF = Physics()
NOISE = 0.005


def cell(prompt, output, index, requests=20):
    return measured(Ask(prompt=prompt, output=output, requests=requests), OF, index=index, noise=NOISE)


def shape(prompt, output):
    usage = Usage(requests=1, prompt_tokens=prompt, output_tokens=output)
    return Shape(name=f"prompt-{prompt}-{output}", family="causal-lm", usage=usage)


SHAPES = tuple(shape(p, o) for p in (32, 256, 1024) for o in (8, 64, 256))


def test_the_workload_that_is_named_parts_the_terms():
    """One shape holds everything together; each that is added by name parts one term more."""
    runs = [cell(32, 8, 0)]
    for step in range(2):
        [found] = fitted(runs, SHAPES)
        named = next(why for why in found.refused if why.helps and not why.again).helps[0]
        _, prompt, output = named.workload.split("-")
        runs.append(cell(int(prompt), int(output), step + 1))
    [found] = fit(runs, SHAPES)

    assert {"output_token", "prompt_token", "request"} <= found.terms.keys()


def test_without_shapes_no_workload_is_named():
    [found] = fit([cell(32, 8, 0)])

    assert "add a workload that varies it alone" in found.not_identified["prompt_token"]


def test_the_cell_that_is_named_narrows_what_it_says():
    """Run it, and the terms' standard errors fall as was told, within what noise makes of them."""
    runs = [cell(p, o, i) for i, (p, o) in enumerate(((32, 8), (256, 8), (32, 64), (256, 64)))]
    [told] = advice(runs, SHAPES)
    best = told.cells[0]
    _, prompt, output = best.cell.workload.split("-")
    [after] = fit([*runs, cell(int(prompt), int(output), 9)])
    [before] = fit(runs)

    def statistical(one, term):
        return one.components[term]["statistical"] / abs(one.terms[term].value)

    gained = max(best.before, key=lambda term: best.before[term] / best.after[term])
    assert best.after[gained] < 0.9 * best.before[gained]
    assert statistical(after, gained) < statistical(before, gained)
    assert [one.cell for one in told.cells] == list(dict.fromkeys(one.cell for one in told.cells))


def test_cells_are_worth_their_seconds():
    """The best first: what it takes away of the weighted errors, for each second."""
    runs = [cell(p, o, i) for i, (p, o) in enumerate(((32, 8), (256, 8), (32, 64), (256, 64)))]
    [told] = advice(runs, SHAPES)

    assert len(told.cells) == 3
    assert all(one.seconds > WINDOWS for one in told.cells)
    assert all(one.after[term] <= one.before[term] * 1.000001 for one in told.cells for term in one.before)


def test_the_first_cell_takes_most_of_the_weighted_errors_away():
    """Σ (share of the energy × relative error)², told here once more from the rows: none does better."""
    runs = [cell(p, o, i) for i, (p, o) in enumerate(((32, 8), (256, 8), (32, 64), (256, 64)))]
    [told] = advice(runs, SHAPES)
    [group] = groups(runs)
    rows = [row for row in group.rows if row.phase == "work"]
    amounts = {"request": "requests", "prompt_token": "prompt_tokens", "output_token": "output_tokens"}
    joules = {
        term: told.entry.terms[term].value * sum(getattr(row.usage, name) for row in rows)
        for term, name in amounts.items()
    }

    def taken(one):
        weights = {term: abs(joules[term]) / sum(row.energy_j for row in rows) for term in one.before}
        return sum(weights[t] ** 2 * (one.before[t] ** 2 - one.after[t] ** 2) for t in one.before)

    every = next_cells(group, told.entry, SHAPES, most=len(SHAPES))

    assert set(told.cells[0].before) == set(amounts)
    assert [taken(one) for one in every] == sorted(map(taken, every), reverse=True)
    assert taken(every[0]) > 1.1 * taken(every[-1])
    assert list(told.cells) == list(every[:3])


def test_shapes_whose_requests_do_not_fit_a_window_are_not_named():
    runs = [cell(p, o, i, requests=4) for i, (p, o) in enumerate(((32, 8), (256, 8), (32, 64), (256, 64)))]
    [told] = advice(runs, (*SHAPES, shape(8192, 4096)))

    assert "prompt-8192-4096" not in {one.cell.workload for one in told.cells}


def test_declared_workloads_are_shapes():
    found = {one.name: one.usage for one in declared_shapes()}

    assert found["prompt-512-128"] == Usage(requests=1, prompt_tokens=512, output_tokens=128)
    assert found["translate-32-8"] == Usage(requests=1, source_tokens=32, target_tokens=8)
    assert not any(name.startswith(("speech", "article", "intent")) for name in found)


@pytest.mark.parametrize("users", [1, 8])
def test_advice_for_several_loads_names_the_load(users):
    runs = [
        replace(measured(Ask(prompt=p, output=o, users=n, requests=12 * n), OF, index=10 * n + i, noise=NOISE))
        for n in (1, 8)
        for i, (p, o) in enumerate(((32, 8), (1024, 8), (32, 64), (256, 64), (1024, 256)))
    ]
    [told] = advice(runs, [s for s in SHAPES if s.name == "prompt-256-256"])

    assert told.entry.levels
    assert users in {one.cell.concurrency for one in told.cells}


def test_an_offered_rate_has_no_advice_of_its_own():
    """A cell of users who wait would be another entry's."""
    runs = [cell(p, o, i) for i, (p, o) in enumerate(((32, 8), (256, 8), (32, 64), (256, 64)))]
    offered = [
        replace(m, run=replace(m.run, spec=replace(m.run.spec, cell=replace(m.run.spec.cell, rate=0.5))))
        for m in runs
    ]

    assert advice(runs, SHAPES)[0].cells
    assert not advice(offered, SHAPES)[0].cells
