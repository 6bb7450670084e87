"""Energy against latency, a point a candidate with its intervals over rounds: who is on the front, at a glance."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.nouns import Boundary
from bench.nouns.compared import Compared, Level, WorkCompared
from bench.phrases import Phrase
from bench.report.compare_energy import unit_text
from bench.report.svg import Axis, cut, diamond, drawing, element, hatch, label, linear, tick_text

_WIDTH, _HEIGHT = 760.0, 330.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 92.0, 560.0, 18.0, 268.0
_LONGEST_NAME = 28
_MS_BELOW_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Point:
    name: str
    energy: Level
    latency: Level
    place: str


def front_plots(one: Compared) -> dict[str, str]:
    """A plot for each work and boundary of a comparison of more than two; {} for two."""
    made = {}
    for w, work in enumerate(one.works):
        for boundary in dict.fromkeys(s.boundary for s in work.standings):
            points = _points(one, work, boundary)
            if len(points) == len(one.names):
                name = f"plot-front-{w}-{boundary}"
                made[name] = _plot(name, work, boundary, points)
    return made


def _points(one: Compared, work: WorkCompared, boundary: Boundary) -> list[_Point]:
    found = []
    for standing in (s for s in work.standings if s.boundary == boundary):
        levels = work.levels[standing.candidate]
        energy = next((v for v in levels if v.boundary == boundary), None)
        latency = next((v for v in levels if v.measure == standing.speed), None)
        if energy is not None and latency is not None:
            name = one.names[standing.candidate]
            found.append(_Point(name=name, energy=energy, latency=latency, place=standing.place))
    return found


def _plot(name: str, work: WorkCompared, boundary: Boundary, points: Sequence[_Point]) -> str:
    across = linear(_ends([p.latency for p in points]), _LEFT, _RIGHT, 5)
    up = linear(_ends([p.energy for p in points]), _BOTTOM, _TOP, 5)
    body = [hatch(name), *_grid(across, up, (unit_text(work), points[0].latency.measure), boundary)]
    heights: list[float] = []
    for point in sorted(points, key=lambda p: -p.energy.value):
        body += _point(name, point, across, up)
        y = max(up.at(point.energy.value) + 4, (heights[-1] + 18) if heights else 0.0)
        heights.append(y)
        words = Phrase("{name}: {place}", name=cut(point.name, _LONGEST_NAME), place=_place(point.place))
        x, at = across.at(point.latency.value), up.at(point.energy.value)
        body.append(element("line", x1=x + 8, y1=at, x2=_RIGHT + 6, y2=y - 4, class_="grid"))
        body.append(label(_RIGHT + 10, y, words, "row"))
    against = Phrase("time") if points[0].latency.measure == "time" else Phrase("latency")
    title = Phrase(
        "Energy against {latency} on {work}, {boundary}",
        latency=against,
        work=work.work,
        boundary=Phrase(boundary),
    )
    told = Phrase(
        "A point a candidate, its intervals over rounds; down and left is better; the tables hold the figures."
    )
    return drawing(name, _WIDTH, _HEIGHT, title, told, body)


def _ends(levels: Sequence[Level]) -> list[float]:
    return [v for one in levels for v in (one.low, one.value, one.high) if v is not None]


def _grid(across: Axis, up: Axis, units: tuple[str, str], boundary: Boundary) -> list[str]:
    """`units`: of work, and which time goes across."""
    unit, speed = units
    factor, said = (1e-3, "ms") if across.high < _MS_BELOW_S else (1.0, "s")
    what = f"{said}/{unit}" if speed == "time" else Phrase("{unit} a request, median", unit=said)
    drawn = []
    for tick in across.ticks:
        x = across.at(tick)
        drawn.append(element("line", x1=x, y1=_TOP, x2=x, y2=_BOTTOM, class_="zero" if tick == 0 else "grid"))
        drawn.append(label(x, _BOTTOM + 17, tick_text(tick, factor), "tick", "middle"))
    for tick in up.ticks:
        y = up.at(tick)
        drawn.append(element("line", x1=_LEFT, y1=y, x2=_RIGHT, y2=y, class_="zero" if tick == 0 else "grid"))
        drawn.append(label(_LEFT - 8, y + 4, tick_text(tick, 1.0), "tick", "end"))
    drawn.append(label((_LEFT + _RIGHT) / 2, _BOTTOM + 38, what, "axis", "middle"))
    up_said = Phrase(
        "upwards: J/{unit}, {boundary}; down and left is better", unit=unit, boundary=Phrase(boundary)
    )
    drawn.append(label(_LEFT, _BOTTOM + 56, up_said, "axis"))
    return drawn


def _point(name: str, one: _Point, across: Axis, up: Axis) -> list[str]:
    x, y, kind = across.at(one.latency.value), up.at(one.energy.value), f"whisker {one.energy.basis}"
    drawn = []
    if one.latency.low is not None and one.latency.high is not None:
        drawn.append(
            element("line", x1=across.at(one.latency.low), y1=y, x2=across.at(one.latency.high), y2=y, class_=kind)
        )
    if one.energy.low is not None and one.energy.high is not None:
        drawn.append(element("line", x1=x, y1=up.at(one.energy.low), x2=x, y2=up.at(one.energy.high), class_=kind))
    if one.energy.basis == "measured":
        return [*drawn, element("circle", cx=x, cy=y, r=5.5, class_="solid measured")]
    return [*drawn, diamond(name, x, y, 7)]


def _place(place: str) -> Phrase:
    return {
        "front": Phrase("on the front"),
        "dominated": Phrase("dominated"),
        "undecided": Phrase("not told"),
    }[place]
