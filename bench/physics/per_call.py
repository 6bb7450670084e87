"""The energy of one call of many, from that of a window of rounds and of the rest before it.

|── rest ──|   |~~ span of the energy: the window, widened to ticks ~~|
               |  wait [round][round]…  wait [round][round]…          |   t_out: all of the span that is no round

    E(call) = (E(span) − P(rest) × t_out) / calls         P(rest) at most the span's own mean power

So the idle that flows *during* calls is in the figure, and that between and beside them is not. Nobody measures
the power between rounds: it lies between nothing and the mean of the span, and near the rest's. The ends of the
interval take the rest's own ends, or those two where the rest has no energy.
"""

from dataclasses import replace

from bench.nouns import WindowEnergy
from bench.units import S_PER_NS


def per_call(rest: WindowEnergy, span: WindowEnergy, *, busy_s: float, calls: int) -> WindowEnergy:
    """The energy of one of `calls` ≥ 1 that took `busy_s` > 0 together; void where the span is."""
    if span.energy_j is None:
        return span
    span_s = (span.end_ns - span.start_ns) * S_PER_NS
    outside_s = max(0.0, span_s - busy_s)
    most_w = span.energy_j / span_s
    low_w, rest_w, high_w = _power_w(rest, most_w)
    low_j = None if span.low_j is None else max(0.0, span.low_j - high_w * outside_s) / calls
    high_j = None if span.high_j is None else (span.high_j - low_w * outside_s) / calls
    return replace(
        span,
        energy_j=(span.energy_j - rest_w * outside_s) / calls,
        low_j=low_j,
        high_j=high_j,
        witness_j=None,
        components={},
        freedom={},
        peers={},
        over_peers_j={},
    )


def _power_w(rest: WindowEnergy, most_w: float) -> tuple[float, float, float]:
    """(low, value, high) of the power beside the rounds, none above `most_w`."""
    rest_s = (rest.end_ns - rest.start_ns) * S_PER_NS
    if rest.energy_j is None or rest.low_j is None or rest.high_j is None or rest_s <= 0:
        return 0.0, most_w / 2, most_w
    low_w, value_w, high_w = (min(most_w, j / rest_s) for j in (rest.low_j, rest.energy_j, rest.high_j))
    return low_w, value_w, high_w
