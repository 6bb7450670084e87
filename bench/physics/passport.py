"""What a sensor is, by its own readings: how often a field is renewed, whether a counter looks for itself."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from bench.nouns import POWER_FIELDS, FieldPassport, Passport, Source
from bench.physics.following import follows
from bench.physics.lattice import period_s
from bench.physics.series import Kind, Series, SeriesMap
from bench.physics.ticks import MOST_W
from bench.stats import median
from bench.units import NS_PER_S, S_PER_NS

# NVML's own words: the mean of one second (nvml.h, NVML_FI_DEV_POWER_AVERAGE); renewed every 100 ms
# (arXiv:2312.02741, table 2; both checked 2026-11-21)
AVERAGE = FieldPassport(update_s=0.1, window_s=1.0, lag_s=0.0, origin="published")
_KNOWN_PERIODS_S = (0.1, 0.02)  # of every board looked at from outside (arXiv:2312.02741, table 2)
_SLOWEST_S = 0.13  # the slowest gauge known is renewed every 100 ms (arXiv:2312.02741, table 2)
_FASTEST_S = 0.0005  # a burst of looks is no sensor of microseconds: RAPL is renewed every millisecond
_FEW = 4  # intervals between renewals below which no period is told
# How far a board's period may be from the published one before the class is said not to describe it: boards of one
# class differ by 1 % (101 ms of A100 in the recordings beside arXiv:2312.02741; checked 2026-11-21)
_OWN_PERIOD_RATIO = 0.3
# Intervals above this many of the usual one hold a value that was renewed to itself. Chosen: half-way to two of
# them, and a late look more.
_SKIPPED_RATIO = 1.6
# A mean over more than this many periods trails. Chosen: published ones last a period at most, or ten of them
# (arXiv:2312.02741, table 2), and nothing lies near.
_TRAILS_RATIO = 1.5
_RESTED = 4  # steps between values in the least rest beside a window, half a second


def examine(source: Source, known: SeriesMap) -> Passport:
    """The passport of a source: what was known before, completed by the readings of this trace.

    Periods are read off the readings. A window comes from known steps of load or from the published class of
    such boards; a counter's from a comparison with the power fields, where their values varied enough to tell.
    """
    before = source.passport or Passport(fields={})
    tick_s = source.details.get("tick_s")
    fields = {}
    for name in source.fields:
        kind: Kind = "power" if name in POWER_FIELDS else "energy"
        found = known.get((source.domain, name, kind))
        declared = before.fields.get(name, AVERAGE if name == "average" else FieldPassport())
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
    noise_w = _noise_w(found, update_s) if kind == "power" and update_s else None
    return replace(_as_found(declared, update_s), noise_w=noise_w)


def _as_found(declared: FieldPassport, update_s: float | None) -> FieldPassport:
    """The declared field with the period that was found; a published window goes where the period is another."""
    if declared.origin != "published" or not declared.update_s or not update_s:
        return replace(declared, update_s=update_s)
    if abs(update_s / declared.update_s - 1) > _OWN_PERIOD_RATIO:
        said = (
            f"renewed every {update_s:.3g} s, where boards of its name are published with {declared.update_s:g} s"
        )
        return FieldPassport(update_s=update_s, health=said)
    # a board that sees all of each period: how long that is, is better read off
    window_s = update_s if declared.window_s == declared.update_s else declared.window_s
    return replace(declared, update_s=update_s, window_s=window_s)


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
    if usual_s < _FASTEST_S:
        return None
    plain = [s for s in slow if s < _SKIPPED_RATIO * usual_s]
    return math.fsum(plain) / len(plain)


def _noise_w(found: Series, update_s: float) -> float | None:
    """The standard deviation of a value at steady power, from steps between neighbours: of all, or in rest.

    A trace begins and ends with rest. Two neighbours at steady power differ by √2 of the noise; the median size of
    a normal step is 0.6745 of its standard deviation.
    """
    values, next_ns = [], 0.0
    for t_ns, value in zip(found.t_ns, found.values, strict=True):
        if t_ns >= next_ns and abs(value) <= MOST_W:
            values.append(value)
            next_ns = t_ns + update_s * NS_PER_S
    steps = [abs(b - a) for a, b in pairwise(values)]
    if len(steps) < _RESTED:
        return None
    rested = [*steps[:_RESTED], *steps[-_RESTED:]]
    return min(median(steps), median(rested)) / (math.sqrt(2) * 0.6745)


def _counter(source: Source, fields: Mapping[str, FieldPassport], known: SeriesMap) -> FieldPassport:
    """The counter's passport: it looks for itself, or adds up what a power field saw, or can't be told."""
    counter = fields["counter"]
    looks = known.get((source.domain, "counter", "energy"))
    if counter.window_s is not None or looks is None or not counter.update_s:
        return counter
    seen = {n: known[source.domain, n, "power"] for n in fields if (source.domain, n, "power") in known}
    # the mean of a second says nothing of what a shorter look beside it sees
    telling = {n: power for n, power in seen.items() if n != "average"} or seen
    noises_w = {n: fields[n].noise_w or 0.0 for n in seen}
    verdicts = {
        n: follows(looks, power, counter.update_s, noises_w[n], trails=_trails(fields[n]))
        for n, power in seen.items()
    }
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


def _trails(field: FieldPassport) -> bool:
    if field.window_s is None or field.update_s is None:
        return False
    return field.window_s > _TRAILS_RATIO * field.update_s


def _plain(field: FieldPassport) -> bool:
    """Whether each value is the mean of its own period."""
    return field.seen_ratio == 1.0 and field.window_s == field.update_s and not field.lag_s
