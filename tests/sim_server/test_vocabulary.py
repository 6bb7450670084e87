"""Simulated tokens: exact counts, replies that read back as they were written, natural ends."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sim import vocabulary
from sim.prefixes import PrefixCache

LICENCE = Path(__file__).parents[2] / "LICENSE"


def test_english_has_about_thirteen_tenths_of_a_token_a_word():
    """On a legal text, whose words are long: declared, and measured here."""
    text = LICENCE.read_text()

    assert vocabulary.count(text) / len(text.split()) == pytest.approx(1.37, abs=0.01)


@given(text=st.text(max_size=80))
def test_counting_is_tokenizing(text):
    """However a text looks, its count is the number of its tokens."""
    assert vocabulary.count(text) == len(vocabulary.token_ids(text))


@given(seed=st.integers(0, 5000), cut=st.integers(0, 700), length=st.integers(0, 1500))
def test_a_reply_reads_back_as_it_was_written(seed, cut, length):
    """Its words are its tokens, in one piece or in two, beside any prompt."""
    whole = vocabulary.reply_bytes(seed, 0, length)
    cut = min(cut, length)
    text = whole.decode()

    assert vocabulary.reply_bytes(seed, 0, cut) + vocabulary.reply_bytes(seed, cut, length) == whole
    assert vocabulary.token_ids(text) == vocabulary.reply_ids(seed, length)
    assert vocabulary.token_ids("A prompt." + text)[-length or 10**6 :] == vocabulary.reply_ids(seed, length)


def test_replies_end_where_they_are_declared_to():
    """About the mean, within the spread, the same again for the same request."""
    lengths = [vocabulary.natural_length(100, 0.3, seed, 10) for seed in range(300)]

    assert vocabulary.natural_length(100, 0.0, 5, 10) == 100
    assert lengths == [vocabulary.natural_length(100, 0.3, seed, 10) for seed in range(300)]
    assert 70 <= min(lengths) < 80 < 120 < max(lengths) <= 130


@given(
    a=st.lists(st.integers(0, 3), min_size=1, max_size=30), b=st.lists(st.integers(0, 3), min_size=1, max_size=30)
)
def test_the_shared_prefix_is_the_longest(a, b):
    """Token by token; a prompt's last token is never shared."""
    cache = PrefixCache()
    cache.keep([9, 9])
    cache.keep(a)
    equal = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))

    assert cache.shared(b) == min(equal, len(b) - 1)


def test_the_cache_forgets_what_was_used_least():
    """So many sequences; a hit counts as a use, and a longer one takes its prefix's place."""
    cache = PrefixCache(sequences=2)
    cache.keep([1, 1, 1])
    cache.keep([2, 2, 2])
    assert cache.shared([1, 1, 1, 5]) == 3
    cache.keep([3, 3, 3])

    assert cache.shared([2, 2, 2, 5]) == 0
    assert cache.shared([1, 1, 1, 5]) == 3
    cache.keep([1, 1, 1, 5])
    assert cache.shared([3, 3, 3, 5]) == 3
    cache.clear()
    assert cache.shared([3, 3, 3, 5]) == 0
