"""Prompts of a length are aimed at by the server's own count, and no two begin alike."""

import pytest

from bench.errors import CannotRun
from bench.stats import deviation, mean
from bench.wire.wording import _SPREAD, learn, own_words, spelt

WORDS = own_words()


def counts(per_word, fixed):
    return lambda text: round(len(text.split()) * per_word + fixed)


@pytest.mark.parametrize(("per_word", "fixed"), [(1.0, 0), (1.4, 9), (3.0, 40)])
def test_a_text_is_as_long_as_the_server_counts_it(per_word, fixed):
    count = counts(per_word, fixed)
    wording = learn(count, WORDS)

    for tokens in (64, 512, 2048):
        found = count(wording.text(tokens, 7))
        assert abs(found - tokens) <= per_word / 2 + 2 + 0.01 * tokens
        low, high = wording.likely(tokens)
        assert low <= found <= high


def test_no_two_prompts_begin_alike():
    """Within the first three words, so that no block of a prefix cache is shared."""
    heads = {tuple(spelt(WORDS, 20, serial).split()[:3]) for serial in range(10**7, 10**7 + 5000)}

    assert len(heads) == 5000


def test_a_server_that_counts_something_else_is_refused():
    """The same count for any text, or one that no tokenizer gives."""
    with pytest.raises(CannotRun, match="prompt tokens mean"):
        learn(lambda text: 7, WORDS)
    with pytest.raises(CannotRun):
        learn(counts(30.0, 0), WORDS)


# openai-whisper 20250625 leaves its vocabulary's file to the collector.
@pytest.mark.filterwarnings("ignore:Exception ignored in.*tiktoken:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("name", ["gpt2", "multilingual"])
def test_words_differ_in_their_tokens_no_more_than_is_taken(name):
    """By the tokenizer that ships in a package and splits our words least evenly, and by a second one."""
    tokenizer = pytest.importorskip("whisper.tokenizer", reason="openai-whisper is an extra")
    encode = tokenizer.get_encoding(name).encode
    counts_ = [len(encode(f" {word}")) for word in WORDS]

    assert deviation(counts_) / mean(counts_) <= _SPREAD


@pytest.mark.filterwarnings("ignore:Exception ignored in.*tiktoken:pytest.PytestUnraisableExceptionWarning")
def test_short_prompts_of_a_real_tokenizer_are_about_as_long_as_asked():
    """The aim is learnt from several texts: from one alone every prompt of 32 tokens was a quarter short."""
    tokenizer = pytest.importorskip("whisper.tokenizer", reason="openai-whisper is an extra")
    encode = tokenizer.get_encoding("multilingual").encode
    learnt = [learn(lambda text: len(encode(text)) + 1, WORDS) for _ in range(20)]
    # serials far apart: those that follow each other share most of their words
    found = [mean([len(encode(one.text(32, k * 104_729))) + 1 for k in range(200)]) for one in learnt]

    assert mean(found) == pytest.approx(32, abs=2.5)
    assert deviation(found) < 4.0


def test_a_count_outside_what_a_text_can_have_is_seen():
    low, high = learn(counts(1.4, 9), WORDS).likely(512)

    assert not low <= 2 * 512 + 40 <= high
    assert not low <= 200 <= high
