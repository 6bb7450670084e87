"""Joules against the batch: one panel per model, boundary and workload, one line per precision.

Every point is a gross rate that the coefficients publish, by an entry per batch or by one that holds several:
nothing is computed here but where it is drawn, so that the page's table and plot show the very figures that
`verify` recomputes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace

from bench.nouns import Basis, Boundary, CoefficientKey, Coefficients, Quantity
from bench.nouns.levels import over_batches, over_loads, parted
from bench.phrases import Phrase
from bench.report.numbers import fitting
from bench.report.svg import (
    Axis,
    cut,
    diamond,
    doubling,
    drawing,
    element,
    hatch,
    label,
    linear,
    logarithmic,
    path,
    tick_text,
)
from bench.report.views import ReportInput
from bench.report.words import level, rate_name, rate_unit, rate_workload

_WIDTH, _LEFT = 440.0, 58.0
_SAMPLE, _CHARACTER, _LONGEST_NAME = 28.0, 6.8, 24  # lines are named at their right end, in 12.5 px type
_TOP, _PLOT, _FOOT = 20.0, 230.0, 40.0
_MARGIN = 16.0  # from the frame to the first and the last batch
_APART = 7.0  # lines lie a little beside each other, so that intervals of one batch do not hide each other
_NAME_HEIGHT = 14.0
_LOG_FROM_RATIO = 10.0
_FEWEST_BATCHES = 2
_TONES = 4  # of the style sheet; more lines repeat them, and are told apart by their names
_REQUEST = "request"
_EXCLUDED = "excluded "


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchPoint:
    """One batch: the number of its entry on the page, its gross rates by what they are per."""

    number: int
    batch: int
    rates: Mapping[str, Quantity]  # "output_token" → J/token
    called: str  # how the entry calls workload and level: its rates are UNIT@CALLED
    alone: bool  # whether the entry holds this batch and no other


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLine:
    """The batches of one precision (and engine version, limit, load), the smallest first."""

    name: str
    points: tuple[BatchPoint, ...]
    missing: tuple[tuple[int, str], ...]  # (batch, why) where every run of a batch is void

    @property
    def rows(self) -> tuple[tuple[int, BatchPoint | None, str], ...]:
        """Points and gaps, the smallest batch first: its point, or why there is none."""
        found = [(one.batch, one, "") for one in self.points]
        return tuple(
            sorted([*found, *((batch, None, why) for batch, why in self.missing)], key=lambda row: row[0])
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchPanel:
    """One model and workload within one boundary, with every line that has two batches or more."""

    key: CoefficientKey  # of its first line
    boundary: Boundary
    basis: Basis
    workload: str
    units: tuple[str, ...]  # what joules are per; the first one is drawn
    lines: tuple[BatchLine, ...]


_Entry = tuple[int, Coefficients]  # with its number on the page


def batch_panels(report: ReportInput) -> tuple[BatchPanel, ...]:
    """The panels of a report in the order of its coefficients; () where no workload ran at two batches."""
    gathered: dict[tuple[str, ...], list[_Entry]] = {}
    for number, one in enumerate(report.coefficients):
        at = (one.key.model, one.key.weights, one.key.engine, one.key.hardware, one.boundary)
        gathered.setdefault(at, []).append((number, one))
    return tuple(panel for members in gathered.values() for panel in _panels(members))


def batch_plots(report: ReportInput) -> dict[str, str]:
    """A plot per panel, numbered like `batch_panels`."""
    return {f"plot-batch-{n}": _plot(f"plot-batch-{n}", one) for n, one in enumerate(batch_panels(report))}


def _panels(members: Sequence[_Entry]) -> Iterator[BatchPanel]:
    shown = dict.fromkeys((_at(one, name)[0], q.basis) for _, one in members for name, q in one.rates.items())
    for workload, basis in shown:
        gathered: dict[str, list[_Entry]] = {}
        for number, one in members:
            gathered.setdefault(repr(_line_key(one)), []).append((number, one))
        kept = [line for line in gathered.values() if len(_points(line, workload, basis)) >= _FEWEST_BATCHES]
        if kept:
            names = _names([line[0][1] for line in kept])
            lines = tuple(_line(name, line, workload, basis) for name, line in zip(names, kept, strict=True))
            units = dict.fromkeys(unit for line in lines for point in line.points for unit in point.rates)
            yield BatchPanel(
                key=kept[0][0][1].key,
                boundary=kept[0][0][1].boundary,
                basis=basis,
                workload=workload,
                units=tuple(sorted(units, key=lambda unit: unit == _REQUEST)),
                lines=lines,
            )


def _line_key(one: Coefficients) -> tuple[CoefficientKey, str]:
    """What the points of one line share: everything but the batch."""
    return one.key, _beside(one)


def _beside(one: Coefficients) -> str:
    """An entry's level but for the batch, in words."""
    loads = tuple(dict.fromkeys(load or "concurrency=1" for _, load in map(parted, one.levels)))
    return level(replace(one, batch=1, levels=loads if over_loads(one.levels) else ()))


def _at(one: Coefficients, rate: str) -> tuple[str, int]:
    """Of a rate's name the workload, its load with it, and the batch."""
    workload, _, at = rate_workload(rate).partition("@")
    batch, load = parted(at)
    return f"{workload}@{load}" if load else workload, batch if over_batches(one.levels) else one.batch


def _points(entries: Sequence[_Entry], workload: str, basis: Basis) -> list[BatchPoint]:
    found = []
    for number, one in entries:
        mine: dict[tuple[int, str], dict[str, Quantity]] = {}
        for name, quantity in one.rates.items():
            of, batch = _at(one, name)
            if (of, quantity.basis) == (workload, basis):
                mine.setdefault((batch, rate_workload(name)), {})[rate_unit(name)] = quantity
        alone = not over_batches(one.levels)
        found += [
            BatchPoint(number=number, batch=batch, rates=rates, called=called, alone=alone)
            for (batch, called), rates in mine.items()
        ]
    return sorted(found, key=lambda point: point.batch)


def _line(name: str, entries: Sequence[_Entry], workload: str, basis: Basis) -> BatchLine:
    """A line with its gaps: a batch of which no run has a figure says why, as its entry does."""
    missing = [
        (one.batch, "; ".join(note.removeprefix(_EXCLUDED) for note in one.notes if note.startswith(_EXCLUDED)))
        for _, one in entries
        if not one.runs
    ]
    points = tuple(_points(entries, workload, basis))
    return BatchLine(name=name, points=points, missing=tuple(sorted(missing)))


def _names(lines: Sequence[Coefficients]) -> list[str]:
    """The precision of each line, and whatever else of its key tells it from the others."""
    differing = [
        field.name
        for field in fields(CoefficientKey)
        if field.name != "precision" and len({getattr(one.key, field.name) for one in lines}) > 1
    ]
    precisions = [one.key.precision for one in lines]
    named = []
    for one in lines:
        twice = precisions.count(one.key.precision) > 1
        more = [str(value) for name in differing if twice and (value := getattr(one.key, name)) is not None]
        named.append(" · ".join(said for said in (one.key.precision, _beside(one), *more) if said))
    return named


def _plot(name: str, panel: BatchPanel) -> str:
    unit, bottom = panel.units[0], _TOP + _PLOT
    drawn = [[(p.batch, p.rates[unit]) for p in line.points if unit in p.rates] for line in panel.lines]
    every = [q for line in drawn for _, q in line]
    said = [cut(line.name, _LONGEST_NAME) for line in panel.lines]
    right = _WIDTH - _SAMPLE - _CHARACTER * max(map(len, said))
    across = doubling([batch for line in drawn for batch, _ in line], _LEFT + _MARGIN, right - _MARGIN)
    up = _joules(every, bottom)
    factor, unit_said = fitting(every[0].unit, max(abs(q.value) for q in every))
    body = [hatch(name), *_grid(across, up, (bottom, right), factor)]
    ends, tones = [], []
    for number, line in enumerate(drawn):
        shift = _APART * (number - (len(drawn) - 1) / 2)
        marks = [(across.at(batch) + shift, q) for batch, q in line]
        tones.append(f"{panel.basis} tone-{number % _TONES}")
        body.append(path([(x, up.at(q.value)) for x, q in marks], f"line {tones[-1]}"))
        body += [mark for x, q in marks for mark in _point(name, x, q, up, tones[-1])]
        ends.append(up.at(marks[-1][1].value))
    for y, words, tone in zip(_spread(ends), said, tones, strict=True):
        body.append(path([(right + 4, y), (right + 22, y)], f"line {tone}"))
        body.append(label(right + 26, y + 4, words, "legend"))
    body.append(
        label((_LEFT + right) / 2, bottom + 34, Phrase("requests in a batch, logarithmic"), "axis", "middle")
    )
    how = (
        Phrase("{unit}, gross, logarithmic", unit=unit_said) if up.log else Phrase("{unit}, gross", unit=unit_said)
    )
    body.append(label(_LEFT, _TOP - 7, how, "axis"))
    title = f"{panel.key.model} · {panel.workload} · {panel.boundary}, {rate_name(unit)}"
    about = Phrase(
        "Gross energy against the batch with its bounds, a line per precision; the table holds the figures."
    )
    return drawing(name, _WIDTH, bottom + _FOOT, title, about, body)


def _joules(quantities: Sequence[Quantity], bottom: float) -> Axis:
    """From zero; logarithmic where the figures and their intervals span more than that can show."""
    values = [v for q in quantities for v in (q.low, q.value, q.high) if abs(v) != float("inf")]
    spans = min(values) > 0 and max(values) / min(values) > _LOG_FROM_RATIO
    return logarithmic(values, bottom, _TOP) if spans else linear(values, bottom, _TOP)


def _grid(across: Axis, up: Axis, corner: tuple[float, float], factor: float) -> list[str]:
    (bottom, right), drawn = corner, []
    for tick in up.ticks:
        drawn.append(element("line", x1=_LEFT, y1=up.at(tick), x2=right, y2=up.at(tick), class_="grid"))
        drawn.append(label(_LEFT - 6, up.at(tick) + 4, tick_text(tick, factor), "tick", "end"))
    drawn += [label(across.at(t), bottom + 16, tick_text(t, 1.0), "tick", "middle") for t in across.ticks]
    return drawn


def _point(name: str, x: float, one: Quantity, up: Axis, tone: str) -> list[str]:
    """A dot (solid measured, hatched modelled) on its upright interval."""
    y, low, high = up.at(one.value), up.at(one.low), up.at(one.high)
    kind = f"whisker {tone}"
    drawn = [element("line", x1=x, y1=low, x2=x, y2=high, class_=kind)]
    drawn += [element("line", x1=x - 3, y1=end, x2=x + 3, y2=end, class_=kind) for end in (low, high)]
    if one.basis == "measured":
        return [*drawn, element("circle", cx=x, cy=y, r=5, class_=f"solid {tone}")]
    return [*drawn, diamond(name, x, y, 6)]


def _spread(heights: Sequence[float]) -> list[float]:
    """The heights of the lines' names, pushed down where two would overlap."""
    placed: dict[int, float] = {}
    last = float("-inf")
    for number in sorted(range(len(heights)), key=lambda n: heights[n]):
        last = max(heights[number], last + _NAME_HEIGHT)
        placed[number] = last
    return [placed[number] for number in range(len(heights))]
