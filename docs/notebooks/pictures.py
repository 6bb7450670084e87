"""The pictures of estimate.ipynb: drawn here, so that the notebook shows what is said and not how it is drawn."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import pandas

BLUE, LIGHT, ORANGE, GREY, INK = "#1f6f8b", "#bfdde6", "#d9643a", "#8a929a", "#22313a"
_STYLE = {
    "figure.figsize": (8.5, 3.2),
    "figure.dpi": 110,
    "savefig.bbox": "tight",
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
}
plt.rcParams.update(_STYLE)
pandas.set_option("display.width", 110, "display.max_columns", 12, "display.max_colwidth", None)


def digits(number: float) -> str:
    """Three digits: nobody knows more of them."""
    return f"{float(f'{number:.3g}'):,.0f}" if abs(number) >= 1000 else f"{number:.3g}"


def power(readings: pandas.DataFrame, windows: pandas.DataFrame) -> None:
    """Modelled watts of one run, half a second apart, over the windows in which something is measured."""
    own = readings[readings.kind.eq("energy") & readings.domain.eq("host")]
    joules = own.pivot(index="t_ns", columns="field", values="value").iloc[::10]
    start_ns = joules.index[0]
    steps_s = pandas.Series(joules.index).diff().iloc[1:].to_numpy() / 1e9
    watts = joules.diff().iloc[1:].div(steps_s, axis=0)
    seconds = (joules.index[1:] - start_ns) / 1e9
    _, axes = plt.subplots()
    axes.fill_between(seconds, watts.low, watts.high, color=LIGHT, lw=0, label="any server known")
    axes.plot(seconds, watts.value, color=BLUE, label="modelled power")
    labels = {"idle": "idle, counted", "work": "work, counted"}
    for one in windows[windows.phase.isin(labels)].itertuples():
        ends = ((one.start_ns - start_ns) / 1e9, (one.end_ns - start_ns) / 1e9)
        colour = ORANGE if one.phase == "work" else GREY
        axes.axvspan(*ends, ymax=0.04, color=colour, label=labels.pop(one.phase, None))
    axes.set(xlabel="seconds", ylabel="W", title="One run of Whisper tiny: MODELLED power, SYNTHETIC weights")
    axes.set_ylim(0, 1.3 * watts.high.max())
    axes.legend(loc="upper left", ncols=4)
    plt.show()


def by_length(lengths: Sequence[float], joules: Sequence[Any], measured_to: float) -> None:
    """Joules of one podcast by its length: likely ones, and the interval as far as the picture reaches."""
    _, axes = plt.subplots()
    axes.fill_between(
        lengths, [one.low for one in joules], [one.high for one in joules], color=LIGHT, lw=0, label="90 %"
    )
    axes.plot(lengths, [one.value for one in joules], color=BLUE, label="likely")
    top = 1.6 * joules[-1].value
    _shaded(axes, measured_to, lengths[-1], top, "longer than any clip measured: wider")
    axes.set(xlabel="seconds of one podcast", ylabel="J", title="Energy of one podcast, Whisper tiny")
    axes.set(ylim=(0, top), xlim=(0, lengths[-1]))
    axes.legend(loc="upper left")
    plt.show()


def fan(months: Sequence[str], kg: Sequence[Any], known_months: int) -> None:
    """Grams of every month at P10, P50 and P90."""
    _, axes = plt.subplots()
    places = range(len(months))
    high = [1000 * one.p90 for one in kg]
    axes.fill_between(places, [1000 * one.p10 for one in kg], high, color=LIGHT, lw=0, label="P10 to P90")
    axes.plot(places, [1000 * one.p50 for one in kg], color=BLUE, marker="o", ms=3, label="P50")
    _shaded(axes, known_months - 0.5, len(months) - 0.5, 1.25 * max(high), "beyond 12 months of data: a what-if")
    axes.set_xticks(list(places)[::3], list(months)[::3])
    axes.set(ylabel="g CO2e a month", title="Electricity of the service in France, location-based")
    axes.set(ylim=(0, 1.25 * max(high)), xlim=(-0.3, len(months) - 0.5))
    axes.legend(loc="upper left")
    plt.show()


def spans(found: Mapping[str, Any], title: str, *, log: bool) -> None:
    """P10, P50 and P90 of kilograms, a line a name; the last in another colour."""
    _, axes = plt.subplots(figsize=(8.5, 0.9 + 0.36 * len(found)))
    for row, one in enumerate(reversed(found.values())):
        colour = ORANGE if row == 0 and not log else BLUE
        axes.plot([one.p10, one.p90], [row, row], color=LIGHT, lw=9, solid_capstyle="butt")
        axes.plot(one.p50, row, "o", color=colour)
        _beside(axes, one.p90, row, f"{one.p50:.2g} kg ({one.p10:.2g} to {one.p90:.2g})")
    axes.set_yticks(range(len(found)), list(reversed(found)))
    axes.set(title=title, xlabel="kg CO2e, P10 to P90" + _EACH_LINE * log, ylim=(-0.6, len(found) - 0.4))
    _scaled(axes, log=log)
    plt.show()


_EACH_LINE = " (each mark ten times the one before)"


def rivals(ours: Any, figures: Mapping[str, float]) -> None:
    """Our Wh with its interval above the rivals' single figures."""
    _, axes = plt.subplots(figsize=(8.5, 0.9 + 0.36 * (len(figures) + 1)))
    top = len(figures)
    axes.plot([1000 * ours.low, 1000 * ours.high], [top, top], color=LIGHT, lw=9, solid_capstyle="butt")
    axes.plot(1000 * ours.value, top, "o", color=BLUE)
    _beside(axes, 1000 * ours.high, top, f"{digits(1000 * ours.value)} Wh")
    for row, wh in enumerate(reversed(figures.values())):
        axes.plot(wh, row, "D", color=ORANGE, ms=5)
        _beside(axes, wh, row, f"{digits(wh)} Wh")
    axes.set_yticks(range(top + 1), [*reversed(figures), "Joulemark, low to high"])
    axes.set(title="One article: Joulemark and its rivals", xlabel="Wh" + _EACH_LINE, ylim=(-0.6, top + 0.6))
    _scaled(axes, log=True)
    plt.show()


def _shaded(axes: Any, start: float, end: float, top: float, words: str) -> None:
    axes.axvspan(start, end, color=GREY, alpha=0.14, lw=0)
    axes.text(start, 0.97 * top, f" {words}", fontsize=8.5, color=INK, va="top")


def _beside(axes: Any, x: float, row: int, words: str) -> None:
    axes.annotate(words, (x, row), (8, 0), textcoords="offset points", va="center", fontsize=8.5)


def _scaled(axes: Any, *, log: bool) -> None:
    """Plain numbers along the axis, and room for words at its right."""
    if not log:
        axes.set_xlim(0, 1.35 * axes.get_xlim()[1])
        return
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    axes.set_xlim(low / 1.2, high * (high / low) ** 0.3)
    axes.xaxis.set_major_formatter(lambda x, _: f"{x:,.10g}")
    axes.xaxis.set_minor_formatter(lambda *_: "")
