"""Plots of figures with intervals: a dot and a whisker per row, one small panel per quantity.

Solid dots are measured, hatched diamonds modelled; an open square is the gross figure beside its term.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bench.nouns import Basis, Coefficients, Quantity
from bench.phrases import Phrase
from bench.report.figures import Entries
from bench.report.numbers import fitting
from bench.report.svg import (
    Axis,
    cut,
    diamond,
    drawing,
    element,
    figure,
    hatch,
    label,
    linear,
    logarithmic,
    tick_text,
    tops_under,
    whisker,
)
from bench.report.views import ReportInput
from bench.report.voids import void_rates
from bench.report.words import (
    basis_word,
    bounded,
    is_simulated,
    level,
    person,
    rate_domain,
    rate_name,
    rate_unit,
    served_by,
    term_name,
    with_threads,
)

_WIDTH = 440.0
_LEFT, _RIGHT = 10.0, 430.0
_TOP, _HEADING, _ROW, _AXIS = 0.0, 27.0, 42.0, 40.0
_TRACK = 28.0  # from a row's top to the line on which its marks lie
_LONGEST_HEADING, _LONGEST_BY = 50, 24  # beside a label stands its figure
_LOG_FROM_RATIO = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One figure of a row: where it stands on the page and how it is drawn."""

    key: str  # of the figure, without `/value`
    quantity: Quantity
    gross: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DotRow:
    """One line of a panel, under a heading that is shown where it changes. No marks: the row is void."""

    heading: str
    label: str
    marks: tuple[Mark, ...]


def unit_plots(report: ReportInput, known: Entries) -> dict[str, str]:
    """A panel per rate (energy per audio second, per token …), a row per run and domain."""
    panels: dict[str, list[DotRow]] = {}
    simulated = is_simulated(report.sources)
    for run in report.runs:
        for name, rate in run.rates.items():
            domain, short = rate_domain(name), rate_unit(name)
            mark, void = Mark(key=f"runs/{run.id}/rates/{name}", quantity=rate), void_rates(run, name)
            word = "" if void else basis_word(rate.basis, simulated=simulated)
            row = DotRow(
                heading=run.short,
                label=" · ".join(filter(None, (cut(run.by, _LONGEST_BY), person(domain), word))),
                marks=() if void else (mark,),
            )
            panels.setdefault(f"{short}|{rate.unit}", []).append(row)
    return dict(
        _panel(f"plot-unit-{number}", rate_name(key.partition("|")[0]), key.partition("|")[2], rows, known)
        for number, (key, rows) in enumerate(panels.items())
    )


def term_plots(report: ReportInput, known: Entries) -> dict[str, str]:
    """A panel per coefficient term, a row per model: above the resident idle, the gross figure beside it."""
    panels: dict[str, list[DotRow]] = {}
    simulated = is_simulated(report.sources)
    for number, one in enumerate(report.coefficients):
        by = cut(served_by(one.key.engine, one.key.engine_version), _LONGEST_BY)
        apart = with_threads(one.key).removeprefix(", ") if _has_kin(one, report.coefficients) else ""
        for name, term in one.terms.items():
            base = f"coefficients/{number}"
            marks = [Mark(key=f"{base}/terms/{name}", quantity=term)]
            marks += [
                Mark(key=f"{base}/rates/{rate}", quantity=one.rates[rate], gross=True)
                for rate in gross_rates(one.rates, name)
                if one.rates[rate].unit == term.unit
            ]
            row = DotRow(
                heading=" · ".join(filter(None, (*_kin(one), apart))),
                label=f"{by} · {bounded(one)} · {basis_word(term.basis, simulated=simulated)}",
                marks=tuple(marks),
            )
            panels.setdefault(f"{name}|{term.unit}", []).append(row)
    return dict(
        _panel(f"plot-term-{number}", term_name(key.partition("|")[0]), key.partition("|")[2], rows, known)
        for number, (key, rows) in enumerate(panels.items())
    )


def _kin(one: Coefficients) -> tuple[str, ...]:
    return f"{one.key.model}:{one.key.precision}", level(one)


def _has_kin(one: Coefficients, every: Sequence[Coefficients]) -> bool:
    """Whether another make goes by the same heading and engine: other weights, or another server."""
    alike = [o.key for o in every if _kin(o) == _kin(one) and o.key.engine == one.key.engine]
    return len({with_threads(key) for key in alike}) > 1


def gross_rates(rates: Mapping[str, Quantity], term: str) -> tuple[str, ...]:
    """The names of the rates that are this term's gross figures, one per workload."""
    return tuple(name for name in rates if rate_unit(name) == term)


def _panel(name: str, title: str, unit: str, rows: Sequence[DotRow], known: Entries) -> tuple[str, str]:
    tops, bottom = tops_under([row.heading for row in rows], _TOP, _HEADING, _ROW)
    marks = [mark for row in rows for mark in row.marks]
    axis = _axis(marks) if marks else None
    body = [hatch(name)]
    for before, row, top in zip((None, *rows), rows, tops, strict=False):
        if before is None or before.heading != row.heading:
            body.append(label(_LEFT, top - 6, cut(row.heading, _LONGEST_HEADING), "heading"))
        body += _row(name, row, axis, top, known) if axis and row.marks else _void(row, top)
    if axis:
        body += _scale(axis, unit, max(abs(mark.quantity.value) for mark in marks), bottom)
    kind = Phrase(" on a logarithmic axis") if axis and axis.log else ""
    described = Phrase(
        "{title} in {unit} with their bounds{kind}; the table beside it holds the same figures.",
        title=title,
        unit=unit,
        kind=kind,
    )
    return name, drawing(name, _WIDTH, bottom + (_AXIS if axis else 4), title, described, body)


def _axis(marks: Iterable[Mark]) -> Axis:
    quantities = [mark.quantity for mark in marks]
    values = [v for q in quantities for v in (q.low, q.value, q.high) if abs(v) != float("inf")]
    smallest = min(values)
    if smallest > 0 and max(values) / smallest > _LOG_FROM_RATIO:
        return logarithmic(values, _LEFT + 8, _RIGHT - 8)
    return linear(values, _LEFT + 8, _RIGHT - 8)


def _scale(axis: Axis, unit: str, largest: float, bottom: float) -> list[str]:
    factor, said = fitting(unit, largest)
    drawn = [label(axis.at(t), bottom + 15, tick_text(t, factor), "tick", "middle") for t in axis.ticks]
    how = Phrase("{unit}, logarithmic", unit=said) if axis.log else said
    return [*drawn, label((_LEFT + _RIGHT) / 2, bottom + 32, how, "axis", "middle")]


def _row(name: str, row: DotRow, axis: Axis, top: float, known: Entries) -> list[str]:
    key = f"{row.marks[0].key}/value"
    drawn = [label(_LEFT, top + 13, row.label, "row"), figure(_RIGHT, top + 13, key, known[key])]
    for tick in axis.ticks:
        x, kind = axis.at(tick), "zero" if tick == 0 else "grid"
        drawn.append(element("line", x1=x, y1=top + _TRACK - 9, x2=x, y2=top + _TRACK + 9, class_=kind))
    drawn.append(element("line", x1=_LEFT, y1=top + _TRACK, x2=_RIGHT, y2=top + _TRACK, class_="grid"))
    for mark in reversed(row.marks):
        drawn += _mark(name, mark, axis, top + _TRACK)
    return drawn


def _mark(name: str, mark: Mark, axis: Axis, y: float) -> list[str]:
    q = mark.quantity
    low, value, high = axis.at(q.low), axis.at(q.value), axis.at(q.high)
    kind = f"{q.basis} gross" if mark.gross else q.basis
    return [*whisker(low, high, y, kind), _dot(name, value, y, q.basis, mark.gross)]


def _dot(name: str, x: float, y: float, basis: Basis, gross: bool) -> str:
    if gross:
        return element("rect", x=x - 4.5, y=y - 4.5, width=9, height=9, class_=f"open {basis}")
    if basis == "measured":
        return element("circle", cx=x, cy=y, r=5.5, class_="solid measured")
    return diamond(name, x, y, 7)


def _void(row: DotRow, top: float) -> list[str]:
    return [
        label(_LEFT, top + 13, row.label, "row"),
        label(_RIGHT, top + 13, Phrase("void"), "value void", "end"),
        element("line", x1=_LEFT, y1=top + _TRACK, x2=_RIGHT, y2=top + _TRACK, class_="gap"),
    ]
