"""Intervals of differences: drawn by hand once more, published ones, and how often they hold the truth."""

import random
from collections import Counter

import numpy as np
import pytest

from bench.quality.answer import LabelledAnswer
from bench.quality.f1 import counted, macro_f1, macro_f1s, wilson
from bench.quality.paired import equal_half, paired_bounds, share_bounds
from bench.quality.resample import tail


def rates(sums):
    return sums[:, 0] / sums[:, 1]


def clips(count, seed=0, unlike=0.3):
    """Errors and words of either; on a share of the clips one of the two errs more often."""
    rng = np.random.RandomState(seed)
    words = rng.randint(5, 31, count)
    ones = rng.binomial(words, rng.beta(1, 9, count))
    more = np.where(rng.random_sample(count) < unlike, rng.randint(-3, 4, count), 0)
    others = np.maximum(ones + more, 0)
    return np.column_stack([ones, words]).astype(float), np.column_stack([others, words]).astype(float)


def test_bounds_are_those_of_draws_by_hand():
    """Twelve clips and two more: the one that tells most, both ways round; percentiles further out."""
    ones, others = clips(12, seed=2)
    low, high = paired_bounds(ones, others, rates, resamples=200)

    def less(pairs):
        return sum(a[0] for a, _ in pairs) / sum(a[1] for a, _ in pairs) - sum(b[0] for _, b in pairs) / sum(
            b[1] for _, b in pairs
        )

    pairs = [(tuple(a), tuple(b)) for a, b in zip(ones, others, strict=True)]
    most = max(
        pairs, key=lambda one: abs(less([p for p in pairs if p is not one]) - less(pairs)) * (one[0] != one[1])
    )
    pool = [*pairs, most, most[::-1]]
    rng = np.random.RandomState(0)
    drawn = sorted(less([pool[int(u * 14)] for u in rng.random_sample(12)]) for _ in range(200))
    at = int(tail(12) * 200)
    assert (low, high) == pytest.approx((drawn[at], drawn[199 - at]), abs=1e-12)
    assert low <= less(pairs) <= high


def test_the_same_counts_give_the_same_bounds_and_exchanged_ones_mirrored():
    """So that a file is the same bytes, and a pair one thing from either side."""
    ones, others = clips(40)
    low, high = paired_bounds(ones, others, rates)

    assert paired_bounds(ones, others, rates) == (low, high)
    assert paired_bounds(others, ones, rates) == pytest.approx((-high, -low), abs=1e-12)


def skewed(count, seed):
    """Clips of lognormal length, of which 5 % are much worse for the other; 0.015 between the true rates."""
    rng = np.random.RandomState(seed)
    words = np.maximum(2, np.round(np.exp(rng.normal(2.5, 1.0, count)))).astype(int)
    errors = rng.binomial(words, rng.beta(1, 9, count))
    more = np.where(rng.random_sample(count) < 0.05, rng.binomial(words, 0.3), 0)
    return np.column_stack([errors, words]).astype(float), np.column_stack([errors + more, words]).astype(float)


def test_studentised_bounds_are_those_of_draws_by_hand():
    """Each draw's distance from the pool's difference over its own standard error, and the percentiles of that."""
    ones, others = clips(24, seed=2)
    low, high = paired_bounds(ones, others, rates, studentised=True, resamples=200)

    def side(pairs, k):
        errors, words = sum(p[k][0] for p in pairs), sum(p[k][1] for p in pairs)
        rate = errors / words
        return rate, (errors + 1) / words - rate, errors / (words + 1) - rate

    def told(pairs):
        (a, a_error, a_word), (b, b_error, b_word) = side(pairs, 0), side(pairs, 1)
        each = [p[0][0] * a_error + p[0][1] * a_word - p[1][0] * b_error - p[1][1] * b_word for p in pairs]
        return a - b, np.std(each, ddof=1) * len(pairs) ** 0.5

    pairs = [(tuple(a), tuple(b)) for a, b in zip(ones, others, strict=True)]
    value = told(pairs)[0]
    most = max(pairs, key=lambda p: abs(told([q for q in pairs if q is not p])[0] - value) * (p[0] != p[1]))
    pool = [*pairs, most, most[::-1]]
    centre = told(pool)[0]
    # of twenty-four out of the pool of twenty-six
    scaled = [(a * 24 / 26, b * 24 / 26) for a, b in np.array(pool)]
    rates_of = [side([(a, b) for a, b in scaled], k) for k in (0, 1)]
    each = [
        p[0][0] * rates_of[0][1] + p[0][1] * rates_of[0][2] - p[1][0] * rates_of[1][1] - p[1][1] * rates_of[1][2]
        for p in pool
    ]
    error = (np.var(each) * 24 * 24 / 23) ** 0.5
    rng, drawn = np.random.RandomState(0), []
    for _ in range(200):
        less, own = told([pool[int(u * 26)] for u in rng.random_sample(24)])
        drawn.append((less - centre) / max(own, 0.1 * error))
    drawn.sort()
    assert (low, high) == pytest.approx((value - drawn[194] * error, value - drawn[5] * error), abs=1e-12)


def test_few_clips_have_percentiles():
    """Of twelve a draw's own standard error tells too little."""
    ones, others = clips(12, seed=2)

    assert paired_bounds(ones, others, rates, studentised=True) == paired_bounds(ones, others, rates)


def test_studentised_bounds_are_mirrored_too_and_hold_the_difference():
    """One thing from either side."""
    ones, others = skewed(40, seed=2)
    low, high = paired_bounds(ones, others, rates, studentised=True)

    assert paired_bounds(others, ones, rates, studentised=True) == pytest.approx((-high, -low), abs=1e-12)
    assert low <= rates(ones.sum(axis=0)[None])[0] - rates(others.sum(axis=0)[None])[0] <= high


def test_a_difference_that_few_long_clips_hold_is_not_told_too_small():
    """Sixty clips: percentiles hold the truth in 88 of 100 campaigns, ratios to each draw's own error in 95."""
    held = {False: 0, True: 0}
    told = 0
    for seed in range(200):
        ones, others = skewed(60, seed)
        if not np.array_equal(ones, others):
            told += 1
            for studentised in held:
                low, high = paired_bounds(ones, others, rates, studentised=studentised, seed=seed, resamples=400)
                held[studentised] += low <= -0.015 <= high

    assert held[False] / told < 0.91
    assert held[True] / told >= 0.94


def test_numbers_are_drawn_in_parts_and_are_the_same(monkeypatch):
    """Of ten thousand clips not all draws lie in memory at once."""
    ones, others = clips(40)
    whole = paired_bounds(ones, others, rates)
    monkeypatch.setattr("bench.quality.paired._AT_ONCE", 40 * 7)

    assert paired_bounds(ones, others, rates) == whole


def test_few_questions_have_no_bounds_and_equal_counts_no_width():
    """Nine are too few; twelve on which the two count alike draw nothing else."""
    ones, others = clips(12)

    assert paired_bounds(ones[:9], others[:9], rates) is None
    assert paired_bounds(ones, ones, rates) == (0.0, 0.0)


@pytest.mark.parametrize(("count", "unlike"), [(30, 0.2), (60, 0.1)])
def test_coverage_where_two_nearly_agree(count, unlike):
    """No true difference, few differing clips; seeded. Without the two clips more it is held in 94 %."""
    held, campaigns = 0, 200
    for seed in range(campaigns):
        rng = np.random.RandomState(1000 + seed)
        words = rng.randint(5, 31, count)
        errors = rng.binomial(words, rng.beta(1, 9, count))
        more = (rng.random_sample(count) < unlike) * rng.choice([-2, -1, 1, 2], count)
        both = [np.column_stack([errors + np.maximum(m, 0), words]).astype(float) for m in (more, -more)]
        low, high = paired_bounds(*both, rates, seed=seed, resamples=400)
        held += low <= 0 <= high

    assert held / campaigns >= 0.965


def test_pairing_tells_what_independent_scores_do_not():
    """Two candidates that differ on 8 of 200 clips: less than a quarter of either score's own width."""
    ones, others = clips(200, unlike=0.0)
    others[:8, 0] += 1
    low, high = paired_bounds(ones, others, rates)

    own = 1.96 * np.std(ones[:, 0] - rates(ones.sum(axis=0)[None])[0] * ones[:, 1]) / ones[:, 1].mean() / 200**0.5
    assert high < 0
    assert high - low < 2 * own / 4


def test_tangos_interval_is_the_published_one():
    """Airway reactivity, 21 pairs, 1 against 7 (Fagerland, Lydersen, Laake 2014, Stat. Med. 33, p. 2850)."""
    ones = [True, True, *[False] * 7, *[False] * 12]
    others = [True, False, *[True] * 7, *[False] * 12]
    found = share_bounds(ones, others)

    assert found == pytest.approx((-0.517, -0.026), abs=5e-4)
    assert share_bounds(others, ones) == pytest.approx((0.026, 0.517), abs=5e-4)


def test_equal_answers_leave_open_what_wilson_leaves_of_none_in_n():
    """240 of 240 alike: ±0.0158, beyond which 240 further ones would have shown a difference in 97.8 of 100."""
    found = share_bounds([True, False] * 120, [True, False] * 120)

    assert found == pytest.approx((-equal_half(240), equal_half(240)), abs=1e-9)
    assert equal_half(240) == pytest.approx(wilson(0, 240).high, abs=1e-12)
    assert (1 - equal_half(240)) ** 240 == pytest.approx(0.025, abs=0.004)


def test_shares_cover_what_they_say():
    """Every table of 60 pairs in which either alone is right with chance 0.05, by its own chance."""
    rng, held = random.Random(7), 0
    for _ in range(1000):
        kinds = rng.choices([(True, False), (False, True), (True, True)], [0.05, 0.05, 0.9], k=60)
        low, high = share_bounds([a for a, _ in kinds], [b for _, b in kinds])
        held += low <= 0 <= high

    assert 0.94 <= held / 1000 <= 0.99


def test_macro_f1_of_sums_is_that_of_the_answers():
    """A class that nobody meant or said is in no mean."""
    rng = random.Random(2)
    answers = [LabelledAnswer(meant=rng.choice("abc"), said=rng.choice("abc")) for _ in range(20)]
    classes = ["a", "b", "c", "never"]
    rows = counted(answers, classes)
    some = [rows[:5], rows]

    found = macro_f1s(np.array([part.sum(axis=0) for part in some]))
    wanted = [macro_f1(Counter((a.meant, a.said) for a in part), classes) for part in (answers[:5], answers)]
    assert found == pytest.approx(wanted)


def test_scores_of_sums_are_the_libraries_own():
    """WER, chrF and BLEU of a draw of sentences, from their counts."""
    pytest.importorskip("jiwer")
    pytest.importorskip("sacrebleu")
    from bench.quality import overlap, words

    said = ["the cat sat", "a dog ran far away", "birds sing in the tall trees here"]
    some = [LabelledAnswer(meant=f"{text} today", said=text, group="en") for text in said]
    draw = [some[0], some[0], some[2]]

    sums = np.array(words.counted(draw, "en"), dtype=float).sum(axis=0)
    assert words.rates(sums[None]) == pytest.approx([words.word_error_rate(draw, "en").value])
    for name, score in overlap.overlap(draw).items():
        sums = np.array(overlap.counted(draw, name), dtype=float).sum(axis=0)
        assert overlap.scores_of(name, sums[None]) == pytest.approx([score.value])
