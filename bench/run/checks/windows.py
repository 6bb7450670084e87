"""Are the windows long enough, repeated, warm, and do they stand beside an idle that was measured?"""

from collections.abc import Iterator
from itertools import pairwise

from bench.files.layout import OUTCOMES, WINDOWS
from bench.nouns import Window
from bench.physics.delivery import too_few
from bench.physics.phases import idle
from bench.physics.rules import FEWEST_REQUESTS, SHORTEST_S
from bench.run.checks.case import Case, Folder
from bench.run.checks.line import AuditLine, Expectation, Lines, Where, told
from bench.units import S_PER_NS, counted

# A counter's tick of 100 ms is then at most 1 % of the window, and its witness can be judged.
_WINDOW_S = 10.0
# MLPerf Power paper: at least 60 s of power data a result (the MLPerf rules ask a scenario for 600 s).
_CELL_S = 60.0
_WINDOWS = 2  # two values have a scatter, one has none
# The runner rests half a second between windows. A board's temperature follows its load over tens of seconds
# (ML.ENERGY, "Thermally stable profiling": 1 to 10 s of cooling change the energy), so 3 s is the most.
_REST_S = 3.0

_LENGTH = Expectation(name="window length", expected=f"at least {_WINDOW_S:g} s of work")
_CELL = Expectation(name="time per cell", expected=f"at least {_CELL_S:g} s of work")
_REPEAT = Expectation(name="repeats", expected=f"{FEWEST_REQUESTS} requests or {SHORTEST_S:g} s a window")
_TWICE = Expectation(name="two windows", expected=f"at least {_WINDOWS} work windows a run")
_WARM = Expectation(name="warm up", expected="one before the first work window")
_REST = Expectation(name="no cooling down", expected=f"{_REST_S:g} s from window to window at most")
_IDLE = Expectation(name="resident idle", expected="with the model, before the work")
_BARE = Expectation(name="bare idle", expected="idle before loading, once a model")


def window_length(case: Case) -> Lines:
    """A tick at each edge weighs the more the shorter the window."""
    short = [
        _LENGTH.warned(f"{w.duration_s:.2f} s", case.at(WINDOWS, window=w))
        for w in case.work
        if w.duration_s < _WINDOW_S
    ]
    least_s = min((w.duration_s for w in case.work), default=0.0)
    if not case.work:
        return (_LENGTH.failed("no work window", case.at(WINDOWS)),)
    return told(short, _LENGTH.passed(f"{least_s:.1f} s and more", case.at(WINDOWS)))


def time_per_cell(folder: Folder) -> Iterator[AuditLine]:
    """What a figure rests on, over all runs of its cell. `quick` keeps to 20 s, and this says so."""
    cells: dict[tuple[str, ...], list[Case]] = {}
    for case in folder.cells:
        spec = case.run.spec
        cells.setdefault((str(spec.cell), spec.weights, spec.hardware), []).append(case)
    for cases in cells.values():
        total_s = sum(w.duration_s for case in cases for w in case.work)
        judge = _CELL.passed if total_s >= _CELL_S else _CELL.warned
        yield judge(f"{total_s:.0f} s", Where(file=f"runs/{cases[0].id}/{WINDOWS}"))


def repeats(case: Case) -> Lines:
    """Yang, good practices: what repeats too seldom is one draw of whatever varies. Not asked of a command."""
    short = []
    for window in case.work:
        requests = too_few(window, case.run.outcomes)
        if requests is not None:
            said = f"{requests} requests in {window.duration_s:.2f} s"
            short.append(_REPEAT.warned(said, case.at(OUTCOMES, window=window)))
    return told(short, _REPEAT.passed("enough in each", case.at(OUTCOMES)))


def two_windows(case: Case) -> Lines:
    """Without a second window nobody knows how the first one repeats."""
    judge = _TWICE.passed if len(case.work) >= _WINDOWS else _TWICE.warned
    return (judge(f"{len(case.work)}", case.at(WINDOWS)),)


def warm_up(case: Case) -> Lines:
    """The first batches compile, allocate and ramp the clocks up: ML.ENERGY leaves the ramp out, so does this."""
    warm, work = _warm(case), _ordered(case)
    if work and any(w.end_ns <= work[0].start_ns for w in warm):
        return (_WARM.passed("there", case.at(WINDOWS)),)
    return (_WARM.failed("none before the first work window", case.at(WINDOWS)),)


def no_cooling_down(case: Case) -> Lines:
    """A pause lets clocks and temperature fall, and the window starts with the ramp that warm-up took away."""
    warm = [w for w in _warm(case) if w.end_ns <= min((o.start_ns for o in case.work), default=0)]
    short = []
    for before, after in pairwise([*warm[-1:], *_ordered(case)]):
        rest_s = (after.start_ns - before.end_ns) * S_PER_NS
        if rest_s > _REST_S:
            said = f"{rest_s:.1f} s after {before.phase} {before.label}"
            short.append(_REST.failed(said, case.at(WINDOWS, window=after)))
    return told(short, _REST.passed("none", case.at(WINDOWS)))


def resident_idle(case: Case) -> Lines:
    """Terms are above the idle of the loaded model, so that idle is a result of the same run."""
    work = _ordered(case)
    resident = idle(case.sealed.trace.windows, "resident")
    if work and resident and all(w.end_ns <= work[0].start_ns for w in resident):
        return (_IDLE.passed(f"{sum(w.duration_s for w in resident):.1f} s", case.at(WINDOWS)),)
    return (_IDLE.failed("not before the work" if resident else "none", case.at(WINDOWS)),)


def bare_idle(folder: Folder) -> Iterator[AuditLine]:
    """What the loaded model adds to idle is known only beside the idle without it; one a model is enough."""
    groups: dict[tuple[str, ...], list[Case]] = {}
    for case in folder.cells:
        loaded, cell = case.run.loaded, case.run.spec.cell
        groups.setdefault((cell.engine, cell.model, loaded.precision, loaded.weights), []).append(case)
    for cases in groups.values():
        bare = [w for c in cases for w in idle(c.sealed.trace.windows, "bare")]
        where = Where(file=f"runs/{cases[0].id}/{WINDOWS}")
        if bare:
            yield _BARE.passed(f"{sum(w.duration_s for w in bare):.1f} s", where)
        else:
            yield _BARE.warned(f"none in {counted(len(cases), 'run')} of {cases[0].run.spec.cell.model}", where)


def _warm(case: Case) -> list[Window]:
    return sorted((w for w in case.sealed.trace.windows if w.phase == "warmup"), key=lambda w: w.start_ns)


def _ordered(case: Case) -> list[Window]:
    return sorted(case.work, key=lambda w: w.start_ns)
