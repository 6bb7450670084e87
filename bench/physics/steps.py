"""What a sensor is, from its answers to known steps of load: how long its values look, how late they come.

A value shown at t is the mean of [t - lag - window, t - lag]. After a step at s it goes from one level to the
other along a ramp, whatever the moments at which it is renewed:

    level   1 ─           ________        response(t) = clip((t - s - lag) / window, 0, 1)
            0 ─ _________/
                s       s+lag  s+lag+window

Every renewal after every step is one point of that ramp, so that forty steps at different phases draw it with
hundreds of points; lag and window are those of the ramp that lies nearest (in absolute value: a step whose levels
were misread must not pull it). A board that itself needs time to draw more power adds
that time: what is found is the sensor and the board together, as a window of work meets them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

from bench.nouns import FieldPassport, Passport, Source
from bench.physics import counter, gauge
from bench.physics.passport import examine
from bench.physics.series import SeriesMap
from bench.physics.ticks import Ticks
from bench.stats import median
from bench.units import S_PER_NS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector: TypeAlias = NDArray[np.float64]
    Moments: TypeAlias = NDArray[np.int64]

# A step has to outlast the longest mean known, one second (arXiv:2312.02741, table 2; checked 2026-11-21), so that
# both levels are seen.
LEAST_STEP_S = 1.4
_LEAST_STEPS = 8
_LEAST_RISE = 0.2  # of the high level: a load that hardly moves the power draws no ramp
_SETTLED_NS = 1_200_000_000  # after that every mean has forgotten what was before the step
_SHORT_NS = 250_000_000
_LAGS_S, _WINDOWS_S = (0.0, 0.3), (0.002, 1.3)
_ROUNDS, _GRID = (
    5,
    25,
)  # each round looks closer around the best of the last: 0.3 s / 12^4 is far below a millisecond


@dataclass(frozen=True, slots=True)
class Busy:
    """A span in which the device was kept busy: two known steps."""

    start_ns: int
    end_ns: int


def from_steps(source: Source, known: SeriesMap, steps: Sequence[Busy], id_: str | None = None) -> Passport:
    """The passport of a source under known steps; fields that did not answer them keep what is known otherwise."""
    found = examine(replace(source, passport=None), known)
    if len(steps) < _LEAST_STEPS:
        return examine(source, known)
    fields = {}
    for name, field in found.fields.items():
        points = _points(name, field, source, known, steps)
        fields[name] = _fitted(field, points) if points is not None else field
    if all(field.origin != "steps" for field in fields.values()):
        return examine(source, known)  # another board's load: this one did not move
    return Passport(fields=fields, steps=len(steps), id=id_)


def _points(
    name: str, field: FieldPassport, source: Source, known: SeriesMap, steps: Sequence[Busy]
) -> "tuple[Vector, Vector] | None":
    """(seconds after a step, response from 0 to 1) of every renewal near a step; None: no clear levels."""
    import numpy as np

    marks = _marks(name, field, source, known)
    if marks is None or len(marks.t_ns) < _LEAST_STEPS:
        return None
    t = np.array(marks.t_ns[1:], dtype=np.int64)
    watts = np.diff(np.array(marks.energy_j)) / (np.diff(np.array(marks.t_ns, dtype=np.int64)) * S_PER_NS)
    after, response = [], []
    for start_ns, until_ns, rises in _edges(steps):
        before_w = _level(t, watts, start_ns - _SHORT_NS, start_ns)
        after_w = _level(t, watts, start_ns + _SETTLED_NS, until_ns)
        if before_w is None or after_w is None or abs(after_w - before_w) < _LEAST_RISE * max(after_w, before_w):
            continue
        if (after_w > before_w) is not rises:
            continue
        near = (t > start_ns - _SHORT_NS) & (t < start_ns + _SETTLED_NS)
        after.append((t[near] - start_ns) * S_PER_NS)
        response.append((watts[near] - before_w) / (after_w - before_w))
    if len(after) < _LEAST_STEPS:
        return None
    return np.concatenate(after), np.concatenate(response)


def _edges(steps: Sequence[Busy]) -> Iterator[tuple[int, int, bool]]:
    """(moment, moment of the next one, whether the load begins there) of every step, in order."""
    moments = [
        (moment, rises) for step in steps for moment, rises in ((step.start_ns, True), (step.end_ns, False))
    ]
    for (start_ns, rises), (until_ns, _) in pairwise(moments):
        yield start_ns, until_ns, rises
    yield moments[-1][0], moments[-1][0] + _SETTLED_NS + _SHORT_NS, moments[-1][1]


def _marks(name: str, field: FieldPassport, source: Source, known: SeriesMap) -> Ticks | None:
    """The renewals as they were shown: nothing shifted by what is not yet known."""
    plain = replace(field, window_s=field.update_s, lag_s=0.0)
    if found := known.get((source.domain, name, "energy")):
        return counter.ticks(found, plain)
    if found := known.get((source.domain, name, "power")):
        return gauge.ticks(found, plain)
    return None


def _level(t: "Moments", watts: "Vector", start_ns: int, end_ns: int) -> float | None:
    inside = watts[(t > start_ns) & (t <= end_ns)]
    return median([float(w) for w in inside]) if len(inside) else None


def _fitted(field: FieldPassport, points: "tuple[Vector, Vector]") -> FieldPassport:
    """The field with the lag and window whose ramp lies nearest to the points."""
    import numpy as np

    after_s, response = points
    lags, windows = _LAGS_S, _WINDOWS_S
    lag_s = window_s = 0.0
    for _ in range(_ROUNDS):
        grid_l, grid_w = np.linspace(*lags, _GRID), np.linspace(*windows, _GRID)
        ramp = np.clip((after_s - grid_l[:, None, None]) / grid_w[None, :, None], 0.0, 1.0)
        apart = np.abs(ramp - response).mean(axis=2)
        i, j = np.unravel_index(int(apart.argmin()), apart.shape)
        lag_s, window_s = float(grid_l[i]), float(grid_w[j])
        step_l, step_w = (lags[1] - lags[0]) / _GRID * 2, (windows[1] - windows[0]) / _GRID * 2
        lags = (max(_LAGS_S[0], lag_s - step_l), lag_s + step_l)
        windows = (max(_WINDOWS_S[0], window_s - step_w), window_s + step_w)
    return replace(field, window_s=window_s, lag_s=lag_s, origin="steps", follows=None)
