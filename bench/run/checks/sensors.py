"""Do two looks at one energy agree, and is it known what each sensor is?"""

from bench.nouns import Passport, Source, WindowEnergy
from bench.physics.energy import WITNESS_FLAG_RATIO, WITNESS_VOID_RATIO, WITNESS_WINDOW_S
from bench.run.checks.case import Case
from bench.run.checks.line import AuditLine, Expectation, Lines, told
from bench.units import S_PER_NS

# The thresholds are those by which a window is flagged or void. MLPerf checker, phases_check: two runs of one load
# within 5 %, as far as WITNESS_VOID_RATIO goes.
_WITNESS = Expectation(name="witness", expected=f"a second field within {WITNESS_FLAG_RATIO:.0%}")
_PASSPORT = Expectation(name="sensor passport", expected="each field known, none unwell")
_READ = Expectation(name="board read", expected="the engine's own device is read")


def witness(case: Case) -> Lines:
    """A counter that is wrong is found by the power beside it: 187 J against 327 J have been seen (Zeus 181)."""
    seen = [e for e in case.work_energies if e.basis == "measured" and e.witness_j is not None]
    if not seen:
        return (_WITNESS.skipped("no window has a second estimate", case.at()),)
    lines = [_witnessed(case, e) for e in seen]
    worst = max(lines, key=lambda found: found[0])[0]
    return told((line for _, line in lines if line.status != "pass"), _WITNESS.passed(f"{worst:.1%}", case.at()))


def _witnessed(case: Case, energy: WindowEnergy) -> tuple[float, AuditLine]:
    """How far the two are apart, and what it means: outside the printed interval the interval is untrue."""
    assert energy.energy_j is not None
    assert energy.witness_j is not None
    apart = abs(energy.witness_j - energy.energy_j) / energy.energy_j if energy.energy_j else 1.0
    where = case.at(window=energy, domain=energy.domain)
    said = f"{apart:.1%} apart: {energy.energy_j:.5g} J by {energy.method}, witness {energy.witness_j:.5g} J"
    if apart <= WITNESS_FLAG_RATIO:
        return apart, _WITNESS.passed(said, where)
    inside = (energy.low_j or 0.0) <= energy.witness_j <= (energy.high_j or 0.0)
    long = (energy.end_ns - energy.start_ns) * S_PER_NS >= WITNESS_WINDOW_S
    judge = _WITNESS.failed if apart > WITNESS_VOID_RATIO and long and not inside else _WITNESS.warned
    return apart, judge(said, where)


def sensor_passport(case: Case) -> Lines:
    """One call means an instant on one board and the mean of a second on another (Yang, table 2)."""
    boards = [s for s in case.live if s.is_board and s.basis == "measured"]
    if not boards:
        return (_PASSPORT.skipped("no board is measured here", case.at()),)
    short = []
    for board in boards:
        passport = case.sealed.published.passports.get(board.domain) or board.passport
        said = _wanting(board, passport) if passport else ["no passport"]
        if said:
            short.append(_PASSPORT.warned("; ".join(said), case.at(domain=board.domain)))
    return told(short, _PASSPORT.passed("known", case.at()))


def _wanting(board: Source, passport: Passport) -> list[str]:
    """What a passport does not say of a board's fields, and what ails them."""
    fields = passport.fields
    return [
        *(f"{name} is not in it" for name in board.fields if name not in fields),
        *(f"{name} {field.health}" for name, field in fields.items() if field.health),
        *(f"{name}: what it sees is not known" for name, field in fields.items() if field.seen_ratio is None),
    ]


def board_read(case: Case) -> Lines:
    """MLPerf rules: the whole system's power is measured. A GPU that no sensor reads is the part that matters."""
    device = case.run.loaded.device
    if not case.run.loaded.on_gpu:
        return (_READ.skipped("the work was not done on a GPU", case.at()),)
    found = next((s for s in case.sealed.sources if s.device == device), None)
    if found is None:
        return (_READ.failed(f"{device} is not among the sources", case.at()),)
    if found.basis == "excluded":
        return (_READ.warned(f"excluded: {found.reason}", case.at(domain=found.domain)),)
    return (_READ.passed(found.domain, case.at(domain=found.domain)),)
