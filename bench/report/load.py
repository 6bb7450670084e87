"""The load curve of a server: mean power against the requests that it answered a second."""

from collections.abc import Sequence

from bench.nouns import CurvePoint, LoadCurve
from bench.phrases import Phrase
from bench.report.svg import Axis, diamond, drawing, element, hatch, label, linear, path, tick_text
from bench.report.views import ReportInput
from bench.report.words import with_threads

_WIDTH, _LEFT, _RIGHT = 440.0, 52.0, 426.0
_TOP, _PLOT, _FOOT = 16.0, 220.0, 40.0


def load_plots(report: ReportInput) -> dict[str, str]:
    """A plot per curve: dots with their intervals, the line through those that the server kept up with.

    Curves of one workload and boundary share their scales: two setups are compared by looking.
    """

    def like(curve: LoadCurve) -> list[LoadCurve]:
        return [c for c in report.curves if (c.workload, c.boundary) == (curve.workload, curve.boundary)]

    return {f"plot-load-{n}": _curve(f"plot-load-{n}", c, like(c)) for n, c in enumerate(report.curves)}


def _curve(name: str, curve: LoadCurve, scaled_by: Sequence[LoadCurve]) -> str:
    bottom = _TOP + _PLOT
    across = linear([p.answered_per_s for c in scaled_by for p in c.points], _LEFT, _RIGHT)
    powers = [q.high for c in scaled_by for q in (*(p.power for p in c.points), *([c.idle] if c.idle else []))]
    up = linear(powers, bottom, _TOP)
    body = [hatch(name), *_grid(across, up, bottom)]
    if curve.idle is not None and curve.request is not None:
        body.append(_line(curve, across, up))
    body += [mark for point in curve.points for mark in _point(name, point, across, up)]
    body.append(label((_LEFT + _RIGHT) / 2, bottom + 34, Phrase("requests answered a second"), "axis", "middle"))
    body.append(label(_LEFT, _TOP - 5, Phrase("W, mean"), "axis"))
    setup = curve.key.engine_version.partition(", setup ")[2]
    named = f"{curve.key.model} {curve.key.precision}" + (f", {setup}" if setup else "")
    if any(_kin(c) == _kin(curve) and c.key != curve.key for c in scaled_by):
        named += with_threads(curve.key)
    title = f"{named} · {curve.workload} · {curve.boundary}"
    said = Phrase(
        "Mean power against answered requests a second, with its bounds; the table holds the same figures."
    )
    return drawing(name, _WIDTH, bottom + _FOOT, title, said, body)


def _kin(curve: LoadCurve) -> tuple[str, ...]:
    return curve.key.model, curve.key.precision, curve.key.engine_version


def _grid(across: Axis, up: Axis, bottom: float) -> Sequence[str]:
    drawn = []
    for tick in up.ticks:
        drawn.append(element("line", x1=_LEFT, y1=up.at(tick), x2=_RIGHT, y2=up.at(tick), class_="grid"))
        drawn.append(label(_LEFT - 6, up.at(tick) + 4, tick_text(tick, 1.0), "tick", "end"))
    drawn += [label(across.at(t), bottom + 16, tick_text(t, 1.0), "tick", "middle") for t in across.ticks]
    return drawn


def _line(curve: LoadCurve, across: Axis, up: Axis) -> str:
    """From no request to the highest rate that was kept up with."""
    assert curve.idle is not None, "drawn where there is a line"
    assert curve.request is not None, "drawn where there is a line"
    kept_up = [p.answered_per_s for p in curve.points if not p.saturated and p.offered_per_s is not None]
    ends = (0.0, max(kept_up))
    line = [(across.at(r), up.at(curve.idle.value + curve.request.value * r)) for r in ends]
    return path(line, f"line {curve.request.basis}")


def _point(name: str, point: CurvePoint, across: Axis, up: Axis) -> Sequence[str]:
    """Solid measured, hatched modelled; a square where users waited for answers, hollow where it was saturated."""
    x, y, basis = across.at(point.answered_per_s), up.at(point.power.value), point.power.basis
    whisker = element(
        "line", x1=x, y1=up.at(point.power.low), x2=x, y2=up.at(point.power.high), class_=f"whisker {basis}"
    )
    if point.saturated:
        return [whisker, element("circle", cx=x, cy=y, r=5, class_=f"open {basis}")]
    if point.offered_per_s is None:
        return [whisker, element("rect", x=x - 4.5, y=y - 4.5, width=9, height=9, class_=f"open {basis}")]
    if basis == "measured":
        return [whisker, element("circle", cx=x, cy=y, r=5, class_="solid measured")]
    return [whisker, diamond(name, x, y, 6)]
