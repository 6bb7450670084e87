"""Sentence → rows of the embedding table: a word's own and those of its character n-grams. Standard library only.

Subword rows as in fastText (Bojanowski et al. 2017, "Enriching word vectors with subword information",
arXiv:1607.04606, section 3.2; checked 2026-11-21): a word is its own row and the rows of the n-grams of `<word>`;
the model takes their mean. There, n is 3 to 6 and the hash FNV-1a; here n is 3 and 4 and the hash CRC-32 (zlib),
which is the same on every machine and in every Python.
"""

import re
import unicodedata
import zlib
from collections.abc import Sequence

ROWS = 50_000
"""Rows of the table; row 0 is padding and always zero."""

MOST_WORDS = 250
"""Words read of a sentence; the original padded every sentence to 250."""

MOST_PIECES = 24
"""Rows of one word at most: its own, then 3-grams, then 4-grams from the left."""

_WORD = re.compile(r"[a-z0-9]+")
_DIGIT = re.compile(r"[0-9]")
_LIGATURES = str.maketrans({"œ": "oe", "Œ": "oe", "æ": "ae", "Æ": "ae", "ß": "ss"})


def words(sentence: str) -> tuple[str, ...]:
    """The sentence's words: lower case, without accents, apostrophes and punctuation parting them."""
    flat = unicodedata.normalize("NFKD", sentence.translate(_LIGATURES)).lower()
    bare = "".join(one for one in flat if not unicodedata.combining(one))
    return tuple(_WORD.findall(bare))


def pieces(word: str) -> tuple[str, ...]:
    """What is hashed for one normalised word, its own name first; every digit is read as 0."""
    shape = _DIGIT.sub("0", word)
    edged = f"<{shape}>"
    grams = [edged[i : i + n] for n in (3, 4) for i in range(len(edged) - n + 1) if len(edged) > n]
    return (f"w:{shape}", *grams)[:MOST_PIECES]


def row(piece: str) -> int:
    """The row of a piece, from 1 to ROWS - 1."""
    return zlib.crc32(piece.encode()) % (ROWS - 1) + 1


def word_rows(sentence: str) -> tuple[tuple[int, ...], ...]:
    """For each of the first MOST_WORDS words, its rows. Empty where the sentence has no word."""
    return tuple(tuple(row(piece) for piece in pieces(word)) for word in words(sentence)[:MOST_WORDS])


def padded(sentences: Sequence[tuple[tuple[int, ...], ...]]) -> tuple[list[list[list[int]]], list[int]]:
    """The rows as one block of shape (batch, time, pieces) filled up with 0, and each sentence's length in words.

    Raises ValueError for a sentence without a word: a recurrent network has nothing to read in it.
    """
    if not sentences or not all(sentences):
        raise ValueError("found a sentence without a word; every sentence needs a letter or a digit")
    time = max(len(one) for one in sentences)
    wide = max(len(rows) for one in sentences for rows in one)
    empty = [0] * wide
    block = [
        [[*rows, *empty[len(rows) :]] for rows in one] + [list(empty) for _ in range(time - len(one))]
        for one in sentences
    ]
    return block, [len(one) for one in sentences]
