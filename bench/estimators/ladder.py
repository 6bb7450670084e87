"""The ladder of methods: a measured cell, the same machine, the physical prior; each step wider than the last.

What is measured is handed in as Evidence; which rung bears an estimate, and what it rests on, stands beside it.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from bench.estimators.measured import Cell, cell_energy_j, work
from bench.estimators.prior import Prior, energy_j, moves
from bench.estimators.roofline import Job, least_j
from bench.nouns.estimates import Grade, Range

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
class Evidence:
    """What was measured, by machine and by cell; `cell_width` stretches a cell's own doubt."""

    machines: Mapping[str, Machine] = field(default_factory=dict)
    cells: Mapping[CellKey, Cell] = field(default_factory=dict)
    cell_width: Mapping[str, float] = field(default_factory=dict)


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


def price(job: Job, machine: str, prior: Prior, evidence: Evidence) -> Priced:
    """The joules of a request by the first rung that holds."""
    cell = evidence.cells.get(cell_key(machine, job))
    if cell is not None and (value := cell_energy_j(cell, job)) > 0:
        half = max(0.005, evidence.cell_width.get(machine, 2.0) * cell_doubt(cell, job))
        return Priced(
            energy_j=_around(value, half, half, job),
            method="measured cell",
            basis="measured",
            rests_on="other lengths of the same model, machine and batch",
        )
    known = evidence.machines.get(machine)
    if known is not None:
        value = energy_j(known.prior, job)
        return Priced(
            energy_j=_around(value, known.half, known.half, job),
            method="same machine",
            basis="fitted",
            rests_on=known.rests_on,
        )
    below, above = moves(prior, job)
    return Priced(
        energy_j=_around(energy_j(prior, job), prior.width * below, prior.width * above, job),
        method="prior",
        basis="scaled",
        rests_on="fitted on " + ", ".join(prior.sources) if prior.sources else "rooflines alone",
    )


def cell_doubt(cell: Cell, job: Job) -> float:
    """The half-width of ln(joules) of a cell's estimate before it is stretched."""
    tokens, gigabytes = work(job)
    prompt, decode = cell.prompt_j * tokens, cell.gigabyte_j * gigabytes
    whole = prompt + decode
    return math.hypot(_PROMPT_DOUBT * prompt, _DECODE_DOUBT * decode) / whole if whole > 0 else _PROMPT_DOUBT


def _around(value: float, below: float, above: float, job: Job) -> Range:
    low = max(min(value, least_j(job)), value * math.exp(-below))
    return Range(low=low, value=value, high=value * math.exp(above))
