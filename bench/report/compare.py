"""A comparison → one self-contained HTML page: verdicts, ratios with intervals, and the rounds behind them."""

from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup

from bench.nouns import Source
from bench.nouns.compared import Compared, Difference, Level, Ratio, WorkCompared
from bench.phrases import Phrase
from bench.report.banners import Banner
from bench.report.compare_energy import unit_text, word
from bench.report.compare_front import front_text
from bench.report.compare_plot import ratio_plots
from bench.report.compare_text import (
    agreement_text,
    grounds_text,
    price_text,
    remarks,
    sentences,
    what_text,
)
from bench.report.figures import PageFigure, counted_figure
from bench.report.front_plot import front_plots
from bench.report.marked import FIGURES_ID, bare, block, drawn_title, environment, span
from bench.report.numbers import half_width, shown_parts, spoken
from bench.report.proof import check_text
from bench.report.quality_text import score_name
from bench.report.ratio_text import ratio_parts
from bench.report.words import SPAN_NOTE, asked_beside, is_simulated

_PARTS = {
    "statistical": Phrase("rounds"),
    "windows": Phrase("windows themselves"),
    "gain": Phrase("gain of the sensors"),
    "model": Phrase("span of the model"),
    "unseen_low": Phrase("unseen, below"),
    "unseen_high": Phrase("unseen, above"),
}
_NARROW_RATIO = 1e-3  # of a value: its fourth digit
_Pairs = Iterator[tuple[str, PageFigure]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonInput:
    """Everything that a comparison's page shows; the same value gives the same bytes."""

    id: str
    generated_by: str
    hardware_title: str
    compared: Compared
    sources: tuple[Source, ...]
    runs: tuple[tuple[str, int, str, str, str], ...]  # candidate, round, work, run id, sha256 of its seal


def comparison_entries(shown: ComparisonInput) -> dict[str, PageFigure]:
    """Every number on the page under its key."""
    return dict(_all(shown.compared))


def comparison_plots(shown: ComparisonInput) -> dict[str, str]:
    """Every plot of the page under its id."""
    return {**ratio_plots(shown.compared, comparison_entries(shown)), **front_plots(shown.compared)}


def render_comparison(shown: ComparisonInput) -> str:
    """The whole page."""
    known, one = comparison_entries(shown), shown.compared
    ratios = [r for work in one.works for pair in work.pairs for r in pair.ratios]
    page = environment().get_template("compare.html")
    return page.render(
        shown=shown,
        one=one,
        banners=banners(shown),
        sentences=sentences(one),
        fronts=[text for work in one.works for text in front_text(one, work)],
        remarks=remarks(one),
        plots=_drawn(shown, "plot-ratio-"),
        front_plots=_drawn(shown, "plot-front-"),
        known=known,
        fig=lambda key: bare(known, key),
        span=lambda base: span(known, base, "value"),
        block=block(known),
        figures_id=FIGURES_ID,
        key=ratio_key,
        what=what_text,
        asked_beside=asked_beside,
        unit=unit_text,
        price=price_text,
        columns=columns,
        agreement=agreement_text,
        grounds=grounds_text,
        figure_of=figure_of,
        word=word,
        score_name=score_name,
        parts=_PARTS,
        modelled=any(r.basis == "modelled" for r in ratios),
        span_note=SPAN_NOTE,
        least=min((r.rounds for r in ratios), default=0),
    )


def _drawn(shown: ComparisonInput, family: str) -> list[tuple[Markup, Markup]]:
    """The plots of a family, each with its title; escaped in svg.py."""
    drawn = [Markup(text) for name, text in comparison_plots(shown).items() if name.startswith(family)]
    return [(drawn_title(one), one) for one in drawn]


def columns(work: WorkCompared) -> list[Level]:
    """What the table of candidates has a column for: what any of them has a figure of, in their order."""
    every = {(v.measure, v.boundary): v for levels in work.levels for v in levels}
    order = [(v.measure, v.boundary) for levels in work.levels for v in levels]
    return [every[at] for at in sorted(every, key=lambda at: (at[0] != "energy", order.index(at)))]


def figure_of(levels: tuple[Level, ...], column: Level) -> Level | None:
    """A candidate's figure in a column; None: it has none there."""
    return next((v for v in levels if (v.measure, v.boundary) == (column.measure, column.boundary)), None)


def check_comparison(html: str, shown: ComparisonInput) -> list[tuple[str, str, str]]:
    """Where a page differs from what the sealed runs give; [] when nowhere."""
    entries, plots = comparison_entries(shown), comparison_plots(shown)
    return check_text(html, entries, plots, lambda: render_comparison(shown))


def ratio_key(base: str, one: Ratio | Level) -> str:
    """The key of a ratio or level; `/value`, `/low` and `/high` follow."""
    return f"{base}/{one.measure}" + (f"/{one.boundary}" if one.boundary else "")


def banners(shown: ComparisonInput) -> tuple[Banner, ...]:
    """What must be known before the first ratio is read."""
    one, found = shown.compared, list[Banner]()
    if any(c.engine == "echo" for c in one.candidates):
        line = Phrase("The engine 'echo' runs no model: it only lets time pass, as long as it was told.")
        title = Phrase("A DEMO: no ratio on this page is about a model")
        found.append(Banner(kind="excluded", title=title, lines=(line,)))
    if is_simulated(shown.sources):
        line = Phrase(
            "What was read is a program or a declared power: the page shows what such records look like."
        )
        found.append(
            Banner(kind="excluded", title=Phrase("SIMULATED: no energy here was measured"), lines=(line,))
        )
    modelled = [r for w in one.works for p in w.pairs for r in p.ratios if r.basis == "modelled"]
    if any(r.simulated for r in modelled):
        line = Phrase("A declared power stands where a sensor would: the page shows what such records look like.")
        found.append(
            Banner(kind="excluded", title=Phrase("Power here was DECLARED, by a test double"), lines=(line,))
        )
    if any(not r.simulated for r in modelled):
        line = Phrase(
            "The model of the host sees time and utilisation: a ratio of two modelled energies is a ratio of "
            "processor times. It cannot see the power of the instruction mix."
        )
        found.append(Banner(kind="modelled", title=Phrase("Energy here is MODELLED, not measured"), lines=(line,)))
    if any(c.weights == "synthetic" and c.precision != "none" for c in one.candidates):
        line = Phrase(
            "Seeded random weights in each model's exact architecture: no quality, and power can differ."
        )
        found.append(Banner(kind="synthetic", title=Phrase("Weights are SYNTHETIC"), lines=(line,)))
    return tuple(found)


def _all(one: Compared) -> _Pairs:
    yield "summary/candidates", counted_figure(len(one.names))
    yield (
        "summary/rounds",
        counted_figure(max((r.rounds for w in one.works for p in w.pairs for r in p.ratios), default=0)),
    )
    for w, work in enumerate(one.works):
        for p, pair in enumerate(work.pairs):
            for ratio in pair.ratios:
                yield from _ratio(ratio_key(f"works/{w}/pairs/{p}", ratio), ratio)
            for difference in pair.differences:
                yield from _difference(f"works/{w}/pairs/{p}/quality/{difference.score}", difference)
        largest: dict[str, float] = {}
        for level in (v for levels in work.levels for v in levels):
            largest[level.measure] = max(largest.get(level.measure, 0.0), level.value)
        for c, levels in enumerate(work.levels):
            for level in levels:
                unit = "J" if level.measure == "energy" else "s"
                yield from _level(ratio_key(f"works/{w}/levels/{c}", level), level, unit, largest[level.measure])
        for c, cost in enumerate(work.price_per_1000):
            if cost is not None and one.price is not None:
                yield from _level(f"works/{w}/price/{c}", cost, one.price.currency, cost.value)


def _ratio(base: str, one: Ratio) -> _Pairs:
    values = (one.value, one.low, one.high)
    for name, value, text in zip(("value", "low", "high"), values, ratio_parts(one), strict=True):
        if text:
            yield f"{base}/{name}", PageFigure(value=value, text=text)
    for name, half in one.components.items():
        text, _ = half_width(half * 100, "", 1.0)
        yield f"{base}/components/{name}", PageFigure(value=half, text=text, unit="%")
    yield f"{base}/rounds", counted_figure(one.rounds)


def _difference(base: str, one: Difference) -> _Pairs:
    yield from _interval(base, (one.value, one.low, one.high))


def _level(base: str, one: Level, unit: str, largest: float) -> _Pairs:
    yield from _interval(base, (one.value, one.low, one.high), unit, largest)


def _interval(
    base: str, values: tuple[float, float | None, float | None], unit: str = "", largest: float | None = None
) -> _Pairs:
    """A value and its bounds; an interval narrower than four digits shows no more than those."""
    value, low, high = values
    narrow = low is not None and high is not None and high - low < _NARROW_RATIO * abs(value)
    if narrow:
        texts = tuple("" if v is None else shown_parts(v, unit)[0] for v in values)
        said_unit = shown_parts(value, unit)[1]
    else:
        said = spoken(value, low, high, unit, reference=largest)
        texts, said_unit = (said.value, said.low, said.high), said.unit
    for name, exact, text in zip(("value", "low", "high"), values, texts, strict=True):
        if text:
            yield f"{base}/{name}", PageFigure(value=exact, text=text, unit=said_unit)
