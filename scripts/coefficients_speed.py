"""How long a fit of a thousand runs takes, in process, from energies that are known."""

import random
import time
from dataclasses import replace

from perf_goals import Goal, Section
from sim.fast_line import Ask, measured
from sim.scheduler import Physics

from bench.fit.coefficients import fit
from bench.fit.rows import Measured
from bench.stats import median

RUNS, KEYS, TIMES = 1000, 7, 3
MOST_S = 2.0


def section() -> Section:
    """The median of a few fits."""
    runs = _runs()
    took_s = []
    for _ in range(TIMES):
        began_s = time.perf_counter()
        found = fit(runs)
        took_s.append(time.perf_counter() - began_s)
    requests = sum(len(one.run.outcomes) for one in runs)
    tokens = sum(o.achieved.output_tokens or 0 for one in runs for o in one.run.outcomes)
    return Section(
        title="A thousand runs",
        head=("runs", "requests", "output tokens", "entries", "seconds (median of 3)"),
        rows=((f"{len(runs)}", f"{requests}", f"{tokens}", f"{len(found)}", f"{median(took_s):.2f}"),),
        goals=(
            Goal(
                name=f"fit of {RUNS} runs, from sealed window energies",
                asked=f"{MOST_S:g} s",
                found=f"{median(took_s):.2f} s",
                met=median(took_s) <= MOST_S,
            ),
        ),
    )


def _runs() -> list[Measured]:
    shapes = [(p, o, users) for users in (1, 2, 4, 8) for p in (32, 256, 1024) for o in (8, 64, 256)]
    base = [
        measured(Ask(prompt=p, output=o, users=users, requests=10 * users), Physics(), index=n)
        for n, (p, o, users) in enumerate(shapes)
    ]
    draw = random.Random(0)
    return [
        replace(
            base[n % len(base)],
            run=replace(
                base[n % len(base)].run,
                id=f"run-{n}",
                loaded=replace(base[n % len(base)].run.loaded, engine_version=f"{n // len(base) % KEYS}"),
            ),
            energies=tuple(
                replace(e, energy_j=(e.energy_j or 0.0) * (1 + 0.003 * draw.gauss(0, 1)))
                for e in base[n % len(base)].energies
            ),
        )
        for n in range(RUNS)
    ]
