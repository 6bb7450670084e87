"""What went on around the work: heat, slowdown, and other people's work on the same machine."""

from collections.abc import Callable, Sequence

from bench.files.store import READINGS
from bench.nouns import Source, Verdict
from bench.physics.contamination import busy_board, busy_idle, foreign_work, stolen_time
from bench.physics.series import Series
from bench.run.checks.case import Case
from bench.run.checks.line import AuditLine, Lines, Rule, told
from bench.stats import mean
from bench.units import S_PER_MIN, S_PER_NS

# ML.ENERGY, check_temperature_range: below 20 °C a sensor is wrong, above 95 °C boards slow down; an error from
# 5 % of readings outside.
_COOLEST_C, _HOTTEST_C, _OUTSIDE_RATIO = 20.0, 95.0, 0.05
# Leakage rises with temperature, and power with it (ML.ENERGY, "Thermally stable profiling"). NVML tells whole
# degrees: a rise of two of them is seen, and 1 °C a minute is a sixth of a degree in a window of 10 s.
_SLOPE_C_PER_MIN, _RISE_C = 1.0, 2.0
# NVML clock event reasons (nvml.h, NVIDIA driver API reference; checked 2026-11-21)
_SLOWDOWN = 0x8 | 0x20 | 0x40 | 0x80  # hardware; software thermal; hardware thermal; power brake
_POWER_CAP = 0x4

_HEAT = Rule(name="temperature", expected=f"{_COOLEST_C:g} to {_HOTTEST_C:g} °C at work")
_DRIFT = Rule(name="temperature drift", expected=f"{_SLOPE_C_PER_MIN:g} °C a minute at most")
_SLOW = Rule(name="slowdown", expected="none by heat or hardware at work")
_FOREIGN = Rule(name="foreign processes", expected="none on the board")
_QUIET = Rule(name="quiet before", expected="at rest while nothing is asked")
_STEAL = Rule(name="steal time", expected="1% of a window at most (fail: 10%)")


def temperature(case: Case) -> Lines:
    """Heat out of range is a sensor that errs, or a board about to slow down."""

    def judge(source: Source, seen: Sequence[float]) -> AuditLine:
        outside = sum(not _COOLEST_C <= c <= _HOTTEST_C for c in seen) / len(seen)
        said = f"{min(seen):g} to {max(seen):g} °C"
        where = case.at(READINGS, domain=source.domain)
        if not outside:
            return _HEAT.passed(said, where)
        return (_HEAT.failed if outside >= _OUTSIDE_RATIO else _HEAT.warned)(
            f"{said}, {outside:.0%} outside", where
        )

    return _of_boards(case, _HEAT, "temperature_c", judge)


def temperature_drift(case: Case) -> Lines:
    """A board that still warms up draws more in each window than in the one before."""

    def judge(source: Source, _: Sequence[float]) -> AuditLine:
        found = case.condition(source.domain, "temperature_c")
        assert found is not None
        span = found.between(min(w.start_ns for w in case.work), max(w.end_ns for w in case.work))
        slope, rise_c = _slope(span)
        said = f"{slope:+.1f} °C a minute, {rise_c:+.1f} °C in all"
        drifts = abs(slope) > _SLOPE_C_PER_MIN and abs(rise_c) >= _RISE_C
        return (_DRIFT.warned if drifts else _DRIFT.passed)(said, case.at(READINGS, domain=source.domain))

    return _of_boards(case, _DRIFT, "temperature_c", judge)


def _slope(found: Series) -> tuple[float, float]:
    """The least-squares slope (per minute) of a series, and what it makes over the whole span."""
    minutes = [(t - found.t_ns[0]) * S_PER_NS / S_PER_MIN for t in found.t_ns]
    middle, centre = mean(minutes), mean(found.values)
    spread = sum((m - middle) ** 2 for m in minutes)
    if not spread:
        return 0.0, 0.0
    slope = sum((m - middle) * (v - centre) for m, v in zip(minutes, found.values, strict=True)) / spread
    return slope, slope * (minutes[-1] - minutes[0])


def slowdown(case: Case) -> Lines:
    """A board that slows down is another board. A power cap is where full load sits, and part of the key."""

    def judge(source: Source, seen: Sequence[float]) -> AuditLine:
        reasons = 0
        for value in seen:
            reasons |= int(value)
        where = case.at(READINGS, domain=source.domain)
        if reasons & _SLOWDOWN:
            return _SLOW.failed(f"event reasons 0x{reasons:x}", where)
        if reasons & _POWER_CAP:
            return _SLOW.warned(f"software power cap (event reasons 0x{reasons:x})", where)
        return _SLOW.passed("none", where)

    return _of_boards(case, _SLOW, "event_reasons", judge)


def _of_boards(
    case: Case, rule: Rule, condition: str, judge: Callable[[Source, Sequence[float]], AuditLine]
) -> Lines:
    """What `judge` says of a circumstance of each measured board; a board that never told it is warned of."""
    if not case.boards:
        return (rule.skipped("no board is measured here", case.at(READINGS)),)
    lines = []
    for board in case.boards:
        seen = case.condition_at_work(board.domain, condition)
        where = case.at(READINGS, domain=board.domain)
        lines.append(judge(board, seen) if seen else rule.warned("not recorded at work", where))
    return tuple(lines)


def foreign_processes(case: Case) -> Lines:
    """MLPerf rules: the system under test is dedicated. Whoever else holds the board may draw on it."""
    own = [b for b in case.boards if case.condition(b.domain, "foreign_processes")]
    if not case.boards:
        return (_FOREIGN.skipped("no board is measured here", case.at(READINGS)),)
    if not own:
        said = "not recorded: in a container NVML's pids are the host's, and whose they are can't be told"
        return (_FOREIGN.warned(said, case.at(READINGS)),)
    return _judged(_FOREIGN, case, foreign_work(case.known, case.run), "none")


def quiet_before(case: Case) -> Lines:
    """Whatever is busy while nothing is asked goes on during the work, and its energy is counted in."""
    known = case.known
    if not any(name in ("busy_s", "utilisation_ratio") for _, name, kind in known if kind == "condition"):
        return (_QUIET.skipped("neither the CPU's nor a board's use is recorded", case.at(READINGS)),)
    return _judged(_QUIET, case, [*busy_idle(known, case.run), *busy_board(known, case.run)], "at rest")


def steal_time(case: Case) -> Lines:
    """Time that a hypervisor gives to others stretches a window; the host's figures suffer, a GPU's do not."""
    if case.condition("host", "steal_s") is None:
        return (_STEAL.skipped("not recorded", case.at(READINGS)),)
    return _judged(_STEAL, case, stolen_time(case.known, case.sealed.sources, case.work), "none to speak of")


def _judged(rule: Rule, case: Case, verdicts: Sequence[Verdict], fine: str) -> Lines:
    """The physics' own verdicts, taken afresh from the readings: thresholds stand in one place."""
    short = [
        (rule.failed if v.level == "void" else rule.warned)(v.evidence, case.at(READINGS, domain=v.domain))
        for v in verdicts
    ]
    return told(short, rule.passed(fine, case.at(READINGS)))
