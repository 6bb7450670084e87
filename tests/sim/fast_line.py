"""Runs of the simulated server on a virtual clock: users who ask again at once, windows, and their exact joules.

What `run endpoint` would seal of the same physics, without a socket or a sensor between: thousands a minute. Noise
is added where a test asks for it, as a share of each window's energy.
"""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from fakes import GPU, run_of, window
from sim.scheduler import Physics, Scheduler, Step, Work

from bench.fit.rows import Measured
from bench.nouns import Outcome, Usage, Window, WindowEnergy
from bench.units import NS_PER_S, S_PER_NS

IDLE_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A cell: requests of so many tokens, by so many users, until so many are answered in each window."""

    prompt: int | tuple[int, ...]  # of several: by draw
    output: int | tuple[int, ...]
    users: int = 1
    requests: int = 40
    windows: int = 2


def measured(ask: Ask, physics: Physics, index: int = 0, noise: float = 0.0, jitter_s: float = 2e-4) -> Measured:
    """The run of one cell. `jitter_s`: how late a client sees a token, at most."""
    draw = random.Random(index)
    windows: list[Window] = [window("idle", f"resident-{k}", k * 6, k * 6 + IDLE_S) for k in (1, 2)]
    energies = [_energy(w, physics.idle_w * IDLE_S * (1 + noise * draw.gauss(0, 1))) for w in windows]
    outcomes: list[Outcome] = []
    start_s = 20.0
    for label in range(1, ask.windows + 1):
        done, above_j, end_s = _window(ask, physics, draw, start_s, jitter_s, [])
        where = window("work", str(label), start_s, end_s)
        joules = physics.idle_w * (end_s - start_s) + above_j
        windows.append(where)
        energies.append(_energy(where, joules * (1 + noise * draw.gauss(0, 1))))
        outcomes += [replace(o, batch_id=len(outcomes) + k) for k, o in enumerate(done)]
        start_s = end_s + 1.0
    name = f"prompt-{ask.prompt}-{ask.output}"
    run = run_of((), windows, outcomes, sources=(GPU,), workload=name, run_id=f"run-{index}")
    cell = replace(run.spec.cell, concurrency=ask.users)
    return Measured(run=replace(run, spec=replace(run.spec, cell=cell)), energies=tuple(energies), verdicts=())


def cell_steps(ask: Ask, physics: Physics) -> tuple[Sequence[Outcome], Sequence[Step]]:
    """The outcomes of one window, and the steps that made them."""
    steps: list[Step] = []
    outcomes, _, _ = _window(ask, physics, random.Random(0), 0.0, 2e-4, steps)
    return outcomes, steps


def without_gain(one: Measured) -> Measured:
    """The run with a board whose gain is known: its intervals are of the statistical part alone."""
    sources = tuple(replace(s, gain_ratio_95=0.0) for s in one.run.sources)
    loaded = replace(one.run.loaded, weights="served")
    return replace(one, run=replace(one.run, sources=sources, loaded=loaded))


def noisy(base: Sequence[Measured], noise: float, seed: int) -> list[Measured]:
    """The runs with each window's energy off by a draw of `noise`, as a share of it."""
    draw = random.Random(seed)
    return [
        replace(
            one,
            energies=tuple(
                replace(e, energy_j=(e.energy_j or 0.0) * (1 + noise * draw.gauss(0, 1))) for e in one.energies
            ),
        )
        for one in base
    ]


def _energy(where: Window, joules: float) -> WindowEnergy:
    return WindowEnergy(
        domain=GPU.domain, device=GPU.device, boundary=GPU.boundary, basis=GPU.basis, energy_j=joules,
        low_j=joules, high_j=joules, start_ns=where.start_ns, end_ns=where.end_ns, method="counter",
        phase=where.phase, label=where.label,
    )  # fmt: skip


def _window(
    ask: Ask, physics: Physics, draw: random.Random, start_s: float, jitter_s: float, steps: list[Step]
) -> tuple[Sequence[Outcome], float, float]:
    """The outcomes of one window, its joules above idle, and when it ended (s)."""
    scheduler, now_ns, left = Scheduler(physics), 0, ask.requests
    asked_ns: dict[int, int] = {}
    works: dict[int, Work] = {}
    seen: dict[int, list[int]] = defaultdict(list)
    above_j, end_ns = 0.0, 0

    def submit(at_ns: int) -> None:
        nonlocal left
        left -= 1
        asked_ns[left] = at_ns
        works[left] = Work(id=left, prompt_tokens=_drawn(ask.prompt, draw), output_tokens=_drawn(ask.output, draw))
        scheduler.submit(works[left])

    for _ in range(min(ask.users, left)):
        submit(0)
    while scheduler.busy:
        step = scheduler.decide(now_ns)
        assert step is not None
        steps.append(step)
        above_j, end_ns = above_j + step.above_j, step.end_ns
        now_ns = max(now_ns, step.end_ns - round(physics.lead_s * NS_PER_S))
        for one in step.emitted:
            seen[one.id].append(step.end_ns + round(draw.uniform(0, jitter_s) * NS_PER_S))
            if one.last and left:
                submit(step.end_ns)
                now_ns = max(now_ns, step.end_ns)
    origin_ns = round(start_s * NS_PER_S)
    outcomes = []
    for id_, times in sorted(seen.items(), reverse=True):
        at = tuple(origin_ns + t for t in sorted(times))
        start_ns, work = origin_ns + asked_ns[id_], works[id_]
        usage = Usage(requests=1, prompt_tokens=work.prompt_tokens, output_tokens=work.output_tokens)
        one = Outcome(
            request_id=f"r{id_}", batch_id=0, start_ns=start_ns, due_ns=start_ns, first_output_ns=at[0],
            end_ns=at[-1], requested=usage, achieved=usage, output_ns=at,
        )  # fmt: skip
        outcomes.append(one)
    last_ns = max(end_ns, *(t for times in seen.values() for t in times))
    return outcomes, above_j, start_s + last_ns * S_PER_NS


def _drawn(of: int | tuple[int, ...], draw: random.Random) -> int:
    return of if isinstance(of, int) else draw.choice(of)
