"""What went on around the work: heat, slowdown, and other people's work on the same machine."""

from collections.abc import Callable, Iterable, Sequence

from bench.files.layout import READINGS
from bench.nouns import Source, Verdict
from bench.physics import rules
from bench.physics.contamination import busy_board, busy_idle, foreign_cpu, foreign_work, stolen_time
from bench.physics.drift import drifts
from bench.physics.events import slowed
from bench.run.checks.case import Case
from bench.run.checks.line import AuditLine, Expectation, Lines, told

# ML.ENERGY, check_temperature_range: below 20 °C a sensor is wrong, above 95 °C boards slow down; an error from
# 5 % of readings outside. The other thresholds stand with the verdicts, in bench/physics/rules.
_COOLEST_C, _HOTTEST_C, _OUTSIDE_RATIO = 20.0, 95.0, 0.05

_HEAT = Expectation(name="temperature", expected=f"{_COOLEST_C:g} to {_HOTTEST_C:g} °C at work")
_WARMING = Expectation(name="temperature drift", expected=f"{rules.FASTEST_C_PER_MIN:g} °C a minute at most")
_CLOCK = Expectation(name="clock drift", expected=f"{rules.CLOCK_DRIFT.flag_over:.0%} at most between windows")
_SLOW = Expectation(name="slowdown", expected="none by heat or hardware at work")
_LIMIT = Expectation(name="power limit kept", expected=f"within {rules.SETTLED_W:g} W from idle to the end")
_FOREIGN = Expectation(name="foreign processes", expected="none on the board")
_QUIET = Expectation(name="quiet before", expected="at rest while nothing is asked")
_OTHERS = Expectation(
    name="foreign cpu work",
    expected=f"{rules.FOREIGN_CPU.flag_over:.0%} of a window at most (fail: {rules.FOREIGN_CPU.void_over:.0%})",
)
_STEAL = Expectation(
    name="steal time",
    expected=f"{rules.STEAL.flag_over:.0%} of a window at most (fail: {rules.STEAL.void_over:.0%})",
)

# A circumstance of one board: from its values at work (all of them) to what is said of it.
_Judge = Callable[[Source, Sequence[float]], Lines]


def temperature(case: Case) -> Lines:
    """Heat out of range is a sensor that errs, or a board about to slow down."""

    def judge(board: Source, seen: Sequence[float]) -> Lines:
        outside = sum(not _COOLEST_C <= c <= _HOTTEST_C for c in seen) / len(seen)
        said = f"{min(seen):g} to {max(seen):g} °C"
        where = case.at(READINGS, domain=board.domain)
        if not outside:
            return (_HEAT.passed(said, where),)
        said += f", {outside:.0%} outside"
        return ((_HEAT.failed if outside >= _OUTSIDE_RATIO else _HEAT.warned)(said, where),)

    return _of_boards(case, _HEAT, "temperature_c", judge)


def temperature_drift(case: Case) -> Lines:
    """A board that still warms up draws more in each window than in the one before."""
    return _of_boards(case, _WARMING, "temperature_c", _drifting(case, _WARMING, rules.TEMPERATURE_DRIFT.name))


def clock_drift(case: Case) -> Lines:
    """Power goes with voltage squared times clock: another clock is another operating point."""
    return _of_boards(case, _CLOCK, "sm_clock_mhz", _drifting(case, _CLOCK, rules.CLOCK_DRIFT.name))


def _drifting(case: Case, question: Expectation, name: str) -> _Judge:
    def judge(board: Source, _: Sequence[float]) -> Lines:
        found = (v for windows in case.loads for v in drifts(board, case.known, windows) if v.name == name)
        return _said(question, case, board, found, "steady")

    return judge


def slowdown(case: Case) -> Lines:
    """A board that slows down is another board. A power cap is where full load sits, and part of the key."""

    def judge(board: Source, _: Sequence[float]) -> Lines:
        names = (rules.THROTTLED.name, rules.POWER_CAP.name)
        return _said(_SLOW, case, board, (v for v in _slowed(case, board) if v.name in names), "none")

    return _of_boards(case, _SLOW, "event_reasons", judge)


def power_limit_kept(case: Case) -> Lines:
    """MLPerf rules, power_measurement.adoc: no manual change of power management while it is measured."""

    def judge(board: Source, _: Sequence[float]) -> Lines:
        moved = (v for v in _slowed(case, board) if v.name == rules.LIMIT_CHANGED.name)
        return _said(_LIMIT, case, board, moved, "kept")

    return _of_boards(case, _LIMIT, "power_limit_w", judge)


def _slowed(case: Case, board: Source) -> list[Verdict]:
    return slowed(board, case.known, case.sealed.trace.windows)


def _of_boards(case: Case, question: Expectation, condition: str, judge: _Judge) -> Lines:
    """What `judge` says of a circumstance of each measured board; a board that never told it is warned of."""
    if not case.boards:
        return (question.skipped("no board is measured here", case.at(READINGS)),)
    lines: list[AuditLine] = []
    for board in case.boards:
        seen = case.condition_at_work(board.domain, condition)
        where = case.at(READINGS, domain=board.domain)
        lines += judge(board, seen) if seen else (question.warned("not recorded at work", where),)
    return tuple(lines)


def foreign_processes(case: Case) -> Lines:
    """Whoever else holds the board may draw on it, and nobody can tell afterwards whose joules they were."""
    names = ("foreign_processes", "memory_allocated_bytes")
    told_by = [n for board in case.boards for n in names if case.condition(board.domain, n)]
    if not case.boards:
        return (_FOREIGN.skipped("no board is measured here", case.at(READINGS)),)
    if not told_by:
        return (_FOREIGN.warned("neither processes nor memory were recorded", case.at(READINGS)),)
    return _judged(_FOREIGN, case, foreign_work(case.known, case.run), "none")


def foreign_cpu_work(case: Case) -> Lines:
    """Other processes take threads from the work: it takes longer, and their joules are counted in."""
    if not _recorded(case, "own_s"):
        why = "our own CPU time is not recorded: a server's work, or an old run"
        return (_OTHERS.skipped(why, case.at(READINGS)),)
    found = foreign_cpu(case.known, case.sealed.sources, case.work)
    return _judged(_OTHERS, case, found, "none to speak of")


def quiet_before(case: Case) -> Lines:
    """Whatever is busy while nothing is asked goes on during the work, and its energy is counted in."""
    known = case.known
    if not _recorded(case, "busy_s") and not _recorded(case, "utilisation_ratio"):
        return (_QUIET.skipped("neither the CPU's nor a board's use is recorded", case.at(READINGS)),)
    return _judged(_QUIET, case, [*busy_idle(known, case.run), *busy_board(known, case.run)], "at rest")


def steal_time(case: Case) -> Lines:
    """Time that a hypervisor gives to others stretches a window; the host's figures suffer, a GPU's do not."""
    if not _recorded(case, "steal_s"):
        return (_STEAL.skipped("not recorded", case.at(READINGS)),)
    return _judged(_STEAL, case, stolen_time(case.known, case.sealed.sources, case.work), "none to speak of")


def _recorded(case: Case, condition: str) -> bool:
    return any((name, kind) == (condition, "condition") for _, name, kind in case.known)


def _said(question: Expectation, case: Case, board: Source, verdicts: Iterable[Verdict], fine: str) -> Lines:
    return _judged(question, case, verdicts, fine, domain=board.domain)


def _judged(
    question: Expectation, case: Case, verdicts: Iterable[Verdict], fine: str, domain: str | None = None
) -> Lines:
    """The physics' own verdicts, taken afresh from the readings, as lines: a void one fails, a flag warns."""
    short = [
        (question.failed if v.level == "void" else question.warned)(v.evidence, case.at(READINGS, domain=v.domain))
        for v in verdicts
    ]
    return told(short, question.passed(fine, case.at(READINGS, domain=domain)))
