"""Ratios of hand-made rounds: known values, coverage, what pairs take away and what they don't."""

import math
import random

import pytest

from bench.errors import BadInput
from bench.fit.ratios import difference, energy_ratio, paired, standings, time_ratio, unpaired
from bench.nouns import Share
from bench.nouns.compared import Joules, Pair, Ratio


def joules(value_j, *, spread=0.0, path="GPU-1, 595.1, counter", basis="measured", **more):
    return Joules(
        basis=basis,
        value_j=value_j,
        low_j=value_j * (1 - spread),
        high_j=value_j * (1 + spread),
        path=path,
        **more,
    )


def test_a_known_ratio_is_found_with_student_s_interval():
    """Logs of 0.5, 0.5·e^0.1, 0.5·e^-0.1: mean ln 0.5, s 0.1, t(2) = 4.3027."""
    found = time_ratio("time", ([0.5, 0.5 * math.exp(0.1), 0.5 * math.exp(-0.1)], [1.0, 1.0, 1.0]))

    half = 4.302653 * 0.1 / math.sqrt(3)
    assert found.value == pytest.approx(0.5)
    assert found.low == pytest.approx(0.5 * math.exp(-half), rel=1e-5)
    assert found.high == pytest.approx(0.5 * math.exp(half), rel=1e-5)
    assert found.rounds == 3


def test_what_drifts_for_both_of_a_pair_cancels():
    """A machine that grows 40 % hungrier from round to round leaves a ratio of 0.8 exact; unpaired it drowns."""
    grown = [1.4**n for n in range(5)]
    ones, others = [0.8 * g for g in grown], grown

    centre, half = paired(ones, others)
    _, apart = unpaired(ones, others)
    assert math.exp(centre) == pytest.approx(0.8)
    assert half == pytest.approx(0.0, abs=1e-12)
    assert apart > 0.5


def test_one_round_has_a_ratio_and_no_interval():
    """One value has no scatter: nothing is claimed about it."""
    found = energy_ratio("gpu", [joules(3.0)], [joules(6.0)])

    assert (found.value, found.low, found.high, found.tells) == (0.5, None, None, False)


def test_the_gain_of_one_board_cancels_and_that_of_two_does_not():
    """One device, driver and method: one gain on both sides. Another driver: both gains are in the interval."""
    ones = [joules(1.0, gain_ratio_95=0.05), joules(1.0, gain_ratio_95=0.05)]
    here = energy_ratio("gpu", ones, ones)
    there = [joules(1.0, gain_ratio_95=0.05, path="GPU-1, 600.2, counter")] * 2
    apart = energy_ratio("gpu", ones, there)

    assert (here.gain_cancels, here.low, here.high) == (True, 1.0, 1.0)
    assert apart.gain_cancels is False
    assert apart.high == pytest.approx(math.exp(math.hypot(0.05, 0.05)), rel=1e-6)


def test_a_modelled_ratio_is_never_measured_and_spans_the_model_s_series():
    """Low and high series of one model, recomputed: here A's share of idle differs, so that they don't agree."""
    ones = [Joules(basis="modelled", value_j=2.0, low_j=1.0, high_j=3.0, path="p")] * 3
    others = [Joules(basis="modelled", value_j=4.0, low_j=1.6, high_j=7.0, path="p")] * 3

    found = energy_ratio("host", ones, others)

    assert found.basis == "modelled"
    assert (found.low, found.value, found.high) == (pytest.approx(3 / 7), 0.5, pytest.approx(1 / 1.6))
    assert found.components["model"] == pytest.approx(abs(math.log(0.625 / 0.5)))


def test_two_bases_are_never_compared():
    """What was measured over what was modelled is no ratio of anything."""
    with pytest.raises(BadInput, match="never compared"):
        energy_ratio("host", [joules(1.0)], [joules(1.0, basis="modelled")])


def test_the_windows_own_uncertainty_counts_where_rounds_agree_by_chance():
    """Equal rounds, windows known to 1 % each: the interval is theirs, 1.96 √(2 × 0.01²) / √4."""
    ones = [joules(1.0, own_ratio=0.01)] * 4
    found = energy_ratio("gpu", ones, ones)

    assert math.log(found.high) == pytest.approx(1.96 * 0.01 * math.sqrt(2) / 2, rel=1e-3)


def test_what_a_sensor_never_saw_widens_its_own_side():
    """A's unseen energy above moves the ratio up, B's moves it down."""
    ones = [joules(1.0, unseen_high_ratio=0.02)] * 2
    others = [joules(1.0, unseen_high_ratio=0.05)] * 2
    found = energy_ratio("gpu", ones, others)

    assert (found.low, found.high) == (pytest.approx(math.exp(-0.05)), pytest.approx(math.exp(0.02)))


def test_the_interval_covers_95_of_100():
    """600 comparisons of five rounds, a common drift and 2 % of scatter on either side; seeded."""
    rng, hits = random.Random(20261121), 0
    for _ in range(600):
        common = [math.exp(rng.gauss(0, 0.2)) for _ in range(5)]
        ones = [joules(0.6 * c * math.exp(rng.gauss(0, 0.02))) for c in common]
        others = [joules(c * math.exp(rng.gauss(0, 0.02))) for c in common]
        found = energy_ratio("gpu", ones, others)
        hits += found.low <= 0.6 <= found.high
    assert 0.93 <= hits / 600 <= 0.97


def test_a_stop_on_the_width_costs_what_the_comparison_says_of_it():
    """From three rounds on until ±3 %, ten at most, at a scatter of 1 and of 5 % a round: 95 and 91 of 100."""
    rng = random.Random(12)
    for scatter in (0.01, 0.05):
        hits = 0
        for _ in range(2000):
            ones = [math.exp(rng.gauss(0, scatter)) for _ in range(3)]
            while (told := paired(ones, [1.0] * len(ones)))[1] > 0.03 and len(ones) < 10:
                ones.append(math.exp(rng.gauss(0, scatter)))
            hits += abs(told[0]) <= told[1]
        assert 0.89 <= hits / 2000 <= 0.965  # 0.909 and 0.953 of 30 000


def test_unpaired_rounds_cover_too():
    """Welch's interval, five against four, scatters of 1 and 3 %."""
    rng, hits = random.Random(7), 0
    for _ in range(600):
        ones = [0.6 * math.exp(rng.gauss(0, 0.01)) for _ in range(5)]
        centre, half = unpaired(ones, [math.exp(rng.gauss(0, 0.03)) for _ in range(4)])
        hits += abs(centre - math.log(0.6)) <= half
    assert 0.92 <= hits / 600 <= 0.98


def test_scores_are_subtracted_with_both_intervals():
    """0.90 (0.88 to 0.91) less 0.80 (0.77 to 0.82)."""
    found = difference("macro_f1", Share(value=0.90, low=0.88, high=0.91), Share(value=0.80, low=0.77, high=0.82))

    assert found.value == pytest.approx(0.10)
    assert found.low == pytest.approx(0.10 - math.hypot(0.02, 0.02), rel=1e-6)
    assert found.high == pytest.approx(0.10 + math.hypot(0.01, 0.03), rel=1e-6)


def pair(one, other, energy, time, half=0.01):
    def ratio(measure, boundary, value):
        return Ratio(
            measure=measure, boundary=boundary, basis="measured", value=value, low=value * (1 - half),
            high=value * (1 + half), rounds=5,
        )  # fmt: skip

    return Pair(one=one, other=other, ratios=(ratio("energy", "gpu", energy), ratio("e2e", None, time)))


def both_ways(half=0.01, **against):
    """Ratios of 0 against 1, 0 against 2, 1 against 2, and their inverses."""
    found = []
    for key, (energy, time) in against.items():
        one, other = int(key[1]), int(key[2])
        found += [pair(one, other, energy, time, half), pair(other, one, 1 / energy, 1 / time, half)]
    return found


def test_a_candidate_that_is_worse_in_every_aim_is_dominated():
    """0 takes less energy, 1 less time, 2 more of both than 0."""
    pairs = both_ways(p01=(0.8, 1.3), p02=(0.5, 0.5), p12=(0.9, 0.4))
    found = standings(pairs, 3, "gpu")

    assert [(s.place, s.by) for s in found] == [("front", ()), ("front", ()), ("dominated", (0, 1))]


def test_nobody_is_called_dominated_where_an_interval_holds_1():
    """The same order of values, known to 60 % only."""
    pairs = both_ways(half=0.6, p01=(0.8, 1.3), p02=(0.7, 0.7), p12=(0.9, 0.8))

    assert {s.place for s in standings(pairs, 3, "gpu")} == {"undecided"}
