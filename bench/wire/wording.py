"""Prompts of about so many tokens for a tokenizer that is not at hand, no two of which begin alike.

Words of our own texts in a seeded order. How many tokens they are is asked of the server itself, with two prompts
of different length: tokens = fixed + words × tokens_per_word. What a request really was is counted by the server
again each time; this only aims.
"""

import math
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.errors import CannotRun
from bench.files.config import places
from bench.files.payloads import read_content, read_payloads
from bench.stats import mean

_WORD = re.compile(r"[^\W\d_]{3,}")
_SHORT, _LONG = 16, 144
# Texts of each length: one of 16 words alone is off by a seventh of its tokens (0.55 / √16), and so would be every
# short prompt.
_SHORTS, _LONGS = 6, 2
_HEAD = 3
_SERIALS = 100_000_000  # fewer than three words can number
_MOST_PER_WORD = 12.0
_FEWEST_RATIO = 4.0
# Standard deviation of a word's tokens over their mean: 0.32 to 0.55 over our words, by the tokenizers that ship
# in mistral-common 1.13.1 and openai-whisper 20250625 (tests/wire/test_wording.py); how far the mean may be off.
_SPREAD, _UNSURE_RATIO = 0.6, 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """Words, and how many of the server's tokens they make."""

    words: tuple[str, ...]
    tokens_per_word: float
    fixed_tokens: float  # a chat's template, a beginning-of-sequence mark

    def text(self, tokens: int, serial: int) -> str:
        """A text of about so many tokens, the fixed ones among them; its first three words are its own."""
        count = max(1, round((tokens - self.fixed_tokens) / self.tokens_per_word))
        return spelt(self.words, count, serial)

    def begun(self, text: str | None, tokens: int, serial: int) -> str:
        """A declared text behind three words of its own, for it is sent again and again; without one, words."""
        return f"{spelt(self.words, _HEAD, serial)} {text}" if text else self.text(tokens, serial)

    def likely(self, tokens: int) -> tuple[float, float]:
        """Between which counts a server can truthfully say that such a text lies.

        Words differ in their tokens, a sum of n of them by the root of n; four of these, and what the mean itself
        is unsure by.
        """
        count = max(1, round((tokens - self.fixed_tokens) / self.tokens_per_word))
        about = count * self.tokens_per_word
        off = 4 * _SPREAD * self.tokens_per_word * math.sqrt(count) + _UNSURE_RATIO * about + 2
        return self.fixed_tokens + about - off, self.fixed_tokens + about + off

    def likely_of(self, text: str) -> tuple[float, float]:
        """The same for a declared text behind its three words: what it is in is not known, so the bounds are wide.

        No tokenizer makes more tokens than a text has bytes. Fewer than a quarter of what its letters would be in
        words of ours is not believed (chosen: a token of other texts has about as many letters).
        """
        letters_per_token = mean([float(len(word) + 1) for word in self.words]) / self.tokens_per_word
        least = self.fixed_tokens + len(text) / letters_per_token / _FEWEST_RATIO
        head = _HEAD * _MOST_PER_WORD
        return least, self.fixed_tokens + head + len(text.encode())


def own_words(seed: int = 0) -> tuple[str, ...]:
    """The different words of the committed texts, in a seeded order."""
    texts = read_payloads(places().workloads / "data").texts.values()
    found = {
        word.lower()
        for text in texts
        if text.language in ("en", "fr")
        for word in _WORD.findall(read_content(text))
    }
    words = sorted(found)
    random.Random(seed).shuffle(words)
    return tuple(words)


def spelt(words: Sequence[str], count: int, serial: int) -> str:
    """`count` words: three that number the text, then the others from a place of its own on."""
    size = len(words)
    head = [words[serial // size**place % size] for place in range(_HEAD)][:count]
    start = serial * 31 % size
    return " ".join([*head, *(words[(start + k) % size] for k in range(count - len(head)))])


def fresh_serial() -> int:
    """Where a session begins to number its texts: a server may remember what earlier ones asked."""
    return random.SystemRandom().randrange(_SERIALS)


def learn(count_tokens: Callable[[str], int], words: tuple[str, ...]) -> Wording:
    """Asks for the tokens of short texts and of long ones. Raises CannotRun where the answers make no sense."""
    serial = fresh_serial()
    short = mean([count_tokens(spelt(words, _SHORT, serial + k)) for k in range(_SHORTS)])
    long = mean([count_tokens(spelt(words, _LONG, serial + _SHORTS + 5 * k)) for k in range(_LONGS)])
    per_word = (long - short) / (_LONG - _SHORT)
    if not 0.5 <= per_word <= _MOST_PER_WORD:
        raise CannotRun(
            f"the server counts {short:.0f} tokens in {_SHORT} words and {long:.0f} in {_LONG}: its prompt tokens "
            "mean something else than its prompts, so no figure per token could be true"
        )
    return Wording(words=words, tokens_per_word=per_word, fixed_tokens=max(0.0, short - _SHORT * per_word))
