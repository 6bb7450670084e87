"""Two runs' answers to the same questions → how often they agree, and how well the difference of a score is known.

Each question counts once, by its first answer, as in the score itself (bench/run/scored.py): so the difference is
that of the two scores as they are printed, and the interval is about other questions of the kind. Repeats by a
greedy decoder tell nothing of those; where a run answered a question in several ways, its score says how many.
"""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from bench.files.store import Sealed
from bench.nouns import Family, Outcome, Run, Share
from bench.nouns.compared import Agreement, Judged, Showing
from bench.quality import exact, f1, overlap, words
from bench.quality.answer import LabelledAnswer
from bench.quality.paired import Bounds, Compute, equal_half, paired_bounds, share_bounds
from bench.run.scored import answer_of, first_answers
from bench.stats import significant

_POINTS = {"chrf": 100.0, "bleu": 100.0}  # what a share of one is in a score's own units; 1 of all others
_Both = tuple[Sequence[LabelledAnswer], Sequence[LabelledAnswer]]


def judge(known: Mapping[str, Sealed]) -> Callable[[Showing, Showing], Judged | None]:
    """How any two showings of these runs are judged; each two once: the other way round is the same mirrored."""
    found: dict[tuple[str, str], Judged | None] = {}

    def judged_once(one: Showing, other: Showing) -> Judged | None:
        if (mirrored := (other.run_id, one.run_id)) in found:
            return _mirrored(found[mirrored])
        a, b = known[one.run_id].run, known[other.run_id].run
        assert a is not None
        assert b is not None
        return found.setdefault((one.run_id, other.run_id), judged(a, b, one.scores, other.scores))

    return judged_once


def judged(one: Run, other: Run, scores: Mapping[str, Share], others: Mapping[str, Share]) -> Judged | None:
    """What the two answered, question by question; None where they did not answer the same ones.

    `scores`, `others`: those of either run, by name, for which bounds are wanted. Raises NoEngine where the
    library is absent that computed them.
    """
    firsts, seconds = first_answers(one)[0], first_answers(other)[0]
    if not firsts or [_question(o) for o in firsts] != [_question(o) for o in seconds]:
        return None
    both = [answer_of(o) for o in firsts], [answer_of(o) for o in seconds]
    same = sum(_alike(one.spec.family, a, b) for a, b in zip(*both, strict=True))
    bounds = {}
    for name in (n for n in scores if n in others):
        if (told := _bounds(name, both)) is not None:
            told = _of_equals(name, both, scores[name], others[name]) if told == (0.0, 0.0) else told
            bounds[name] = significant(told[0]), significant(told[1])
    return Judged(agreement=Agreement(same=same, of=len(firsts)), bounds=bounds)


def _question(one: Outcome) -> tuple[str, str | None, str | None]:
    return one.request_id, one.meant, one.language


def _alike(family: Family, one: LabelledAnswer, other: LabelledAnswer) -> bool:
    """Whether two answers are one, of prompts under the rules of an exact match, of texts word for word."""
    if family == "causal-lm":
        a, b = (exact.plain_answer(exact.first_line(o.said), o.group) for o in (one, other))
        return a == b
    return one.said.split() == other.said.split()


def _bounds(name: str, both: _Both) -> Bounds | None:
    """The bounds of one score's difference, of the answers in its language where it has one."""
    metric, _, language = name.partition("@")
    one, other = ([a for a in side if not language or (a.group or "unknown") == language] for side in both)
    match metric:
        case "accuracy":
            return share_bounds([a.meant == a.said for a in one], [a.meant == a.said for a in other])
        case "exact_match":
            return share_bounds(list(map(exact.is_right, one)), list(map(exact.is_right, other)))
        case "macro_f1":
            classes = sorted({c for a in (*one, *other) for c in (a.meant, a.said)})
            return _drawn(f1.counted(one, classes), f1.counted(other, classes), f1.macro_f1s)
        case "wer":
            counts = words.counted(one, one[0].group), words.counted(other, other[0].group)
            return _drawn(*counts, words.rates, studentised=True)
        case "chrf" | "bleu":
            matched = overlap.counted(one, metric), overlap.counted(other, metric)
            return _drawn(*matched, lambda sums: overlap.scores_of(metric, sums))
    return None


def _drawn(ones: object, others: object, compute: Compute, *, studentised: bool = False) -> Bounds | None:
    one, other = np.asarray(ones, dtype=np.float64), np.asarray(others, dtype=np.float64)
    return paired_bounds(one, other, compute, studentised=studentised)


def _of_equals(name: str, both: _Both, one: Share, other: Share) -> Bounds:
    """The bounds where no question tells the two apart: what so many further ones could still show.

    As of shares of right answers, as if each further difference were one between right and wrong; of few questions
    two independent scores are known better than that.
    """
    metric, _, language = name.partition("@")
    count = sum(not language or (a.group or "unknown") == language for a in both[0])
    half = equal_half(count) * _POINTS.get(metric, 1.0)
    below = math.hypot(one.value - one.low, other.high - other.value)
    above = math.hypot(one.high - one.value, other.value - other.low)
    return -min(half, below), min(half, above)


def _mirrored(one: Judged | None) -> Judged | None:
    return one and Judged(agreement=one.agreement, bounds={n: (-b, -a) for n, (a, b) in one.bounds.items()})
