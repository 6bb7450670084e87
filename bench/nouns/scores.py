"""How right answers were."""

from collections.abc import Mapping
from dataclasses import dataclass, field

MOST_CHARACTERS = 20_000
"""Of an answer that is sealed; longer ones are cut there and not scored (chosen: a third of an hour of speech)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A ratio with its 95 % interval; all in 0 to 1."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One metric over `n` distinct requests, with its 95 % interval; None where they are too few to tell one.

    `wer` is a ratio that can pass 1, `exact_match` a share, `chrf` and `bleu` points of 100.
    """

    value: float
    low: float | None = None
    high: float | None = None
    n: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """How right a run's answers were: each labelled request once, however often it was asked."""

    requests: int
    of: int  # that the workload labels; while some were not asked there is no score: what came first is no sample
    unsteady: int  # of the requests, those that were not answered alike each time; their first answer counts
    macro_f1: Share | None = None
    accuracy: Share | None = None
    f1: Mapping[str, float | None] = field(default_factory=dict)  # by class; None: neither meant nor said
    # Of texts: by metric, "exact_match"; by language where there are several, "wer@fr", "chrf@fr-en"
    scores: Mapping[str, Score] = field(default_factory=dict)
    languages: tuple[str, ...] = ()
    library: str = ""  # what computed them: "jiwer 4.0.0"
    signatures: Mapping[str, str] = field(default_factory=dict)  # by metric, as the library itself spells it
    rules: str = ""  # the normalisation's name: "wer-1", "exact-1"
    unended: int = 0  # requests whose first answer had not come to its end within its tokens
    voice: str = ""  # "synthetic" where the speech was: such a score is no natural speech's
    unscored: str = ""  # why all were answered and there is no score

    @property
    def of_texts(self) -> bool:
        """Whether texts were judged, and not classes."""
        return bool(self.languages or self.scores or self.unscored)

    @property
    def main(self) -> tuple[str, Share | Score] | None:
        """The metric that a comparison names first, and its score; None where there is no score."""
        if self.macro_f1 is not None:
            return "macro_f1", self.macro_f1
        ranked = sorted(self.scores, key=lambda name: (name.startswith("bleu"), name))
        return (ranked[0], self.scores[ranked[0]]) if ranked else None
