"""What a part-time sensor saw of a known load, folded on the course of a request.

The sensor's looks fall on some moments of the work and miss others. Joulemark knows when each batch ran, so every
look is at known parts of a batch's course (eighths of its length, or the pause between batches):

    batch     |0|1|2|3|4|5|6|7|   pause   |0|1|2|3|4|5|6|7|
    looks         ██        ██        ██        ██             x[k, j]: the share of look k in part j

    power of look k = Σ_j β_j x[k, j] + residual        least squares

Parts that were looked at too rarely for their time make the plain mean wrong by a known amount, which is added;
what is left is the residuals' scatter. (Post-stratified, or generalised regression, estimator of survey sampling:
Särndal, Swensson, Wretman, Model Assisted Survey Sampling, 1992, chapters 6 and 7; checked 2026-11-21.)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

from bench.nouns import FieldPassport, Outcome, Window
from bench.physics.ticks import Ticks
from bench.units import S_PER_NS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Table: TypeAlias = NDArray[np.float64]
    Vector: TypeAlias = NDArray[np.float64]

PARTS = 8
# The least share that any sensor was seen to look at, for boards whose own is not known: 25 ms of every 100 ms on
# A100 and H100 (Yang, Adamek, Armour, arXiv:2312.02741, table 2; checked 2026-11-21).
LEAST_SEEN_RATIO = 0.25
_LOOKS_A_PART = 3
_LEAST_LOOKS = 8
_LEAST_FREEDOM = 3
# Batches have to begin all over the sensor's period: a load in step with it shows one face of each part only.
# Four phases a quarter apart tile the period of a sensor that sees a quarter; a window of 10 s has eight and more.
_OCTANTS, _LEAST_OCTANTS = 8, 4
# An eighth of a batch is not looked into: what is added for uneven looks is trusted to a quarter of itself, which
# holds the truth on simulated boards whose load keeps in step (`make perf-meter`).
_TRUSTED_RATIO = 0.25
_SMALLEST = 0.05  # of the largest singular value: what is smaller is noise divided by almost nothing
_UNTOLD = 0.01  # of the time: parts that the looks could not tell apart may differ by so much in what was left out
_LEAST_SEEN = 0.5  # of a part's share of the time: a part that was hardly looked at is not told of


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """What the looks left out of a window: to be added (J), its standard uncertainty (J), degrees of freedom."""

    missing_j: float
    standard_j: float
    freedom: int


def fold(window: Window, outcomes: Sequence[Outcome], marks: Ticks, field: FieldPassport) -> Folded | None:
    """What is to be added to the plain energy of the window; None where the looks do not reach every part."""
    import numpy as np

    batches = _batches(window, outcomes)
    looks = _looks(window, marks, field)
    if field.update_s is None or len(looks) < _LEAST_LOOKS or not _spread(batches, field.update_s):
        return None
    parts = min(PARTS, len(looks) // _LOOKS_A_PART - 1)
    spans = np.array([(a, b) for a, b, _ in looks])
    watts = np.array([w for _, _, w in looks])
    middles = spans.mean(axis=1, keepdims=True)
    seen = _shares(spans, batches, parts)
    steps = _shares(np.hstack([middles - field.update_s / 2, middles + field.update_s / 2]), batches, parts)
    used = steps.sum(axis=0) > 0.02 * len(looks) / parts
    if (seen.sum(axis=0)[used] < _LEAST_SEEN * steps.sum(axis=0)[used]).any():
        return None
    return _left_out(seen[:, used], steps[:, used], watts, field)


def _left_out(seen: "Table", steps: "Table", watts: "Vector", field: FieldPassport) -> Folded | None:
    """What the looks (rows of `seen`) left out of the steps that they stand for (rows of `steps`)."""
    import numpy as np

    solved = _solve(seen, watts)
    freedom = len(watts) - solved.rank
    apart = (steps - seen).mean(axis=0)
    # what the looks never told apart must not matter for what they left out
    if freedom < _LEAST_FREEDOM or float(np.abs(apart - solved.told @ apart).sum()) > _UNTOLD:
        return None
    residual_w = watts - seen @ solved.power_w
    missing_w = float(apart @ solved.power_w)
    spread_w2 = float(residual_w @ residual_w) / freedom
    left_out = 1 - (field.seen_ratio or LEAST_SEEN_RATIO)
    standard_w = float(np.sqrt(spread_w2 * left_out / len(watts) + (_TRUSTED_RATIO * missing_w) ** 2))
    length_s = len(watts) * (field.update_s or 0.0)
    return Folded(missing_j=missing_w * length_s, standard_j=standard_w * length_s, freedom=freedom)


@dataclass(frozen=True, slots=True)
class _Solved:
    """Watts of each part, how many directions the looks told apart, and the projection onto those."""

    power_w: "Vector"
    rank: int
    told: "Table"


def _solve(seen: "Table", watts: "Vector") -> _Solved:
    """Least squares in the directions that the looks tell apart; the shortest solution in the others."""
    import numpy as np

    left, sizes, right = np.linalg.svd(seen, full_matrices=False)
    kept = sizes > _SMALLEST * sizes[0]
    basis = right[kept]
    power_w = basis.T @ ((left[:, kept].T @ watts) / sizes[kept])
    return _Solved(power_w, int(kept.sum()), basis.T @ basis)


def _batches(window: Window, outcomes: Sequence[Outcome]) -> list[tuple[float, float]]:
    """The spans of the batches inside the window, in seconds from its start."""
    spans = {
        (o.start_ns, o.end_ns) for o in outcomes if window.start_ns <= o.start_ns and o.end_ns <= window.end_ns
    }
    return [((a - window.start_ns) * S_PER_NS, (b - window.start_ns) * S_PER_NS) for a, b in sorted(spans)]


def _spread(batches: Sequence[tuple[float, float]], update_s: float) -> bool:
    """Whether batches begin in nearly every eighth of the sensor's period."""
    octants = {int(start_s / update_s % 1.0 * _OCTANTS) for start_s, _ in batches}
    return len(octants) >= _LEAST_OCTANTS


def _looks(window: Window, marks: Ticks, field: FieldPassport) -> list[tuple[float, float, float]]:
    """(start, end, watts) of every look whose step touches the window, in seconds from the window's start."""
    update_s = field.update_s or 0.0
    window_s = field.window_s or update_s
    found = []
    for i, (before_ns, at_ns) in enumerate(pairwise(marks.t_ns)):
        took_s = (at_ns - before_ns) * S_PER_NS
        middle_s = (at_ns - window.start_ns) * S_PER_NS - update_s / 2
        if took_s <= 0 or not -update_s / 2 < middle_s < window.duration_s + update_s / 2:
            continue
        watts = (marks.energy_j[i + 1] - marks.energy_j[i]) / took_s
        found.append((middle_s - window_s / 2, middle_s + window_s / 2, watts))
    return found


def _shares(spans: "Table", batches: Sequence[tuple[float, float]], parts: int) -> "Table":
    """The share of each span (rows) that lies in each part of a batch's course, or in a pause (last column)."""
    import numpy as np

    bounds = np.array([[a + (b - a) * i / parts for i in range(parts + 1)] for a, b in batches])
    starts, ends = bounds[:, :-1].ravel(), bounds[:, 1:].ravel()
    overlap = np.clip(np.minimum(spans[:, 1:2], ends) - np.maximum(spans[:, :1], starts), 0.0, None)
    shares = overlap.reshape(len(spans), len(batches), parts).sum(axis=1) / (spans[:, 1:2] - spans[:, :1])
    return np.column_stack([shares, np.clip(1 - shares.sum(axis=1), 0.0, 1.0)])
