"""One zone's counter, unrolled: it wraps, falls, leaps, and none of that may become joules.

A step is bounded by what the zone can draw between two looks. What stays undetected is a rise that ends below
that bound: with looks 50 ms apart up to `most_power_w` × 52 ms, which is 52 J where no limit is told (1000 W)
and 21 J for a package limited to 205 W, the step's own joules included. A step that stands alone, with less than
half its power on either side, is lost from half of that on (26 J, 11 J). A rise right after the first look or
before the last has no neighbour on one side, and one after the counter stood still for t seconds may reach
`most_power_w` × t. A fall by so little that a wrap would explain it is a wrap.
"""

from dataclasses import dataclass, field

from bench.errors import SensorLost
from bench.meters.rapl.zones import Zone
from bench.nouns import Domain
from bench.units import J_PER_UJ, NS_PER_S, S_PER_NS

# The counters are refreshed about every millisecond (Hähnel et al. 2012, doi:10.1145/2425248.2425252; checked
# 2026-11-21): a look shows what was at most so long before it, at either end of a step.
TICK_S = 0.001
_SLACK_S = 2 * TICK_S
# The smallest range: 32 bits of 15.3 µJ, the unit of AMD packages and of memory on Intel servers
_SMALLEST_RANGE_UJ = 65_532_610_987
# Limits hold on average (Linux, Documentation/power/powercap/powercap.rst, time_window_us): a step shorter than
# this may lie above them by itself. Chosen: twice the 10 ms in which a short-term limit acts.
_LIMITED_S = 0.02
_UNSEEN_NS = NS_PER_S // 20  # what is first seen was counted up to then, or by a slower counter a while before
_ALONE_RATIO = 2.0  # chosen: a step stands alone when it is over twice what is on either side


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """The least and the most power (W) that a rise can have been; 0 to infinity where it is too short to say."""

    low_w: float
    high_w: float
    rise_uj: int
    long: bool


@dataclass(slots=True, kw_only=True)
class Counter:
    """A wrapping counter and what it has shown so far."""

    zone: Zone
    seen_ns: int  # the end of the last look that succeeded
    raw_uj: int | None = None
    total_uj: int = field(default=0)
    _looked_ns: int = 0  # the beginning of the last look
    _before_ns: int = 0  # the beginning of the look before the one that first showed `raw_uj`
    _since_ns: int = 0  # `raw_uj` was counted up to here, or a tick before
    _steps: tuple[_Step, ...] = ()  # the last two

    def unrolled(self, raw_uj: int, now_ns: int, domain: Domain, *, begun_ns: int | None = None) -> int:
        """The counter as if it had never wrapped. Raises SensorLost where that can't be told.

        The look that found `raw_uj` lasted from `begun_ns` to `now_ns`.
        """
        begun_ns = now_ns if begun_ns is None else begun_ns
        if self.raw_uj is None:
            self.total_uj, self._since_ns = raw_uj, begun_ns - _UNSEEN_NS
        else:
            rise_uj = self._rise_uj(raw_uj, now_ns, domain)
            if rise_uj:
                self._judge(rise_uj, (now_ns - self._since_ns) * S_PER_NS, domain)
                self._before_ns, self._since_ns = self._looked_ns, begun_ns
            else:
                self._since_ns = self._before_ns or self._since_ns  # it ticks more slowly than it is looked at
            self.total_uj += rise_uj
        self.raw_uj, self.seen_ns, self._looked_ns = raw_uj, now_ns, begun_ns
        return self.total_uj

    def _rise_uj(self, raw_uj: int, now_ns: int, domain: Domain) -> int:
        """What was counted since the last look, a wrap unrolled."""
        assert self.raw_uj is not None
        range_uj, apart_s = self.zone.range_uj, (now_ns - self._looked_ns) * S_PER_NS
        if self._most_uj(apart_s) >= (range_uj or _SMALLEST_RANGE_UJ):
            raise SensorLost(
                f"{domain}: no look at its counter for {apart_s:.2f} s, in which it may have wrapped more than "
                "once; poll it oftener"
            )
        rise_uj = raw_uj - self.raw_uj
        # the true modulus is one unit more than the highest value: at most 61 µJ a wrap are left out
        rise_uj += (range_uj or 0) if rise_uj < 0 else 0
        most_uj = self._most_uj((now_ns - self._since_ns) * S_PER_NS)
        if rise_uj < 0 or (rise_uj > most_uj and raw_uj < self.raw_uj):
            raise SensorLost(
                f"{domain}: its counter fell from {self.raw_uj} to {raw_uj} µJ within {apart_s:.3f} s, and "
                f"{_range_said(range_uj)} explains that by a wrap"
            )
        if rise_uj > most_uj:
            raise SensorLost(
                f"{domain}: its counter rose from {self.raw_uj} to {raw_uj} µJ within {apart_s:.3f} s: more than "
                f"{self.zone.most_power_w:g} W, {self.zone.most_power_why}, which nothing draws; if this does, "
                "JOULEMARK_METERS=rapl:most_power_w=WATTS says so"
            )
        return rise_uj

    def _judge(self, rise_uj: int, span_s: float, domain: Domain) -> None:
        """Raises SensorLost for the step before this one where it stands alone above the zone's limit."""
        rise_j = rise_uj * J_PER_UJ
        step = _Step(
            low_w=rise_j / (span_s + _SLACK_S),
            high_w=rise_j / (span_s - _SLACK_S) if span_s > _SLACK_S else float("inf"),
            rise_uj=rise_uj,
            long=span_s >= _LIMITED_S,
        )
        *earlier, last = (*self._steps, step)
        self._steps = (*self._steps[-1:], step)
        if len(earlier) < 2:
            return
        before, middle = earlier
        beside_w = max(before.high_w, last.high_w)
        if middle.long and middle.low_w > max(self.zone.most_power_w / 2, _ALONE_RATIO * beside_w):
            raise SensorLost(
                f"{domain}: its counter rose by {middle.rise_uj * J_PER_UJ:.1f} J at once, {middle.low_w:.0f} W "
                f"between steps of {before.high_w:.0f} and {last.high_w:.0f} W: it leapt"
            )

    def _most_uj(self, span_s: float) -> float:
        return self.zone.most_power_w * (span_s + _SLACK_S) / J_PER_UJ


def _range_said(range_uj: int | None) -> str:
    return "no max_energy_range_uj" if range_uj is None else f"a range of {range_uj} µJ hardly"
