"""A comparison → sentences and tables of 80 columns; the basis is part of every sentence."""

import textwrap
from collections.abc import Iterator, Sequence

from bench.nouns.compared import Compared, Difference, Level, Pair, Price, Ratio, WorkCompared
from bench.report.compare_energy import energy_parts, told, unit_text, untold, word
from bench.report.numbers import interval, shown
from bench.report.quality_text import item_name, score_name
from bench.report.ratio_text import ratio_text
from bench.report.words import SPAN_NOTE, asked_beside
from bench.units import S_PER_MS, counted

LEAST_FRONT = 2  # a front is of more
_WIDTH = 80
_GAP = "  "
_MS_BELOW_S = 0.1
_NARROWEST = 6
_WIDE_RATIO = 0.3  # chosen: exp(0.3) is 5 % farther from 1 than 1.3
Line = tuple[str, ...]


def sentences(one: Compared) -> tuple[str, ...]:
    """The verdict on every pair, work by work."""
    return tuple(sentence(one, work, pair) for work in one.works for pair in work.pairs)


def sentence(one: Compared, work: WorkCompared, pair: Pair) -> str:
    """`q4_k_m uses 0.61 ± 0.03 of the energy of f16 on … at batch 1 (…); 0.58 ± 0.01 of its time; quality …`"""
    parts = energy_parts(one, work, pair, f"on {_work(work)}")
    times = [r for r in pair.ratios if r.measure == "time"] or [r for r in pair.ratios if r.measure == "e2e"]
    for one_time in times:
        latency = "latency of unequal requests" if one_time.unequal_work else "latency"
        what = "time" if one_time.measure == "time" else latency
        parts.append(f"{ratio_text(one_time)} of its {what}" if told(one_time) else untold(one_time, what))
    parts += [difference_text(d) for d in pair.differences] or [f"quality not comparable: {pair.no_quality}"]
    return "; ".join(filter(None, (*parts, agreement_text(pair))))


def difference_text(one: Difference) -> str:
    """A difference of scores in words."""
    name = score_name(one.score)
    said = f"{one.value:+.3f}, {one.low:+.3f} to {one.high:+.3f}".replace("-", "−")
    if one.low <= 0 <= one.high:
        return f"no difference in {name} that these answers can tell ({said})"
    return f"{name} by {said}"


def agreement_text(pair: Pair) -> str:
    """`the same answer to 236 of 240 sentences`; '' where the two did not answer the same ones."""
    one = pair.agreement
    if one is None:
        return ""
    item = item_name(pair.differences[0].score) if pair.differences else "request"
    if one.same < one.of:
        return f"the same answer to {one.same} of {counted(one.of, item)}"
    return (
        f"the same answers to all {counted(one.of, item)}" if one.of > 1 else f"the same answer to the one {item}"
    )


def grounds_text(one: Difference) -> str:
    """What the interval of a difference rests on."""
    return "paired, question by question" if one.paired else "as of two independent scores: cautious"


def front_text(one: Compared, work: WorkCompared) -> tuple[str, ...]:
    """Which candidates are on the front, dominated, or neither beyond the intervals: a sentence a boundary."""
    said = []
    lacking = sorted({d for p in work.pairs for r in p.ratios for d in r.lacks})
    if len(one.names) > LEAST_FRONT and lacking and not work.standings:
        which = _listed(lacking)
        said.append(f"No front on {_work(work)}: no energy of all of them holds the {which} that worked")
    for boundary in dict.fromkeys(s.boundary for s in work.standings):
        mine = [s for s in work.standings if s.boundary == boundary]
        speed = "latency" if mine[0].speed == "e2e" else f"time per {unit_text(work)}"
        aims = f"energy, {speed} and quality" if mine[0].scored else f"energy and {speed}"
        parts = [
            f"{_listed([one.names[s.candidate] for s in mine if s.place == place])} {words}"
            for place, words in (("front", "on the front"), ("undecided", "not told: an interval holds 1"))
            if any(s.place == place for s in mine)
        ]
        parts += [
            f"{one.names[s.candidate]} dominated by {_listed([one.names[n] for n in s.by])}"
            for s in mine
            if s.place == "dominated"
        ]
        said.append(f"By {aims} ({boundary}) on {_work(work)}: {'; '.join(parts)}")
    return tuple(said)


def what_text(one: Ratio | Level, unit: str) -> str:
    """What a ratio is of: `J/output token, host`."""
    if one.measure == "energy":
        return f"J/{unit}, {one.boundary}"
    if isinstance(one, Ratio) and one.unequal_work:
        return "s, unequal requests"
    return f"s/{unit}" if one.measure == "time" else "s a request, median"


def price_text(price: Price, unit: str) -> str:
    """What a price is of: `EUR per 1000 output tokens`."""
    return f"{price.currency} per 1000 {plural(unit)}"


def plural(unit: str) -> str:
    """`output tokens`, `audio s`."""
    return unit if unit.endswith(" s") else f"{unit}s"


def comparison_text(one: Compared, width: int = _WIDTH) -> str:
    """The whole comparison: what stands against what, ratios, each candidate's own figures, verdicts, remarks."""
    parts = [_head(one, width)]
    for work in one.works:
        parts.append(_ratios(one, work, width))
        parts.append(_levels(one, work, width))
    parts.append(_wrapped(sentences(one), width))
    fronts = [text for work in one.works for text in front_text(one, work)]
    parts.append(_wrapped(fronts, width) if fronts else "")
    parts.append(_wrapped(remarks(one), width))
    return "\n\n".join(text for text in parts if text)


def remarks(one: Compared) -> tuple[str, ...]:
    """What must stand beside the figures: the gain, notes of pairs and of the whole, and what was set apart."""
    ratios = [r for work in one.works for pair in work.pairs for r in pair.ratios]
    said = []
    if any(r.gain_cancels for r in ratios):
        said.append(
            "the board's own gain is in no ratio's interval: both were read on one device, by one driver and one "
            "method, so that it cancels"
        )
    if any(r.gain_cancels is False for r in ratios):
        said.append(
            "the gain of the sensors is in the interval: the two were not read by one device and one method"
        )
    if any(r.components.get("model") for r in ratios):
        said.append(f"{SPAN_NOTE}; the span of a ratio is that over the model's low and high series")
    said += _level_remarks(one)
    said += _quality_remarks([pair for work in one.works for pair in work.pairs])
    said += [note for work in one.works for pair in work.pairs for note in pair.notes]
    said += one.notes
    said += [f"set apart: {why}" for why in one.set_apart]
    return tuple(dict.fromkeys(said))


def _level_remarks(one: Compared) -> Iterator[str]:
    """Where the table of candidates rests on other rounds than a ratio of two of them."""
    for work in one.works if one.interleaved else ():
        own = max((v.rounds for levels in work.levels for v in levels), default=0)
        of_pairs = max((r.rounds for pair in work.pairs for r in pair.ratios), default=0)
        if own < of_pairs:
            yield (
                f"each candidate's own figures on {_work(work)} are of the {counted(own, 'round')} that all of "
                "them have; a ratio of two is of all rounds that these two have"
            )
        elif own > of_pairs:
            yield f"each candidate's own figures on {_work(work)} are of its own rounds: none is common to all"


def _quality_remarks(pairs: Sequence[Pair]) -> Iterator[str]:
    """What the intervals of differences rest on, and what answers that are all the same leave open."""
    if any(d.paired for pair in pairs for d in pair.differences):
        yield "differences of scores are paired, question by question: both answered the same ones"
    for pair in pairs:
        alone = [score_name(d.score) for d in pair.differences if not d.paired]
        why = "they did not answer the same questions" if pair.agreement is None else "too few questions to pair"
        if alone:
            yield f"{_listed(alone)}: the interval is that of two independent scores, for {why}"
        if pair.differences and pair.agreement and (most := pair.agreement.others_high_ratio) is not None:
            yield (
                f"{agreement_text(pair)} say nothing of others beyond the rule of three: up to {most:.1%} of "
                "further ones may be answered unlike (95 %), for which the intervals leave room"
            )


def _head(one: Compared, width: int) -> str:
    made = one.candidates[0]
    weights = (
        "no" if made.precision == "none" else made.weights.upper() if made.weights == "synthetic" else made.weights
    )
    lines = textwrap.wrap(f"on {made.hardware}, {weights} weights", width, subsequent_indent=_GAP)
    for name, cand in zip(one.names, one.candidates, strict=True):
        at = f"on {cand.device}{asked_beside(cand)}"
        said = f"{name}: {cand.engine} {cand.engine_version}, {cand.model}:{cand.precision}, {at}"
        lines += textwrap.wrap(said, width, initial_indent=_GAP, subsequent_indent=_GAP * 3)
    return "\n".join(lines)


def _ratios(one: Compared, work: WorkCompared, width: int) -> str:
    unit = unit_text(work)
    rows = [
        (
            f"{one.names[pair.one]} ÷ {one.names[pair.other]}",
            what_text(r, unit), ratio_text(r), word(r) if r.measure == "energy" else "measured", str(r.rounds),
        )
        for pair in work.pairs
        for r in pair.ratios
    ]  # fmt: skip
    rows += [
        (f"{one.names[pair.one]} − {one.names[pair.other]}", score_name(d.score),
         f"{d.value:+.3f} ({d.low:+.3f} to {d.high:+.3f})".replace("-", "−"), "measured", "")
        for pair in work.pairs
        for d in pair.differences
    ]  # fmt: skip
    return _table(f"{work.work}", ("ratio", "of", "95 %", "basis", "rounds"), rows, width)


def _levels(one: Compared, work: WorkCompared, width: int) -> str:
    unit = unit_text(work)
    rows: list[Line] = []
    for number, levels in enumerate(work.levels):
        said = [(_level_name(v, unit), level_text(v), word(v)) for v in levels]
        if one.price and (cost := work.price_per_1000[number]) is not None:
            said.append((f"1000 {plural(unit)}", _with_half(cost, one.price.currency, 1.0), "priced"))
        rows += [(one.names[number] if not at else "", *line) for at, line in enumerate(said)]
    return _table("", ("candidate", "gross, per", "mean of rounds, 95 %", "basis"), rows, width)


def _level_name(one: Level, unit: str) -> str:
    if one.measure == "energy":
        return f"{unit}, {one.boundary}"
    return unit if one.measure == "time" else "request, median"


def level_text(one: Level) -> str:
    """A candidate's own figure, and half of its interval over rounds in per cent."""
    if one.measure == "energy":
        return _with_half(one, "J", 1.0)
    return _with_half(one, "ms", S_PER_MS) if one.value < _MS_BELOW_S else _with_half(one, "s", 1.0)


def _with_half(one: Level, unit: str, factor: float) -> str:
    value = shown(one.value / factor, unit)
    if one.low is None or one.high is None or not one.value:
        return value
    half = (one.high - one.low) / 2 / one.value
    if half > _WIDE_RATIO:  # an interval by a factor: its two sides differ
        return interval(one.value / factor, one.low / factor, one.high / factor, unit)
    return f"{value} ± {half * 100:.{1 if half < 0.1 else 0}f} %"


def _work(work: WorkCompared) -> str:
    one = work.work
    more = [f"concurrency {one.concurrency}"] if one.concurrency != 1 else []
    more += [f"{one.rate:g} requests/s"] if one.rate is not None else []
    more += [f"load {one.load}"] if one.load else []
    return f"{one.workload} at {', '.join(more) if more else f'batch {one.batch}'}"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _table(title: str, header: Line, rows: Sequence[Line], width: int) -> str:
    """Aligned columns under a title; the first column wraps so that no line is wider than `width`."""
    if not rows:
        return ""
    sizes = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    over = sum(sizes) + len(_GAP) * (len(sizes) - 1) - width
    sizes[0] = max(sizes[0] - max(over, 0), min(_NARROWEST, sizes[0]))
    return "\n".join([*([title] if title else []), *_lines((header, tuple("─" * n for n in sizes), *rows), sizes)])


def _lines(rows: Sequence[Line], sizes: Sequence[int]) -> Iterator[str]:
    for row in rows:
        first = textwrap.wrap(row[0], sizes[0], subsequent_indent=" ") or [""]
        cells = [cell.ljust(size) for cell, size in zip((first[0], *row[1:]), sizes, strict=True)]
        yield _GAP.join(cells).rstrip()
        yield from first[1:]


def _wrapped(texts: Sequence[str], width: int) -> str:
    return "\n".join(
        line
        for text in texts
        for line in textwrap.wrap(text, width, subsequent_indent=_GAP, break_on_hyphens=False)
    )
