"""How right a run's answers were, from its outcomes alone: F1, WER, chrF and BLEU, exact match."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bench.errors import BadInput, NoEngine
from bench.nouns import MOST_CHARACTERS, Family, Outcome, Quality, Run, Score, Share
from bench.quality import exact, overlap, words
from bench.quality.answer import LabelledAnswer
from bench.quality.f1 import Bounded, score
from bench.quality.library import library
from bench.stats import significant
from bench.wire.about import UNKNOWN_CLASSES

SYNTHETIC = "synthetic weights write no meaningful text"
UNANSWERED = "no request was answered"
SILENT = "no answer's text was handed over by the engine"
_LIBRARIES: Mapping[Family, str] = {"speech": words.LIBRARY, "translation": overlap.LIBRARY}


def quality_of(run: Run) -> Quality | None:
    """The scores of what was answered in work windows; None where nothing was labelled, or weights are synthetic.

    None too where a label is no class of the server: a mean of F1 over classes that it can't say is none.
    Each request counts once, by its first answer: asked again it tells nothing new, and an interval over
    repeats would be too narrow. A workload's requests stand in an order of their own, class after class perhaps:
    unless all were answered there is no score.
    """
    if run.loaded.weights == "synthetic" or UNKNOWN_CLASSES in run.loaded.facts:
        return None
    first, unsteady = first_answers(run)
    if not first:
        return None
    found = Quality(requests=len(first), of=run.labelled, unsteady=unsteady)
    if run.spec.family != "classifier":
        languages = tuple(sorted({one.language for one in first if one.language}))
        found = replace(found, languages=languages, voice=run.voice)
    if len(first) < run.labelled:
        return found
    return _classified(found, first) if run.spec.family == "classifier" else _told(run, found, first)


def why_unscored(run: Run, found: Quality | None) -> str:
    """Why a run of a labelled workload has no Quality at all; '' where nothing was labelled, or it has one."""
    if not run.labelled or found is not None:
        return ""
    if run.loaded.weights == "synthetic":
        return SYNTHETIC
    if unknown := run.loaded.facts.get(UNKNOWN_CLASSES):
        return f"the server knows no class {unknown}"
    return SILENT if any(not one.error for one in run.outcomes) else UNANSWERED


def shown(run: Run, sealed: Quality | None) -> Quality | None:
    """What the run published; what it lacked only a library for is scored now, from the answers that it sealed."""
    return quality_of(run) if sealed and _lacks_library(sealed) else sealed


def reproved(fresh: Quality | None, sealed: Quality | None) -> tuple[Quality | None, str | None]:
    """What the sealed scores are to be compared with, and why they can't be where the library is not here.

    Another version of it is no difference while its figures are the same.
    """
    if fresh is None or sealed is None:
        return fresh, None
    if _lacks_library(fresh) and sealed.scores:
        return sealed, fresh.unscored
    if replace(fresh, library=sealed.library, signatures=sealed.signatures) == sealed:
        return sealed, None
    return fresh, None


def _lacks_library(found: Quality) -> bool:
    return bool(found.unscored and found.library)


def _classified(found: Quality, first: Sequence[Outcome]) -> Quality:
    answers = [answer_of(one) for one in first]
    scores = score(answers, sorted({c for a in answers for c in (a.meant, a.said)}))
    return replace(
        found,
        macro_f1=_share(scores.macro_f1),
        accuracy=_share(scores.accuracy),
        f1={one.name: None if one.f1 is None else significant(one.f1) for one in scores.classes},
    )


def _told(run: Run, found: Quality, first: Sequence[Outcome]) -> Quality:
    """Texts, by their family's metric and language."""
    family = run.spec.family
    found = replace(found, unended=sum(one.ended is False for one in first))
    if any(len(one.said or "") >= MOST_CHARACTERS for one in first):
        return replace(
            found, unscored=f"an answer has {MOST_CHARACTERS} characters or more, and is sealed cut there"
        )
    try:
        return replace(found, **_by_family(family, [answer_of(one) for one in first]))  # type: ignore[arg-type]
    except (NoEngine, BadInput) as error:
        lacking = _LIBRARIES.get(family, "") if isinstance(error, NoEngine) else ""
        return replace(found, unscored=str(error), library=lacking)


def _by_family(family: Family, answers: Sequence[LabelledAnswer]) -> dict[str, object]:
    """The fields of Quality that this family's metrics fill. Raises NoEngine, BadInput."""
    groups = {name: [a for a in answers if a.group == name] for name in sorted({a.group for a in answers})}
    match family:
        case "speech":
            rates = {group: {"wer": words.word_error_rate(some, group)} for group, some in groups.items()}
            return {"scores": _flat(rates), "library": library(words.LIBRARY), "rules": words.RULES}
        case "translation":
            overlaps = {group: overlap.overlap(some) for group, some in groups.items()}
            said = {"library": library(overlap.LIBRARY), "signatures": overlap.signatures()}
            return {"scores": _flat(overlaps), **said}
        case "causal-lm":
            matches = {group: {"exact_match": exact.exact_match(some)} for group, some in groups.items()}
            whole = {"exact_match": _rounded(exact.exact_match(answers))} if len(groups) > 1 else {}
            return {"scores": {**whole, **_flat(matches)}, "rules": exact.RULES}
    raise BadInput(f"answers of the family {family!r} have no score")


def _flat(groups: Mapping[str, Mapping[str, Score]]) -> dict[str, Score]:
    """By metric; by metric@language where there are several: no mean over languages is told of errors."""
    alone = len(groups) == 1
    found = {
        name if alone else f"{name}@{group or 'unknown'}": _rounded(one)
        for group, scores in groups.items()
        for name, one in scores.items()
    }
    return dict(sorted(found.items()))  # in the order in which they are sealed


def first_answers(run: Run) -> tuple[Sequence[Outcome], int]:
    """The first answer to each labelled request, and how many requests were answered in more ways than one."""
    first: dict[str, Outcome] = {}
    unsteady = set()
    for one in sorted(run.outcomes, key=_moment):
        if one.error or one.said is None or one.meant is None:
            continue
        if first.setdefault(one.request_id, one).said != one.said:
            unsteady.add(one.request_id)
    return [first[id_] for id_ in sorted(first)], len(unsteady)


def answer_of(one: Outcome) -> LabelledAnswer:
    """What a score takes of a labelled request."""
    return LabelledAnswer(meant=one.meant or "", said=one.said or "", group=one.language or "")


def _moment(one: Outcome) -> tuple[int, str]:
    return one.start_ns, one.request_id


def _share(bounded: Bounded) -> Share:
    return Share(value=significant(bounded.value), low=significant(bounded.low), high=significant(bounded.high))


def _rounded(one: Score) -> Score:
    low = None if one.low is None else significant(one.low)
    high = None if one.high is None else significant(one.high)
    return Score(value=significant(one.value), low=low, high=high, n=one.n)
