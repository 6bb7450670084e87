"""Is the power what such a machine can draw, and idle the same whenever it is asked?"""

from bench.files.layout import READINGS
from bench.nouns import Source, Verdict
from bench.physics import rules
from bench.physics.floor import MEMORY_BYTES_PER_S, WEIGHT_BYTES_PER_STEP, underpriced
from bench.physics.limits import forbidden, mean_power_w
from bench.physics.phases import idle
from bench.run.checks.case import Case
from bench.run.checks.line import AuditLine, Expectation, Lines, told
from bench.stats import mean

# ML.ENERGY, check_power_range: an average up to 1.1 times the board's power (as the verdict), an instant to 1.7.
_INSTANT_RATIO = 1.7

_BOUNDS = Expectation(name="power in bounds", expected="at work between idle and the limit")
_FLOOR = Expectation(name="memory floor", expected="no step cheaper than its weights")
_HALVES = Expectation(name="idle repeats", expected=f"both halves within {rules.BUSY_MACHINE.flag_over:.0%}")


def power_in_bounds(case: Case) -> Lines:
    """Work draws more than rest, and no board more than it is allowed to: else the sensor is wrong."""
    measured = [s for s in case.live if s.basis == "measured"]
    if not measured:
        return (_BOUNDS.skipped("nothing is measured here", case.at()),)
    short = [_line(case, _BOUNDS, v) for source in measured for v in _forbidden(case, source)]
    for source in measured:
        peak_w = _peak_w(case, source)
        if source.power_limit_w and peak_w > source.power_limit_w * _INSTANT_RATIO:
            said = f"a reading of {peak_w:.0f} W, limit {source.power_limit_w:.0f} W"
            short.append(_BOUNDS.warned(said, case.at(READINGS, domain=source.domain)))
    return told(short, _BOUNDS.passed("within", case.at()))


def _forbidden(case: Case, source: Source) -> list[Verdict]:
    """The physics' own verdicts; of a metered command, whose idle nobody knows, the limit alone."""
    if case.sealed.run is not None:
        return forbidden(source, case.sealed.run, case.sealed.published.energies)
    powers_w = [mean_power_w(e) for e in case.work_energies if e.domain == source.domain]
    if not powers_w or not source.power_limit_w:
        return []
    said = f"mean power {max(powers_w):.0f} W, limit {source.power_limit_w:.0f} W"
    return rules.ABOVE_LIMIT.graded(max(powers_w) / source.power_limit_w, source.domain, said)


def _peak_w(case: Case, source: Source) -> float:
    powers = (s.values for (d, _, kind), s in case.known.items() if (d, kind) == (source.domain, "power"))
    return max((max(values) for values in powers if values), default=0.0)


def memory_floor(case: Case) -> Lines:
    """Each step of a decoder reads the weights: fewer joules or seconds than that takes are not its own."""
    known = WEIGHT_BYTES_PER_STEP in case.run.loaded.facts
    if not known or not case.boards:
        return (_FLOOR.skipped("no board, or what a step reads is not known", case.at()),)
    energies = case.sealed.published.energies
    short = [_line(case, _FLOOR, v) for board in case.boards for v in underpriced(board, case.run, energies)]
    clocked = all(MEMORY_BYTES_PER_S in board.details for board in case.boards)
    return told(short, _FLOOR.passed("by joules and seconds" if clocked else "by joules", case.at()))


def idle_repeats(case: Case) -> Lines:
    """Idle is measured in two halves: where they differ something else ran, or the board had not settled."""
    short, pairs = [], 0
    known = [e for e in case.sealed.published.energies if e.energy_j is not None]
    for source in case.live:
        mine = [e for e in known if e.domain == source.domain]
        for kind, halves in (("bare", idle(mine, "bare")), ("resident", idle(mine, "resident"))):
            powers_w = [mean_power_w(e) for e in halves]
            if len(powers_w) < 2:
                continue
            pairs += 1
            apart = (max(powers_w) - min(powers_w)) / mean(powers_w) if mean(powers_w) else 0.0
            if rules.BUSY_MACHINE.level(apart):  # as much as a desktop's or an agent's housekeeping may take
                said = f"{kind}: {' and '.join(f'{w:.1f} W' for w in powers_w)}, {apart:.0%} apart"
                short.append(_HALVES.warned(said, case.at(domain=source.domain)))
    if not pairs:
        return (_HALVES.skipped("no idle was measured twice", case.at()),)
    return told(short, _HALVES.passed("they are", case.at()))


def _line(case: Case, question: Expectation, verdict: Verdict) -> AuditLine:
    judge = question.failed if verdict.level == "void" else question.warned
    return judge(verdict.evidence, case.at(domain=verdict.domain))
