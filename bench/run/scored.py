"""How right a classifier's answers were, from a run's outcomes alone."""

from collections.abc import Mapping

from bench.nouns import Outcome, Quality, Run, Share
from bench.quality.f1 import Answer, Bounded, score
from bench.stats import significant


def quality_of(run: Run) -> Quality | None:
    """The scores of what was answered in work windows; None where nothing was labelled, or weights are synthetic.

    Each request counts once, by its first answer: asked again it tells nothing new, and an interval over
    repeats would be too narrow. A workload's requests stand in an order of their own, class after class perhaps:
    unless all were answered there is no score.
    """
    if run.loaded.weights == "synthetic":
        return None
    answers, unsteady = _answers(run)
    if not answers:
        return None
    if len(answers) < run.labelled:
        return Quality(requests=len(answers), of=run.labelled, unsteady=unsteady)
    scores = score(list(answers.values()), sorted({c for a in answers.values() for c in (a.meant, a.said)}))
    return Quality(
        requests=scores.answers,
        of=run.labelled,
        unsteady=unsteady,
        macro_f1=_share(scores.macro_f1),
        accuracy=_share(scores.accuracy),
        f1={one.name: None if one.f1 is None else significant(one.f1) for one in scores.classes},
    )


def _answers(run: Run) -> tuple[Mapping[str, Answer], int]:
    """The first answer to each labelled request, and how many requests were answered in more ways than one."""
    first: dict[str, Answer] = {}
    unsteady = set()
    for one in sorted(run.outcomes, key=_moment):
        if one.error or one.said is None or one.meant is None:
            continue
        answer = first.setdefault(one.request_id, Answer(meant=one.meant, said=one.said))
        if answer.said != one.said:
            unsteady.add(one.request_id)
    return {id_: first[id_] for id_ in sorted(first)}, len(unsteady)


def _moment(one: Outcome) -> tuple[int, str]:
    return one.start_ns, one.request_id


def _share(bounded: Bounded) -> Share:
    return Share(value=significant(bounded.value), low=significant(bounded.low), high=significant(bounded.high))
