"""The ladder of methods: a measured cell, the same model at another batch, the same machine, another card, the
physical prior; each step wider than the last.

What is measured is handed in as Evidence; which rung bears an estimate, and what it rests on, stands beside it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bench.estimators.carried import apart, carried
from bench.estimators.measured import Cell, cell_energy_j, work
from bench.estimators.prior import Prior, energy_j, estimate, moves
from bench.estimators.roofline import Job, Pieces, least_j
from bench.nouns.estimates import Grade, Range
from bench.phrases import Phrase

CellKey = tuple[str, str, float, float, int]  # machine, architecture, bits, cards, batch
# How much of a cell's error comes with its prompts and with its decoding, before it is stretched to what held-out
# tasks needed: prompts that share a beginning are kept from one request to the next, decoding repeats itself.
_PROMPT_DOUBT, _DECODE_DOUBT = 0.10, 0.03


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A prior moved to one machine's rows, and the half-width of ln(joules) that held-out models needed."""

    prior: Prior
    half: float
    rests_on: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A measured request: its machine, its work, its joules."""

    machine: str
    job: Job
    energy_j: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What was measured: cells, single requests, machines; `cell_width` stretches a cell's own doubt."""

    cells: Mapping[CellKey, Cell] = field(default_factory=dict)
    cell_width: Mapping[str, float] = field(default_factory=dict)
    seen: Sequence[Seen] = ()
    machines: Mapping[str, Machine] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """Joules of a request, how they were come by, and what they rest on."""

    energy_j: Range
    method: str
    basis: Grade
    rests_on: str


def cell_key(machine: str, job: Job) -> CellKey:
    """What makes two rows one cell; batches within a twentieth of a decade are one."""
    return machine, job.shape.name, job.bits, job.cards, round(20 * math.log10(job.running))


def price(job: Job, machine: str, prior: Prior, evidence: Evidence, work: Pieces | None = None) -> Priced:
    """The joules of a request by the first rung that holds. `work`: the job's pieces, where somebody has them."""
    found = _by_cell(job, machine, evidence) or _by_model(job, machine, prior, evidence)
    if found is not None:
        return found
    known = evidence.machines.get(machine)
    if known is not None:
        return Priced(
            energy_j=_around(energy_j(known.prior, job), known.half, job),
            method=Phrase("same machine"),
            basis="fitted",
            rests_on=known.rests_on,
        )
    return _by_other_card(job, prior, evidence) or Priced(
        energy_j=estimate(prior, job, work),
        method=Phrase("prior"),
        basis="scaled",
        rests_on="fitted on " + ", ".join(prior.sources) if prior.sources else "rooflines alone",
    )


def _by_cell(job: Job, machine: str, evidence: Evidence) -> Priced | None:
    cell = evidence.cells.get(cell_key(machine, job))
    value = cell_energy_j(cell, job) if cell is not None else 0.0
    if cell is None or value <= 0:
        return None
    return Priced(
        energy_j=_around(value, evidence.cell_width.get(machine, 2.0) * cell_doubt(cell, job), job),
        method=Phrase("measured cell"),
        basis="measured",
        rests_on="other lengths of the same model, machine and batch",
    )


def _by_model(job: Job, machine: str, prior: Prior, evidence: Evidence) -> Priced | None:
    """The nearest measured request of the same model on the same machine, carried over."""
    known = evidence.machines.get(machine)
    own = [s for s in evidence.seen if s.machine == machine and _alike(s.job, job)]
    return _nearest(job, known.prior if known else prior, own, Phrase("same model, other work"))


def _by_other_card(job: Job, prior: Prior, evidence: Evidence) -> Priced | None:
    """The same model on another card, carried over where that is told better than the prior tells it."""
    found = _nearest(
        job, prior, [s for s in evidence.seen if _alike(s.job, job)], Phrase("same model, another card")
    )
    if found is None or prior.width * max(moves(prior, job)) < math.log(
        found.energy_j.high / found.energy_j.value
    ):
        return None
    return found


def _alike(one: Job, other: Job) -> bool:
    return one.shape == other.shape and one.bits == other.bits and one.scope == other.scope


def _nearest(job: Job, prior: Prior, seen: Sequence[Seen], method: str) -> Priced | None:
    if not seen:
        return None
    best = min(seen, key=lambda one: (apart(prior, one.job, job), one.machine, one.energy_j))
    return Priced(
        energy_j=carried(prior, best.job, best.energy_j, job),
        method=method,
        basis="scaled",
        rests_on=Phrase(
            "{shape} on {machine}, a batch of {running:.3g}, carried over",
            shape=best.job.shape.name,
            machine=best.machine,
            running=best.job.running,
        ),
    )


def cell_doubt(cell: Cell, job: Job) -> float:
    """The half-width of ln(joules) of a cell's estimate before it is stretched."""
    tokens, gigabytes = work(job)
    prompt, decode = cell.prompt_j * tokens, cell.gigabyte_j * gigabytes
    whole = prompt + decode
    return math.hypot(_PROMPT_DOUBT * prompt, _DECODE_DOUBT * decode) / whole if whole > 0 else _PROMPT_DOUBT


def _around(value: float, half: float, job: Job) -> Range:
    low = max(min(value, least_j(job)), value * math.exp(-half))
    return Range(low=low, value=value, high=value * math.exp(half))
