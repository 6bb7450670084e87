"""Measured rows against estimates: what is left out, what is learnt from the rest, how far off and how covered.

A row's inputs are a whitelist (bench.estimators.asked.Asked); `source` says only what is left out and how rows
are grouped. Intervals of a machine that was measured are conformal by cluster: residuals of models (or tasks) that
were left out together with the row's own, each cluster counted once (Dunn, Wasserman and Ramdas 2022,
arXiv:1809.07441; the cross-validated form of Barber et al. 2021, arXiv:1905.02928), so that no truth moves its own
estimate or interval.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from bench.errors import BadInput, UnknownName
from bench.estimators.asked import Asked, Catalogue, job_of, plain_name
from bench.estimators.ladder import Evidence, Machine, Priced, Seen, cell_doubt, cell_key, price
from bench.estimators.measured import cell_energy_j
from bench.estimators.prior import Book, Prior, energy_j
from bench.estimators.roofline import Job
from bench.fit.cells import fit_cells
from bench.fit.prior import Row, calibrate
from bench.phrases import Phrase
from bench.stats import student

LeaveOut = Literal["model", "task", "source"]
_LEVEL = 0.9
_FOLDS = 12  # of the models left in, for their residuals
_FEW = 3  # clusters below which what other machines needed with one model is the better guide
_FEWEST = 9  # clusters below which a quantile of 0.9 lies beyond the largest


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """One row to judge. `job` is None where it is refused."""

    source: str
    asked: Asked
    energy_j: float
    job: Job | None
    refused: str = ""
    line: int = 0  # of its table


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One row with its estimate; None where it was refused."""

    row: Asking
    priced: Priced | None
    in_sample: bool


def machine_of(asked: Asked) -> str:
    """What makes two rows one machine: card, engine and scope, as they are written."""
    return f"{asked.gpu} | {asked.engine} | {asked.scope}"


def ask(source: str, asked: Asked, measured_j: float, refused: str, catalogue: Catalogue, line: int = 0) -> Asking:
    """A row with its job, or with the reason why there is none."""
    job = None
    if not refused:
        try:
            job = job_of(asked, catalogue)
        except BadInput as error:
            refused = error.args[0]  # a phrase, which can still be told in another language
    return Asking(source=source, asked=asked, energy_j=measured_j, job=job, refused=refused, line=line)


def judge(
    rows: Sequence[Asking], book: Book, leave_out: LeaveOut | None = None, calibrate_on: str | None = None
) -> list[Judged]:
    """Every row with its estimate, in the order given; none of the model calibrated on. Raises BadInput."""
    if leave_out is not None and calibrate_on is not None:
        raise BadInput(Phrase("--leave-out and --calibrate-on are two questions; ask one at a time"))
    if calibrate_on is not None:
        return _on_one_model(rows, book, calibrate_on)
    if leave_out in ("model", "task"):
        return _left_out(rows, book, leave_out)
    found = []
    for row in rows:
        fed = row.source in book.sources
        prior = book.without((row.source,) if leave_out == "source" else ())
        priced = price(row.job, machine_of(row.asked), prior, Evidence()) if row.job else None
        found.append(Judged(row=row, priced=priced, in_sample=fed and leave_out is None))
    return found


def _rows(rows: Sequence[Asking]) -> list[Row]:
    return [
        Row(source=r.source, machine=machine_of(r.asked), model=r.asked.model, job=r.job, energy_j=r.energy_j)
        for r in rows
        if r.job is not None
    ]


def _on_one_model(rows: Sequence[Asking], book: Book, model: str) -> list[Judged]:
    model = _named(model, {row.asked.model for row in rows})
    base = book.without(tuple({row.source for row in rows}))
    known: dict[str, Machine] = {}
    for machine in {machine_of(row.asked) for row in rows if row.asked.model == model and row.job}:
        own = _rows([r for r in rows if machine_of(r.asked) == machine and r.asked.model == model])
        known[machine] = Machine(
            prior=calibrate(base, own),
            half=book.one_model,
            rests_on=Phrase("{own} rows of {model} on this machine", own=len(own), model=model),
        )
    evidence = Evidence(machines=known)
    return [
        _judged(row, price(row.job, machine_of(row.asked), base, evidence) if row.job else None)
        for row in rows
        if row.asked.model != model
    ]


def _named(model: str, names: set[str]) -> str:
    """The one of these rows' models that is meant: by its name, or by a part of it that no other has."""
    alike = [name for name in names if plain_name(model) in plain_name(name)]
    if model in names or len(alike) == 1:
        return model if model in names else alike[0]
    raise UnknownName("model of these rows", model, alike or names)


def _judged(row: Asking, priced: Priced | None) -> Judged:
    return Judged(row=row, priced=priced, in_sample=False)


def _left_out(rows: Sequence[Asking], book: Book, what: Literal["model", "task"]) -> list[Judged]:
    key: Callable[[Asking], str] = (lambda r: r.asked.model) if what == "model" else (lambda r: r.asked.task)
    machines: dict[str, list[Asking]] = {}
    for row in rows:
        if row.job is not None:
            machines.setdefault(machine_of(row.asked), []).append(row)
    holding: dict[str, set[str]] = {}  # which sources hold a value: none of them feeds the prior of its rows
    for row in rows:
        holding.setdefault(key(row), set()).add(row.source)
    learnt: dict[tuple[str, str], tuple[Prior, Evidence]] = {}
    for machine, own in machines.items():
        for value in sorted({key(row) for row in own}):
            base = book.without(tuple(holding[value] | {row.source for row in own}))
            others = [row for row in own if key(row) != value]
            known = _learn(machine, others, base, book.one_model, key, cells=what == "task")
            learnt[machine, value] = base, known
    found = []
    for row in rows:
        on = machine_of(row.asked)
        found.append(_judged(row, price(row.job, on, *learnt[on, key(row)]) if row.job else None))
    return found


def _learn(
    machine: str,
    others: Sequence[Asking],
    base: Prior,
    one_model: float,
    key: Callable[[Asking], str],
    *,
    cells: bool,
) -> Evidence:
    """What one machine's rows left in say, and how far off they are about each other."""
    if not others:
        return Evidence()
    off, cells_off = _residuals(machine, others, base, key, cells=cells)
    half = one_model if len(off) < _FEW else cluster_quantile(list(off.values()), _LEVEL)
    models = len({row.asked.model for row in others})
    moved = Machine(
        prior=calibrate(base, _rows(others)),
        half=half,
        rests_on=Phrase("{others} rows of {models} models on this machine", others=len(others), models=models),
    )
    if not cells:
        return Evidence(machines={machine: moved})
    return Evidence(
        machines={machine: moved},
        cells=fit_cells(_rows(others)),
        seen=[Seen(machine=machine, job=r.job, energy_j=r.energy_j) for r in others if r.job],
        # these residuals are of fits on one task less than the estimates: no cluster unseen is counted beside them
        cell_width={machine: cluster_quantile(list(cells_off.values()), _LEVEL, 0)} if cells_off else {},
    )


def _residuals(
    machine: str, rows: Sequence[Asking], base: Prior, key: Callable[[Asking], str], *, cells: bool
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """|ln(measured ÷ estimate)| of rows from the others, by key; of cells, in units of their doubt, by model."""
    off: dict[str, list[float]] = {}
    cells_off: dict[str, list[float]] = {}
    for fold in _folds(sorted({key(row) for row in rows})):
        rest = _rows([row for row in rows if key(row) not in fold])
        moved = calibrate(base, rest) if rest else base
        inner = fit_cells(rest) if cells and rest else {}
        for row in rows:
            if key(row) not in fold or row.job is None:
                continue
            off.setdefault(key(row), []).append(abs(math.log(row.energy_j / energy_j(moved, row.job))))
            cell = inner.get(cell_key(machine, row.job))
            if cell is not None and (value := cell_energy_j(cell, row.job)) > 0:
                far = abs(math.log(row.energy_j / value)) / cell_doubt(cell, row.job)
                cells_off.setdefault(row.asked.model, []).append(far)
    return off, cells_off


def _folds(values: Sequence[str]) -> list[set[str]]:
    return [set(values[at::_FOLDS]) for at in range(min(_FOLDS, len(values)))]


def cluster_quantile(clusters: Sequence[Sequence[float]], level: float, unseen: int = 1) -> float:
    """The size that a share `level` of residuals stays below, each cluster counted once, and one yet unseen.

    With fewer than nine clusters it lies beyond the largest: Student's quantile of their root mean square then.
    """
    count = len(clusters)
    if count < _FEWEST:
        square = math.fsum(math.fsum(r * r for r in c) / len(c) for c in clusters) / count
        return student(count, _LEVEL) * math.sqrt(square * (1 + 1 / count))
    weighed = sorted((r, 1 / len(c) / (count + unseen)) for c in clusters for r in c)
    reached = 0.0
    for residual, weight in weighed:
        reached += weight
        if reached >= level:
            return residual
    return weighed[-1][0]
