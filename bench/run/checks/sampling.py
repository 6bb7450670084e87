"""Were the sensors read as often as was asked, without holes, and on time?"""

import math

from bench.files.layout import READINGS
from bench.nouns import Source, Window
from bench.physics.rules import SAMPLER_GAP
from bench.physics.sensed import silence_s
from bench.physics.series import Series
from bench.run.checks.case import Case
from bench.run.checks.line import Expectation, Lines, told
from bench.sensing.recorder import REST_S
from bench.units import NS_PER_S

# ML.ENERGY, check_prometheus_collection: three of four of the looks that were due.
_LEAST_COLLECTED_RATIO = 0.75
_SHORTEST_S, _LONGEST_S = 0.001, 10.0  # what a suite may ask for: bench/files/suites.py
_LATE_S = 0.005  # what moves an edge by 5 ms moves a window of 10 s by 0.05 %

_COLLECTED = Expectation(
    name="sampling period", expected=f"{_LEAST_COLLECTED_RATIO:.0%} of asked periods hold a look"
)
_GAP = Expectation(name="longest gap", expected=f"at work {REST_S} s at most (fail: {SAMPLER_GAP.void_over:g} s)")
_LATE = Expectation(name="sampler lateness", expected=f"99% of looks {_LATE_S * 1000:g} ms late at most")


def sampling_period(case: Case) -> Lines:
    """The asked period against the achieved one. Close looks at edges cannot make up for missing ones."""
    asked_s = case.run.spec.timing.sample_period_s
    if not _SHORTEST_S <= asked_s <= _LONGEST_S:
        return (_COLLECTED.failed(f"asked was a look every {asked_s:g} s", case.at()),)
    period_ns = round(asked_s * NS_PER_S)
    short, worst = [], 1.0
    for source in case.live:
        fields = _fields(case, source)
        ratio = min((_collected(f, w, period_ns) for f in fields for w in case.work), default=None)
        if ratio is None:
            continue
        worst = min(worst, ratio)
        if ratio < _LEAST_COLLECTED_RATIO:
            said = f"{ratio:.0%} of periods of {period_ns * 1e-6:g} ms"
            short.append(_COLLECTED.warned(said, case.at(READINGS, domain=source.domain)))
    return told(short, _COLLECTED.passed(f"{worst:.0%} of periods of {period_ns * 1e-6:g} ms", case.at(READINGS)))


def _fields(case: Case, source: Source) -> list[Series]:
    return [s for (domain, _, kind), s in case.known.items() if domain == source.domain and kind != "condition"]


def _collected(field: Series, window: Window, period_ns: int) -> float:
    """The share of a window's whole periods that hold a reading."""
    periods = (window.end_ns - window.start_ns) // period_ns
    inside = field.between(window.start_ns, window.end_ns).t_ns
    held = {(t - window.start_ns) // period_ns for t in inside} - {periods}  # the last one is not whole
    return len(held) / periods if periods else 1.0


def longest_gap(case: Case) -> Lines:
    """A hole in the readings hides whatever happened in it."""
    short, worst_s = [], 0.0
    for source in case.live:
        silences = [(silence_s(f, w), w) for f in _fields(case, source) for w in case.work]
        if not silences:
            continue
        gap_s, window = max(silences, key=lambda found: found[0])
        worst_s = max(worst_s, gap_s)
        if gap_s > REST_S:  # three ticks of the slowest sensor, and a margin
            judge = _GAP.failed if SAMPLER_GAP.level(gap_s) == "void" else _GAP.warned
            short.append(judge(f"{gap_s:.2f} s", case.at(READINGS, window=window, domain=source.domain)))
    if not case.live or not case.work:
        return (_GAP.skipped("no sensor is read, or no work was done", case.at(READINGS)),)
    return told(short, _GAP.passed(f"{worst_s:.3f} s", case.at(READINGS)))


def sampler_lateness(case: Case) -> Lines:
    """The sampler's own word: how late its looks came. A late look knows an edge less well."""
    late = case.condition_at_work("sampler", "lateness_s")
    if not late:
        return (_LATE.skipped("not recorded", case.at(READINGS)),)
    ranked = sorted(late)
    p99_s = ranked[math.ceil(0.99 * len(ranked)) - 1]  # of the worst of each second: never better than of all
    judge = _LATE.passed if p99_s <= _LATE_S else _LATE.warned
    said = f"{p99_s * 1000:.1f} ms, the worst {ranked[-1] * 1000:.1f} ms"
    return (judge(said, case.at(READINGS, domain="sampler")),)
