"""Where the fit fails: campaigns of the simulated server in which one of its assumptions is broken more and more.

    python scripts/fit_limits.py [--keep]      about two minutes; --keep writes docs/fit_limits.json
Each panel has a fault that grows along x, what is then wrong, and how often the fit says so itself. The server and
its clock are simulated (tests/sim), so that the truth is known.
"""

import argparse
import json
import random
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "scripts")]

from coefficients_truth import truth  # noqa: E402
from sim.fast_line import Ask, cell_steps, measured, noisy, without_gain  # noqa: E402
from sim.scheduler import Physics  # noqa: E402

from bench.estimators.predict import predict  # noqa: E402
from bench.fit.coefficients import fit  # noqa: E402
from bench.fit.rows import Measured  # noqa: E402
from bench.nouns import Coefficients  # noqa: E402
from bench.physics.sharing import shared_work  # noqa: E402
from bench.stats import median  # noqa: E402

RESULT = ROOT / "docs" / "fit_limits.json"
CAMPAIGNS = 40
NOISE = 0.01  # scatter of windows, as a share of their energy
_STEADY = 0.005  # the same where what runs have in common is looked at
_GRID = tuple((p, o) for p in (32, 256, 1024) for o in (8, 64, 256))
_FEW = ((32, 8), (256, 8), (32, 64), (256, 64))
# Context that costs nothing: what a panel is about is then the only thing that is wrong.
_FLAT = Physics(decode_context_token_s=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One strength of the fault: `y` over campaigns, and the share of campaigns in which the fit `said` so."""

    x: float
    y: float | None  # None: no campaign gave a figure
    said: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A series of a panel."""

    name: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A fault, what it does, and what the fit says of it."""

    name: str
    title: str
    x: str
    y: str
    said: str  # what `said` counts; "" where nothing is counted
    lines: tuple[Line, ...]
    share: bool = False  # y is a share of campaigns, not an error


def panels() -> Iterator[Panel]:
    """Every assumption that can be broken on a virtual clock."""
    yield together()
    yield bent()
    yield beyond()
    yield small()
    yield drifting()
    yield sharing()


def together() -> Panel:
    """Three shapes on a line through the origin, one of which is moved off it by less and less."""
    widths, errors = [], []
    for off in (1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.0):
        shapes = ((64, 16), (256, 64), (1024, round(256 * (1 + off))))
        found = [c for (c,) in _campaigns(shapes, _FLAT)]
        given = [c for c in found if {"prompt_token", "output_token"} <= c.terms.keys()]
        said = 1 - sum(not any("nearly together" in note for note in c.notes) for c in given) / len(found)
        true = truth(_FLAT, shared_steps=False)["output_token"]
        halves = [(c.terms["output_token"].high - c.terms["output_token"].low) / 2 / true for c in given]
        wrong = [abs(c.terms["output_token"].value / true - 1) for c in given]
        widths.append(Point(x=off, y=median(halves) if halves else None, said=said))
        errors.append(Point(x=off, y=_ninety_five(wrong) if wrong else None))
    return Panel(
        name="together",
        title="Terms that move together",
        x="output of the third shape, off the line by",
        y="how far a term is off",
        said="refused, or flagged with the workload that would help",
        lines=(
            Line(name="95 % half-width of output_token", points=tuple(widths)),
            Line(name="error that 95 % of campaigns stay below", points=tuple(errors)),
        ),
    )


def bent() -> Panel:
    """A board that draws more above idle with every user, in no proportion to any amount of work."""
    points = []
    for bend in (0.0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4):
        base = [_scaled(one, 1 + bend * (users - 1) / 7) for users in (1, 8) for one in _base(_FEW, _FLAT, users)]
        wrong, apart = [], 0
        true_j = _request_j(_FLAT, 128, 32, users=4, scale=1 + bend * 3 / 7)
        for seed in range(CAMPAIGNS):
            pooled = [c for c in fit(noisy(base, NOISE, seed)) if c.levels]
            apart += not pooled
            wrong += [abs(_predicted_j(c, 128, 32, users=4) / true_j - 1) for c in pooled]
        points.append(Point(x=bend, y=median(wrong) if wrong else None, said=apart / CAMPAIGNS))
    return Panel(
        name="bent",
        title="Power that bends with the load",
        x="more power above idle at 8 users",
        y="a request at 4 users, off by",
        said="an entry for each load, none for 4 users",
        lines=(Line(name="loads 1 and 8 in one entry", points=tuple(points)),),
    )


def beyond() -> Panel:
    """Prompts that are longer than those measured, on servers whose attention costs little, and more."""
    lines = []
    for name, context_s in (("attention of 0.1 µs a token", 1e-7), ("of 1 µs", 1e-6)):
        physics = Physics(decode_context_token_s=context_s)
        fits = [c for (c,) in _campaigns(tuple((p, o) for p in (32, 128, 256) for o in (8, 64, 256)), physics)]
        points = []
        for prompt in (128, 256, 512, 1024, 2048, 4096, 8192):
            true_j = _request_j(physics, prompt, 64, users=1)
            wrong = [_predicted_j(c, prompt, 64, users=1) / true_j - 1 for c in fits]
            outside = sum(prompt > c.domain["prompt_tokens"][1] for c in fits) / len(fits)
            points.append(Point(x=prompt, y=median([abs(w) for w in wrong]), said=outside))
        shown = sum("context_token" in c.terms for c in fits) / len(fits)
        lines.append(Line(name=f"{name} (shown in {shown:.0%} of campaigns)", points=tuple(points)))
    return Panel(
        name="beyond",
        title="Prompts longer than those measured (up to 256)",
        x="prompt tokens",
        y="a request, off by",
        said="said to be outside the validity domain",
        lines=tuple(lines),
    )


def small() -> Panel:
    """Attention that holds more and more of the energy: from when on is it a term?"""
    lines = []
    for noise in (0.005, 0.02):
        points = []
        for context_s in (0.0, 1e-8, 1e-7, 3e-7, 1e-6, 3e-6, 1e-5):
            physics = Physics(decode_context_token_s=context_s)
            base = _base(_GRID, physics, 1)
            found = [fit(noisy(base, noise, seed))[0] for seed in range(CAMPAIGNS)]
            shown = sum("context_token" in c.terms for c in found) / CAMPAIGNS
            points.append(Point(x=_context_share(base, physics), y=shown))
        lines.append(Line(name=f"windows that scatter by {noise:.1%}", points=tuple(points)))
    return Panel(
        name="small",
        title="A term that is small",
        x="attention's share of the energy",
        y="campaigns that show it",
        said="",
        lines=tuple(lines),
        share=True,
    )


def drifting() -> Panel:
    """A board that draws more and more over the campaign: cells in the order of their size, and shuffled."""
    lines = []
    for name, order in (("cells by size", range(9)), ("cells shuffled", (4, 0, 8, 2, 6, 1, 7, 3, 5))):
        points = []
        for drift in (0.0, 0.01, 0.02, 0.05, 0.1, 0.2):
            base = _base(_GRID, _FLAT, 1)
            base = [_scaled(base[k], 1 + drift * (at / 8 - 0.5)) for at, k in enumerate(order)]
            points.append(Point(x=drift, y=_held((base for _ in range(CAMPAIGNS)), NOISE)))
        lines.append(Line(name=name, points=tuple(points)))
    return _covering(
        "drifting", "A machine that drifts", "more power above idle at the end than at the start", lines
    )


def sharing() -> Panel:
    """Errors that all windows of a run have in common: cells of one run, and of three."""
    lines = []
    for repeats in (1, 3):
        base = [one for k in range(repeats) for one in _base(_FEW, _FLAT, 1, first=10 * k)]
        points = []
        for common in (0.0, 0.005, 0.01, 0.02, 0.05, 0.1):
            draws = (random.Random(1000 + seed) for seed in range(CAMPAIGNS))
            days = ([_scaled(one, 1 + common * draw.gauss(0, 1)) for one in base] for draw in draws)
            points.append(Point(x=common, y=_held(days, _STEADY)))
        lines.append(Line(name=f"{repeats} run{'s' if repeats > 1 else ''} a cell", points=tuple(points)))
    x = f"scatter of runs (windows of one scatter by {_STEADY:.1%})"
    return _covering("sharing", "Windows of one run that err together", x, lines)


def _held(campaigns: Iterable[Sequence[Measured]], noise: float) -> float | None:
    """The share of the tokens' 95 % intervals, of terms fitted to each campaign, that hold the truth."""
    true = truth(_FLAT, shared_steps=False)
    fits = (c for seed, base in enumerate(campaigns) for c in fit(noisy(base, noise, seed)))
    terms = ((t, q) for c in fits for t, q in c.terms.items() if t in ("prompt_token", "output_token"))
    held = [q.low <= true[t] <= q.high for t, q in terms]
    return sum(held) / len(held) if held else None


def _covering(name: str, title: str, x: str, lines: Sequence[Line]) -> Panel:
    y = "95 % intervals that hold the truth"
    return Panel(name=name, title=title, x=x, y=y, said="", lines=tuple(lines), share=True)


def _campaigns(shapes: Sequence[tuple[int, int]], physics: Physics) -> Iterator[tuple[Coefficients, ...]]:
    base = _base(shapes, physics, 1)
    for seed in range(CAMPAIGNS):
        yield fit(noisy(base, NOISE, seed))


def _base(shapes: Sequence[tuple[int, int]], physics: Physics, users: int, first: int = 0) -> list[Measured]:
    asks = [Ask(prompt=p, output=o, users=users, requests=20 * users) for p, o in shapes]
    return [without_gain(measured(ask, physics, index=100 * users + first + n)) for n, ask in enumerate(asks)]


def _scaled(one: Measured, factor: float) -> Measured:
    """The run on a board that draws `factor` times as much above its idle."""
    idle_w = next(e.energy_j or 0.0 for e in one.energies if e.phase == "idle") / 5.0
    energies = []
    for e in one.energies:
        rest_j = idle_w * (e.end_ns - e.start_ns) * 1e-9
        energies.append(replace(e, energy_j=rest_j + ((e.energy_j or 0.0) - rest_j) * factor))
    return replace(one, energies=tuple(energies))


def _work(prompt: int, output: int, users: int) -> dict[str, float]:
    """What one request of so many users does, beside counting its tokens."""
    outcomes, _ = cell_steps(Ask(prompt=prompt, output=output, users=users, requests=20 * users), _FLAT)
    return {name: amount / len(outcomes) for name, amount in shared_work(outcomes).items()}


def _request_j(physics: Physics, prompt: int, output: int, users: int, scale: float = 1.0) -> float:
    """What one request of so many users costs above idle, by the steps that served it."""
    outcomes, steps = cell_steps(Ask(prompt=prompt, output=output, users=users, requests=20 * users), physics)
    return scale * sum(step.above_j for step in steps) / len(outcomes)


def _predicted_j(found: Coefficients, prompt: int, output: int, users: int) -> float:
    amounts = {"request": 1.0, "prompt_token": prompt, "output_token": output, **_work(prompt, output, users)}
    return predict(found, {t: x for t, x in amounts.items() if t in found.terms}).value


def _context_share(base: Sequence[Measured], physics: Physics) -> float:
    """The share of all work windows' energy that attention took."""
    each_j = physics.decode_context_token_s * physics.decode_w
    context_j = each_j * sum(shared_work(one.run.outcomes)["context_token"] for one in base)
    return context_j / sum(e.energy_j or 0.0 for one in base for e in one.energies if e.phase == "work")


def _ninety_five(values: Sequence[float]) -> float:
    return sorted(values)[round(0.95 * (len(values) - 1))]


def result(made: Sequence[Panel]) -> dict[str, Any]:
    """What is kept."""
    return {
        "schema_version": 1,
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "campaigns": CAMPAIGNS,
        "noise": NOISE,
        "panels": [asdict(one) for one in made],
    }


def main(arguments: Sequence[str] | None = None, make: Callable[[], Iterator[Panel]] = panels) -> int:
    """Prints every panel as it is made."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", action="store_true", help="keep the result as docs/fit_limits.json")
    asked = parser.parse_args(arguments)
    made = []
    for panel in make():
        made.append(panel)
        print(panel.title)
        for line in panel.lines:
            told = [f"{p.x:g}: {'-' if p.y is None else f'{p.y:.3g}'}" + (f" ({p.said:.0%})" if p.said else "")
                    for p in line.points]  # fmt: skip
            print(f"  {line.name}\n    {'  '.join(told)}", flush=True)
    if asked.keep:
        RESULT.write_text(json.dumps(result(made), indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
