"""Ratios with their intervals against a line at 1: a row for each work and boundary, one plot a pair.

Solid dots are measured, hatched diamonds modelled; an open square is a ratio of times.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from bench.nouns.compared import Compared, Ratio
from bench.phrases import Phrase
from bench.phrases import told as spoken
from bench.report.compare_energy import unit_text, word
from bench.report.compare_text import what_text
from bench.report.figures import PageFigure
from bench.report.svg import (
    Axis,
    cut,
    diamond,
    drawing,
    element,
    figure,
    hatch,
    label,
    tick_text,
    tops_under,
    whisker,
)

_WIDTH = 760.0
_LEFT, _TRACK_FROM, _TRACK_TO, _RIGHT = 10.0, 262.0, 590.0, 750.0
_TOP, _HEADING, _ROW, _AXIS = 6.0, 30.0, 34.0, 46.0
_LONGEST_NAME = 34
_TICKS_APART = 36.0
# Round numbers around 1 on a logarithmic axis; beyond them, and on an axis of many decades, decades.
_DECADES = tuple(float(f"1e{power}") for power in range(-9, 10))
_MANY = 2000.0
_STEPS = (
    *(d for d in _DECADES if d < 0.001),
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 1.0,
    1.02, 1.05, 1.1, 1.2, 1.4, 1.6, 2.0, 2.5, 3.0, 4.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0,
    *(d for d in _DECADES if d > 1000),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    heading: str
    name: str
    key: str
    ratio: Ratio


def ratio_plots(one: Compared, known: Mapping[str, PageFigure]) -> dict[str, str]:
    """A plot for every two candidates, the earlier over the later."""
    made = {}
    for a, b in combinations(range(len(one.names)), 2):
        rows = [
            _Row(
                heading=str(work.work),
                name=what_text(r, unit_text(work))
                + " · "
                + spoken(Phrase(word(r) if r.measure == "energy" else "measured")),
                key=f"works/{w}/pairs/{p}/{r.measure}" + (f"/{r.boundary}" if r.boundary else ""),
                ratio=r,
            )
            for w, work in enumerate(one.works)
            for p, pair in enumerate(work.pairs)
            if (pair.one, pair.other) == (a, b)
            for r in pair.ratios
        ]
        if rows:
            name = f"plot-ratio-{a}-{b}"
            made[name] = _plot(name, one.names[a], one.names[b], rows, known)
    return made


def _plot(name: str, a: str, b: str, rows: Sequence[_Row], known: Mapping[str, PageFigure]) -> str:
    axis = _axis([row.ratio for row in rows])
    tops, bottom = tops_under([row.heading for row in rows], _TOP, _HEADING, _ROW)
    body = [hatch(name)]
    for tick in axis.ticks:
        kind = "zero" if tick == 1 else "grid"
        body.append(element("line", x1=axis.at(tick), y1=_TOP + 22, x2=axis.at(tick), y2=bottom, class_=kind))
        body.append(label(axis.at(tick), bottom + 16, _tick_text(tick), "tick", "middle"))
    heading = None
    for row, top in zip(rows, tops, strict=True):
        if row.heading != heading:
            body.append(label(_LEFT, top - 8, row.heading, "heading"))
        body += _drawn(name, row, axis, top, known)
        heading = row.heading
    body.append(label(_TRACK_FROM, bottom + 36, Phrase("← less by {name}", name=cut(a, _LONGEST_NAME)), "axis"))
    body.append(
        label(_TRACK_TO, bottom + 36, Phrase("more by {name} →", name=cut(a, _LONGEST_NAME)), "axis", "end")
    )
    title = f"{a} ÷ {b}"
    told = Phrase(
        "Ratios of {a} to {b} with their intervals on a logarithmic axis, a line at 1; the table below holds "
        "the same figures.",
        a=a,
        b=b,
    )
    return drawing(name, _WIDTH, bottom + _AXIS, title, told, body)


def _drawn(name: str, row: _Row, axis: Axis, top: float, known: Mapping[str, PageFigure]) -> list[str]:
    y, one = top + 14, row.ratio
    drawn = [
        element("line", x1=_TRACK_FROM, y1=y, x2=_TRACK_TO, y2=y, class_="grid"),
        label(_LEFT, y + 4, row.name, "row"),
        figure(_TRACK_TO + 58, y + 4, f"{row.key}/value", known[f"{row.key}/value"]),
    ]
    ink = one.measure != "energy"
    if one.low is not None and one.high is not None:
        low, high = known.get(f"{row.key}/low"), known.get(f"{row.key}/high")
        if low is not None and high is not None:
            between = Phrase("{low} to {high}", low=low.text, high=high.text)
            drawn.append(label(_RIGHT, y + 4, between, "tick", "end"))
        drawn += whisker(axis.at(one.low), axis.at(one.high), y, "ink" if ink else one.basis)
    else:
        drawn.append(label(_RIGHT, y + 4, Phrase("one round"), "tick", "end"))
    x = axis.at(one.value)
    if ink:
        drawn.append(element("rect", x=x - 4.5, y=y - 4.5, width=9, height=9, class_="open time"))
    elif one.basis == "measured":
        drawn.append(element("circle", cx=x, cy=y, r=5.5, class_="solid measured"))
    else:
        drawn.append(diamond(name, x, y, 7))
    return drawn


def _tick_text(value: float) -> str:
    """As the labels of the rows have it: 1e6, not 1e+06."""
    return tick_text(value, 1.0).replace("e+0", "e").replace("e\u22120", "e\u2212")


def _axis(ratios: Sequence[Ratio]) -> Axis:
    """A logarithmic axis that holds every interval and 1, between round numbers."""
    values = [v for r in ratios for v in (r.low, r.value, r.high) if v is not None] + [1.0]
    low = max((s for s in _STEPS if s <= min(values)), default=_STEPS[0])
    high = min((s for s in _STEPS if s >= max(values)), default=_STEPS[-1])
    # the line at 1 never lies on the edge
    low = min(low, 0.98 if high <= 1.2 else 0.9)
    high = max(high, 1.02 if low >= 0.8 else 1.1)
    axis = Axis(low=low, high=high, start=_TRACK_FROM + 8, end=_TRACK_TO - 8, ticks=(1.0,), log=True)
    ticks, marks = [1.0], _STEPS if high / low <= _MANY else _DECADES
    for steps in ([s for s in marks if 1 < s <= high], [s for s in reversed(marks) if low <= s < 1]):
        last = 1.0
        for step in steps:
            if abs(axis.at(step) - axis.at(last)) >= _TICKS_APART:
                ticks.append(step)
                last = step
    return replace(axis, ticks=tuple(sorted(ticks)))
