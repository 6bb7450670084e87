"""The interval of a score over sentences: a percentile bootstrap, whichever the score is.

Sentences are drawn with replacement, as many as there are, and the score of the whole draw is computed from their
counts (errors and words; matched n-grams), not as a mean of sentences' scores: Efron and Tibshirani 1993, "An
Introduction to the Bootstrap", chapter 13; for word error rates Bisani and Ney 2004, "Bootstrap estimates for
confidence intervals in ASR performance evaluation", ICASSP; for BLEU Koehn 2004, "Statistical significance tests
for machine translation evaluation", EMNLP. Checked 2026-11-21.
"""

import random
from collections.abc import Callable, Sequence
from typing import TypeVar

RESAMPLES = 1000
"""As many as sacrebleu draws by default (`--confidence-n`; sacrebleu 2.6, checked 2026-11-21)."""

FEWEST = 10
"""Below so many sentences no interval is told: a bootstrap's is too narrow by the factor sqrt((n - 1)/n) and by
the normal quantile in Student's place, 1.96 of 2.26 at n = 10, which is 18 % together, and it is worse below."""

T = TypeVar("T")


def interval(
    counts: Sequence[T], compute: Callable[[Sequence[T]], float], value: float, seed: int = 0
) -> tuple[float | None, float | None]:
    """The 95 % bounds of `compute(counts)`, which is `value`; None twice for fewer than FEWEST sentences.

    The same counts and seed give the same bounds; they hold the value.
    """
    if len(counts) < FEWEST:
        return None, None
    rng = random.Random(seed)
    drawn = sorted(compute(rng.choices(counts, k=len(counts))) for _ in range(RESAMPLES))
    low, high = drawn[int(0.025 * RESAMPLES)], drawn[int(0.975 * RESAMPLES)]
    return min(low, value), max(high, value)
