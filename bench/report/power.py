"""Two plots of a run: its power over time with its windows, and its energies side by side by basis."""

from collections.abc import Sequence

from bench.nouns import Window, WindowEnergy
from bench.phrases import Phrase, joined, told
from bench.physics.phases import work
from bench.report.figures import Entries, energy_key
from bench.report.numbers import fitting
from bench.report.svg import (
    Axis,
    drawing,
    element,
    figure,
    hatch,
    label,
    linear,
    path,
    tick_text,
    whisker,
)
from bench.report.views import PowerSeries, ReportInput, RunView
from bench.report.voids import is_silent, is_void
from bench.report.words import basis_word, person, tells_double
from bench.units import S_PER_NS

_WIDTH, _LEFT, _RIGHT = 880.0, 52.0, 868.0
_LEGEND, _HEAD, _PLOT, _FOOT = 20.0, 24.0, 220.0, 38.0
_CHARACTER = 6.2  # the mean advance of the labels' 12 px type
_BAR_WIDTH, _BAR_LEFT, _BAR_RIGHT = 440.0, 10.0, 430.0


def power_plots(report: ReportInput) -> dict[str, str]:
    """Per run, watts against seconds: lines for the fields, shades for the windows."""
    return {
        f"plot-power-{number}": _power(f"plot-power-{number}", run)
        for number, run in enumerate(report.runs)
        if run.power
    }


def basis_plots(report: ReportInput, known: Entries) -> dict[str, str]:
    """Per run, one bar per domain for one work window: solid measured, hatched modelled, dashed excluded."""
    drawn = {}
    for number, run in enumerate(report.runs):
        bars = bar_energies(run)
        if bars:
            name = f"plot-basis-{number}"
            drawn[name] = _bars(name, run, bars, known)
    return drawn


def bar_energies(run: RunView) -> tuple[WindowEnergy, ...]:
    """The energies of the first work window that has a figure, or of the first at all."""
    worked = work(run.energies)
    chosen = next(
        (e for e in worked if e.energy_j is not None and not is_void(run, e)), worked[0] if worked else None
    )
    if chosen is None:
        return ()
    return tuple(e for e in worked if (e.phase, e.label) == (chosen.phase, chosen.label))


def _power(name: str, run: RunView) -> str:
    lines = [one for one in run.power if _bounds_of(run.power, one) is None]
    legend_lines = (len(lines) + 1) // 2
    top = legend_lines * _LEGEND + _HEAD + 8
    bottom = top + _PLOT
    ends = [(w.end_ns - run.t0_ns) * S_PER_NS for w in run.windows]
    times = [t for one in run.power for t in one.times_s]
    across = linear((*ends, *times), _LEFT, _RIGHT, count=8)
    across = Axis(
        low=min((*times, 0.0)),
        high=max((*ends, *times, 1e-3)),
        start=_LEFT,
        end=_RIGHT,
        ticks=tuple(t for t in across.ticks if t <= max((*ends, *times, 1e-3))),
    )
    up = linear([p for one in run.power for p in one.power_w], bottom, top)
    body = [*_shades(run, across, top, bottom), *_axes(across, up, top, bottom)]
    body += [_band(one, run.power, across, up) for one in run.power if one.field == "low"]
    for series in sorted(lines, key=lambda one: (one.basis == "measured", one.field == "instant")):
        points = [(across.at(t), up.at(p)) for t, p in zip(series.times_s, series.power_w, strict=True)]
        body.append(path(points, _line_kind(lines, series)))
    for index, series in enumerate(lines):
        pretended = any(tells_double(e.flags) for e in run.energies if e.domain == series.domain)
        word = basis_word(series.basis, simulated=pretended)
        basis = told(Phrase("void")) if is_silent(run, series.domain) else word
        body += _legend(series, basis, _line_kind(lines, series), index)
    title = Phrase("Power over time: {model}, {workload}", model=run.model_title, workload=run.workload)
    described = Phrase(
        "Power in watts against seconds from the run's start, windows shaded by phase: {windows}",
        windows=joined(_said(w) for w in run.windows),
    )
    return drawing(name, _WIDTH, bottom + _FOOT, title, described, body)


def _shades(run: RunView, across: Axis, top: float, bottom: float) -> list[str]:
    drawn = []
    for window in run.windows:
        start = across.at((window.start_ns - run.t0_ns) * S_PER_NS)
        width = across.at((window.end_ns - run.t0_ns) * S_PER_NS) - start
        said = told(_said(window)).strip()
        drawn.append(
            element(
                "rect",
                element("title", said),
                x=start,
                y=top - _HEAD,
                width=width,
                height=bottom - top + _HEAD,
                class_=f"window {window.phase}",
            )
        )
        drawn += _window_label(window, said, start + width / 2, top - 9, width)
    return drawn


def _said(window: Window) -> Phrase:
    return Phrase("{phase} {label}", phase=Phrase(window.phase), label=window.label)


def _window_label(window: Window, said: str, x: float, y: float, width: float) -> list[str]:
    """The longest name of the window that fits above it, or none: its title and the table say it."""
    for words in (said, told(Phrase(window.phase))):
        if len(words) * _CHARACTER <= width:
            return [label(x, y, words, "window-label", "middle")]
    return []


def _axes(across: Axis, up: Axis, top: float, bottom: float) -> list[str]:
    factor, unit = fitting("W", up.high)
    drawn = []
    for tick in up.ticks:
        y = up.at(tick)
        drawn.append(element("line", x1=_LEFT, y1=y, x2=_RIGHT, y2=y, class_="zero" if tick == 0 else "grid"))
        drawn.append(label(_LEFT - 6, y + 4, tick_text(tick, factor), "tick", "end"))
    drawn.append(label(_LEFT - 6, top - 12, unit, "axis", "end"))
    for tick in across.ticks:
        drawn.append(label(across.at(tick), bottom + 16, tick_text(tick, 1.0), "tick", "middle"))
    drawn.append(
        label((_LEFT + _RIGHT) / 2, bottom + 33, Phrase("seconds from the run's start"), "axis", "middle")
    )
    return drawn


def _bounds_of(power: Sequence[PowerSeries], one: PowerSeries) -> PowerSeries | None:
    """The other bound of a model's band, when `one` is a bound and both were read at the same times."""
    other = {"low": "high", "high": "low"}.get(one.field)
    return next(
        (p for p in power if p.domain == one.domain and p.field == other and p.times_s == one.times_s), None
    )


def _band(low: PowerSeries, power: Sequence[PowerSeries], across: Axis, up: Axis) -> str:
    """The span between a model's bounds, or nothing where it has only one."""
    high = _bounds_of(power, low)
    if high is None:
        return ""
    there = [(across.at(t), up.at(p)) for t, p in zip(low.times_s, low.power_w, strict=True)]
    back = [(across.at(t), up.at(p)) for t, p in zip(high.times_s, high.power_w, strict=True)]
    return path([*there, *reversed(back)], f"band {low.basis}")


def _line_kind(lines: Sequence[PowerSeries], one: PowerSeries) -> str:
    same = [p for p in lines if p.basis == one.basis]
    return f"line {one.basis} tone-{same.index(one) % 4}"


def _legend(series: PowerSeries, basis: str, kind: str, index: int) -> list[str]:
    x = _LEFT + (index % 2) * (_RIGHT - _LEFT) / 2
    y = 14 + (index // 2) * _LEGEND
    banded = told(Phrase(", in its band from low to high")) if series.field == "value" else ""
    return [
        element("line", x1=x, y1=y - 4, x2=x + 26, y2=y - 4, class_=kind),
        label(x + 33, y, f"{person(series.domain)}, {series.field}: {basis}{banded}", "legend"),
    ]


def _bars(name: str, run: RunView, bars: Sequence[WindowEnergy], known: Entries) -> str:
    row = 44.0
    drawn_bars = [e for e in bars if not is_void(run, e)]
    values = [v for e in drawn_bars for v in (e.energy_j, e.high_j) if v is not None]
    axis = linear(values, _BAR_LEFT, _BAR_RIGHT - 6)
    bottom = 8 + row * len(bars)
    body = [hatch(name)]
    factor, unit = fitting("J", max((e.energy_j or 0.0 for e in drawn_bars), default=0.0))
    for tick in axis.ticks if values else ():
        anchor = "start" if tick == axis.ticks[0] else "end" if tick == axis.ticks[-1] else "middle"
        body.append(label(axis.at(tick), bottom + 15, tick_text(tick, factor), "tick", anchor))
    for index, energy in enumerate(bars):
        body += _bar(name, run, energy, axis, 8 + row * index, known)
    if values:
        body.append(label((_BAR_LEFT + _BAR_RIGHT) / 2, bottom + 32, unit, "axis", "middle"))
    title = Phrase("{run}, {phase} {label}", run=run.short, phase=Phrase(bars[0].phase), label=bars[0].label)
    described = Phrase(
        "One bar per domain, never summed: solid is measured, hatched is modelled, dashed is excluded."
    )
    return drawing(name, _BAR_WIDTH, bottom + (40 if values else 6), title, described, body)


def _bar(name: str, run: RunView, energy: WindowEnergy, axis: Axis, top: float, known: Entries) -> list[str]:
    key, void = f"{energy_key(run, energy)}/energy_j", is_void(run, energy)
    word = basis_word(energy.basis, simulated=tells_double(energy.flags))
    drawn = [
        label(_BAR_LEFT, top + 13, person(energy.domain) + ("" if void else f" · {word}"), "row"),
        figure(_BAR_RIGHT, top + 13, key, known[key], size=f"value {_gap(known[key].value, energy)}".strip()),
    ]
    y, height = top + 19, 16
    if energy.energy_j is None or void:
        full = _BAR_RIGHT - 6 - _BAR_LEFT
        kind = "bar excluded" if energy.basis == "excluded" else "bar void"
        return [*drawn, element("rect", x=_BAR_LEFT, y=y, width=full, height=height, class_=kind)]
    for t in axis.ticks:
        kind = "zero" if t == 0 else "grid"
        drawn.append(element("line", x1=axis.at(t), y1=y - 1, x2=axis.at(t), y2=y + height + 3, class_=kind))
    start, end = axis.at(0.0), axis.at(energy.energy_j)
    fill = {"fill": f"url(#{name}-hatch)"} if energy.basis == "modelled" else {}
    drawn.append(
        element(
            "rect",
            x=start,
            y=y,
            width=max(end - start, 1.0),
            height=height,
            class_=f"bar {energy.basis}",
            **fill,
        )
    )
    if energy.low_j is not None and energy.high_j is not None:
        low, high, middle = axis.at(energy.low_j), axis.at(energy.high_j), y + height / 2
        drawn.append(element("line", x1=low, y1=middle, x2=high, y2=middle, class_="halo"))
        drawn += whisker(low, high, middle, "ink")
    return drawn


def _gap(value: float | None, energy: WindowEnergy) -> str:
    """The class of the word that stands for no figure."""
    return "" if value is not None else "excluded" if energy.basis == "excluded" else "void"
