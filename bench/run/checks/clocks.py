"""Does everything lie on one monotonic clock, and do the wall's stamps agree with it?"""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import NamedTuple

from bench.files.layout import OUTCOMES, READINGS, WINDOWS
from bench.physics.delivery import stray
from bench.run.checks.case import Case, Folder
from bench.run.checks.line import AuditLine, Expectation, Lines, told
from bench.units import S_PER_NS, counted

_ASCEND = Expectation(name="readings in order", expected="time never goes back")
_COUNTERS = Expectation(name="counters rise", expected="no energy counter ever falls")
_INSIDE = Expectation(name="windows in readings", expected="sensors read before and after each")
_APART = Expectation(name="windows apart", expected="no two windows of a run overlap")
_REQUESTS = Expectation(name="requests in windows", expected="each whole in one work window")
_ALONE = Expectation(name="one run at a time", expected="no two runs of a machine overlap")
_WALL = Expectation(name="wall clock", expected="one order, one offset to monotonic")

# MLPerf checker: clocks of one session agree to 800 ms. Stamps here are whole seconds, so a second is as near.
_OFFSET_S = 1.0
_STAMP = "%Y-%m-%dT%H:%M:%SZ"


def readings_in_order(case: Case) -> Lines:
    """A reading that is older than the one before it was made by another clock, or put in by hand."""
    found = case.sealed.trace.observations
    back = [(a, b) for a, b in pairwise(found) if b.t_ns < a.t_ns]
    short = [
        _ASCEND.failed(f"{(a.t_ns - b.t_ns) * S_PER_NS:.6f} s back, {len(back)} times",
                       case.at(READINGS, domain=b.domain))
        for a, b in back[:1]
    ]  # fmt: skip
    return told(short, _ASCEND.passed("in order", case.at(READINGS)))


def counters_rise(case: Case) -> Lines:
    """A counter that falls was reset or wrapped unseen; taken for a wrap it has been worth 262 kJ elsewhere."""
    short = []
    for (domain, field, kind), found in case.known.items():
        falls = [a - b for a, b in pairwise(found.values) if b < a] if kind == "energy" else []
        if falls:
            said = f"{field} falls {len(falls)} times, the first by {falls[0]:.6g} J"
            short.append(_COUNTERS.failed(said, case.at(READINGS, domain=domain)))
    if not any(kind == "energy" for _, _, kind in case.known):
        return (_COUNTERS.skipped("no counter was read", case.at(READINGS)),)
    return told(short, _COUNTERS.passed("none falls", case.at(READINGS)))


def windows_in_readings(case: Case) -> Lines:
    """MLPerf audit guidelines: the power log covers the workload's own span, from its start to its end."""
    short = []
    for source in case.live:
        times = [s.t_ns for (d, _, kind), s in case.known.items() if d == source.domain and kind != "condition"]
        if not times:
            short.append(_INSIDE.failed("not one reading", case.at(READINGS, domain=source.domain)))
            continue
        first_ns, last_ns = max(t[0] for t in times), min(t[-1] for t in times)
        outside = [w for w in case.sealed.trace.windows if w.start_ns < first_ns or w.end_ns > last_ns]
        for w in outside[:1]:
            beyond_s = max(first_ns - w.start_ns, w.end_ns - last_ns) * S_PER_NS
            said = f"{beyond_s:.3f} s outside, and {len(outside) - 1} more windows"
            short.append(_INSIDE.failed(said, case.at(WINDOWS, window=w, domain=source.domain)))
    if not case.live:
        return (_INSIDE.skipped("no sensor is read", case.at(WINDOWS)),)
    return told(short, _INSIDE.passed("all are", case.at(WINDOWS)))


def windows_apart(case: Case) -> Lines:
    """Joules of an overlap would be counted twice."""
    ordered = sorted(case.sealed.trace.windows, key=lambda w: (w.start_ns, w.end_ns))
    short = [
        _APART.failed(
            f"begins {(a.end_ns - b.start_ns) * S_PER_NS:.3f} s before {a.phase} {a.label} ends",
            case.at(WINDOWS, window=b),
        )
        for a, b in pairwise(ordered)
        if b.start_ns < a.end_ns
    ]
    return told(short, _APART.passed(counted(len(ordered), "window"), case.at(WINDOWS)))


def requests_in_windows(case: Case) -> Lines:
    """Work outside its window: its joules are counted where its tokens are not."""
    outcomes = case.run.outcomes
    upside_down = [
        o for o in outcomes
        if o.end_ns < o.start_ns
        or (o.first_output_ns is not None and not o.start_ns <= o.first_output_ns <= o.end_ns)
    ]  # fmt: skip
    short = [_REQUESTS.failed(v.evidence, case.at(OUTCOMES)) for v in stray(outcomes, case.work)]
    if upside_down:
        said = f"{upside_down[0].request_id}: its first output or its end lies before its start"
        short.append(_REQUESTS.failed(said, case.at(OUTCOMES)))
    return told(short, _REQUESTS.passed(counted(len(outcomes), "request"), case.at(OUTCOMES)))


class _Span(NamedTuple):
    """A run on both clocks. `boot_*_s`: when the monotonic clock can have stood at 0, in wall seconds.

    The stamp is taken, in whole seconds, after the run's first reading and before its first window.
    """

    wall_s: float
    first_ns: int
    last_ns: int
    boot_low_s: float
    boot_high_s: float
    case: Case


def one_run_at_a_time(folder: Folder) -> Iterator[AuditLine]:
    """Two runs at once on one machine: each one's work is in the other's joules."""
    for spans in _machines(folder):
        for span in spans:
            other = next((o for o in spans if _overlap(span, o)), None)
            if other is None:
                yield _ALONE.passed("alone", span.case.at(WINDOWS))
            else:
                yield _ALONE.failed(f"while {other.case.id} ran", span.case.at(WINDOWS))


def wall_clock(folder: Folder) -> Iterator[AuditLine]:
    """MLPerf checker, phases_check: the stamps of two clocks agree. A restart between runs is no contradiction."""
    for case in folder.cells:
        if _wall_s(case) is None:
            yield _WALL.failed(f"started_at is {case.run.started_at!r}, no stamp in UTC", case.at())
    for spans in _machines(folder):
        for one in spans[:1]:
            yield _WALL.passed("the first", one.case.at())
        for a, b in pairwise(spans):
            yield _judged(a, b)


def _judged(a: _Span, b: _Span) -> AuditLine:
    """What two runs that follow each other on the wall say of the clocks."""
    ahead = b.first_ns >= a.first_ns
    moved_s = max(b.boot_low_s - a.boot_high_s, a.boot_low_s - b.boot_high_s, 0.0)
    if ahead and moved_s <= _OFFSET_S:
        return _WALL.passed("one order, one offset", b.case.at())
    if ahead:
        return _WALL.warned(
            f"moved by {moved_s:.0f} s against the run before: set by hand, or the machine slept", b.case.at()
        )
    a_end_s = a.boot_low_s + a.last_ns * S_PER_NS
    if b.boot_high_s >= a_end_s - _OFFSET_S:
        return _WALL.passed("the machine was started again in between", b.case.at())
    return _WALL.failed(f"stamped after {a.case.id}, and run before it", b.case.at())


def _overlap(a: _Span, b: _Span) -> bool:
    """Whether two runs share time on one monotonic clock, which their offsets must allow to be one."""
    one_clock = a.boot_low_s <= b.boot_high_s + _OFFSET_S and b.boot_low_s <= a.boot_high_s + _OFFSET_S
    return a.case is not b.case and one_clock and a.first_ns < b.last_ns and b.first_ns < a.last_ns


def _machines(folder: Folder) -> list[list[_Span]]:
    """The runs of each machine, in the order of the wall's stamps."""
    machines: dict[tuple[str, object], list[_Span]] = {}
    for case in folder.cells:
        run, wall_s = case.run, _wall_s(case)
        if wall_s is not None and run.trace.windows and run.trace.observations:
            key = (run.spec.hardware, run.environment.get("cloud_id_sha256"))
            machines.setdefault(key, []).append(_span(case, wall_s))
    return [sorted(spans, key=lambda s: (s.wall_s, s.first_ns)) for spans in machines.values()]


def _wall_s(case: Case) -> float | None:
    try:
        return datetime.strptime(case.run.started_at, _STAMP).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None


def _span(case: Case, wall_s: float) -> _Span:
    trace = case.run.trace
    first_ns = min(w.start_ns for w in trace.windows)
    return _Span(
        wall_s=wall_s,
        first_ns=first_ns,
        last_ns=max(w.end_ns for w in trace.windows),
        boot_low_s=wall_s - first_ns * S_PER_NS,
        boot_high_s=wall_s + 1.0 - trace.observations[0].t_ns * S_PER_NS,
        case=case,
    )
