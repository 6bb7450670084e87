"""Rows of the table are the same on every machine, and what looks alike shares some."""

import binascii
import subprocess
import sys

import pytest

from workloads.intent import tokens
from workloads.intent.tokens import ROWS, padded, pieces, row, word_rows, words


def test_words_have_no_case_accents_or_punctuation():
    """Apostrophes and hyphens part words; ligatures are spelt out."""
    assert words("J'aimerais, À l'ŒIL: un aller-retour «Müller» ?") == (
        "j", "aimerais", "a", "l", "oeil", "un", "aller", "retour", "muller",
    )  # fmt: skip


def test_pieces_are_the_word_then_its_three_and_four_grams():
    """Of `<tgv>`: two trigrams more than letters, and its own name first; digits are read as 0."""
    assert pieces("tgv") == ("w:tgv", "<tg", "tgv", "gv>", "<tgv", "tgv>")
    assert pieces("8h30") == pieces("9h15")


def test_rows_are_those_of_crc32():
    """CRC-32 is the same in every implementation (binascii here); another hash would orphan the weights."""
    assert row("w:train") == binascii.crc32(b"w:train") % 49_999 + 1 == 24_600
    assert all(1 <= row(piece) < ROWS for piece in pieces("anticonstitutionnellement"))


def test_a_slip_keeps_most_rows():
    """A misspelt word shares trigrams with the right one: what makes typos bearable."""
    [right], [slip] = word_rows("restaurant"), word_rows("restaurent")

    assert len(set(right) & set(slip)) >= 7


def test_long_sentences_and_long_words_are_cut():
    """At the original's 250 words, and at 24 pieces a word."""
    assert len(word_rows("mot " * 300)) == tokens.MOST_WORDS
    assert len(word_rows("x" * 500)[0]) == tokens.MOST_PIECES


def test_padding_fills_with_row_zero():
    """To the longest sentence and the longest word of the batch; lengths tell what is real."""
    rows, lengths = padded([((1, 2), (3,)), ((4,),)])

    assert rows == [[[1, 2], [3, 0]], [[4, 0], [0, 0]]]
    assert lengths == [2, 1]


@pytest.mark.parametrize("nothing", [[], [()], [((1,),), ()]])
def test_a_sentence_without_a_word_is_refused(nothing):
    """There is nothing to read in it."""
    with pytest.raises(ValueError, match="without a word"):
        padded(nothing)


def test_the_tokenizer_needs_nothing_but_the_standard_library():
    """A client can tokenise without torch, numpy or onnxruntime."""
    code = "import sys, workloads.intent.tokens; print({'torch', 'numpy', 'onnxruntime'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "set()"
