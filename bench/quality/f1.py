"""Classes said against classes meant → precision, recall, F1 and their means, with intervals.

Of a class with TP right, FP wrongly said and FN missed: precision TP/(TP+FP), recall TP/(TP+FN),
F1 2·TP/(2·TP+FP+FN) (Van Rijsbergen 1979, "Information Retrieval", chapter 7). Macro F1 is the mean of the
classes' F1, not the F1 of mean precision and mean recall (Opitz and Burst 2019, arXiv:1911.03347: the two can
rank systems differently). Interval of a proportion: Wilson 1927, J. Am. Stat. Assoc. 22, p. 209. Interval of a
macro F1: percentile bootstrap over the answers (Efron and Tibshirani 1993, "An Introduction to the Bootstrap",
chapter 13); where every resample is alike, as of answers that are all right, with two right and two wrong answers
more among those that are drawn from (Agresti and Coull 1998, Am. Stat. 52, p. 119: n right of n exclude no wrong
one after them). All checked 2026-11-21.
"""

import math
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from bench.errors import BadInput
from bench.quality.answer import LabelledAnswer
from bench.stats import mean

RESAMPLES = 2000
"""Of the bootstrap. A bound's own noise is then sqrt(0.025 · 0.975 / 2000) / 0.0584 = 0.06 deviations of a normal
statistic (0.0584 its density there): 1.5 % of the interval's width."""

Z95 = 1.959963984540054  # the normal distribution's two-sided 95 % quantile
_RIGHT, _WRONG = -1, -2  # further answers, in place of one of those that were given
Pairs: TypeAlias = Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounded:
    """A ratio with its 95 % interval; all in 0 to 1."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassScore:
    """One class. None where nothing was said to be it (precision), meant (recall), or either (F1)."""

    name: str
    meant: int
    said: int
    right: int
    precision: Bounded | None
    recall: Bounded | None
    f1: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Scores of some answers: all of them, or one group's.

    `confusion` counts pairs (meant, said), only those that occur. `macro_f1` is over classes meant or said at
    least once; `accuracy` is the share of right answers.
    """

    answers: int
    classes: tuple[ClassScore, ...]
    macro_f1: Bounded
    accuracy: Bounded
    confusion: Pairs


def score(
    answers: Sequence[LabelledAnswer], classes: Sequence[str], *, seed: int = 0, resamples: int = RESAMPLES
) -> Scores:
    """The scores of at least one answer. The same answers and seed give the same intervals.

    Raises BadInput where there is no answer, or one outside `classes`.
    """
    _check(answers, classes)
    pairs = Counter((one.meant, one.said) for one in answers)
    right = sum(n for (meant, said), n in pairs.items() if meant == said)
    return Scores(
        answers=len(answers),
        classes=tuple(_class_score(name, pairs) for name in classes),
        macro_f1=_bootstrapped(answers, classes, seed, resamples),
        accuracy=wilson(right, len(answers)),
        confusion=dict(sorted(pairs.items())),
    )


def score_groups(
    answers: Sequence[LabelledAnswer], classes: Sequence[str], *, seed: int = 0, resamples: int = RESAMPLES
) -> Mapping[str, Scores]:
    """The scores of each group's answers, groups in order of name. Raises BadInput as `score` does."""
    _check(answers, classes)
    groups = sorted({one.group for one in answers})
    return {
        group: score([one for one in answers if one.group == group], classes, seed=seed, resamples=resamples)
        for group in groups
    }


def wilson(right: int, of: int) -> Bounded:
    """The share `right` of `of` ≥ 1 trials with Wilson's 95 % interval."""
    share = right / of
    grown = 1 + Z95**2 / of
    centre = (share + Z95**2 / (2 * of)) / grown
    half = Z95 * math.sqrt(share * (1 - share) / of + Z95**2 / (4 * of**2)) / grown
    return Bounded(value=share, low=max(0.0, centre - half), high=min(1.0, centre + half))


def macro_f1(pairs: Pairs, classes: Sequence[str]) -> float:
    """The mean F1 of the classes that were meant or said at least once."""
    found = [_class_f1(*_counts(name, pairs)) for name in classes]
    return mean([one for one in found if one is not None])


def counted(answers: Sequence[LabelledAnswer], classes: Sequence[str]) -> NDArray[np.float64]:
    """What each answer counts for, by class: meant (1), said (1), both. Of n answers and k classes n × 3k."""
    place = {name: at for at, name in enumerate(classes)}
    found = np.zeros((len(answers), 3, len(classes)))
    for row, one in enumerate(answers):
        found[row, 0, place[one.meant]] = 1
        found[row, 1, place[one.said]] = 1
        found[row, 2, place[one.meant]] = one.meant == one.said
    return found.reshape(len(answers), -1)


def macro_f1s(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """The macro F1 of each row of summed counts, m × 3k."""
    meant, said, right = np.moveaxis(sums.reshape(len(sums), 3, -1), 1, 0)
    either = meant + said
    f1 = np.divide(2 * right, either, out=np.zeros_like(right), where=either > 0)
    found: NDArray[np.float64] = f1.sum(axis=1) / (either > 0).sum(axis=1)
    return found


def _check(answers: Sequence[LabelledAnswer], classes: Sequence[str]) -> None:
    if not answers:
        raise BadInput("no answer to score: found 0, needed at least 1")
    strange = sorted({name for one in answers for name in (one.meant, one.said)} - set(classes))
    if strange:
        raise BadInput(
            f"answers name classes {strange!r}; the classes are {list(classes)!r}: add them or mend the answers"
        )


def _counts(name: str, pairs: Pairs) -> tuple[int, int, int]:
    """How often the class was meant, said, and both."""
    meant = sum(n for (truth, _), n in pairs.items() if truth == name)
    said = sum(n for (_, answer), n in pairs.items() if answer == name)
    return meant, said, pairs.get((name, name), 0)


def _class_f1(meant: int, said: int, right: int) -> float | None:
    return 2 * right / (meant + said) if meant + said else None


def _class_score(name: str, pairs: Pairs) -> ClassScore:
    meant, said, right = _counts(name, pairs)
    return ClassScore(
        name=name,
        meant=meant,
        said=said,
        right=right,
        precision=wilson(right, said) if said else None,
        recall=wilson(right, meant) if meant else None,
        f1=_class_f1(meant, said, right),
    )


def _bootstrapped(answers: Sequence[LabelledAnswer], classes: Sequence[str], seed: int, resamples: int) -> Bounded:
    rng = random.Random(seed)
    pairs = [(one.meant, one.said) for one in answers]
    value = macro_f1(Counter(pairs), classes)
    drawn = sorted(macro_f1(Counter(rng.choices(pairs, k=len(pairs))), classes) for _ in range(resamples))
    if drawn[0] == drawn[-1]:
        drawn = sorted(macro_f1(_smoothed(pairs, classes, rng), classes) for _ in range(resamples))
    low, high = drawn[int(0.025 * resamples)], drawn[min(resamples - 1, int(0.975 * resamples))]
    return Bounded(value=value, low=min(low, value), high=max(high, value))


def _smoothed(pairs: Sequence[tuple[str, str]], classes: Sequence[str], rng: random.Random) -> Pairs:
    """As many answers again, drawn from these, two right and two wrong ones, of classes that were meant."""
    drawn = rng.choices([*range(len(pairs)), _RIGHT, _RIGHT, _WRONG, _WRONG], k=len(pairs))
    found: Counter[tuple[str, str]] = Counter()
    for index in drawn:
        meant, said = pairs[index] if index >= 0 else (rng.choice(pairs)[0],) * 2
        if index == _WRONG:
            said = rng.choice([name for name in classes if name != meant] or [""])  # of one class: it is not said
        found[meant, said] += 1
    return found
