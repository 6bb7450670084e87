"""How often 95 % intervals hold the truth, over campaigns of a simulated server on a virtual clock.

The work of a campaign is played once; each campaign draws its windows' noise anew. The board's gain is taken out
of the intervals and of the data: it is one draw a board, and is added to every interval as its own part.
"""

import math
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from coefficients_truth import truth
from perf_goals import Goal, Section
from sim.fast_line import Ask, measured, noisy, without_gain
from sim.scheduler import Physics

from bench.fit.coefficients import fit
from bench.fit.rows import Measured

CAMPAIGNS = 2000
LEAST, MOST = 0.93, 0.97


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """Cells of a campaign, and the scatter of its windows."""

    name: str
    shapes: tuple[tuple[int, int], ...]
    users: tuple[int, ...]
    noise: float
    physics: Physics
    times: int = 1  # that each cell is run
    days: float = 0.0  # what all work of a run shares; such errors, and their windows', have heavy tails
    campaigns: int = CAMPAIGNS


_GRID = tuple((p, o) for p in (32, 256, 1024) for o in (8, 64, 256))
# Context that costs is another term: four shapes can't show it, and it would be in their tokens.
_FLAT = Physics(decode_context_token_s=0.0)
_FEW = ((32, 8), (256, 8), (32, 64), (256, 64))
DESIGNS = (
    Design(name="4 shapes, one user", shapes=_FEW, users=(1,), noise=0.005, physics=_FLAT),
    Design(name="the same, windows that scatter by 2 %", shapes=_FEW, users=(1,), noise=0.02, physics=_FLAT),
    Design(
        name="9 shapes, context that costs", shapes=_GRID, users=(1,), noise=0.005,
        physics=Physics(decode_context_token_s=2e-6),
    ),
    Design(
        name="5 shapes, one user and eight", shapes=_GRID[::2], users=(1, 8), noise=0.005,
        physics=_FLAT,
    ),
    Design(
        name="4 shapes five times, unlike days", shapes=_FEW, users=(1,), noise=0.005, times=5, days=0.01,
        physics=_FLAT,
    ),
)  # fmt: skip


def section() -> Section:
    """A row for each design and term."""
    rows, worst = [], []
    for design in DESIGNS:
        held, of = covered(design)
        for term, count in of.items():
            if count < design.campaigns // 2:
                continue  # shown by chance: no term of this server's
            ratio = held[term] / count
            rows.append((design.name, term, f"{count}", f"{ratio:.1%}"))
            worst.append((ratio, f"{design.name}, {term}"))
    outside = [f"{name} {ratio:.1%}" for ratio, name in worst if not LEAST <= ratio <= MOST]
    low, high = min(worst), max(worst)
    told = f"{low[0]:.1%} ({low[1]}) to {high[0]:.1%} ({high[1]})"
    return Section(
        title=f"Intervals over {CAMPAIGNS} campaigns",
        head=("design", "term", "campaigns", "interval holds the truth"),
        rows=tuple(rows),
        goals=(
            Goal(
                name="95 % intervals, statistical part",
                asked=f"hold the truth in {LEAST:.0%} to {MOST:.0%}",
                found=told + (f"; outside: {'; '.join(outside)}" if outside else ""),
                met=not outside,
            ),
        ),
    )


def covered(design: Design) -> tuple[Mapping[str, int], Mapping[str, int]]:
    """How often each term's interval held the truth, and how often there was one."""
    base = [
        without_gain(measured(Ask(prompt=p, output=o, users=users, requests=20 * users), design.physics, index=n))
        for n, (users, (p, o)) in enumerate(
            (u, shape) for _ in range(design.times) for u in design.users for shape in design.shapes
        )
    ]
    held: Counter[str] = Counter()
    of: Counter[str] = Counter()
    for seed in range(design.campaigns):
        for one in fit(_drawn(base, design, seed)):
            if not one.levels and one.concurrency != 1:
                continue  # parted by chance: a token of eight users alone holds an eighth of a step, another truth
            known = truth(design.physics, shared_steps=bool(one.levels))
            for name, found in one.terms.items():
                of[name] += 1
                held[name] += found.low <= known.get(name, 0.0) <= found.high
    return held, of


def _drawn(base: Sequence[Measured], design: Design, seed: int) -> Sequence[Measured]:
    """One campaign of the design."""
    if not design.days:
        return noisy(base, design.noise, seed)
    draw = random.Random(seed)
    return [_of_a_day(one, design.noise, design.days * _heavy(draw), draw) for one in base]


def _of_a_day(one: Measured, noise: float, day: float, draw: random.Random) -> Measured:
    """The run with its windows' errors; all its work is off by what the day was."""
    energies = tuple(
        replace(e, energy_j=(e.energy_j or 0.0) * (1 + noise * _heavy(draw) + day * (e.phase == "work")))
        for e in one.energies
    )
    return replace(one, energies=energies)


def _heavy(draw: random.Random) -> float:
    """Student's t with 3 degrees of freedom, scaled to a standard deviation of 1."""
    return draw.gauss(0, 1) / math.sqrt(draw.gammavariate(1.5, 2.0))
