"""Transcripts said against transcripts meant → word error rate, by jiwer.

WER is (substitutions + deletions + insertions) ÷ words meant, over all clips together, by jiwer's alignment
(Levenshtein distance between words; Morris, Maier, Green 2004, "From WER and RIL to MER and WIL", Interspeech;
checked 2026-11-21). It can pass 1.

Both sides are made alike before, by these rules, `wer-1`, and by no other (no number is spelt out, no spelling
mended: "20" for "twenty" is an error):

    NFKC; typographic apostrophes become straight ones; lower case
    dashes, hyphens and slashes become spaces
    English: contractions are written out ("can't": "can not"; jiwer.ExpandCommonEnglishContractions)
    other languages: an apostrophe ends a word ("l'eau": "l eau")
    punctuation goes (jiwer.RemovePunctuation: every character of Unicode's categories P); so do spaces too many
"""

import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.errors import BadInput
from bench.nouns import Score
from bench.quality.answer import LabelledAnswer
from bench.quality.library import library
from bench.quality.resample import interval

LIBRARY = "jiwer"
RULES = "wer-1"
# Their words are not told apart by spaces, so that a word error rate counts something else than words.
UNSPACED = frozenset({"zh", "yue", "ja", "th", "lo", "my", "km", "bo"})


def word_error_rate(answers: Sequence[LabelledAnswer], language: str) -> Score:
    """The WER of at least one clip's answer, with its interval where there are enough of them.

    Raises NoEngine without jiwer, BadInput for a language without spaces or a transcript without a word.
    """
    counts = counted(answers, language)
    value = _rate(counts)
    low, high = interval(counts, _rate, value)
    return Score(value=value, low=low, high=high, n=len(counts))


def plain_words(text: str, language: str) -> list[str]:
    """The text's words under the rules above."""
    if language in UNSPACED:
        raise BadInput(f"{language} puts no spaces between words: a word error rate would count none")
    found: list[list[str]] = _transform(language)(unicodedata.normalize("NFKC", text))
    return [word for sentence in found for word in sentence]


def counted(answers: Sequence[LabelledAnswer], language: str) -> list[tuple[int, int]]:
    """Each clip's errors and the words that were meant. Raises as `word_error_rate`."""
    library(LIBRARY)
    return [_counted(one, language) for one in answers]


def rates(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """The WER of each row of summed counts, m × 2."""
    found: NDArray[np.float64] = sums[:, 0] / sums[:, 1]
    return found


def _counted(one: LabelledAnswer, language: str) -> tuple[int, int]:
    """A clip's errors and the words that were meant."""
    import jiwer

    meant, said = plain_words(one.meant, language), plain_words(one.said, language)
    if not meant:
        raise BadInput(f"the transcript {one.meant[:40]!r} holds no word")
    done = jiwer.process_words(" ".join(meant), " ".join(said))
    return done.substitutions + done.deletions + done.insertions, len(meant)


def _rate(counts: Sequence[tuple[int, int]]) -> float:
    return sum(errors for errors, _ in counts) / sum(words for _, words in counts)


def _transform(language: str) -> Any:
    import jiwer

    apostrophes = (
        jiwer.ExpandCommonEnglishContractions() if language == "en" else jiwer.SubstituteRegexes({r"'": " "})
    )
    return jiwer.Compose(
        [
            jiwer.SubstituteRegexes({r"[\u2018\u2019\u02bc\u2032`´]": "'", r"[-\u2010-\u2015\u2212/]": " "}),
            jiwer.ToLowerCase(),
            apostrophes,
            jiwer.RemovePunctuation(),
            jiwer.RemoveMultipleSpaces(),
            jiwer.Strip(),
            jiwer.ReduceToListOfListOfWords(),
        ]
    )
