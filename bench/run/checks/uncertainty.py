"""How well is each energy known, all together and by its scatter alone?"""

import math
from collections.abc import Iterator

from bench.nouns import WindowEnergy
from bench.physics.budget import Budget
from bench.run.checks.case import Case
from bench.run.checks.line import AuditLine, Expectation, Lines, told

# Twice the gain of boards (±5 %, Yang, section 4): a wider one is told by something else than the board.
_HALF_RATIO = 0.10
# What a same-board comparison can see at best. (MLPerf checker asks 1 % of an analyser at the wall.)
_STATISTICAL_RATIO = 0.02
_LARGEST_RATIO = 1e6
# What is the same in every window of a board, or an end of a range: not drawn anew by a repeat.
_NOT_STATISTICAL = ("gain_", "model_", "unseen_")

_INTERVAL = Expectation(name="interval", expected=f"work energies within ±{_HALF_RATIO:.0%} (95%)")
_PRECISION = Expectation(name="precision", expected="a cell's energy repeats as well as asked")
_STATISTICAL = Expectation(
    name="statistical part", expected=f"within ±{_STATISTICAL_RATIO:.0%}, gain and model aside"
)


def interval(case: Case) -> Lines:
    """A value outside its own interval is no estimate; a wide one is honest, and said."""
    short, widest = [], 0.0
    for domain in _domains(case):
        mine = [e for e in case.work_energies if e.domain == domain]
        outside = [e for e in mine if not _low(e) <= _value(e) <= _high(e)]
        if outside:
            e = outside[0]
            said = f"{_value(e):.5g} J, interval {_low(e):.5g} to {_high(e):.5g} J"
            short.append(_INTERVAL.failed(said, case.at(window=e, domain=domain)))
            continue
        ratios = [((_high(e) - _low(e)) / 2 / _value(e), e) for e in mine if _value(e)]
        worst, e = max(ratios, key=lambda r: r[0], default=(0.0, mine[0]))
        widest = max(widest, worst)
        if worst > _HALF_RATIO:
            said = f"±{worst:.0%} ({e.basis})"
            short.append(_INTERVAL.warned(said, case.at(window=e, domain=domain)))
    if not case.work_energies:
        return (_INTERVAL.skipped("no work window has an energy", case.at()),)
    return told(short, _INTERVAL.passed(f"±{widest:.1%} at most", case.at()))


def statistical_part(case: Case) -> Lines:
    """What another window would draw anew. The gain of a board cancels between two runs on it; this does not."""
    found = list(_statistical(case))
    if not found:
        return (_STATISTICAL.skipped("no work window has components", case.at()),)
    worst = max(ratio for ratio, _ in found)
    short = (line for ratio, line in found if ratio > _STATISTICAL_RATIO)
    return told(short, _STATISTICAL.passed(f"±{worst:.2%} at most", case.at()))


def precision(case: Case) -> Lines:
    """How well the cell's energy per unit repeats, neighbours' likeness respected, against what was asked."""
    timing, found = case.run.spec.timing, case.sealed.published.precision
    if found is None:
        if timing.most_windows is None:
            return (_PRECISION.skipped("nothing was asked, or too few repeats to tell", case.at()),)
        return (_PRECISION.warned("too few repeats to tell", case.at()),)
    where = case.at(domain=found.domain)
    if found.half_width_ratio is None:
        said = f"{found.blocks} blocks are too much alike to tell"
        return (_PRECISION.warned(said, where),)
    said = f"±{found.half_width_ratio:.1%}, asked ±{timing.precision_ratio:.1%}, {found.windows} windows"
    judge = _PRECISION.passed if found.half_width_ratio <= timing.precision_ratio else _PRECISION.warned
    return (judge(said, where),)


def _statistical(case: Case) -> Iterator[tuple[float, AuditLine]]:
    for e in case.work_energies:
        drawn = {name: j for name, j in e.components.items() if not name.startswith(_NOT_STATISTICAL)}
        if drawn and e.energy_j:
            # a file may say anything: no ratio is so large that its fourth power has no end
            ratios = {name: min(abs(j / e.energy_j), _LARGEST_RATIO) for name, j in drawn.items()}
            freedom = {name: n for name, n in e.freedom.items() if name in drawn and n >= 1}
            ratio = Budget(standard_j=ratios, freedom=freedom).half_width_j()
            yield ratio, _STATISTICAL.warned(f"±{ratio:.1%}", case.at(window=e, domain=e.domain))


def _domains(case: Case) -> list[str]:
    return list(dict.fromkeys(e.domain for e in case.work_energies))


def _value(energy: WindowEnergy) -> float:
    return energy.energy_j if energy.energy_j is not None else 0.0


def _low(energy: WindowEnergy) -> float:
    return energy.low_j if energy.low_j is not None else math.inf


def _high(energy: WindowEnergy) -> float:
    return energy.high_j if energy.high_j is not None else -math.inf
