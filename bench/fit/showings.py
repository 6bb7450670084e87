"""A sealed run → what it shows to a comparison: joules and seconds a unit, scores, and what made it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Protocol

from bench.errors import BadInput
from bench.fit.beside import loaded_with, same_beside
from bench.fit.intervals import SERIES, row_series
from bench.fit.keys import endpoint_of
from bench.fit.rows import Group, Measured, Row, groups
from bench.fit.terms import RATES
from bench.nouns import Boundary, Loaded, Outcome, Quality, Run, RunSpec, Score, Share, Source, Usage, Window
from bench.nouns.compared import Joules, Made, Showing, Work
from bench.nouns.words import of_module
from bench.physics.attribution import window_outcomes, window_usage
from bench.physics.doubles import pretends
from bench.physics.phases import idle, work
from bench.physics.verdict import spoilt
from bench.stats import median, significant
from bench.units import S_PER_NS

_OWN_FIELDS = ("prompt_tokens", "output_tokens", "source_tokens", "target_tokens", "audio_s", "video_s")


def showing(measured: Measured, quality: Quality | None, *, candidate: int, round_: int) -> Showing | str:
    """What the run shows, or why it shows nothing."""
    run = measured.run
    windows = work(run.trace.windows)
    done = [o for w in windows for o in window_outcomes(w, run.outcomes) if o.error is None]
    usage = _sum(windows, run.outcomes)
    unit = RATES[run.spec.family][0]
    units, requests = float(getattr(usage, unit.usage) or 0), float(usage.requests or len(done))
    if spoilt(run.sources, run.loaded.device, measured.verdicts):
        why = next((v for v in measured.verdicts if v.level == "void"), None)
        return f"void: {why.name}: {why.evidence}" if why else "nothing was read"
    if not units or not done:
        return f"no {unit.name.replace('_', ' ')} was delivered in a work window"
    pauses_s = _pauses_s(run, windows)
    joules, void = _joules(measured, unit.usage, pauses_s)
    busy_s, open_s = _busy_s(done), math.fsum(w.duration_s for w in windows)
    spent_s = busy_s if run.spec.pace is None else open_s
    return Showing(
        run_id=run.id,
        candidate=candidate,
        round=round_,
        work=work_of(run),
        made=made_of(run),
        unit=unit.name,
        per_request={n: significant(float(v) / requests) for n in _OWN_FIELDS if (v := getattr(usage, n))},
        time_s=significant(spent_s / units),
        e2e_s=significant(median([_took_s(o) for o in done])),
        joules=joules,
        void=void,
        scores=scores(quality) if run.loaded.weights != "synthetic" else {},
        unscored=_unscored(run, quality),
        scored_by=_scored_by(quality),
        paused_ratio=significant(max(0.0, 1 - busy_s / open_s)) if run.spec.pace is None and open_s else 0.0,
        loaded_with=loaded_with(run.spec),
        idle_taken=bool(pauses_s and joules),
    )


class Told(Protocol):
    """A run, or what its seal says of it."""

    @property
    def spec(self) -> RunSpec:
        """What was asked."""

    @property
    def loaded(self) -> Loaded:
        """What ran."""

    @property
    def sources(self) -> tuple[Source, ...]:
        """What was read."""


def work_of(run: Told) -> Work:
    """What the run's cell was asked to do."""
    return work_of_spec(run.spec)


def work_of_spec(spec: RunSpec) -> Work:
    """The same of what is asked."""
    cell = spec.cell
    return Work(
        workload=cell.workload, batch=cell.batch, concurrency=cell.concurrency, rate=cell.rate, load=cell.load
    )


def made_of(run: Told) -> Made:
    """What made the run, as it was loaded."""
    device = next((s for s in run.sources if s.device == run.loaded.device), None)
    return Made(
        engine=run.spec.cell.engine,
        engine_version=run.loaded.engine_version,
        model=run.spec.cell.model,
        precision=run.loaded.precision,
        weights=run.loaded.weights,
        hardware=run.spec.hardware,
        device="cpu" if run.loaded.device == "cpu" else run.loaded.device_name or run.loaded.device,
        workload_sha256=run.spec.workload_sha256,
        driver=device.driver if device else None,
        power_limit_w=device.power_limit_w if device else None,
        weights_path=run.spec.weights_path if run.loaded.weights != "synthetic" else None,
        endpoint=endpoint_of(run.spec, run.loaded.engine_version),
        threads=run.loaded.threads,
        parameters=run.loaded.parameters or None,
    )


def same_conditions(showings: Sequence[Showing], names: Sequence[str]) -> None:
    """Raises BadInput where a ratio would not be of the candidates alone.

    Of another machine, work, unit or weights, or measured with others in memory.
    """
    first = showings[0]
    for one in showings[1:]:
        a, b = names[first.candidate], names[one.candidate]
        if one.made.hardware != first.made.hardware:
            raise BadInput(
                f"{a} ran on {first.made.hardware}, {b} on {one.made.hardware}: a ratio of two machines; "
                f"measure both on one: {_compare(first, one)}"
            )
        if "synthetic" in (one.made.weights, first.made.weights) and one.made.weights != first.made.weights:
            raise BadInput(
                f"{a} has {first.made.weights} weights, {b} {one.made.weights} ones: power can differ with the "
                f"data; measure both with the same --weights: {_compare(first, one)}"
            )
        if one.unit != first.unit:
            raise BadInput(
                f"{a} delivers {first.unit.replace('_', ' ')}s, {b} {one.unit.replace('_', ' ')}s: not the same "
                "work; compare models of one family"
            )
    same_beside(showings, names)
    for work_ in sorted({str(s.work) for s in showings}):
        known = {s.made.workload_sha256: s for s in showings if str(s.work) == work_}
        if len(known) > 1:
            two = sorted(known.values(), key=lambda s: s.run_id)[:2]
            anew = f": {_compare(*two)}" if two[0].candidate != two[1].candidate else " (--fresh)"
            raise BadInput(
                f"{work_}: its texts or clips differ between {two[0].run_id} and {two[1].run_id} (sha256 of the "
                f"workload); measure both anew, from one declaration{anew}"
            )


def _compare(*both: Showing) -> str:
    """What to type to measure two candidates beside each other."""
    names = [f"{one.made.engine}/{one.made.model}:{one.made.precision}" for one in both]
    return f"`joulemark compare {' '.join(names)} --on {both[0].work}`"


def scores(quality: Quality | None) -> Mapping[str, Share]:
    """Every score of a quality that has an interval, by its name."""
    found: dict[str, Share] = {}
    for one in fields(quality) if is_dataclass(quality) else ():
        value = getattr(quality, one.name)
        if isinstance(value, Share):
            found[one.name] = value
        elif isinstance(value, Mapping):
            found |= {str(name): share for name, share in value.items() if isinstance(share, Share)}
            found |= {
                str(name): Share(value=told.value, low=told.low, high=told.high)
                for name, told in value.items()
                if isinstance(told, Score) and told.low is not None and told.high is not None
            }
    return found


def _unscored(run: Run, quality: Quality | None) -> str:
    if run.loaded.precision == "none":
        return "no model answers here"
    if run.loaded.weights == "synthetic":
        return "synthetic weights"
    return "" if scores(quality) else "no answer of this workload is scored"


def _scored_by(quality: Quality | None) -> str:
    """By whose rules and on whose voices answers were judged: scores of two of them are never subtracted."""
    if quality is None:
        return ""
    return ", ".join(
        filter(None, (quality.library, quality.rules, f"{quality.voice} voices" if quality.voice else ""))
    )


def _joules(
    measured: Measured, usage: str, pauses_s: Mapping[str, float]
) -> tuple[dict[Boundary, Joules], dict[Boundary, str]]:
    """Joules a unit by boundary, over the work windows that have an energy; and why others have none.

    Pauses between trains are the sensor's and not the candidate's: the idle of the loaded model in them is taken
    out, or one that is read by a part-time sensor would pay for being measured.
    """
    found: dict[Boundary, Joules] = {}
    void: dict[Boundary, str] = {}
    for group in groups([measured]):
        rows = [r for r in group.rows if r.phase in ("work", "prepare") and getattr(r.usage, usage)]
        units = math.fsum(float(getattr(r.usage, usage)) for r in rows)
        paused_s = math.fsum(pauses_s.get(r.label, 0.0) for r in rows)
        rest = idle(group.rows, "resident")
        total_j, low_j, high_j = (
            math.fsum(row_series(rows, which)) - paused_s * _resting_w(rest, which) for which in SERIES
        )
        if group.excluded:
            void[group.boundary] = group.excluded[0].why
        elif paused_s and not rest:
            void[group.boundary] = "no idle window has an energy, and that of its pauses is not known without"
        elif not units or min(total_j, low_j, high_j) <= 0:
            void[group.boundary] = "no work window has an energy"
        else:
            found[group.boundary] = Joules(
                basis=group.basis,
                value_j=significant(total_j / units),
                low_j=significant(low_j / units),
                high_j=significant(high_j / units),
                path=_path(measured, group),
                gain_ratio_95=group.gain_ratio_95,
                own_ratio=significant(math.hypot(_own_j(rows), paused_s * _own_w(rest)) / total_j),
                unseen_low_ratio=significant(math.fsum(r.unseen_low_j for r in rows) / total_j),
                unseen_high_ratio=significant(math.fsum(r.unseen_high_j for r in rows) / total_j),
                simulated=any(pretends(s) for s in measured.run.sources if s.boundary == group.boundary),
                holds_gpu=_of_board(measured.run, group.boundary),
            )
    return found, void


def _of_board(run: Run, boundary: Boundary) -> bool:
    """Whether a boundary is read of the module that worked, so that its board's joules are in it."""
    return any(
        of_module(s.domain) and s.device == run.loaded.device for s in run.sources if s.boundary == boundary
    )


def _resting_w(rest: Sequence[Row], which: str) -> float:
    """The power of the loaded model at rest."""
    seconds = math.fsum(r.duration_s for r in rest)
    return math.fsum(row_series(rest, which)) / seconds if seconds else 0.0


def _own_j(rows: Sequence[Row]) -> float:
    """The standard uncertainty of their sum, by their own windows."""
    return math.sqrt(math.fsum(r.own_j**2 for r in rows))


def _own_w(rest: Sequence[Row]) -> float:
    seconds = math.fsum(r.duration_s for r in rest)
    return _own_j(rest) / seconds if seconds else 0.0


def _pauses_s(run: Run, windows: Sequence[Window]) -> dict[str, float]:
    """By work window, the time between its trains; {}: its batches ran back to back."""
    found = {}
    for window in windows:
        done = window_outcomes(window, run.outcomes)
        if any(o.train_id is not None for o in done):
            found[window.label] = max(0.0, window.duration_s - _busy_s(done))
    return found


def _path(measured: Measured, group: Group) -> str:
    """Who read a boundary and how: where two agree in it, the gain of the board is one and cancels."""
    drivers = {s.domain: s.driver or "no driver" for s in measured.run.sources}
    used = {
        f"{e.device}, {drivers.get(e.domain, 'no driver')}, {e.method}"
        for e in measured.energies
        if e.boundary == group.boundary and e.phase in ("work", "prepare") and e.energy_j is not None
        and (e.boundary != "gpu" or e.device == measured.run.loaded.device)
    }  # fmt: skip
    return "; ".join(sorted(used))


def _sum(windows: Sequence[Window], outcomes: Sequence[Outcome]) -> Usage:
    total = Usage()
    for window in windows:
        total = total + window_usage(window, outcomes)
    return total


def _busy_s(done: Sequence[Outcome]) -> float:
    """The time of all batches: what ran together counts once, pauses between trains do not."""
    spans: dict[int, tuple[int, int]] = {}
    for one in done:
        start_ns, end_ns = spans.get(one.batch_id, (one.start_ns, one.end_ns))
        spans[one.batch_id] = min(start_ns, one.start_ns), max(end_ns, one.end_ns)
    return math.fsum((end - start) * S_PER_NS for start, end in spans.values())


def _took_s(one: Outcome) -> float:
    return (one.end_ns - (one.start_ns if one.due_ns is None else one.due_ns)) * S_PER_NS
