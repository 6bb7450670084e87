"""F1 by hand, its intervals by their sources, and what has no score."""

import random

import pytest

from bench.errors import BadInput
from bench.quality.answer import LabelledAnswer
from bench.quality.f1 import score, score_groups, wilson


def answers(*pairs, group=""):
    return [LabelledAnswer(meant=meant, said=said, group=group) for meant, said, n in pairs for _ in range(n)]


def by_name(scores):
    return {one.name: one for one in scores.classes}


TABLE = answers(("a", "a", 6), ("a", "b", 2), ("b", "b", 3), ("b", "a", 1), ("c", "c", 4), ("c", "a", 4))


def test_precision_recall_and_f1_of_a_table_by_hand():
    """a: 6 right of 11 said and 8 meant, so F1 = 12/19; b: 6/9; c: 8/12."""
    found = by_name(score(TABLE, "abc"))

    assert (found["a"].right, found["a"].said, found["a"].meant) == (6, 11, 8)
    assert found["a"].precision.value == pytest.approx(6 / 11)
    assert found["a"].recall.value == pytest.approx(6 / 8)
    assert [found[name].f1 for name in "abc"] == pytest.approx([12 / 19, 6 / 9, 8 / 12])


def test_macro_f1_is_the_mean_of_f1s_and_not_the_f1_of_means():
    """The two differ on this table: 0.6550 against 0.6783."""
    found = score(TABLE, "abc").macro_f1.value
    precision = (6 / 11 + 3 / 5 + 1) / 3
    recall = (6 / 8 + 3 / 4 + 4 / 8) / 3

    assert found == pytest.approx((12 / 19 + 6 / 9 + 8 / 12) / 3)
    assert abs(found - 2 * precision * recall / (precision + recall)) > 0.02


def test_confusion_counts_every_answer_once():
    """The counts add up to the answers, and only pairs that occur are listed."""
    found = score(TABLE, "abc")

    assert found.confusion[("c", "a")] == 4
    assert sum(found.confusion.values()) == found.answers == 20
    assert ("b", "c") not in found.confusion


def test_wilson_gives_the_published_intervals():
    """Newcombe 1998, Stat. Med. 17, p. 857, table I, method 3, gives these four."""
    for right, of, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        found = wilson(right, of)
        assert (found.low, found.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_the_bootstrap_covers_the_truth_about_as_often_as_it_says():
    """A coin that is right in 80 % of two even classes has macro F1 0.8, and 200 intervals from 150 answers each
    hold it in at least 90 % (95 % is asked; three deviations of a share of 200 lie between)."""
    held = 0
    for seed in range(200):
        rng = random.Random(seed)
        drawn = [(m := rng.choice("ab"), m if rng.random() < 0.8 else "ba"["ab".index(m)]) for _ in range(150)]
        found = score([LabelledAnswer(meant=m, said=s) for m, s in drawn], "ab", seed=seed, resamples=200).macro_f1
        held += found.low <= 0.8 <= found.high

    assert held >= 180


@pytest.mark.parametrize("size", [1, 5, 125])
def test_answers_that_are_all_right_are_no_proof_of_a_perfect_classifier(size):
    """Eight classes: of n right answers Wilson's bound is n/(n + 3.84); macro F1's is below, and near."""
    names = "abcdefgh"
    found = score([LabelledAnswer(meant=name, said=name) for name in names * size], names).macro_f1
    wilsons = wilson(8 * size, 8 * size).low

    assert (found.value, found.high) == (1.0, 1.0)
    assert found.low < 1 - 1 / (8 * size)
    assert 1 < (1 - found.low) / (1 - wilsons) < 2  # a wrong answer is wrong of two classes


def test_of_one_class_and_of_none_that_is_right_an_interval_has_a_width_too():
    alone, wrong = score(answers(("a", "a", 20)), "a").macro_f1, score(answers(("a", "b", 20)), "ab").macro_f1

    assert 0.8 < alone.low < alone.value == 1.0
    assert 0.0 == wrong.value < wrong.high < 0.4


def test_a_perfect_score_of_a_good_classifier_holds_what_it_is():
    """Right in 98.5 % of four classes: of 60 answers two in five are all right; 95 % of those hold it."""
    held = perfect = 0
    for seed in range(150):
        rng = random.Random(seed)
        drawn = [
            (m := rng.choice("abcd"), m if rng.random() < 0.985 else "bcda"["abcd".index(m)]) for _ in range(60)
        ]
        if any(m != s for m, s in drawn):
            continue
        perfect += 1
        found = score(
            [LabelledAnswer(meant=m, said=s) for m, s in drawn], "abcd", seed=seed, resamples=200
        ).macro_f1
        held += found.low <= 0.985

    assert perfect > 30
    assert held >= 0.95 * perfect


def test_the_same_seed_gives_the_same_interval():
    """And another seed another one."""
    assert score(TABLE, "abc", seed=3) == score(TABLE, "abc", seed=3)
    assert score(TABLE, "abc", seed=3).macro_f1 != score(TABLE, "abc", seed=4).macro_f1


def test_a_class_never_said_has_no_precision_and_an_f1_of_zero():
    """Absence is None; a score of zero is a score."""
    found = by_name(score(answers(("a", "a", 2), ("b", "a", 1)), "ab"))["b"]

    assert found.precision is None
    assert found.f1 == 0.0
    assert found.recall.value == 0.0


def test_a_class_neither_meant_nor_said_does_not_pull_the_mean():
    """It has no F1, and the mean is over the others."""
    found = score(answers(("a", "a", 2), ("b", "b", 2)), "abc")

    assert by_name(found)["c"].f1 is None
    assert found.macro_f1.value == 1.0


def test_groups_are_scored_apart():
    """Each group's answers alone."""
    mixed = answers(("a", "a", 3), ("b", "b", 3), group="fr") + answers(("a", "b", 3), ("b", "b", 3), group="en")

    found = score_groups(mixed, "ab")

    assert list(found) == ["en", "fr"]
    assert found["fr"].macro_f1.value == 1.0
    assert found["en"].accuracy.value == 0.5


def test_nothing_and_strangers_are_refused():
    """No answer, and a class that is not declared, say what was found."""
    with pytest.raises(BadInput, match="found 0"):
        score([], "ab")
    with pytest.raises(BadInput, match="'z'"):
        score(answers(("a", "z", 1)), "ab")
