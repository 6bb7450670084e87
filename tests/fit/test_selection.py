"""Leaving workloads out, all at once, is leaving them out one by one."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.fit.selection import Evidence, left_out, shown
from bench.fit.solve import CONDITION_LIMIT, condition_number, solve

OUTPUTS, PROMPTS = (8.0, 64.0, 256.0), (32.0, 256.0, 1024.0)


def evidence(seed=0, alike=0.0, context_j=0.0, noise=0.003):
    """Nine workloads of a language model, two to four windows each: output, prompt, request, context.

    `alike`: how far prompts are a multiple of outputs, 0 to 1.
    """
    draw = np.random.default_rng(seed)
    rows, workloads = [], []
    for output in OUTPUTS:
        for prompt in PROMPTS:
            asked = alike * output + (1.0 - alike) * prompt
            for _ in range(int(draw.integers(2, 5))):
                count = float(draw.integers(5, 40))
                rows.append([count * output, count * asked, count, count * output * (asked + output / 2)])
                workloads.append(f"prompt-{prompt:g}-{output:g}")
    design = np.array(rows)
    above_j = design @ np.array([0.5, 0.025, 0.3, context_j]) * (1 + noise * draw.standard_normal(len(rows)))
    energy_j = above_j + 60.0 * draw.uniform(1, 5, len(rows))
    return Evidence(
        design=design,
        above_idle_j=above_j,
        energy_j=energy_j,
        weights=1.0 / energy_j,
        workloads=tuple(workloads),
    )


def one_by_one(one, columns):
    """What `left_out` promises, in so many words: a fit of its own for each workload, on the rows themselves."""
    found = {}
    for kind in sorted(set(one.workloads)):
        out = np.array([w == kind for w in one.workloads])
        design, weights = one.design[:, list(columns)], one.weights
        if (~out).sum() < len(columns) or condition_number(design[~out], weights[~out]) > CONDITION_LIMIT:
            continue
        terms = solve(design[~out], one.above_idle_j[~out], weights[~out]).terms
        wrong_j = design[out] @ terms - one.above_idle_j[out]
        found[kind] = float(np.sqrt(np.mean((wrong_j / one.energy_j[out]) ** 2)))
    return found


@settings(deadline=None, max_examples=25)  # each is hundreds of fits, one by one
@given(seed=st.integers(0, 1000), size=st.integers(1, 4))
def test_all_at_once_is_one_by_one(seed, size):
    one = evidence(seed)
    for columns in combinations(range(4), size):
        assert left_out(one, columns) == pytest.approx(one_by_one(one, columns), rel=1e-9)


@pytest.mark.parametrize("alike", [0.9, 0.99, 0.999, 0.9998, 0.9999])
def test_terms_that_hardly_differ_are_no_less_exact(alike):
    """Up to the limit of the condition number: amounts that terms describe to the last digit are told so.

    Beyond it the same workloads are missing. Sums of products alone would leave 5e-11 where a fit of the rows
    leaves 1e-14.
    """
    one = evidence(alike=alike, noise=0.0)

    assert left_out(one, [0, 1, 2]) == pytest.approx(one_by_one(one, [0, 1, 2]), abs=1e-13)


def test_work_that_one_workload_alone_does_can_not_be_told_without_it():
    one = evidence()
    only = [w == "prompt-256-64" for w in one.workloads]
    found = left_out(replace(one, design=np.column_stack([one.design, one.design[:, 0] * only])), [0, 1, 2, 4])

    assert found.keys() == set(one.workloads) - {"prompt-256-64"}


def test_a_workload_far_larger_than_the_others_takes_no_digits_from_them():
    """Taken off the sum over all rows its share would leave rounding alone of theirs."""
    one = evidence()
    larger = np.array([1e9 if w == "prompt-256-64" else 1.0 for w in one.workloads])
    scaled = replace(one, design=np.column_stack([one.design[:, :3], one.design[:, 3] * larger]))

    assert left_out(scaled, range(4)) == pytest.approx(one_by_one(scaled, range(4)), rel=1e-9)


def test_terms_as_many_as_workloads_leave_none_out():
    one = evidence()
    few = [n for n, w in enumerate(one.workloads) if w.endswith("-8")]
    kept = Evidence(
        design=one.design[few],
        above_idle_j=one.above_idle_j[few],
        energy_j=one.energy_j[few],
        weights=one.weights[few],
        workloads=tuple(one.workloads[n] for n in few),
    )

    assert left_out(kept, [0, 1, 2]) == {}
    assert left_out(kept, [0, 1]).keys() == set(kept.workloads)


def test_a_term_is_shown_where_the_work_has_it():
    assert shown(evidence(context_j=2.4e-4), [0, 1, 2], [3]) == [3]
    assert shown(evidence(context_j=0.0), [0, 1, 2], [3]) == []
    assert shown(evidence(context_j=-5e-5), [0, 1, 2], [3]) == [], "attention gives no energy back"


def test_rounding_shows_no_term():
    """Exact data of two terms: a third that would take off errors of 1e-12 is none."""
    draw = np.random.default_rng(1)
    design = draw.uniform(1.0, 10.0, (12, 3))
    above_j = design[:, :2] @ np.array([2.0, 3.0]) * (1 + 1e-9 * draw.standard_normal(12))
    exact = Evidence(
        design=design, above_idle_j=above_j, energy_j=above_j, weights=1 / above_j,
        workloads=tuple(f"w{k // 2}" for k in range(12)),
    )  # fmt: skip
    found = [shown(replace(exact, above_idle_j=above_j + 1e-9 * k * design[:, 2]), [0, 1], [2]) for k in range(5)]

    assert found == [[]] * 5
