"""What a part-time sensor saw of a known load, folded on the course of a request.

The sensor's looks fall on some moments of the work and miss others. Joulemark knows when each batch ran, so every
look is at known parts of a batch's course (eighths of its length, or the pause between batches):

    batch     |0|1|2|3|4|5|6|7|   pause   |0|1|2|3|4|5|6|7|
    looks         ██        ██        ██        ██             x[k, j]: the share of look k in part j

    power of look k = Σ_j β_j x[k, j] + residual        least squares

Parts that were looked at too rarely for their time make the plain mean wrong by a known amount, which is added;
what is left is the scatter of the residuals, by looks and by trains. (Post-stratified, or generalised regression,
estimator of survey sampling: Särndal, Swensson, Wretman, Model Assisted Survey Sampling, 1992, chapters 6 and 7;
checked 2026-11-21.)
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

from bench.nouns import FieldPassport, Outcome, Window
from bench.physics.ticks import Ticks
from bench.physics.trains import LEAST_BLOCKS, train_starts
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
# A load may keep in step with the sensor inside a batch. Parts of batches longer than this many periods are too
# long to tell: there two waves of the sensor's period tell it, where looks and batches are many enough for them.
_LONG = 2.0
_HARMONICS, _LOOKS_A_WAVE, _BATCHES_A_WAVE = 2, 12, 5
# A few trains may seem to follow any wave: only waves that leave less than this of the looks' variance are there.
# Chosen: four waves through 24 looks (the fewest that are let through) explain a sixth of mere noise on average.
_EXPLAINED_RATIO = 0.5
_LEAST_LOOKS = 8
_LEAST_FREEDOM = 3
# Batches have to begin all over the sensor's period: a load in step with it shows one face of each part only.
# Four phases a quarter apart tile the period of a sensor that sees a quarter; a window of 10 s has eight and more.
_OCTANTS, _LEAST_OCTANTS = 8, 4
# An eighth of a batch is not looked into: what is added for uneven looks is trusted to a quarter of itself, which
# holds the truth on simulated boards whose load keeps in step (`make perf-meter`).
_TRUSTED_RATIO = 0.25
# The four that follow are chosen; with them `make perf-meter` is met, section "Loads in step with a sensor".
_SMALLEST = 0.05  # of the largest singular value: noise is divided by it, so that below it counts twentyfold
# Of the time: parts that looks could not tell apart may differ by so much in what was left out. At a batch's own
# power it is a hundredth of the energy: half of the error that driven loads may have.
_UNTOLD = 0.01
_LEAST_SEEN = 0.5  # of a part's share of the time: looks that brush it less are mostly about its neighbours
_LEAST_USED = 0.02  # of an even share of the time: what fills less, like pauses of microseconds, is no part


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """What the looks left out of a window: to be added (J), its standard uncertainty (J), degrees of freedom."""

    missing_j: float
    standard_j: float
    freedom: int
    spread_w2: float  # variance of the looks (W²) about the course of a batch
    residual_w: "Vector"  # of each look


def fold(window: Window, outcomes: Sequence[Outcome], marks: Ticks, field: FieldPassport) -> Folded | None:
    """What is to be added to the plain energy of the window; None where the looks do not reach every part.

    Of n looks and p parts of a batch (eighths, and the pause: at most 9; only those that fill time are kept):

        spans   n × 2   (start, end) of each look, seconds from the window's start
        watts   n       its power
        seen    n × p   the share of the look in each part; rows add up to 1
        steps   n × p   the same of the period that the look stands for

    Example: 90 looks of 25 ms, one every 100 ms; a part draws 300 W and all others 100 W. It fills 10 % of the
    time, and chance gave it 8 % of the looks. The plain mean is 116 W, the truth 120 W: (0.10 - 0.08) × (300 -
    100) W = 4 W were missed, times 9 s: 36 J are added.
    """
    import numpy as np

    batches = _batches(window, outcomes)
    looks = _looks(window, marks, field)
    if not field.update_s or len(looks) < _LEAST_LOOKS or not _spread(batches, field.update_s):
        return None
    parts = min(PARTS, len(looks) // _LOOKS_A_PART - 1)
    spans = np.array([(a, b) for a, b, _ in looks])
    watts = np.array([w for _, _, w in looks])
    middles = spans.mean(axis=1, keepdims=True)
    seen = _shares(spans, batches, parts)
    steps = _shares(np.hstack([middles - field.update_s / 2, middles + field.update_s / 2]), batches, parts)
    used = steps.sum(axis=0) > _LEAST_USED * len(looks) / parts
    if (seen.sum(axis=0)[used] < _LEAST_SEEN * steps.sum(axis=0)[used]).any():
        return None
    seen, steps = seen[:, used], steps[:, used]
    plain = _left_out(seen, steps, watts, field)
    if plain is None:
        return None
    trains = _trains(window, outcomes, middles[:, 0])
    waves = _waves(middles[:, 0], batches, field.update_s)
    short = float(np.median([b - a for a, b in batches])) <= _LONG * field.update_s
    if short or min(len(looks) // _LOOKS_A_WAVE, len(batches) // _BATCHES_A_WAVE) < _HARMONICS:
        return _clustered(plain, trains, field)
    waved = _left_out(np.hstack([seen, waves]), np.hstack([steps, np.zeros_like(waves)]), watts, field)
    if waved is None or waved.spread_w2 > _EXPLAINED_RATIO * plain.spread_w2:
        return plain
    return _clustered(waved, trains, field)


def _waves(middles_s: "Vector", batches: Sequence[tuple[float, float]], update_s: float) -> "Table":
    """Cosine and sine of where the sensor's period stands since the batch began; 0 in pauses.

    Over all of the time their mean is nothing: there the load shows every face.
    """
    import numpy as np

    starts, ends = np.array(batches).T
    at = np.clip(np.searchsorted(starts, middles_s, side="right") - 1, 0, None)
    inside = (middles_s >= starts[at]) & (middles_s < ends[at])
    angles = 2 * np.pi * (middles_s - starts[at]) / update_s
    columns = [wave(n * angles) * inside for n in range(1, _HARMONICS + 1) for wave in (np.cos, np.sin)]
    return np.column_stack(columns)


def _trains(window: Window, outcomes: Sequence[Outcome], middles_s: "Vector") -> list[int]:
    """The number of the train (from 0 on, -1: before the first) that each look falls into or after."""
    starts_s = [(t - window.start_ns) * S_PER_NS for t in train_starts(window, outcomes)]
    return [bisect_right(starts_s, float(middle_s)) - 1 for middle_s in middles_s]


def _clustered(found: Folded, trains: Sequence[int], field: FieldPassport) -> Folded:
    """The same with no less uncertainty than the scatter from train to train: the looks of one train are alike.

    u² = Σ over trains (Σ residuals)², times the part that was left out: clusters of looks (Särndal, Swensson,
    Wretman, 1992, section 4.2; checked 2026-11-21).
    """
    totals_w: dict[int, float] = {}
    for train, residual_w in zip(trains, found.residual_w, strict=True):
        totals_w[train] = totals_w.get(train, 0.0) + float(residual_w)
    sums = [total_w for train, total_w in totals_w.items() if train >= 0]
    if len(sums) < LEAST_BLOCKS:
        return found
    spread_w2 = math.fsum(total_w**2 for total_w in sums) * len(sums) / (len(sums) - 1)
    standard_j = math.sqrt(spread_w2 * _unseen_ratio(field)) * (field.update_s or 0.0)
    if standard_j <= found.standard_j:
        return found
    return replace(found, standard_j=standard_j, freedom=min(found.freedom, len(sums) - 1))


def _unseen_ratio(field: FieldPassport) -> float:
    return 1 - (field.seen_ratio or LEAST_SEEN_RATIO)


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
    standard_w = math.sqrt(spread_w2 * _unseen_ratio(field) / len(watts) + (_TRUSTED_RATIO * missing_w) ** 2)
    length_s = len(watts) * (field.update_s or 0.0)
    return Folded(
        missing_j=missing_w * length_s,
        standard_j=standard_w * length_s,
        freedom=freedom,
        spread_w2=spread_w2,
        residual_w=residual_w,
    )


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

    starts, ends = np.array(batches).T
    lengths_s = spans[:, 1] - spans[:, 0]
    columns = []
    for part in range(parts):
        begins = starts + (ends - starts) * part / parts
        stops = starts + (ends - starts) * (part + 1) / parts
        inside_s = _passed_s(spans[:, 1], begins, stops) - _passed_s(spans[:, 0], begins, stops)
        columns.append(inside_s / lengths_s)
    shares = np.column_stack(columns)
    return np.column_stack([shares, np.clip(1 - shares.sum(axis=1), 0.0, 1.0)])


def _passed_s(t_s: "Vector", begins_s: "Vector", stops_s: "Vector") -> "Vector":
    """How much of all the spans has passed by each moment; spans may overlap."""
    import numpy as np

    passed_s: Vector = np.zeros_like(t_s)
    for sign, moments_s in ((1.0, np.sort(begins_s)), (-1.0, np.sort(stops_s))):
        count = np.searchsorted(moments_s, t_s, side="right")
        passed_s += sign * (count * t_s - np.concatenate(([0.0], np.cumsum(moments_s)))[count])
    return passed_s
