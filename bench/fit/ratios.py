"""Paired ratios of energy and time, differences of score, and the front: values in, values out.

Rounds are measured A B B A …, each a whole run. Of round i the logarithm of the ratio is one value,

    l_i = ln(a_i / b_i)        ratio = exp(mean l),  95 %: exp(mean l ± t(n - 1) s(l) / √n)

so that whatever multiplies both of a pair (a slow drift of temperature, the gain of one board) is not in it.
Sources: a mean difference of logs is a ratio, with Student's t (Bland, Altman, "The use of transformation when
comparing two means", BMJ 312 (1996) 1153); where rounds are not interleaved there are no pairs (Welch, Biometrika
34 (1947) 28); checked 2026-11-21.

What pairs do not take away is added: a gain where other sensors read the two, the windows' own uncertainty
where it is larger than the scatter shows, what a part-time sensor never saw, and, where energy is modelled, the
span of the ratio over the model's low and high series: the same one for both, for one machine has one model.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from bench.errors import BadInput
from bench.nouns import Basis, Boundary, Share
from bench.nouns.compared import Difference, Joules, Judged, Level, Measure, Pair, Price, Ratio, Showing, Standing
from bench.physics.budget import COVERAGE_95
from bench.stats import deviation, mean, significant, t95
from bench.units import S_PER_H

_UNITS_PER_PRICE = 1000

LEAST_ROUNDS = 2  # one has no scatter
LOWER_IS_BETTER = ("wer", "cer")  # error rates
_Two = tuple[Sequence[float], Sequence[float]]


def paired(ones: Sequence[float], others: Sequence[float]) -> tuple[float, float | None]:
    """Mean of the pairs' log ratios, and half of its 95 % interval; None from one pair alone."""
    logs = [math.log(a / b) for a, b in zip(ones, others, strict=True)]
    return _student(logs)


def unpaired(ones: Sequence[float], others: Sequence[float]) -> tuple[float, float | None]:
    """The same of two series that were not interleaved (Welch); None where one of them is a single value."""
    a, b = [math.log(v) for v in ones], [math.log(v) for v in others]
    centre = mean(a) - mean(b)
    if min(len(a), len(b)) < LEAST_ROUNDS:
        return centre, None
    parts = [(deviation(v) ** 2 / len(v), len(v) - 1) for v in (a, b)]
    variance = math.fsum(p for p, _ in parts)
    if not variance:
        return centre, 0.0
    degrees = variance**2 / math.fsum(p**2 / d for p, d in parts)
    return centre, t95(degrees) * math.sqrt(variance)


def time_ratio(measure: Measure, values: _Two, *, interleaved: bool = True) -> Ratio:
    """The ratio of two times: the clock is the machine's own, and no model is in it."""
    centre, half = (paired if interleaved else unpaired)(*values)
    return _ratio(measure, None, "measured", centre, half, rounds=min(map(len, values)))


def energy_ratio(
    boundary: Boundary, ones: Sequence[Joules], others: Sequence[Joules], *, interleaved: bool = True
) -> Ratio:
    """The ratio of two energies of one boundary and basis, with all that pairs do not take away."""
    both = (*ones, *others)
    basis = both[0].basis
    if any(j.basis != basis for j in both):
        raise BadInput(
            f"{boundary}: {' and '.join(sorted({j.basis for j in both}))} energies: they are never compared"
        )
    how = paired if interleaved else unpaired
    names = ("value_j", "low_j", "high_j") if basis == "modelled" else ("value_j",)
    told = [how([getattr(j, n) for j in ones], [getattr(j, n) for j in others]) for n in names]
    centre, scatter = told[0]
    own = COVERAGE_95 * math.hypot(_own(ones), _own(others))
    cancels = len({j.path for j in both}) == 1
    gain = 0.0 if cancels else math.hypot(max(j.gain_ratio_95 for j in ones), max(j.gain_ratio_95 for j in others))
    below = mean([j.unseen_low_ratio for j in ones]) + mean([j.unseen_high_ratio for j in others])
    above = mean([j.unseen_high_ratio for j in ones]) + mean([j.unseen_low_ratio for j in others])
    parts = {
        "statistical": scatter or 0.0, "windows": own, "gain": gain,
        "model": max(abs(c - centre) for c, _ in told), "unseen_low": below, "unseen_high": above,
    }  # fmt: skip
    made = _ratio(
        "energy", boundary, basis, centre, None, rounds=min(len(ones), len(others)), parts=parts,
        gain_cancels=cancels if any(j.gain_ratio_95 for j in both) else None,
        simulated=any(j.simulated for j in both),
    )  # fmt: skip
    if scatter is None:
        return made
    halves = [(c, math.hypot(max(h or 0.0, own), gain)) for c, h in told]
    return replace(
        made,
        low=significant(math.exp(min(c - h for c, h in halves) - below)),
        high=significant(math.exp(max(c + h for c, h in halves) + above)),
    )


def qualities(one: Showing, other: Showing, judged: Judged | None) -> tuple[tuple[Difference, ...], str]:
    """Differences of the scores of both, paired where they answered the same questions; or why there are none."""
    if why := one.unscored or other.unscored:
        return (), why
    if one.scored_by != other.scored_by:
        return (), f"judged by other rules: {one.scored_by or 'none said'}; {other.scored_by or 'none said'}"
    both = [name for name in one.scores if name in other.scores]
    bounds = judged.bounds if judged else {}
    found = tuple(difference(name, one.scores[name], other.scores[name], bounds.get(name)) for name in both)
    return found, "" if found else "no score of both"


def difference(score: str, one: Share, other: Share, bounds: tuple[float, float] | None = None) -> Difference:
    """One score less the other. `bounds`: of the pairs of answers, where both answered the same questions.

    Else the intervals add as those of independent scores do, on either side by itself (Zou, Donner, Statistics in
    Medicine 27 (2008) 1693; checked 2026-11-21).
    """
    value = one.value - other.value
    if bounds is not None:
        low, high = min(bounds[0], value), max(bounds[1], value)
        return Difference(
            score=score, value=significant(value), low=significant(low), high=significant(high), paired=True
        )
    return Difference(
        score=score,
        value=significant(value),
        low=significant(value - math.hypot(one.value - one.low, other.high - other.value)),
        high=significant(value + math.hypot(one.high - one.value, other.value - other.low)),
    )


def standings(pairs: Sequence[Pair], count: int, boundary: Boundary) -> tuple[Standing, ...]:
    """Where each candidate stands by energy, latency and, where all are scored, quality.

    Where a request is more work for one than for another, the time of a unit stands in for latency.

    `pairs`: every two, either way round. Dominated is said where another is better in every aim, beyond every
    interval; the front where against each other there is an aim in which it is; what lies between is not told.
    """
    speed: Measure = "time" if any(r.unequal_work for p in pairs for r in p.ratios) else "e2e"
    known = {(p.one, p.other): _aims(p, boundary, speed) for p in pairs}
    if any(aims is None for aims in known.values()) or len(known) < count * (count - 1):
        return ()
    scored = all(p.differences for p in pairs)
    made = []
    for one in range(count):
        against = {o: (known[one, o] or ())[: 3 if scored else 2] for o in range(count) if o != one}
        by = tuple(o for o, aims in against.items() if all(a > 0 for a in aims))
        front = all(any(a < 0 for a in aims) for aims in against.values())
        place = "dominated" if by else "front" if front else "undecided"
        standing = Standing(candidate=one, boundary=boundary, place=place, by=by, scored=scored, speed=speed)  # type: ignore[arg-type]
        made.append(standing)
    return tuple(made)


def _aims(pair: Pair, boundary: Boundary, speed: Measure) -> tuple[int, ...] | None:
    """For energy, latency, quality: -1 better, 1 worse, 0 not told. None without latency, or energy of all."""
    energy = next((r for r in pair.ratios if r.boundary == boundary), None)
    latency = next((r for r in pair.ratios if r.measure == speed), None)
    if energy is None or energy.lacks or latency is None:
        return None
    found = [0 if not r.tells else -1 if r.value < 1 else 1 for r in (energy, latency)]
    for one in pair.differences[:1]:
        better = 1 if one.score.partition("@")[0] in LOWER_IS_BETTER else -1
        found.append(0 if one.low <= 0 <= one.high else better if one.value > 0 else -better)
    return tuple(found)


def level(measure: Measure, boundary: Boundary | None, basis: Basis, values: Sequence[float]) -> Level:
    """The geometric mean of a candidate's rounds, with Student's interval on the log scale."""
    centre, half = _student([math.log(v) for v in values])
    low, high = _bounds(centre, half)
    return Level(
        measure=measure, boundary=boundary, basis=basis, value=significant(math.exp(centre)), low=low, high=high,
        rounds=len(values),
    )  # fmt: skip


def priced(levels: Sequence[Level], price: Price) -> Level | None:
    """What 1000 units cost while this candidate works alone on the machine."""
    factor = price.per_hour / S_PER_H * _UNITS_PER_PRICE
    for one in levels:
        if one.measure == "time":
            low, high = (None if v is None else significant(v * factor) for v in (one.low, one.high))
            return replace(one, value=significant(one.value * factor), low=low, high=high)
    return None


def _ratio(
    measure: Measure,
    boundary: Boundary | None,
    basis: Basis,
    centre: float,
    half: float | None,
    *,
    rounds: int,
    parts: Mapping[str, float] | None = None,
    gain_cancels: bool | None = None,
    simulated: bool = False,
) -> Ratio:
    low, high = _bounds(centre, half)
    told = {"statistical": half or 0.0} if parts is None else parts
    return Ratio(
        measure=measure, boundary=boundary, basis=basis, value=significant(math.exp(centre)), low=low, high=high,
        rounds=rounds, components={k: significant(v) for k, v in told.items() if v or k == "statistical"},
        gain_cancels=gain_cancels, simulated=simulated,
    )  # fmt: skip


def _bounds(centre: float, half: float | None) -> tuple[float | None, float | None]:
    if half is None:
        return None, None
    return significant(math.exp(centre - half)), significant(math.exp(centre + half))


def _student(logs: Sequence[float]) -> tuple[float, float | None]:
    if len(logs) < LEAST_ROUNDS:
        return mean(logs), None
    return mean(logs), t95(len(logs) - 1) * deviation(logs) / math.sqrt(len(logs))


def _own(joules: Sequence[Joules]) -> float:
    """The standard uncertainty of a mean of logs, as far as the windows tell it."""
    return math.sqrt(math.fsum(j.own_ratio**2 for j in joules)) / len(joules)
