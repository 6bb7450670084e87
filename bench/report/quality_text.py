"""Scores beside joules → a plain table: a block per scored run, a line for those that could not be scored."""

import textwrap
from collections.abc import Iterator, Sequence

from bench.nouns import Basis, Quality, Score, Share
from bench.report.numbers import interval, quantity
from bench.report.views import RunView

_WIDTH = 79
_CLASSES_A_LINE = 3
_NAMES = {"macro_f1": "macro F1", "wer": "WER", "chrf": "chrF2", "bleu": "BLEU", "exact_match": "exact match"}
_ITEMS = {"wer": "clip", "chrf": "sentence", "bleu": "sentence", "exact_match": "question"}


def quality_table(runs: Sequence[RunView]) -> str:
    """A block per scored run: its cell, its scores, joules a request (gross). '' where no work was labelled."""
    blocks = [line for run in runs if run.quality for line in _block(run, run.quality)]
    reasons = [_wrapped(f"not scored, {why}: {', '.join(cells)}") for why, cells in without_scores(runs)]
    return "\n".join([*blocks, *reasons])


def without_scores(runs: Sequence[RunView]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """(why, cells) of labelled work that could not be scored at all."""
    whys = dict.fromkeys(run.unscored for run in runs if run.unscored)
    return tuple((why, tuple(dict.fromkeys(r.cell for r in runs if r.unscored == why))) for why in whys)


def score_name(key: str) -> str:
    """A score's key as people say it: "wer@fr" → "WER (fr)"."""
    name, _, language = key.partition("@")
    return _NAMES.get(name, name) + (f" ({language})" if language else "")


def item_name(key: str) -> str:
    """What a score is over one of: "wer@fr" → "clip"."""
    return _ITEMS.get(key.partition("@")[0], "sentence")


def _wrapped(text: str) -> str:
    return textwrap.fill(text, _WIDTH, subsequent_indent="  ", break_on_hyphens=False, break_long_words=False)


def _block(run: RunView, quality: Quality) -> list[str]:
    costs = [
        f"{quantity(rate)} gross, {name.partition('/')[0]} {_loud(rate.basis)}"
        for name, rate in run.rates.items()
        if name.endswith("/request")
    ]
    by_class = [f"{name} {'none' if f1 is None else f'{f1:.3f}'}" for name, f1 in quality.f1.items()]
    rows = [by_class[at : at + _CLASSES_A_LINE] for at in range(0, len(by_class), _CLASSES_A_LINE)]
    scores = _of_texts(quality) if quality.of_texts else _of_classes(quality)
    return [
        f"{run.cell} ({run.engine_version})",
        *(f"  {line}" for line in scores),
        *(f"  a request {one}" for one in costs or ["not derived: see the reasons above"]),
        *(f"  {'; '.join(row)}" for row in rows),
    ]


def _loud(basis: Basis) -> str:
    return basis.upper() if basis == "modelled" else basis


def _of_classes(one: Quality) -> list[str]:
    if one.macro_f1 is None or one.accuracy is None:
        return [f"not scored: {one.requests} of {one.of} sentences were answered; longer windows ask them all"]
    return [
        f"macro F1 {_bounded(one.macro_f1)}, right {_bounded(one.accuracy)}",
        f"of {one.requests} sentences, each counted once{_unsteady(one)}",
    ]


def _of_texts(one: Quality) -> list[str]:
    if one.requests < one.of:
        return [f"not scored: {one.requests} of {one.of} requests were answered; longer windows ask them all"]
    if one.unscored:
        return [f"not scored: {one.unscored}"]
    return [*(_score(key, score, one) for key, score in one.scores.items()), *_grounds(one)]


def _score(key: str, score: Score, one: Quality) -> str:
    item = _ITEMS.get(key.partition("@")[0], "request")
    items = f"{score.n} {item}{'' if score.n == 1 else 's'}"
    few = "; too few for an interval" if score.low is None else ""
    voice = f", {one.voice.upper()} VOICE" if one.voice else ""
    return f"{score_name(key)} {_bounded(score)} of {items}{few}{voice}"


def _grounds(one: Quality) -> Iterator[str]:
    """What the scores rest on: languages, answers that were cut or differed, library, rules, signatures."""
    cut = f", {one.unended} cut at the asked tokens" if one.unended else ""
    yield f"{', '.join(one.languages) or 'no language told'}; each counted once{_unsteady(one)}{cut}"
    by = [*([f"by {one.library}"] if one.library else []), *([f"rules {one.rules}"] if one.rules else [])]
    if by:
        yield ", ".join(by)
    yield from (f"{score_name(name)} {signature}" for name, signature in one.signatures.items())


def _unsteady(one: Quality) -> str:
    return f", {one.unsteady} of them answered in more ways than one" if one.unsteady else ""


def _bounded(one: Share | Score) -> str:
    return interval(one.value, one.low, one.high, "")
