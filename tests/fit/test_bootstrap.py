"""Terms spread as runs do: a wild bootstrap over runs where enough of them stand behind each term."""

import hashlib
import math
import random
import re
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from sim.fast_line import Ask, measured
from sim.scheduler import Physics

from bench.fit.bootstrap import REPLICATES, behind, blocks, half_widths, spread
from bench.fit.coefficients import fit
from bench.stats import t95

OF = Physics(decode_context_token_s=0.0)
FEW = ((32, 8), (256, 8), (32, 64), (256, 64))


def drawn(runs=12, windows=2, terms=2, seed=0, between=0.0):
    """A weighted design whose runs are each one kind of work, its residuals, and the run of each row."""
    draw = np.random.default_rng(seed)
    design = np.repeat(draw.uniform(0.2, 1.0, (runs, terms)), windows, axis=0)
    errors = draw.standard_normal(runs * windows) + between * np.repeat(draw.standard_normal(runs), windows)
    off, *_ = np.linalg.lstsq(design, errors, rcond=None)
    return design, errors - design @ off, [f"run-{n // windows:02d}" for n in range(runs * windows)]


def by_hand(design, residuals, runs, weights):
    """One replicate the long way: residuals as if the run had been left out, other energies, solved again."""
    names = sorted(set(runs))
    masks = [np.array([run == name for run in runs]) for name in names]
    energies = np.zeros(len(residuals))
    for mask, weight in zip(masks, weights, strict=True):
        others, *_ = np.linalg.lstsq(design[~mask], residuals[~mask], rcond=None)
        energies[mask] = weight * (residuals[mask] - design[mask] @ others)
    moved, *_ = np.linalg.lstsq(design, energies, rcond=None)
    return moved, over_runs(design, energies - design @ moved, masks)


def over_runs(design, residuals, masks):
    """The standard errors over runs: (X'X)⁻¹ Σ (Xᵣ'uᵣ)(Xᵣ'uᵣ)' (X'X)⁻¹."""
    inverse = np.linalg.inv(design.T @ design)
    scores = np.array([design[mask].T @ residuals[mask] for mask in masks])
    return np.sqrt(np.diag(inverse @ scores.T @ scores @ inverse))


def test_replicates_are_those_of_the_long_way():
    """Every combination of Webb's weights of three runs, one term: the quantile of 216 ratios worked out alone."""
    design, residuals, runs = drawn(runs=3, terms=1)
    points = [s * math.sqrt(v) for s in (-1, 1) for v in (0.5, 1.0, 1.5)]
    ratios = sorted(
        float(abs(moved[0]) / error[0])
        for moved, error in (by_hand(design, residuals, runs, w) for w in product(points, repeat=3))
    )
    found = half_widths(blocks(design, residuals, runs), replicates=19999)
    masks = [np.array([run == name for run in runs]) for name in sorted(set(runs))]
    error = over_runs(design, residuals, masks)[0]

    assert ratios[int(0.93 * 216)] <= found[0] / error <= ratios[min(215, int(0.97 * 216))]


def test_each_replicate_is_that_of_the_long_way_under_the_same_weights():
    """Raw numbers of the bit generator, seeded by the runs' names: the same in every version of numpy."""
    design, residuals, runs = drawn(runs=6, terms=2)
    names = sorted(set(runs))
    seed = int.from_bytes(hashlib.sha256("\n".join(names).encode()).digest()[:16], "big")
    raw = np.random.PCG64(seed).random_raw((99, len(names)))
    points = [-math.sqrt(0.5), -1.0, -math.sqrt(1.5), math.sqrt(0.5), 1.0, math.sqrt(1.5)]
    each = [by_hand(design, residuals, runs, [points[int(n) % 6] for n in one]) for one in raw]
    ratios = np.sort([np.abs(moved) / error for moved, error in each], axis=0)
    error = over_runs(design, residuals, [np.array([run == name for run in runs]) for name in names])

    found = half_widths(blocks(design, residuals, runs), replicates=99)
    assert found == pytest.approx(ratios[94] * error, rel=1e-9)  # the 95th of 99: rank 0.95 × 100


def test_the_same_runs_give_the_same_bytes_in_any_order():
    design, residuals, runs = drawn()
    order = np.random.default_rng(5).permutation(len(runs))
    first = half_widths(blocks(design, residuals, runs))
    again = half_widths(blocks(design, residuals, runs))
    turned = half_widths(blocks(design[order], residuals[order], [runs[n] for n in order]))

    assert first.tobytes() == again.tobytes()
    assert turned == pytest.approx(first, rel=1e-12)


def test_weights_are_of_these_runs():
    """Other runs draw others, so that no two fits share their luck."""
    design, residuals, runs = drawn()
    other = half_widths(blocks(design, residuals, [f"other-{run}" for run in runs]))
    found = half_widths(blocks(design, residuals, runs))

    assert other.tolist() != found.tolist()
    assert other == pytest.approx(found, rel=0.2)
    assert REPLICATES % 20 == 19


def test_half_widths_are_in_the_units_of_the_terms():
    design, residuals, runs = drawn()
    found = half_widths(blocks(design, residuals, runs))

    assert half_widths(blocks(design * [1e3, 1e-6], residuals, runs)) == pytest.approx(
        found * [1e-3, 1e6], rel=1e-9
    )
    assert half_widths(blocks(design, residuals * 7.0, runs)) == pytest.approx(found * 7.0, rel=1e-9)


def test_many_alike_runs_give_students_width():
    design, residuals, runs = drawn(runs=200, seed=3)
    degrees = len(runs) - design.shape[1]
    sigma = math.sqrt(residuals @ residuals / degrees)
    student = 1.97 * sigma * np.sqrt(np.diag(np.linalg.inv(design.T @ design)))

    assert half_widths(blocks(design, residuals, runs)) == pytest.approx(student, rel=0.2)


def test_runs_behind_a_term_are_counted_by_what_they_say_of_it():
    """One term, alike runs: all but the one that the term itself takes. A run that says it all leaves none."""
    alike = blocks(np.ones((20, 1)), np.zeros(20), [f"run-{n // 2}" for n in range(20)])
    design = np.array([[1.0, 0.0]] * 19 + [[0.0, 1.0]])
    alone = blocks(design, np.zeros(20), [f"run-{n // 2}" if n < 18 else f"last-{n}" for n in range(20)])

    assert behind(alike) == pytest.approx([9.0])
    assert behind(alone).tolist() == [0.0, 0.0]


def test_terms_spread_together_as_runs_move_them():
    design, residuals, runs = drawn(terms=3)
    of = blocks(design, residuals, runs)
    found, half = spread(of), half_widths(of)

    assert np.sqrt(np.diag(found)) == pytest.approx(half)
    assert found == pytest.approx(found.T)
    assert np.linalg.eigvalsh(found).min() >= -1e-12 * np.trace(found)
    assert abs(found[0, 1]) > 0.1 * half[0] * half[1]


def test_exact_data_spread_not_at_all():
    design, residuals, runs = drawn()

    assert not spread(blocks(design, residuals * 0.0, runs)).any()


def campaign(times, day=0.0, seed=0, windows=2):
    """Four shapes, each run so many times; work scatters by 0.3 % a window and by `day` from run to run."""
    draw = random.Random(seed)
    made = []
    for n in range(times * len(FEW)):
        p, o = FEW[n % len(FEW)]
        ask = Ask(prompt=p, output=o, requests=5, windows=windows)
        one = measured(ask, OF, index=1000 * seed + n, noise=0.003)
        factor = 1 + day * draw.gauss(0, 1)
        energies = tuple(
            replace(e, energy_j=e.energy_j * (factor if e.phase == "work" else 1.0)) for e in one.energies
        )
        made.append(replace(campaign_run(one), energies=energies))
    return made


def campaign_run(one):
    """Without a gain and without synthetic weights: what is left is the statistical part."""
    sources = tuple(replace(s, gain_ratio_95=0.0) for s in one.run.sources)
    return replace(one, run=replace(one.run, sources=sources, loaded=replace(one.run.loaded, weights="served")))


def test_few_runs_fall_back_on_student_and_say_so():
    [found] = fit(campaign(1))

    assert re.fullmatch(
        r"Student: 1\.0 of 4 runs stand behind \w+, 5 behind each term make a block bootstrap",
        str(found.fit["interval"]),
    )


def test_a_run_that_cannot_be_left_out_is_said():
    three, alone = campaign(1)[:3], campaign(1)[:1]

    assert "one of 3 can't be left out" in str(fit(three)[0].fit["interval"])
    assert str(fit(alone)[0].fit["interval"]).startswith("Student: one run, ")


def test_enough_runs_are_the_blocks_and_say_so():
    [found] = fit(campaign(5))

    assert found.fit["interval"] == "block bootstrap over 20 runs"
    assert fit(campaign(5)) == (found,)


def test_runs_that_differ_widen_what_their_windows_alone_would_say():
    """A day's 2 % on six windows of 0.3 %: the truth is held by intervals as wide as days differ."""
    [quiet], [days] = fit(campaign(5, windows=6)), fit(campaign(5, day=0.02, windows=6))
    width = {n: days.components[n]["statistical"] / quiet.components[n]["statistical"] for n in days.terms}

    assert width["output_token"] > 5.0
    assert width["prompt_token"] > 5.0


def student(times, days, windows):
    """The half-width of a token over the residuals' ratio, and that ratio: runs off by draw, windows by ±."""
    draw, made = random.Random(7), []
    for n in range(times * len(FEW)):
        p, o = FEW[n % len(FEW)]
        one = campaign_run(measured(Ask(prompt=p, output=o, requests=5), OF, index=n))
        day, sign = days * draw.gauss(0, 1), {"1": 1.0, "2": -1.0}
        energies = tuple(
            replace(e, energy_j=e.energy_j * (1 + day + windows * sign[e.label])) if e.phase == "work" else e
            for e in one.energies
        )
        made.append(replace(one, energies=energies))
    [found] = fit(made)
    ratio = found.fit["residual_ratio"]
    return found.components["output_token"]["statistical"] / ratio, ratio


@pytest.mark.parametrize(
    ("times", "sees", "misses"),
    [
        (1, 9.0, 4.0),  # one run beyond the terms: beyond 7.7, F's 95 % quantile
        (2, 2.2, 1.2),  # five: beyond 1.7, its 75 %
    ],
)
def test_runs_repeat_where_their_variance_is_beyond_fs_quantile(times, sees, misses):
    """The ratio of variances is set: residuals of runs alone give the one, windows by ± the other."""
    runs = times * len(FEW)
    between, within = runs - 3, runs
    _, alone = student(times, 0.003, 0.0)
    outer = alone**2 * (2 * runs - 3) / between  # the mean square between runs

    def found(variances):
        half, ratio = student(times, 0.003, math.sqrt(outer / variances * within / (2 * runs)))
        return half, math.sqrt(outer) / ratio

    over_windows, _ = found(misses)
    over_runs_, larger = found(sees)
    assert over_runs_ / over_windows == pytest.approx(t95(between) * larger / t95(2 * runs - 3), rel=0.02)
