"""The energy of a window as its requests': what each did, its share of the idle, and what nobody asked for.

    request = Σ term × its own amounts + idle_resident × its share of the window's time
    window  = Σ requests + idle_resident × the time in which nobody asked for anything

A moment's idle is shared evenly by the requests under way, a decoding step by the sequences in it. The sum is laid
beside the meter and never scaled to it: what they differ by is how far the terms can be trusted.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.estimators.predict import predict
from bench.fit.rows import Group, Row
from bench.fit.terms import SHOWN, TERMS, Term
from bench.nouns import Basis, Boundary, Coefficients, Outcome, Run, Usage, Window
from bench.physics import phases
from bench.physics.attribution import window_outcomes
from bench.physics.sharing import idle_of_each, work_of_each

IDLE = "idle_resident"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestEnergy:
    """What one request took (J), with its 95 % interval (of modelled energy: a span of servers)."""

    request_id: str
    batch_id: int
    energy_j: float
    low_j: float
    high_j: float
    terms_j: Mapping[str, float]  # above idle
    idle_j: float  # its share of the idle of the loaded model


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowAccount:
    """One work window within one boundary: the meter's joules, and those of its requests."""

    run_id: str
    workload: str
    label: str
    boundary: Boundary
    basis: Basis
    metered_j: float
    requests: tuple[RequestEnergy, ...]
    nobody_j: float  # idle while nothing was asked

    @property
    def attributed_j(self) -> float:
        """All requests, and nobody's idle."""
        return math.fsum([self.nobody_j, *(one.energy_j for one in self.requests)])

    @property
    def difference_ratio(self) -> float:
        """How far that is from the meter."""
        return self.attributed_j / self.metered_j - 1.0


def accounts(found: Coefficients, group: Group, run: Run) -> tuple[WindowAccount, ...]:
    """The run's work windows, by these terms. `group`: the run's own rows within the terms' boundary."""
    windows = {(str(w.phase), w.label): w for w in run.trace.windows}
    work = [r for r in phases.work(group.rows) if r.run_id == run.id]
    return tuple(_account(found, group, row, windows[row.phase, row.label], run.outcomes) for row in work)


def needs(group: Group) -> frozenset[str]:
    """The terms without which these windows' work can't be laid out."""
    known, work = TERMS[group.family], phases.work(group.rows)
    return frozenset({IDLE, *(t.name for t in known if any(t.amount(r) for r in work))})


def uncounted(found: Coefficients, group: Group, run: Run) -> tuple[str, ...]:
    """The terms of `found` whose amount is not known of some request: the others would seem to be all."""
    each = [_One(o.achieved, w) for o, w in zip(run.outcomes, work_of_each(run.outcomes), strict=True)]
    return tuple(t.name for t in _terms(found, group) if any(t.amount(one) is None for one in each))


def outside(found: Coefficients, run: Run) -> tuple[str, ...]:
    """In words: where the run's requests lie beyond those that the terms rest on."""
    said = []
    for name, (low, high) in found.domain.items():
        counts = [float(getattr(run.spec.cell, name))] if name in ("batch", "concurrency") else []
        counts += [float(n) for o in run.outcomes if (n := getattr(o.achieved, name, None)) is not None]
        if counts and (min(counts) < low or max(counts) > high):
            said.append(f"{name} {min(counts):g} to {max(counts):g}, measured {low:g} to {high:g}")
    return tuple(said)


def _terms(found: Coefficients, group: Group) -> list[Term]:
    return [t for t in (*TERMS[group.family], *SHOWN.get(group.family, ())) if t.name in found.terms]


@dataclass(frozen=True, slots=True)
class _One:
    """A request as a fit's terms take it."""

    usage: Usage
    shared: Mapping[str, float]


def _account(
    found: Coefficients, group: Group, row: Row, window: Window, outcomes: Sequence[Outcome]
) -> WindowAccount:
    mine = window_outcomes(window, outcomes)
    idle_s, nobody_s = idle_of_each(window, mine)
    # the energy's span may lie a few ticks beyond the window's own: nobody worked there
    nobody_s += row.duration_s - window.duration_s
    terms = _terms(found, group)
    each = work_of_each(mine)
    return WindowAccount(
        run_id=row.run_id,
        workload=row.workload,
        label=row.label,
        boundary=group.boundary,
        basis=group.basis,
        metered_j=row.energy_j,
        requests=tuple(
            _request(found, terms, one, _One(one.achieved, shared), share_s)
            for one, shared, share_s in zip(mine, each, idle_s, strict=True)
        ),
        nobody_j=found.terms[IDLE].value * nobody_s,
    )


def _request(
    found: Coefficients, terms: Sequence[Term], outcome: Outcome, one: _One, idle_s: float
) -> RequestEnergy:
    amounts = {t.name: t.amount(one) or 0.0 for t in terms}
    made = predict(found, {**amounts, IDLE: idle_s})
    return RequestEnergy(
        request_id=outcome.request_id,
        batch_id=outcome.batch_id,
        energy_j=made.value,
        low_j=made.low,
        high_j=made.high,
        terms_j={name: n * found.terms[name].value for name, n in amounts.items()},
        idle_j=idle_s * found.terms[IDLE].value,
    )
