"""Translations said against translations meant → chrF and BLEU, by sacrebleu, with its own settings.

chrF2 (Popović 2015, "chrF: character n-gram F-score for automatic MT evaluation", WMT) and BLEU (Papineni and
others 2002, ACL; as sacrebleu defines it: Post 2018, "A Call for Clarity in Reporting BLEU Scores", WMT), over the
whole corpus, in points of 100. Nothing is normalised here: case and punctuation count, as the signature says.
Checked 2026-11-21.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.nouns import Score
from bench.quality.answer import LabelledAnswer
from bench.quality.library import library
from bench.quality.resample import interval

LIBRARY = "sacrebleu"


def overlap(answers: Sequence[LabelledAnswer]) -> Mapping[str, Score]:
    """`chrf` and `bleu` of at least one sentence, each with its interval where there are enough of them.

    Raises NoEngine without sacrebleu.
    """
    library(LIBRARY)
    return {name: _scored(metric, answers) for name, metric in _metrics().items()}


def counted(answers: Sequence[LabelledAnswer], name: str) -> list[list[float]]:
    """Each sentence's counts, from which the metric `name` of any of them is computed. Raises as `overlap`."""
    library(LIBRARY)
    return _counts(_metrics()[name], answers)


def scores_of(name: str, sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """The metric `name` of each row of summed counts, in points of 100."""
    metric = _metrics()[name]
    found = [metric._compute_score_from_stats([int(v) for v in row]).score for row in sums]  # whole numbers
    return np.array(found, dtype=np.float64)


def signatures() -> Mapping[str, str]:
    """sacrebleu's own word for how each metric is computed, its version in it; of one reference a sentence."""
    found = {}
    for name, metric in _metrics().items():
        metric.corpus_score(["a"], [["a"]])  # until then it does not know how many references there are
        found[name] = str(metric.get_signature())
    return dict(sorted(found.items()))


def _metrics() -> dict[str, Any]:
    from sacrebleu.metrics import BLEU, CHRF

    return {"chrf": CHRF(), "bleu": BLEU(force=True)}  # forced: it is not to print its doubts about tokens


def _scored(metric: Any, answers: Sequence[LabelledAnswer]) -> Score:
    said, meant = _sides(answers)
    value = float(metric.corpus_score(said, meant).score)
    counts = _counts(metric, answers)
    low, high = interval(counts, lambda drawn: float(metric._aggregate_and_compute(drawn).score), value)
    return Score(value=value, low=low, high=high, n=len(said))


def _counts(metric: Any, answers: Sequence[LabelledAnswer]) -> list[list[float]]:
    """The matches of every sentence, from which sacrebleu draws its own bootstrap (metrics/base.py of 2.6)."""
    found: list[list[float]] = metric._extract_corpus_statistics(*_sides(answers))
    return found


def _sides(answers: Sequence[LabelledAnswer]) -> tuple[list[str], list[list[str]]]:
    return [one.said.strip() for one in answers], [[one.meant.strip() for one in answers]]
