"""A cell says how well it knows its energy per unit of work, from its own repeats, no better than it does."""

import math
from dataclasses import replace

import numpy as np
import pytest
from fakes import GPU, outcome, seconds, window

from bench.nouns import Outcome, Passport, Precision, Timing, Usage
from bench.physics.look import Look
from bench.physics.precision import _effective, main_source, precision, wider_than_asked
from bench.physics.ticks import Ticks
from bench.stats import deviation, mean, t95


def look_at_blocks(joules):
    """A counter that rises by these joules in each second, at an even rate."""
    t_ns = tuple(seconds(i) for i in range(len(joules) + 1))
    sums = tuple(math.fsum(joules[:i]) for i in range(len(joules) + 1))
    marks = {"counter": Ticks(t_ns, sums, (0.0,) * len(t_ns))}
    return Look(source=GPU, passport=Passport(fields={}), marks=marks)


def request(start_s, end_s, **work) -> Outcome:
    return outcome(start_s, end_s, **work)


def series(count, phi, rng):
    """A first-order autoregressive series of unit variance."""
    values = [float(rng.normal())]
    for _ in range(count - 1):
        values.append(phi * values[-1] + math.sqrt(1 - phi**2) * float(rng.normal()))
    return values


def test_blocks_of_independent_energies_have_students_interval():
    """Two windows of five one-second blocks; neighbours that alternate are worth all of themselves."""
    joules = [99.0, 101.0, 98.0, 102.0, 100.0, 101.0, 98.5, 101.5, 99.0, 100.0]
    work = [window("work", "1", 0.0, 5.0), window("work", "2", 5.0, 10.0)]
    ran = [request(float(k), float(k + 1)) for k in range(10)]

    found = precision(look_at_blocks(joules), work, ran)

    expected = t95(9) * deviation(joules) / math.sqrt(10) / mean(joules)
    assert found == Precision(
        domain="gpu:0", half_width_ratio=pytest.approx(expected), blocks=10, windows=2
    )  # fmt: skip


def test_tokens_are_counted_where_there_are_any_and_an_answer_without_counts_none():
    """10 s of 100 J: batches of 50 tokens and one of none. Energy is per token, in one unit for all."""
    ran = [request(float(k), float(k + 1), output_tokens=50) for k in range(10)]
    ran[3] = replace(ran[3], achieved=Usage(requests=1, output_tokens=0))
    work = [window("work", "1", 0.0, 10.0)]

    found = precision(look_at_blocks([100.0] * 10), work, ran)

    # five blocks of two seconds: four of 2 J a token, one of 4
    rates = [2.0, 4.0, 2.0, 2.0, 2.0]
    assert found.half_width_ratio == pytest.approx(
        t95(4) * deviation(rates) / math.sqrt(5) / mean(rates), rel=1e-6
    )


@pytest.mark.parametrize("count", [0, 1, 3])
def test_too_few_blocks_tell_nothing(count):
    """Three blocks are no scatter; no work is none."""
    ran = [request(float(k), float(k + 1)) for k in range(count)]

    assert precision(look_at_blocks([100.0] * 5), [window("work", "1", 0.0, float(max(1, count)))], ran) is None


def test_a_domain_without_ticks_tells_nothing():
    """A fault leaves no course to cut."""
    faulty = replace(look_at_blocks([1.0]), marks={"counter": Ticks((), (), (), fault="fell")})

    assert precision(faulty, [window("work", "1", 0.0, 9.0)], [request(k, k + 1.0) for k in range(9)]) is None


@pytest.mark.parametrize("phi", [0.0, 0.3, 0.6, 0.8])
def test_an_autoregressive_series_is_worth_what_theory_says(phi):
    """n (1 - φ) / (1 + φ), in the middle of 60 series of 400."""
    rng = np.random.default_rng(1)
    worth = np.median([_effective(series(400, phi, rng)) for _ in range(60)])

    assert worth == pytest.approx(400 * (1 - phi) / (1 + phi), rel=0.12)


def test_the_correlation_of_a_short_series_is_mended():
    """Twelve values 1, 1, -1, -1, …: r = 1/12, and less its bias (n r + 1) / (n - 3) = 2/9 (Marriott, Pope)."""
    assert _effective([1.0, 1.0, -1.0, -1.0] * 3) == pytest.approx(12 * (1 - 2 / 9) / (1 + 2 / 9))


def test_the_correlation_of_very_few_values_is_taken_as_it_is():
    """Eight values: r = 1/8, and so loose that mending it would take most series their interval."""
    assert _effective([1.0, 1.0, -1.0, -1.0] * 2) == pytest.approx(8 * (1 - 1 / 8) / (1 + 1 / 8))


def test_a_series_that_never_differs_is_worth_all_of_itself():
    """No scatter, no correlation, nothing divided by nothing."""
    assert _effective([5.0] * 7) == 7.0


@pytest.mark.parametrize(
    ("count", "phi", "least"), [(5, 0.0, 0.92), (10, 0.0, 0.92), (15, 0.3, 0.90), (30, 0.3, 0.90), (60, 0.6, 0.90)]
)
def test_the_interval_of_correlated_repeats_holds_the_mean(count, phi, least):
    """Of 300 cells: more than nine in ten, where those that say nothing are left out."""
    rng = np.random.default_rng(count)
    held = []
    for _ in range(300):
        joules = [100.0 + 2.0 * v for v in series(count, phi, rng)]
        ran = [request(float(k), float(k + 1)) for k in range(count)]
        work = [window("work", str(k), 5.0 * k, 5.0 * k + 5.0) for k in range(count // 5)]
        found = precision(look_at_blocks(joules), work, ran)
        if found.half_width_ratio is not None:
            held.append(abs(mean(joules) - 100.0) <= found.half_width_ratio * mean(joules))

    assert len(held) > 150
    assert mean([float(h) for h in held]) > least


def test_neighbours_that_are_all_but_equal_tell_no_interval():
    """A drift through the whole cell: ten blocks worth fewer than two values."""
    ran = [request(float(k), float(k + 1)) for k in range(40)]
    work = [window("work", str(k), 10.0 * k, 10.0 * k + 10.0) for k in range(4)]

    found = precision(look_at_blocks([100.0 + k for k in range(40)]), work, ran)

    assert found.half_width_ratio is None
    assert found.blocks == 20


def test_requests_that_overlap_are_counted_where_they_end():
    """Eight streams of two seconds: twice as many requests at the same ends leave the ratio as it is."""
    ran = [request(0.25 * k, 0.25 * k + 2.0) for k in range(73)]
    work = [window("work", "1", 0.0, 20.5)]

    once, twice = (precision(look_at_blocks([100.0] * 21), work, many) for many in (ran, [*ran, *ran]))

    assert once.blocks == 5
    assert twice.half_width_ratio == pytest.approx(once.half_width_ratio)


def test_the_main_source_is_the_engines_own_device_then_the_cpu():
    """What a cell is about: never an excluded domain."""
    cpu = replace(GPU, domain="cpu-package:0", boundary="cpu", device="intel-rapl:0")
    host = replace(GPU, domain="host", boundary="host", device="cpu-model", basis="modelled")

    assert main_source((host, cpu, GPU), "GPU-1") == GPU
    assert main_source((host, GPU, cpu), "cpu") == cpu
    assert main_source((host, replace(cpu, basis="excluded")), "cpu") == host
    assert main_source((replace(GPU, basis="excluded"),), "GPU-1") is None


def test_a_gpu_that_stands_by_is_never_what_a_cell_is_about():
    """Its idle would look like the best known of figures."""
    host = replace(GPU, domain="host", boundary="host", device="cpu-model", basis="modelled")

    assert main_source((GPU, host), "cpu") == main_source((GPU, host), "GPU-other") == host
    assert main_source((GPU,), "cpu") is main_source((GPU,), "GPU-other") is None


@pytest.mark.parametrize(
    ("most_windows", "ratio", "said"),
    [(None, 0.5, None), (9, 0.019, None), (9, 0.031, "±3.1% from 20 blocks"), (9, None, "too few repeats")],
)
def test_a_cell_whose_budget_ended_first_says_so(most_windows, ratio, said):
    """Only a cell that may go on is asked for; it is told how well it is known instead."""
    found = Precision(domain="gpu:0", half_width_ratio=ratio, blocks=20, windows=9)

    verdicts = wider_than_asked(Timing(most_windows=most_windows, precision_ratio=0.02), found)

    assert [said in v.evidence and v.level == "flag" for v in verdicts] == ([True] if said else [])
