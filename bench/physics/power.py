"""Power over time, for people to look at: counters as differences over bins, gauges as they were read."""

from bisect import bisect_left

from bench.physics.series import Series
from bench.units import NS_PER_S, S_PER_NS

Curve = tuple[tuple[float, ...], tuple[float, ...]]  # seconds since t0, watts
_MOST_POINTS = 600
_SHORTEST_BIN_S = 0.2  # two 100 ms ticks: shorter bins show the counter's ticks, not the board's power


def counter_power(counter: Series, t0_ns: int) -> Curve:
    """The mean power (W) of a counter (J) over equal bins, each at its middle; at most 600 of them."""
    if len(counter) < 2:
        return (), ()
    span_ns = counter.t_ns[-1] - counter.t_ns[0]
    bin_ns = max(round(_SHORTEST_BIN_S * NS_PER_S), span_ns // _MOST_POINTS + 1)
    times, powers = [], []
    start = 0
    while start < len(counter) - 1:
        end = min(bisect_left(counter.t_ns, counter.t_ns[start] + bin_ns), len(counter) - 1)
        end = max(end, start + 1)
        took_s = (counter.t_ns[end] - counter.t_ns[start]) * S_PER_NS
        if took_s > 0:
            times.append(((counter.t_ns[start] + counter.t_ns[end]) / 2 - t0_ns) * S_PER_NS)
            powers.append((counter.values[end] - counter.values[start]) / took_s)
        start = end
    return tuple(times), tuple(powers)


def gauge_power(gauge: Series, t0_ns: int) -> Curve:
    """A gauge's readings (W), thinned to at most 600 by keeping every n-th."""
    step = len(gauge) // _MOST_POINTS + 1
    times = tuple((t - t0_ns) * S_PER_NS for t in gauge.t_ns[::step])
    return times, gauge.values[::step]
