"""A comparison → sentences and tables of 80 columns; the basis is part of every sentence."""

import textwrap
from collections.abc import Iterator, Sequence

from bench.nouns.compared import Compared, Difference, Level, Pair, Price, Ratio, WorkCompared
from bench.phrases import Phrase, language_in_force, number
from bench.phrases import told as spoken
from bench.report.compare_energy import energy_parts, listed, told, unit_text, untold, word, work_text
from bench.report.compare_front import front_text
from bench.report.numbers import interval, shown
from bench.report.quality_text import item_name, score_name
from bench.report.ratio_text import ratio_text
from bench.report.stored import retell, retold
from bench.report.text_table import GAP, Line, table_text, wrapped_text
from bench.report.words import SPAN_NOTE, asked_beside
from bench.units import S_PER_MS

_WIDTH = 80
_MS_BELOW_S = 0.1
_WIDE_RATIO = 0.3  # chosen: exp(0.3) is 5 % farther from 1 than 1.3


def sentences(one: Compared) -> tuple[str, ...]:
    """The verdict on every pair, work by work."""
    return tuple(sentence(one, work, pair) for work in one.works for pair in work.pairs)


def sentence(one: Compared, work: WorkCompared, pair: Pair) -> str:
    """`q4_k_m uses 0.61 ± 0.03 of the energy of f16 on … at batch 1 (…); 0.58 ± 0.01 of its time; quality …`"""
    parts = energy_parts(one, work, pair, spoken(Phrase("on {work}", work=work_text(work))))
    times = [r for r in pair.ratios if r.measure == "time"] or [r for r in pair.ratios if r.measure == "e2e"]
    for one_time in times:
        latency = Phrase("latency of unequal requests") if one_time.unequal_work else Phrase("latency")
        what = Phrase("time") if one_time.measure == "time" else latency
        of_it = spoken(Phrase("{ratio} of its {what}", ratio=ratio_text(one_time), what=what))
        parts.append(of_it if told(one_time) else untold(one_time, what))
    apart = spoken(Phrase("quality not comparable: {why}", why=retold(pair.no_quality or "")))
    parts += [difference_text(d) for d in pair.differences] or [apart]
    return spoken(Phrase("; ")).join(filter(None, (*parts, agreement_text(pair))))


def difference_text(one: Difference) -> str:
    """A difference of scores in words."""
    name = score_name(one.score)
    value, low, high = (number(one_of, "+.3f").replace("-", "−") for one_of in (one.value, one.low, one.high))
    said = Phrase("{value}, {low} to {high}", value=value, low=low, high=high)
    if one.low <= 0 <= one.high:
        return spoken(Phrase("no difference in {name} that these answers can tell ({said})", name=name, said=said))
    return spoken(Phrase("{name} by {said}", name=name, said=said))


def agreement_text(pair: Pair) -> str:
    """`the same answer to 236 of 240 sentences`; '' where the two did not answer the same ones."""
    one = pair.agreement
    if one is None:
        return ""
    item = item_name(pair.differences[0].score) if pair.differences else "request"
    items = Phrase(item if one.of == 1 else f"{item}s")
    if one.same < one.of:
        said = {"same": one.same, "of": one.of, "items": items}
        return spoken(Phrase("the same answer to {same} of {of} {items}", **said))
    if one.of > 1:
        return spoken(Phrase("the same answers to all {of} {items}", of=one.of, items=items))
    return spoken(Phrase("the same answer to the one {item}", item=items))


def grounds_text(one: Difference) -> str:
    """What the interval of a difference rests on."""
    alone = Phrase("as of two independent scores: cautious")
    return spoken(Phrase("paired, question by question") if one.paired else alone)


def what_text(one: Ratio | Level, unit: str) -> str:
    """What a ratio is of: `J/output token, host`."""
    if one.measure == "energy":
        return f"J/{unit}, {spoken(Phrase(one.boundary or ''))}"
    if isinstance(one, Ratio) and one.unequal_work:
        return spoken(Phrase("s, unequal requests"))
    return f"s/{unit}" if one.measure == "time" else spoken(Phrase("s a request, median"))


def price_text(price: Price, unit: str) -> str:
    """What a price is of: `EUR per 1000 output tokens`."""
    said = {"currency": price.currency, "units": plural(unit)}
    return spoken(Phrase("{currency} per 1000 {units}", **said))


def plural(unit: str) -> str:
    """`output tokens`, `audio s`."""
    told_already = language_in_force().code != "en"  # whose plural is no s at the end
    return unit if unit.endswith(" s") or told_already else f"{unit}s"


def comparison_text(one: Compared, width: int = _WIDTH) -> str:
    """The whole comparison: what stands against what, ratios, each candidate's own figures, verdicts, remarks."""
    parts = [_head(one, width)]
    for work in one.works:
        parts.append(_ratios(one, work, width))
        parts.append(_levels(one, work, width))
    parts.append(wrapped_text(sentences(one), width))
    fronts = [text for work in one.works for text in front_text(one, work)]
    parts.append(wrapped_text(fronts, width) if fronts else "")
    parts.append(wrapped_text(remarks(one), width))
    return "\n\n".join(text for text in parts if text)


def remarks(one: Compared) -> tuple[str, ...]:
    """What must stand beside the figures: the gain, notes of pairs and of the whole, and what was set apart."""
    ratios = [r for work in one.works for pair in work.pairs for r in pair.ratios]
    said = []
    if any(r.gain_cancels for r in ratios):
        cancels = Phrase(
            "the board's own gain is in no ratio's interval: both were read on one device, by one driver and one "
            "method, so that it cancels"
        )
        said.append(spoken(cancels))
    if any(r.gain_cancels is False for r in ratios):
        inside = Phrase(
            "the gain of the sensors is in the interval: the two were not read by one device and one method"
        )
        said.append(spoken(inside))
    if any(r.components.get("model") for r in ratios):
        span = Phrase("{note}; the span of a ratio is that over the model's low and high series", note=SPAN_NOTE)
        said.append(spoken(span))
    said += _level_remarks(one)
    said += _quality_remarks([pair for work in one.works for pair in work.pairs])
    said += [retell(note) for work in one.works for pair in work.pairs for note in pair.notes]
    said += [retell(note) for note in one.notes]
    said += [spoken(Phrase("set apart: {why}", why=why)) for why in one.set_apart]
    return tuple(dict.fromkeys(said))


def _level_remarks(one: Compared) -> Iterator[str]:
    """Where the table of candidates rests on other rounds than a ratio of two of them."""
    for work in one.works if one.interleaved else ():
        own = max((v.rounds for levels in work.levels for v in levels), default=0)
        of_pairs = max((r.rounds for pair in work.pairs for r in pair.ratios), default=0)
        if own < of_pairs:
            fewer = Phrase(
                "each candidate's own figures on {work} are of the {rounds} that all of them have; a ratio of two "
                "is of all rounds that these two have",
                work=work_text(work),
                rounds=Phrase("1 round") if own == 1 else Phrase("{n} rounds", n=own),
            )
            yield spoken(fewer)
        elif own > of_pairs:
            apart = Phrase(
                "each candidate's own figures on {work} are of its own rounds: none is common to all",
                work=work_text(work),
            )
            yield spoken(apart)


def _quality_remarks(pairs: Sequence[Pair]) -> Iterator[str]:
    """What the intervals of differences rest on, and what answers that are all the same leave open."""
    if any(d.paired for pair in pairs for d in pair.differences):
        yield spoken(Phrase("differences of scores are paired, question by question: both answered the same ones"))
    for pair in pairs:
        alone = [score_name(d.score) for d in pair.differences if not d.paired]
        few = Phrase("too few questions to pair")
        why = Phrase("they did not answer the same questions") if pair.agreement is None else few
        if alone:
            form = Phrase(
                "{names}: the interval is that of two independent scores, for {why}", names=listed(alone), why=why
            )
            yield spoken(form)
        if pair.differences and pair.agreement and (most := pair.agreement.others_high_ratio) is not None:
            others = Phrase(
                "{agreement} say nothing of others beyond the rule of three: up to {most:.1%} of further ones may "
                "be answered unlike (95 %), for which the intervals leave room",
                agreement=agreement_text(pair),
                most=most,
            )
            yield spoken(others)


def _head(one: Compared, width: int) -> str:
    made = one.candidates[0]
    weights = (
        Phrase("no")
        if made.precision == "none"
        else Phrase(made.weights.upper() if made.weights == "synthetic" else made.weights)
    )
    of_all = Phrase("on {hardware}, {weights} weights", hardware=made.hardware, weights=weights)
    lines = textwrap.wrap(spoken(of_all), width, subsequent_indent=GAP)
    for name, cand in zip(one.names, one.candidates, strict=True):
        at = spoken(Phrase("on {work}", work=cand.device)) + asked_beside(cand)
        said = f"{name}: {cand.engine} {cand.engine_version}, {cand.model}:{cand.precision}, {at}"
        lines += textwrap.wrap(said, width, initial_indent=GAP, subsequent_indent=GAP * 3)
    return "\n".join(lines)


def _ratios(one: Compared, work: WorkCompared, width: int) -> str:
    unit = unit_text(work)
    rows = [
        (
            f"{one.names[pair.one]} ÷ {one.names[pair.other]}",
            what_text(r, unit), ratio_text(r),
            Phrase(word(r) if r.measure == "energy" else "measured"), str(r.rounds),
        )
        for pair in work.pairs
        for r in pair.ratios
    ]  # fmt: skip
    rows += [
        (f"{one.names[pair.one]} − {one.names[pair.other]}", score_name(d.score),
         Phrase("{value} ({low} to {high})", value=number(d.value, "+.3f"), low=number(d.low, "+.3f"),
                high=number(d.high, "+.3f")).replace("-", "−"), Phrase("measured"), "")
        for pair in work.pairs
        for d in pair.differences
    ]  # fmt: skip
    return table_text(
        f"{work.work}", (Phrase("ratio"), Phrase("of"), "95 %", Phrase("basis"), Phrase("rounds")), rows, width
    )


def _levels(one: Compared, work: WorkCompared, width: int) -> str:
    unit = unit_text(work)
    rows: list[Line] = []
    for at_candidate, levels in enumerate(work.levels):
        said: list[tuple[str, ...]] = [(_level_name(v, unit), level_text(v), Phrase(word(v))) for v in levels]
        if one.price and (cost := work.price_per_1000[at_candidate]) is not None:
            said.append((f"1000 {plural(unit)}", _with_half(cost, one.price.currency, 1.0), Phrase("priced")))
        rows += [(one.names[at_candidate] if not at else "", *line) for at, line in enumerate(said)]
    return table_text(
        "",
        (
            Phrase("candidate"),
            Phrase("gross, per"),
            Phrase("mean of rounds, 95 %"),
            Phrase("basis"),
        ),
        rows,
        width,
    )


def _level_name(one: Level, unit: str) -> str:
    if one.measure == "energy":
        return f"{unit}, {spoken(Phrase(one.boundary or ''))}"
    return unit if one.measure == "time" else spoken(Phrase("request, median"))


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
    return f"{value} ± {number(half * 100, '.1f' if half < 0.1 else '.0f')} %"
