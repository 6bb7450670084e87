"""What a sensor is, by its own readings: how often a field is renewed, whether a counter looks for itself."""

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from bench.nouns import FieldPassport, Passport, Source
from bench.physics.lattice import period_s
from bench.physics.series import Kind, Series
from bench.stats import median
from bench.units import S_PER_NS

SeriesMap = Mapping[tuple[str, str, Kind], Series]

# NVML's own words: the mean of one second (nvml.h, NVML_FI_DEV_POWER_AVERAGE); renewed every 100 ms
# (arXiv:2312.02741, table 2; both checked 2026-11-21)
_AVERAGE = FieldPassport(update_s=0.1, window_s=1.0, lag_s=0.0, origin="published")
_POWER_FIELDS = ("instant", "usage", "average")
_KNOWN_PERIODS_S = (0.1, 0.02)  # of every board looked at from outside (arXiv:2312.02741, table 2)
_SLOWEST_S = 0.13  # the slowest gauge known is renewed every 100 ms (arXiv:2312.02741, table 2)
_FEW = 4  # intervals between renewals below which no period is told
_ALIKE_RATIO = 0.03  # of the mean power: what a late look or a rounded period may put between two equal values
_APART = 3  # values that a counter must have seen differently before it is said to look for itself
_VARIED = 5  # values that must have differed before a counter is said to follow a field
_VARIED_RATIO = 0.05


def examine(source: Source, known: SeriesMap) -> Passport:
    """The passport of a source: what was known before, completed by the readings of this trace.

    Periods are read off the readings. A window comes from known steps of load or from the published class of
    such boards; a counter's from a comparison with the power fields, where their values varied enough to tell.
    """
    before = source.passport or Passport(fields={})
    tick_s = source.details.get("tick_s")
    fields = {}
    for name in source.fields:
        kind: Kind = "power" if name in _POWER_FIELDS else "energy"
        found = known.get((source.domain, name, kind))
        declared = before.fields.get(name, _AVERAGE if name == "average" else FieldPassport())
        if declared.update_s is None and isinstance(tick_s, (int, float)):
            declared = replace(declared, update_s=float(tick_s), window_s=float(tick_s), origin="published")
        fields[name] = _field(declared, found, kind)
    if "counter" in fields:
        fields["counter"] = _counter(source, fields, known)
    return Passport(fields=fields, steps=before.steps, id=before.id)


def _field(declared: FieldPassport, found: Series | None, kind: Kind) -> FieldPassport:
    if found is None or len(found) < 2:
        return replace(declared, health="no reading")
    changes = _changes(found)
    if not changes:
        return replace(declared, health="never changed")
    update_s = _period_s(found, changes, declared.update_s)
    if update_s is None or (kind == "power" and update_s > _SLOWEST_S):
        update_s = declared.update_s  # a gauge that repeats its values looks slower than it is
    noise_w = _noise_w([found.values[i] for i in changes]) if kind == "power" else None
    window_s = declared.window_s
    if declared.origin == "published" and window_s == declared.update_s:
        window_s = update_s  # such boards see all of each period; how long that is, is better read off
    return replace(declared, update_s=update_s, window_s=window_s, noise_w=noise_w)


def _changes(found: Series) -> list[int]:
    return [i for i in range(1, len(found)) if found.values[i] != found.values[i - 1]]


def _period_s(found: Series, changes: Sequence[int], published_s: float | None) -> float | None:
    """The period of renewal (s): the longest that all changes keep step with, or else their usual interval.

    A value may be renewed to itself, so intervals are whole multiples of the period: only a lattice tells it.
    """
    bounds = [(found.t_ns[i - 1], found.t_ns[i]) for i in changes]
    usual_s = _usual_s(found, changes)
    guesses = {g for g in (usual_s, published_s, *_KNOWN_PERIODS_S) if g is not None}
    for guess_s in sorted(guesses, reverse=True):
        settled_s = period_s(bounds, guess_s)
        if settled_s is not None:
            return settled_s
    return usual_s


def _usual_s(found: Series, changes: Sequence[int]) -> float | None:
    """The usual interval between changes that have an unchanged look between them; None where most have none."""
    slow = [(found.t_ns[b] - found.t_ns[a]) * S_PER_NS for a, b in pairwise(changes) if b - a > 1]
    if len(slow) < max(_FEW, len(changes) // 2):
        return None
    usual_s = median(slow)
    plain = [s for s in slow if s < 1.6 * usual_s]
    return math.fsum(plain) / len(plain)


def _noise_w(values: Sequence[float]) -> float | None:
    """The standard deviation of a value at steady power, from the median step between neighbours.

    Two neighbours differ by √2 of it; the median of a normal step's size is 0.6745 of its deviation.
    """
    steps = [abs(b - a) for a, b in pairwise(values)]
    return median(steps) / (math.sqrt(2) * 0.6745) if steps else None


def _counter(source: Source, fields: Mapping[str, FieldPassport], known: SeriesMap) -> FieldPassport:
    """The counter's passport: it looks for itself, or adds up what a power field saw, or can't be told."""
    counter = fields["counter"]
    looks = known.get((source.domain, "counter", "energy"))
    if counter.window_s is not None or looks is None or not counter.update_s:
        return counter
    seen = {n: known[source.domain, n, "power"] for n in fields if (source.domain, n, "power") in known}
    # the mean of a second says nothing of what a shorter look beside it sees
    telling = {n: power for n, power in seen.items() if n != "average"} or seen
    verdicts = {n: _follows(_pairs(looks, power), counter.update_s) for n, power in seen.items()}
    followed = next((n for n in seen if verdicts[n]), None)
    if followed:
        shared = fields[followed]
        return replace(
            counter, follows=followed, window_s=shared.window_s, lag_s=shared.lag_s, origin=shared.origin
        )
    if any(verdicts[n] is False for n in telling):
        return replace(counter, window_s=counter.update_s, lag_s=0.0, origin="readings")
    if telling and all(_plain(fields[n]) for n in telling):
        # what it may follow leaves nothing out, and does not trail
        return replace(counter, window_s=counter.update_s, lag_s=0.0, origin="published")
    return counter


def _plain(field: FieldPassport) -> bool:
    """Whether each value is the mean of its own period."""
    return field.seen_ratio == 1.0 and field.window_s == field.update_s and not field.lag_s


@dataclass(frozen=True, slots=True)
class _Pair:
    """One tick of a counter: its step, and what the field showed at this tick and at the one before."""

    step_j: float
    apart_s: float
    before_w: float
    after_w: float


def _pairs(counter: Series, power: Series) -> list[_Pair]:
    """The ticks of a counter that were seen by looks at both fields; the field is read just after the counter."""
    found: list[_Pair] = []
    last_ns, before_w = 0, None
    for i in range(1, len(counter)):
        step_j = counter.values[i] - counter.values[i - 1]
        j = bisect_left(power.t_ns, counter.t_ns[i])
        if step_j <= 0 or j == len(power):
            continue
        if last_ns and before_w is not None:
            found.append(_Pair(step_j, (counter.t_ns[i] - last_ns) * S_PER_NS, before_w, power.values[j]))
        last_ns, before_w = counter.t_ns[i], power.values[j]
    return found


def _follows(pairs: Sequence[_Pair], update_s: float) -> bool | None:
    """Whether every step of the counter is the field's value times one period; None: nothing varied enough."""
    plain = [p for p in pairs if 0.4 * update_s <= p.apart_s <= 1.6 * update_s]
    if len(plain) < _VARIED:
        return None
    mean_w = math.fsum(p.after_w for p in plain) / len(plain)
    own = [(p.step_j / update_s, p.after_w, p.before_w) for p in plain]
    apart = min(
        sum(abs(step_w - shown[at]) > _ALIKE_RATIO * max(mean_w, shown[at]) for step_w, *shown in own)
        for at in (0, 1)
    )
    if apart >= _APART:
        return False
    varied = sum(abs(p.after_w - p.before_w) > _VARIED_RATIO * mean_w for p in plain)
    return True if varied >= _VARIED else None
