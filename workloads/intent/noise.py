"""What keyboards and haste do to a sentence: slips, dropped letters, text-message spellings. The caller seeds."""

import random
from collections.abc import Callable, Mapping

_ROWS = ("azertyuiop", "qsdfghjklm", "wxcvbn", "qwertyuiop", "asdfghjkl", "zxcvbnm")
_SOUNDS = (
    ("ph", "f"), ("qu", "k"), ("ou", "u"), ("eau", "o"), ("au", "o"), ("ai", "é"), ("tion", "sion"), ("ee", "ea"),
    ("ea", "ee"), ("ie", "ei"), ("ei", "ie"), ("ll", "l"), ("tt", "t"), ("nn", "n"), ("ss", "s"), ("mm", "m"),
    ("rr", "r"), ("pp", "p"), ("ck", "k"), ("igh", "ite"), ("er", "é"), ("ez", "é"), ("é", "er"), ("th", "t"),
    ("y", "i"), ("c", "k"), ("s", "c"), ("an", "en"), ("en", "an"), ("gh", "h"), ("our", "er"), ("h", ""),
)  # fmt: skip


def texted(sentence: str, spellings: Mapping[str, str], ratio: float, rng: random.Random) -> str:
    """The sentence with each known phrase in its text-message spelling in `ratio` of cases."""
    for phrase, short in spellings.items():
        if phrase in sentence and rng.random() < ratio:
            sentence = f" {sentence} ".replace(f" {phrase} ", f" {short} ").strip()
    return sentence


def slipped(sentence: str, ratio: float, rng: random.Random) -> str:
    """The sentence with one slip in `ratio` of its words of three letters or more."""
    return " ".join(
        _SLIPS[rng.randrange(len(_SLIPS))](word, rng) if len(word) > 2 and rng.random() < ratio else word
        for word in sentence.split()
    )


def thinned(sentence: str, ratio: float, rng: random.Random) -> str:
    """The sentence without `ratio` of its words; never without all of them."""
    kept = [word for word in sentence.split() if rng.random() >= ratio]
    return " ".join(kept) if kept else sentence


def stranger(rng: random.Random) -> str:
    """A word that no list holds, so that the model meets unknown words while it learns."""
    return "".join(rng.choice("aeiou" if k % 2 else "bcdfghjklmnprstv") for k in range(rng.randint(3, 9)))


def _swap(word: str, rng: random.Random) -> str:
    at = rng.randrange(len(word) - 1)
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def _drop(word: str, rng: random.Random) -> str:
    at = rng.randrange(len(word))
    return word[:at] + word[at + 1 :]


def _double(word: str, rng: random.Random) -> str:
    at = rng.randrange(len(word))
    return word[:at] + word[at] + word[at:]


def _neighbour(word: str, rng: random.Random) -> str:
    at = rng.randrange(len(word))
    keys = next((keys for keys in _ROWS if word[at].lower() in keys), "ae")
    near = keys.find(word[at].lower()) + rng.choice((-1, 1))
    return word[:at] + keys[near % len(keys)] + word[at + 1 :]


def _sound(word: str, rng: random.Random) -> str:
    heard = [(old, new) for old, new in _SOUNDS if old in word]
    if not heard:
        return _drop(word, rng)
    old, new = rng.choice(heard)
    return word.replace(old, new, 1)


_SLIPS: tuple[Callable[[str, random.Random], str], ...] = (_swap, _drop, _double, _neighbour, _sound, _sound)
