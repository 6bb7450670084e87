"""The bootstrap's interval holds the truth about as often as it says, of clips that are unequal by themselves."""

import random

import pytest

from bench.quality.resample import interval, tail

TRUE_RATE = 0.1


def rate(counts):
    return sum(errors for errors, _ in counts) / sum(words for _, words in counts)


def clip(rng):
    """5 to 30 words, each wrong with a chance that is the clip's own: 0.1 on average, 0.09 its deviation."""
    words, chance = rng.randint(5, 30), rng.betavariate(1, 9)
    return sum(rng.random() < chance for _ in range(words)), words


@pytest.mark.parametrize(("clips", "campaigns", "least"), [(10, 300, 0.90), (30, 150, 0.92)])
def test_coverage(clips, campaigns, least):
    """Seeded: chance fails it always or never. The plain percentiles held the truth in 87 % of 1000 at ten."""
    rng, held = random.Random(clips), 0
    for seed in range(campaigns):
        counts = [clip(rng) for _ in range(clips)]
        low, high = interval(counts, rate, rate(counts), seed)
        held += low <= TRUE_RATE <= high

    assert least <= held / campaigns <= 0.99


def test_bounds_lie_further_out_where_sentences_are_few():
    """Ten: Student's 2.2622 times sqrt(10/9) is 2.3846, beyond which lie 0.85 %; of many 2.5 %."""
    assert tail(10) == pytest.approx(0.00855, abs=5e-5)
    assert tail(100_000) == pytest.approx(0.025, abs=1e-5)
