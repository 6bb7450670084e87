"""Runs of batches in process on a virtual clock: requests in lockstep, and the exact joules of each batch.

What an engine that takes batches would seal of the same physics, without an engine or a sensor between. Noise is
added where a test asks for it, as a share of each window's energy.

    batch    pass over all that was given ── step ── step ── … ── until the last token of the longest
             pass_j + B·(request_j + what was given)   step_j + B·sequence_j + B²·bend_j

Requests of unequal length are padded to the longest, and go on until it is done.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from fakes import GPU, run_of, seconds, window

from bench.fit.rows import Measured
from bench.nouns import Family, Outcome, Usage, Window, WindowEnergy

IDLE_S, BATCH_S = 5.0, 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Lockstep:
    """What a batch costs above idle."""

    pass_j: float = 3.0  # once a pass over what was given: the weights are read
    request_j: float = 0.2
    given_j: float = 0.02  # a prompt or source token
    audio_j: float = 5.0  # a padded audio window
    step_j: float = 0.48  # a decoding step, whatever is in it
    sequence_j: float = 0.024  # each sequence in a step
    bend_j: float = 0.0  # each pair of sequences in a step
    idle_w: float = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A cell: batches of so many requests of this work."""

    usage: Usage
    beside: Usage | None = None  # what every second request does instead
    batch: int = 1
    family: Family = "causal-lm"
    batches: int = 10
    windows: int = 2

    @property
    def workload(self) -> str:
        """Named by its amounts."""
        done = self.usage
        counts = (
            done.prompt_tokens, done.source_tokens, done.audio_windows, done.output_tokens, done.target_tokens
        )  # fmt: skip
        return "-".join([self.family, *(str(count) for count in counts if count is not None)])


def measured(ask: Ask, physics: Lockstep, index: int = 0, noise: float = 0.0) -> Measured:
    """The run of one cell."""
    draw = random.Random(index)
    windows: list[Window] = [window("idle", f"resident-{k}", k * 6, k * 6 + IDLE_S) for k in (1, 2)]
    energies = [_energy(w, physics.idle_w * IDLE_S * (1 + noise * draw.gauss(0, 1))) for w in windows]
    outcomes: list[Outcome] = []
    for label in range(1, ask.windows + 1):
        start_s, span_s = 20.0 + label * (ask.batches + 2) * BATCH_S, ask.batches * BATCH_S
        where = window("work", str(label), start_s, start_s + span_s)
        works = [_works(ask, number) for number in range(ask.batches)]
        joules = physics.idle_w * span_s + sum(batch_j(of, physics) for of in works)
        windows.append(where)
        energies.append(_energy(where, joules * (1 + noise * draw.gauss(0, 1))))
        for number, of in enumerate(works):
            outcomes += _batch(of, start_s + number * BATCH_S, label * ask.batches + number)
    run = run_of((), windows, outcomes, sources=(GPU,), workload=ask.workload, run_id=f"run-{index}")
    cell = replace(run.spec.cell, batch=ask.batch)
    spec = replace(run.spec, cell=cell, family=ask.family)
    return Measured(run=replace(run, spec=spec), energies=tuple(energies), verdicts=())


def batch_j(works: Sequence[Usage], physics: Lockstep) -> float:
    """The joules of one batch above idle."""
    size, turns = len(works), max(done.audio_windows or 1 for done in works)
    given = max((done.prompt_tokens or 0) + (done.source_tokens or 0) for done in works)
    # a causal model's first token comes of its prompt's own pass, a decoder's beside an encoder of a step
    steps = max(
        (done.target_tokens or 0) + (done.output_tokens or 0) - (done.prompt_tokens is not None) for done in works
    )
    step_j = physics.step_j + size * physics.sequence_j + size**2 * physics.bend_j
    audio_j = sum(done.audio_windows or 0 for done in works) * physics.audio_j
    given_j = size * (physics.request_j + given * physics.given_j)
    return turns * physics.pass_j + given_j + audio_j + steps * step_j


def _works(ask: Ask, number: int) -> list[Usage]:
    """What the requests of a batch do."""
    places = range(number * ask.batch, (number + 1) * ask.batch)
    return [ask.beside if ask.beside and place % 2 else ask.usage for place in places]


def _batch(works: Sequence[Usage], start_s: float, batch_id: int) -> list[Outcome]:
    return [
        Outcome(
            request_id=f"r{row}", batch_id=batch_id, start_ns=seconds(start_s), first_output_ns=None,
            end_ns=seconds(start_s + BATCH_S), requested=done, achieved=done,
        )
        for row, done in enumerate(works)
    ]  # fmt: skip


def _energy(where: Window, joules: float) -> WindowEnergy:
    return WindowEnergy(
        domain=GPU.domain, device=GPU.device, boundary=GPU.boundary, basis=GPU.basis, energy_j=joules,
        low_j=joules, high_j=joules, start_ns=where.start_ns, end_ns=where.end_ns, method="counter",
        phase=where.phase, label=where.label,
    )  # fmt: skip
