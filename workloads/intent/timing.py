"""How long the variants take beside each other, from interleaved rounds: whatever drifts on the machine hits all.

    round 1   fp32 · int8 · rows …     round 2   rows · fp32 · int8 …     (each round in an order of its own)

A ratio is the mean over rounds of the logarithm of a round's time over fp32's in the same round, with Student's
interval over rounds (paired differences on the log scale; Box, Hunter and Hunter 2005, "Statistics for
Experimenters", section 3.1; checked 2026-11-21).
"""

import math
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bench.stats import deviation, mean, t95

from .session import Classifier, Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A variant's time for one sentence, and its ratio to the first variant's with a 95 % interval."""

    duration_s: float
    ratio: float
    low_ratio: float
    high_ratio: float


def interleaved(
    classifiers: Mapping[str, Classifier],
    sentences: Sequence[Rows],
    *,
    rounds: int,
    batch: int = 1,
    seed: int = 0,
    clock_ns: Callable[[], int] = time.perf_counter_ns,
) -> Mapping[str, tuple[float, ...]]:
    """Seconds a sentence of every variant in each round: rows are ready; filling the arrays is in it."""
    rng = random.Random(seed)
    batches = [sentences[at : at + batch] for at in range(0, len(sentences), batch)]
    taken: dict[str, list[float]] = {name: [] for name in classifiers}
    for number in range(rounds + 1):
        for name in rng.sample(list(classifiers), len(classifiers)):
            started_ns = clock_ns()
            for one in batches:
                classifiers[name].scores(one)
            if number:  # the first round warms up
                taken[name].append((clock_ns() - started_ns) / 1e9 / len(sentences))
    return {name: tuple(some) for name, some in taken.items()}


def compare(taken: Mapping[str, Sequence[float]], base: str) -> Mapping[str, Compared]:
    """Each variant beside `base`; at least two rounds."""
    return {name: _compared(some, taken[base]) for name, some in taken.items()}


def _compared(some: Sequence[float], base: Sequence[float]) -> Compared:
    logs = [math.log(a / b) for a, b in zip(some, base, strict=True)]
    half = t95(len(logs) - 1) * deviation(logs) / math.sqrt(len(logs))
    middle = mean(logs)
    return Compared(
        duration_s=sorted(some)[len(some) // 2],
        ratio=math.exp(middle),
        low_ratio=math.exp(middle - half),
        high_ratio=math.exp(middle + half),
    )
