"""A simulated tokenizer and simulated words: counts are exact, and what is written is read back as it was.

A token is a run of at most six characters of a word, with the white space before it. English has about 1.3 of
them a word (tests/sim_server/test_vocabulary.py measures it). No model's tokenizer is like that.
"""

import re
import zlib
from functools import lru_cache

TOKENS = 32_000
WORDS = 512
_PIECE = re.compile(r"\s*\S{1,6}|\s+")
_WIDTH = 6  # of a word in a reply, with the space before it


def count(text: str) -> int:
    """Tokens of a text."""
    return len(_PIECE.findall(text))


def token_ids(text: str) -> tuple[int, ...]:
    """A text's tokens."""
    return tuple(_id(piece) for piece in _PIECE.findall(text))


@lru_cache(maxsize=8192)
def _id(piece: str) -> int:
    return zlib.crc32(piece.encode()) % TOKENS


def _word(index: int) -> str:
    letters = "abcdefghijklmnopqrstuvwxyz"
    return " sim" + letters[index // 26] + letters[index % 26]


_LIST = [_word(i) for i in range(WORDS)]
_IDS = tuple(_id(word) for word in _LIST)
_RING = "".join(_LIST).encode()
_TWICE = _RING * 2


def reply_bytes(seed: int, start: int, end: int) -> bytes:
    """The words of a simulated reply from token `start` to before `end`: one token each, ASCII, safe in JSON."""
    at, length = (seed + start) % WORDS, end - start
    ring = _TWICE if at + length <= 2 * WORDS else _RING * (2 + (at + length) // WORDS)
    return ring[at * _WIDTH : (at + length) * _WIDTH]


def reply_ids(seed: int, length: int) -> tuple[int, ...]:
    """The same words' token ids."""
    return tuple(_IDS[(seed + i) % WORDS] for i in range(length))


def natural_length(mean: int, spread: float, seed: int, prompt_tokens: int) -> int:
    """Where a simulated reply ends by itself: the same for the same seed and prompt length, at least one token."""
    draw = zlib.crc32(b"%d %d" % (seed, prompt_tokens)) / 2**32
    return max(1, round(mean * (1 + spread * (2 * draw - 1))))
