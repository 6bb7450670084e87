"""docs/fit_limits.json (kept by `scripts/fit_limits.py --keep`) → the drawing and the tables in docs/method.md."""

import json
import math
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from fit_limits import RESULT
from perf_goals import markdown_table

DRAWING = "fit_limits.svg"
_WIDTH, _HEIGHT, _COLUMNS = 440, 270, 2
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 16, 44, 92
_LOWEST, _HIGHEST = -3.5, 1.0  # decades of an error that are drawn
_COLOURS = ("#0b6e4f", "#b5541c")
_GREY = "#77776f"


def read(path: Path = RESULT) -> Mapping[str, Any]:
    """The kept result."""
    data: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return data


def tables(data: Mapping[str, Any]) -> str:
    """Every panel's figures, in Markdown."""
    lines = [
        f"Campaigns of the **simulated** server ({data['campaigns']} for each point, windows that scatter by "
        f"{data['noise']:.0%} where nothing else is said), of {data['date']}.",
    ]
    for number, panel in enumerate(data["panels"], start=1):
        said = (panel["said"],) if panel["said"] else ()
        head = (panel["x"], *(one["name"] for one in panel["lines"]), *said)
        lines += ["", f"<details><summary>{number}. {escape(panel['title'])}</summary>", ""]
        lines += [*markdown_table(head, _rows(panel)), "", "</details>"]
    return "\n".join(lines) + "\n"


def drawing(data: Mapping[str, Any]) -> str:
    """All panels, two beside each other."""
    panels = data["panels"]
    height = _HEIGHT * math.ceil(len(panels) / _COLUMNS)
    body = []
    for number, panel in enumerate(panels):
        x, y = _WIDTH * (number % _COLUMNS), _HEIGHT * (number // _COLUMNS)
        body.append(f'<g transform="translate({x} {y})">\n' + "\n".join(_panel(panel, number + 1)) + "\n</g>")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH * _COLUMNS} {height}" role="img" '
        'font-family="sans-serif" font-size="11"><title>Where the fit fails, on a simulated server</title>'
        f'<rect width="{_WIDTH * _COLUMNS}" height="{height}" fill="#ffffff"/>\n' + "\n".join(body) + "\n</svg>\n"
    )


def _rows(panel: Mapping[str, Any]) -> list[tuple[str, ...]]:
    rows = []
    for number, first in enumerate(panel["lines"][0]["points"]):
        cells = [_percent(one["points"][number]["y"]) for one in panel["lines"]]
        said = (_percent(first["said"]),) if panel["said"] else ()
        rows.append((_label(first["x"]), *cells, *said))
    return rows


def _panel(panel: Mapping[str, Any], number: int) -> list[str]:
    xs = [point["x"] for point in panel["lines"][0]["points"]]
    made = [
        _text(_LEFT, 16, f"{number}. {panel['title']}", weight="bold"),
        _text(_LEFT, 32, panel["y"], fill=_GREY),
    ]
    made += _grid(panel["share"])
    bottom = _HEIGHT - _BOTTOM
    made += [_text(_x(k, len(xs)), bottom + 14, _label(x), anchor="middle", size=9) for k, x in enumerate(xs)]
    made.append(_text(_LEFT, bottom + 28, panel["x"], fill=_GREY))
    for place, line in enumerate(panel["lines"]):
        ys = [point["y"] for point in line["points"]]
        made += _series([None if y is None else _y(y, share=panel["share"]) for y in ys], _COLOURS[place])
        made.append(_legend(bottom + 44 + 15 * place, line["name"], _COLOURS[place]))
    if panel["said"]:
        said = [_y(point["said"] or 0.0, share=True) for point in panel["lines"][0]["points"]]
        made += _series(said, _GREY, dashed=True)
        told = f"the fit says so: {panel['said']} (0 to 100 %)"
        made.append(_legend(bottom + 44 + 15 * len(panel["lines"]), told, _GREY, dashed=True))
    return made


def _grid(share: bool) -> list[str]:
    marks = (0.0, 0.25, 0.5, 0.75, 1.0) if share else (1e-3, 1e-2, 1e-1, 1.0, 10.0)
    made = []
    for mark in marks:
        y = _y(mark, share=share)
        made.append(f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{_WIDTH - _RIGHT}" y2="{y:.1f}" stroke="#e2e2dc"/>')
        made.append(_text(_LEFT - 6, y + 4, _percent(mark), anchor="end", size=9))
    return made


def _series(ys: Sequence[float | None], colour: str, *, dashed: bool = False) -> list[str]:
    """A line through the points that there are, and a dot at each."""
    places = [(_x(k, len(ys)), y) for k, y in enumerate(ys) if y is not None]
    drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dash = ' stroke-dasharray="4 3"' if dashed else ""
    made = [f'<polyline points="{drawn}" fill="none" stroke="{colour}" stroke-width="1.5"{dash}/>']
    if not dashed:
        made += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
    return made


def _legend(y: float, name: str, colour: str, *, dashed: bool = False) -> str:
    dash = ' stroke-dasharray="4 3"' if dashed else ""
    ends = f'x1="{_LEFT}" y1="{y - 4}" x2="{_LEFT + 18}" y2="{y - 4}"'
    line = f'<line {ends} stroke="{colour}" stroke-width="2"{dash}/>'
    return line + _text(_LEFT + 24, y, name, size=10)


def _x(index: int, count: int) -> float:
    """Strengths stand at equal distances: they are named below, and not to scale."""
    return _LEFT + 12 + index * (_WIDTH - _LEFT - _RIGHT - 24) / max(1, count - 1)


def _y(value: float, *, share: bool) -> float:
    room = _HEIGHT - _TOP - _BOTTOM
    if share:
        return _TOP + (1 - value) * room
    decade = min(max(math.log10(max(value, 1e-9)), _LOWEST), _HIGHEST)
    return _TOP + (_HIGHEST - decade) / (_HIGHEST - _LOWEST) * room


def _percent(ratio: float | None) -> str:
    if ratio is None:
        return "–"
    return f"{ratio:.0%}" if ratio in (0.0, 1.0) or ratio >= 0.1 else f"{ratio * 100:.2g}%"


def _label(x: float) -> str:
    """A ratio as per cent, a count as it is."""
    return f"{x:g}" if x > 1 else _percent(x)


def _text(
    x: float, y: float, text: str, *, anchor: str = "start", size: int = 11, weight: str = "", fill: str = "#222"
) -> str:
    bold = f' font-weight="{weight}"' if weight else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{fill}"{bold}>'
        f"{escape(text)}</text>"
    )
