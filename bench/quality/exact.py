"""Answers to questions → the share that is exactly right, after rules that are stated.

An answer is the first line that holds anything, of what was said up to the model's own end. Both it and each right
answer are made alike by these rules, `exact-1`, after SQuAD's evaluation (Rajpurkar and others 2016,
arXiv:1606.05250: lower case, no punctuation, no articles, single spaces), with French beside English:

    NFKC; lower case; typographic apostrophes become straight ones
    articles go: a, an, the; in French le, la, les, un, une, des, du, and l' before a word
    punctuation becomes a space, but for a point or comma between digits and a minus before one; spaces too many go

What was said is right if it then equals one of the right answers whole: "Paris, in France" is not "Paris".
Interval: Wilson 1927 (bench/quality/f1.py). Checked 2026-11-21.
"""

import re
import unicodedata
from collections.abc import Sequence

from bench.nouns import Score
from bench.quality.answer import LabelledAnswer
from bench.quality.f1 import wilson

RULES = "exact-1"
_APOSTROPHES = re.compile("[\u2018\u2019\u02bc\u2032`´]")
_ARTICLES = {
    "en": re.compile(r"\b(?:a|an|the)\b"),
    "fr": re.compile(r"\bl'(?=\w)|\b(?:le|la|les|un|une|des|du)\b"),
}
_NUMBER = re.compile(r"(?<![\w.,])[-\u2212]?\d+(?:[.,]\d+)*")


def exact_match(answers: Sequence[LabelledAnswer]) -> Score:
    """The share of at least one answer that is right, with Wilson's interval."""
    right = sum(is_right(one) for one in answers)
    found = wilson(right, len(answers))
    return Score(value=found.value, low=found.low, high=found.high, n=len(answers))


def is_right(one: LabelledAnswer) -> bool:
    """Whether what was said equals one of the right answers, which stand one a line. `group`: their language."""
    said = plain_answer(first_line(one.said), one.group)
    return bool(said) and said in {plain_answer(right, one.group) for right in one.meant.splitlines()}


def first_line(text: str) -> str:
    """The first line that holds anything."""
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def plain_answer(text: str, language: str) -> str:
    """The text under the rules above; articles are those of the language, of none where it is unknown."""
    plain = _APOSTROPHES.sub("'", unicodedata.normalize("NFKC", text)).lower()
    if language in _ARTICLES:
        plain = _ARTICLES[language].sub(" ", plain)
    kept: list[str] = []
    at = 0
    for number in _NUMBER.finditer(plain):
        kept += [_unpunctuated(plain[at : number.start()]), number.group().replace("\u2212", "-")]
        at = number.end()
    return " ".join("".join([*kept, _unpunctuated(plain[at:])]).split())


def _unpunctuated(text: str) -> str:
    return "".join(" " if unicodedata.category(mark).startswith("P") else mark for mark in text)
