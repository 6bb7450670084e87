"""Sealed runs → rows of a fit: the energy, duration and work of each window within one boundary."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from bench.fit.flags import Flag, kind_of
from bench.fit.keys import key_of
from bench.fit.sessions import sessions
from bench.nouns import (
    Basis,
    Boundary,
    Cell,
    CoefficientKey,
    Domain,
    Family,
    Run,
    Source,
    Usage,
    Verdict,
    Window,
    WindowEnergy,
)
from bench.physics.attribution import usage_of, window_outcomes
from bench.physics.budget import COVERAGE_95, GAIN, UNSEEN_HIGH, UNSEEN_LOW, Budget
from bench.physics.sharing import shared_work
from bench.physics.verdict import voided
from bench.units import S_PER_NS


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A run with the energies and verdicts that its readings prove."""

    run: Run
    energies: tuple[WindowEnergy, ...]
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One window of one run within one boundary; model low and high differ from energy only where modelled."""

    run_id: str
    session: str = ""  # the runs that began with it, each within hours of the one before (`bench.fit.sessions`)
    workload: str
    level: str = ""  # of several that are fitted together, as a cell's name says it: "@concurrency=8"
    phase: str
    label: str
    duration_s: float
    energy_j: float
    model_low_j: float
    model_high_j: float
    usage: Usage
    shared: Mapping[str, float] = field(default_factory=dict)  # what its requests did beside (physics.sharing)
    # the window's own standard uncertainty: ticks, lag, what a part-time sensor may have missed
    own_j: float = 0.0
    unseen_low_j: float = 0.0  # bounds of what the sensor never saw
    unseen_high_j: float = 0.0

    @property
    def cell(self) -> str:
        """Its workload, and of several levels its own."""
        return self.workload + self.level

    @property
    def weighable(self) -> bool:
        """Whether its energy has a size: errors are shares of it, and one of 0 J would outweigh all others."""
        return all(math.isfinite(e) and e > 0.0 for e in (self.energy_j, self.model_low_j, self.model_high_j))


class Excluded(NamedTuple):
    """A run that no figure rests on."""

    run_id: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """All that one entry of coefficients is fitted on."""

    key: CoefficientKey
    family: Family
    boundary: Boundary
    basis: Basis
    batch: int
    concurrency: int
    rate: float | None  # requests a second that were offered; None: users who wait for their answers
    load: str | None
    gain_ratio_95: float
    rows: tuple[Row, ...]
    runs: tuple[str, ...]
    excluded: tuple[Excluded, ...]
    flags: tuple[Flag, ...]  # what stands beside the figures of the runs that were taken
    outcomes_usage: tuple[tuple[Usage, ...], ...]  # per run, the achieved work of each request
    cells: tuple[Cell, ...] = ()  # of all runs, those that were excluded too
    levels: tuple[str, ...] = ()  # the batches and loads that are fitted together; (): one
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)  # of several levels: what they cover

    @property
    def synthetic(self) -> bool:
        """Whether the power could differ with real weights; a sound track's extraction has none."""
        return self.family != "video" and self.key.weights == "synthetic"


# by run, phase and label of a window; ids last as long as the runs that `groups` holds
_Known: TypeAlias = dict[tuple[int, str, str], tuple[Usage, Mapping[str, float]]]


class _At(NamedTuple):
    """What the runs of one group share."""

    key: CoefficientKey
    family: Family
    boundary: Boundary
    basis: Basis
    batch: int
    concurrency: int
    rate: float | None
    load: str | None


def groups(measured: Iterable[Measured]) -> tuple[Group, ...]:
    """The runs by key, boundary and level (batch, concurrency, rate, load); each with its exclusions and why."""
    gathered: dict[_At, list[tuple[Measured, tuple[Source, ...]]]] = {}
    for one in measured:
        key = key_of(one.run)
        for boundary, sources in _boundaries(one.run).items():
            cell = one.run.spec.cell
            at = _At(
                key,
                one.run.spec.family,
                boundary,
                sources[0].basis,
                cell.batch,
                cell.concurrency,
                cell.rate,
                cell.load,
            )
            gathered.setdefault(at, []).append((one, sources))
    known: _Known = {}
    of = sessions([one.run for members in gathered.values() for one, _ in members])
    ordered = sorted(gathered.items(), key=lambda kv: repr(kv[0]))
    return tuple(_group(at, members, known, of) for at, members in ordered)


def _boundaries(run: Run) -> dict[Boundary, tuple[Source, ...]]:
    """The domains that this run's work draws on: its own GPU, every CPU package, the host.

    Those that are read come first; a boundary of which none is read is left out.
    """
    found: dict[Boundary, tuple[Source, ...]] = {}
    for source in run.sources:
        if source.boundary == "gpu" and source.device != run.loaded.device:
            continue
        found[source.boundary] = (*found.get(source.boundary, ()), source)
    read_first = {b: tuple(sorted(s, key=lambda one: one.basis == "excluded")) for b, s in found.items()}
    return {b: sources for b, sources in read_first.items() if sources[0].basis != "excluded"}


def _group(
    at: _At, members: Sequence[tuple[Measured, tuple[Source, ...]]], known: _Known, of: Mapping[str, str]
) -> Group:
    rows: list[Row] = []
    apart: list[Row] = []
    runs, excluded, usages = [], [], []
    meant = _works([one.run for one, _ in members])
    for one, sources in sorted(members, key=lambda m: m[0].run.id):
        why = [*_other_work(one.run, meant)]
        why += [reason for s in sources for reason in voided(one.verdicts, s.domain)]
        # a part of a boundary is not the boundary: one package of two is not the CPU
        why += [f"{s.domain} is not read: {s.reason}" for s in sources if s.basis == "excluded"]
        if why:
            excluded.append(Excluded(one.run.id, why[0]))
            continue
        found = _rows(one, [s.domain for s in sources], known, of[one.run.id])
        rows += [row for row in found if row.weighable]
        apart += [row for row in found if not row.weighable]
        runs.append(one.run.id)
        usages.append(tuple(o.achieved for o in one.run.outcomes if not o.error))
    return Group(
        key=at.key,
        family=at.family,
        boundary=at.boundary,
        basis=at.basis,
        batch=at.batch,
        concurrency=at.concurrency,
        rate=at.rate,
        load=at.load,
        gain_ratio_95=max(s.gain_ratio_95 for _, sources in members for s in sources),
        rows=tuple(rows),
        runs=tuple(runs),
        excluded=tuple(excluded),
        flags=(*_flags([(one, sources) for one, sources in members if one.run.id in runs]), *_apart(apart)),
        outcomes_usage=tuple(usages),
        cells=tuple(dict.fromkeys(m.run.spec.cell for m, _ in sorted(members, key=lambda m: m[0].run.id))),
    )


def _works(runs: Sequence[Run]) -> dict[str, tuple[str | None, str]]:
    """What each workload's name stands for: the requests and their pace, of the newest run."""
    return {run.spec.cell.workload: _work(run) for run in sorted(runs, key=lambda run: (run.started_at, run.id))}


def _work(run: Run) -> tuple[str | None, str]:
    return run.spec.workload_sha256, repr(run.spec.pace)


def _other_work(run: Run, meant: Mapping[str, tuple[str | None, str]]) -> list[str]:
    """Why a run is not averaged with others of its name: it did other work then."""
    name = run.spec.cell.workload
    if _work(run) == meant[name]:
        return []
    what = "other requests" if run.spec.workload_sha256 != meant[name][0] else "another pace"
    return [f"{name} stood for {what} then than in the newest run: give it a name, or a folder, of its own"]


def _flags(taken: Sequence[tuple[Measured, tuple[Source, ...]]]) -> tuple[Flag, ...]:
    """The flags of verdicts and of windows, each once, with how many runs it stands in."""
    found: dict[str, tuple[str, set[str]]] = {}
    for one, sources in taken:
        domains = {s.domain for s in sources}
        said = [(v.name, f"{v.name}: {v.evidence}") for v in one.verdicts
                if v.level == "flag" and (v.domain is None or v.domain in domains)]  # fmt: skip
        for energy in one.energies:
            if energy.domain in domains:
                said += [(kind_of(flag), flag) for flag in energy.flags]
        for kind, text in said:
            found.setdefault(kind, (text, set()))[1].add(one.run.id)
    return tuple(Flag(kind=kind_of(text), text=text, runs=len(ids)) for text, ids in found.values())


def _apart(rows: Sequence[Row]) -> list[Flag]:
    """That windows without a size are in no figure: the first in words, and how many runs have one."""
    if not rows:
        return []
    first = rows[0]
    text = (
        f"{first.phase} window {first.label} of {first.energy_j:g} J set apart: "
        "an energy that is not above zero, or not finite, can't be weighted"
    )
    return [Flag(kind="window without a size", text=text, runs=len({row.run_id for row in rows}))]


def _rows(one: Measured, domains: Sequence[Domain], known: _Known, session: str) -> list[Row]:
    """Windows whose every domain has an energy; packages of one boundary are added, they are disjoint."""
    made = []
    for window in one.run.trace.windows:
        mine = [
            e for e in one.energies if e.domain in domains and (e.phase, e.label) == (window.phase, window.label)
        ]
        if len(mine) != len(domains) or any(e.energy_j is None for e in mine):
            continue
        usage, shared = _done(one, window, known)
        durations_s = [(e.end_ns - e.start_ns) * S_PER_NS for e in mine]
        made.append(
            Row(
                run_id=one.run.id,
                session=session,
                workload=one.run.spec.cell.workload,
                phase=window.phase,
                label=window.label,
                duration_s=sum(durations_s) / len(durations_s),
                energy_j=sum(e.energy_j or 0.0 for e in mine),
                model_low_j=sum(e.components.get("model_low_j", e.energy_j or 0.0) for e in mine),
                model_high_j=sum(e.components.get("model_high_j", e.energy_j or 0.0) for e in mine),
                usage=usage,
                shared=shared,
                # the gain is every window's alike and enters a coefficient once; the domains' own parts are apart
                own_j=math.hypot(*(_own_j(e) for e in mine)),
                unseen_low_j=sum(e.components.get(UNSEEN_LOW, 0.0) for e in mine),
                unseen_high_j=sum(e.components.get(UNSEEN_HIGH, 0.0) for e in mine),
            )
        )
    return made


def _done(one: Measured, window: Window, known: _Known) -> tuple[Usage, Mapping[str, float]]:
    """What was delivered in a window, and what its requests did beside; the same within every boundary."""
    key = (id(one), window.phase, window.label)
    if key not in known:
        done = window_outcomes(window, one.run.outcomes)
        known[key] = usage_of(done), shared_work(done)
    return known[key]


def _own_j(energy: WindowEnergy) -> float:
    """The combined standard uncertainty of one energy, its gain, its model and its bounds left out.

    Student's factor for what few values tell is in it, so that 1.96 times it is the 95 % half-width.
    """
    shared = (GAIN, UNSEEN_LOW, UNSEEN_HIGH, "model_low_j", "model_high_j")
    parts = {name: u for name, u in energy.components.items() if name not in shared}
    return Budget(standard_j=parts, freedom=energy.freedom).half_width_j() / COVERAGE_95
