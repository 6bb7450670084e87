"""docs/meter.json (kept by `scripts/perf_meter.py --keep`) → the tables and the drawing in docs/method.md."""

import json
import math
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

import perf_meter
from perf_goals import MET, markdown_table

from bench.fit.intervals import SYNTHETIC_DATA_RATIO_95
from bench.meters.nvml.probe import GAIN_RATIO_95
from bench.meters.rapl import GAIN_RATIO_95 as RAPL_GAIN_RATIO_95
from bench.nouns import Timing
from bench.physics import energy, folding, ticks, trains
from bench.sensing import recorder

DRAWING = "meter.svg"
_DOTS = (("10 s", "ten"), ("1 s", "one"), ("150 ms request", "request"))
_LEFT, _ROW, _WIDTH = 150, 17, 720
_DECADES = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)


def tables(data: Mapping[str, Any]) -> str:
    """What was asked and found, and every table behind it, in Markdown."""
    made = list(perf_meter.sections(data))
    goals = [(g.name, g.asked, g.found, MET[g.met]) for s in made for g in s.goals]
    effort = data["effort"]
    lines = [
        f"Measured on {data['date']} by `make perf-meter`: {effort['bias']} windows a class for errors, "
        f"{effort['coverage']} for intervals, {effort['real']} in real time.",
        "",
        *markdown_table(("what", "asked", "found", "met"), goals),
    ]
    for section in made:
        lines += ["", f"<details><summary>{section.title}</summary>", ""]
        lines += [*markdown_table(section.head, section.rows), "", "</details>"]
    return "\n".join(lines) + "\n"


def constants() -> str:
    """The numbers that the page speaks of, out of the code."""
    rows = (
        (
            "rest beside every window",
            f"{recorder.REST_S:g} s; {recorder.TRAILING_REST_S:g} s where means may trail",
        ),
        ("close looks at an edge", f"{recorder.APPROACH_S:g} s before work, then as long after it"),
        (
            "gain of a board, 95 % of boards within",
            f"±{GAIN_RATIO_95:.0%} (NVML), ±{RAPL_GAIN_RATIO_95:.0%} (RAPL)",
        ),
        ("data of synthetic weights", f"±{SYNTHETIC_DATA_RATIO_95:.0%}"),
        ("counter and witness apart, from windows of", f"{energy.WITNESS_WINDOW_S:g} s on"),
        ("… flagged, void", f"over {energy.WITNESS_FLAG_RATIO:.0%}, over {energy.WITNESS_VOID_RATIO:.0%}"),
        ("longest silence inside a window", f"{ticks.LONGEST_SILENCE_S:g} s"),
        ("least share that a sensor is taken to see", f"{folding.LEAST_SEEN_RATIO:.0%}"),
        ("parts that a batch's course is folded on", f"{folding.PARTS}"),
        ("trains in a block, periods in a train", f"{trains.TRAINS_A_BLOCK}, {trains.PERIODS_A_TRAIN}"),
        ("precision that a cell goes on for", f"±{Timing().precision_ratio:.0%}"),
    )
    return "\n".join(markdown_table(("number", "value"), rows)) + "\n"


def drawing(data: Mapping[str, Any]) -> str:
    """The error that 95 % of windows stay below, beside that of a counter read at both ends, class by class."""
    kinds = data["kinds"]
    rows = [(k, label, name) for k in kinds for label, name in _DOTS]
    height = 56 + _ROW * len(rows) + 30
    body = [_text(_LEFT, 18, "error that 95 % of windows stay below", weight="bold")]
    body += [
        _circle(_LEFT + 6, 34, True) + _text(_LEFT + 16, 38, "Joulemark"),
        _circle(_LEFT + 106, 34, False) + _text(_LEFT + 116, 38, "the counter, read at both ends"),
    ]
    for decade in _DECADES:
        x = _x(decade)
        body.append(f'<line x1="{x:.1f}" y1="48" x2="{x:.1f}" y2="{height - 26}" stroke="#d5d5d0"/>')
        body.append(
            _text(
                x,
                height - 10,
                f"{decade:.3%}" if decade < 1e-3 else f"{decade:.0%}" if decade >= 0.01 else f"{decade:.1%}",
                anchor="middle",
            )
        )
    for index, (kind, label, name) in enumerate(rows):
        y = 62 + _ROW * index
        if name == "ten":
            body.append(_text(4, y + 4, f"{kind['of']}, {kind['counter']}"))
            body.append(f'<line x1="0" y1="{y - 9}" x2="{_WIDTH}" y2="{y - 9}" stroke="#eeeeea"/>')
        body.append(_text(_LEFT - 6, y + 4, label, anchor="end", size=9))
        naive = kind[name]["naive_worst_ratio"]
        if naive is not None:
            body.append(_circle(_x(naive), y, False))
        body.append(_circle(_x(kind[name]["worst_ratio"]), y, True))
    title = "Errors of the meter on simulated sensors, whose truth is known"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" '
        f'font-family="sans-serif" font-size="11"><title>{title}</title>'
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>\n' + "\n".join(body) + "\n</svg>\n"
    )


def read(path: Path) -> Mapping[str, Any]:
    """The kept result."""
    data: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return data


def _x(ratio: float) -> float:
    low, high = math.log10(_DECADES[0]), math.log10(_DECADES[-1])
    at = (math.log10(min(max(ratio, _DECADES[0]), _DECADES[-1])) - low) / (high - low)
    return _LEFT + at * (_WIDTH - _LEFT - 24)


def _circle(x: float, y: float, ours: bool) -> str:
    fill = "#0b6e4f" if ours else "none"
    return f'<circle cx="{x:.1f}" cy="{y}" r="4" fill="{fill}" stroke="{"#0b6e4f" if ours else "#b5541c"}"/>'


def _text(x: float, y: float, words: str, *, anchor: str = "start", weight: str = "normal", size: int = 11) -> str:
    said = escape(words, quote=False)
    return (
        f'<text x="{x:.1f}" y="{y}" text-anchor="{anchor}" font-weight="{weight}" font-size="{size}">{said}</text>'
    )
