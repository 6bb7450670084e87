"""A little SVG: elements as text, axes with round ticks, and nothing that a style sheet can say better.

Coordinates carry one decimal, so that the same figures draw the same bytes.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from bench.phrases import number, told
from bench.report.figures import PageFigure
from bench.report.numbers import published

Attribute = str | float | int


def element(tag: str, *children: str, **attributes: Attribute) -> str:
    """One element; `class_` and `stroke_width` become `class` and `stroke-width`."""
    said = "".join(f' {_name(key)}="{_attribute(value)}"' for key, value in attributes.items())
    return f"<{tag}{said}>{''.join(children)}</{tag}>" if children else f"<{tag}{said}/>"


def diamond(name: str, x: float, y: float, half: float) -> str:
    """The mark of a modelled figure, filled with the hatch of the plot `name`."""
    corners = f"{x - half:.1f},{y:.1f} {x:.1f},{y - half:.1f} {x + half:.1f},{y:.1f} {x:.1f},{y + half:.1f}"
    return element("polygon", points=corners, fill=f"url(#{name}-hatch)", class_="outline modelled")


def cut(words: str, longest: int) -> str:
    """Words that have no more room; the table beside a plot has them whole."""
    return words if len(words) <= longest else words[: longest - 1].rstrip() + "…"


def label(x: float, y: float, words: str, kind: str, anchor: str = "start") -> str:
    """A line of text; `kind` is its class in the style sheet."""
    return element("text", escape(told(words), quote=False), class_=kind, x=x, y=y, text_anchor=anchor)


def tops_under(headings: Sequence[str], top: float, heading_px: float, row_px: float) -> tuple[list[float], float]:
    """Where each row begins, a heading before it where that changes, and where the last one ends."""
    tops, y, heading = [], top, None
    for one in headings:
        y += heading_px if one != heading else 0.0
        tops.append(y)
        y, heading = y + row_px, one
    return tops, y


def figure(x: float, y: float, key: str, entry: PageFigure, *, anchor: str = "end", size: str = "value") -> str:
    """A result number as a label that says which figure it is, so that a verifier finds it."""
    value = published(entry.value)
    shown = element(
        "tspan",
        escape(entry.text, quote=False),
        class_="figure",
        data_figure=key,
        data_value="" if value is None else repr(value),
    )
    unit = element("tspan", f" {escape(entry.unit, quote=False)}", class_="unit") if entry.unit else ""
    return element("text", shown, unit, class_=size, x=x, y=y, text_anchor=anchor)


def drawing(name: str, width: float, height: float, title: str, description: str, body: Sequence[str]) -> str:
    """A whole plot: an accessible, scalable `<svg id="plot-…">`."""
    size = f"0 0 {_attribute(width)} {_attribute(height)}"
    said = escape(name)
    opening = (
        f'<svg id="{said}" class="plot" viewBox="{size}" role="img" '
        f'aria-labelledby="{said}-title {said}-desc" xmlns="http://www.w3.org/2000/svg">'
    )
    titled = element("title", escape(told(title), quote=False), id=f"{name}-title")
    described = element("desc", escape(told(description), quote=False), id=f"{name}-desc")
    return "\n".join((opening, titled, described, *body, "</svg>"))


def hatch(name: str) -> str:
    """The fill of everything that is modelled: diagonal stripes, legible without colour."""
    return element(
        "defs",
        element(
            "pattern",
            element("rect", width=6, height=6, class_="hatch-ground"),
            element("line", x1=0, y1=0, x2=0, y2=6, class_="hatch-stripe"),
            id=f"{name}-hatch",
            width=6,
            height=6,
            patternUnits="userSpaceOnUse",
            patternTransform="rotate(45)",
        ),
    )


def path(points: Sequence[tuple[float, float]], kind: str) -> str:
    """A line through the points."""
    steps = " ".join(f"{_attribute(x)},{_attribute(y)}" for x, y in points)
    return element("polyline", points=steps, class_=kind)


def whisker(low: float, high: float, y: float, kind: str) -> list[str]:
    """An interval lying on a line: a stroke with an end at each bound."""
    return [
        element("line", x1=low, y1=y, x2=high, y2=y, class_=f"whisker {kind}"),
        element("line", x1=low, y1=y - 4, x2=low, y2=y + 4, class_=f"whisker {kind}"),
        element("line", x1=high, y1=y - 4, x2=high, y2=y + 4, class_=f"whisker {kind}"),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """Values → coordinates along one direction, with its ticks."""

    low: float
    high: float
    start: float
    end: float
    ticks: tuple[float, ...]
    log: bool = False

    def at(self, value: float) -> float:
        """The coordinate of a value, held inside the plot."""
        if self.log:
            value = max(value, self.low)
            share = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return self.start + max(0.0, min(1.0, share)) * (self.end - self.start)


def linear(values: Sequence[float], start: float, end: float, count: int = 4) -> Axis:
    """An axis from zero (or below) to a round number above the largest value."""
    top, bottom = max((*values, 0.0)), min((*values, 0.0))
    if top == bottom:
        top = 1.0
    step = _round_step((top - bottom) / count)
    first, last = math.floor(bottom / step + 1e-9), math.ceil(top / step - 1e-9)
    ticks = tuple(n * step for n in range(first, last + 1))
    return Axis(low=ticks[0], high=ticks[-1], start=start, end=end, ticks=ticks)


def logarithmic(values: Sequence[float], start: float, end: float) -> Axis:
    """An axis over whole decades (or 1, 2, 5 of them) around positive values."""
    steps = [
        m * 10.0**e
        for e in range(math.floor(math.log10(min(values))) - 1, math.ceil(math.log10(max(values))) + 1)
        for m in (1, 2, 5)
    ]
    low = max(s for s in steps if s <= min(values))
    high = min((s for s in steps if s >= max(values)), default=steps[-1])
    inside = tuple(s for s in steps if low <= s <= high)
    decades = tuple(s for s in inside if _is_decade(s))
    return Axis(low=low, high=high, start=start, end=end, ticks=decades if len(decades) > 2 else inside, log=True)


def doubling(values: Sequence[int], start: float, end: float) -> Axis:
    """A logarithmic axis of base 2 around two whole numbers or more: each step doubles the one before."""
    low, high = max(0, min(values).bit_length() - 1), max(1, (max(values) - 1).bit_length())
    ticks = tuple(2.0**n for n in range(low, high + 1))
    return Axis(low=ticks[0], high=ticks[-1], start=start, end=end, ticks=ticks, log=True)


def tick_text(value: float, factor: float) -> str:
    """A tick's number in the axis's own unit."""
    return number(round(value / factor, 9), "g").replace("-", "\u2212")


def _is_decade(value: float) -> bool:
    return abs(math.log10(value) - round(math.log10(value))) < 1e-9


def _round_step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    return next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= rough * (1 - 1e-9))


def _name(key: str) -> str:
    return key.rstrip("_").replace("_", "-")


def _attribute(value: Attribute) -> str:
    if isinstance(value, str):
        return escape(value)
    rounded = round(float(value), 1)
    return str(int(rounded)) if rounded == int(rounded) else f"{rounded:.1f}"
