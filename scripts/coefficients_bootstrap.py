"""How block bootstraps do beside Student's intervals, on the designs that are run: coverage and width.

The line of the simulated server gives amounts, joules and seconds; errors are drawn as shares of a window's
energy, idle is known, so that nothing but the scheme differs. Runs are the blocks. As errors scale out of a linear
fit, only their kind counts, and the design. Schemes beside the fit's own are written out here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from perf_goals import Goal, Section
from scipy.special import fdtri
from sim.fast_line import Ask, measured
from sim.scheduler import Physics

from bench.fit.bootstrap import FEWEST_BEHIND, Blocks, behind, blocks, half_widths
from bench.fit.rows import groups
from bench.fit.solve import Array
from bench.fit.terms import SHOWN, TERMS
from bench.physics import phases
from bench.stats import t95

CAMPAIGNS, REDRAWN = 500, 199
LEAST, MOST = 0.93, 0.97
_STUDENT, _WILD = "Student, F at 25 %", "wild, percentile-t"
_WIDEST = 99
_SHARED = "drift"  # in it runs are not independent, as every scheme takes them to be


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """Cells, how often each is run, and the windows of a run."""

    shapes: tuple[tuple[int, int], ...]
    times: int
    windows: int
    context: bool = False

    @property
    def name(self) -> str:
        """As the table has it: cells × runs × windows."""
        return f"{len(self.shapes)} × {self.times} × {self.windows}"


_FEW = ((32, 8), (256, 8), (32, 64), (256, 64))
_GRID = tuple((p, o) for p in (32, 256, 1024) for o in (8, 64, 256))
DESIGNS = (
    Design(shapes=_FEW, times=1, windows=2),
    Design(shapes=_GRID, times=1, windows=2, context=True),
    Design(shapes=_FEW, times=3, windows=2),
    Design(shapes=_FEW, times=5, windows=2),
    Design(shapes=_GRID, times=4, windows=2, context=True),
)


@dataclass(frozen=True, slots=True)
class Line:
    """A design's windows in shares of their energy, ordered by run: `weighted` is (n_runs × windows, n_terms)."""

    weighted: Array
    inverse: Array  # (X'X)⁻¹
    runs: tuple[str, ...]  # of each row
    cells: Array  # of each run
    windows: int

    @property
    def beyond(self) -> int:
        """Runs beyond the terms."""
        return len(self.cells) - self.weighted.shape[1]


@dataclass(frozen=True, slots=True)
class Drawn:
    """One campaign's errors, and what the fit leaves of them."""

    line: Line
    errors: Array
    off: Array  # of the terms
    residuals: Array

    @property
    def by_run(self) -> Array:
        """The residuals (n_runs, windows)."""
        return self.residuals.reshape(-1, self.line.windows)


def line(design: Design) -> Line:
    """The design on the simulated server, one run after the other."""
    physics = Physics(decode_context_token_s=2e-6 if design.context else 0.0)
    asks = [Ask(prompt=p, output=o, requests=20, windows=design.windows) for p, o in design.shapes]
    [group] = groups([measured(ask, physics, index=n) for n, ask in enumerate(asks)])
    work = phases.work(group.rows)
    further = [t for t in SHOWN["causal-lm"] if design.context and t.name == "context_token"]
    terms = (*TERMS["causal-lm"], *further)
    once = np.array([[(t.amount(row) or 0.0) / row.energy_j for t in terms] for row in work])
    weighted = np.vstack([once] * design.times)
    weighted /= np.linalg.norm(weighted, axis=0)
    count = len(design.shapes) * design.times
    return Line(
        weighted,
        np.linalg.inv(weighted.T @ weighted),
        tuple(f"run-{n:03d}" for n in range(count) for _ in range(design.windows)),
        np.arange(count) % len(design.shapes),
        design.windows,
    )


Noise = Callable[[np.random.Generator, Line], Array]


def _windows(draw: np.random.Generator, on: Line) -> Array:
    return draw.standard_normal((len(on.cells), on.windows))


def _runs_too(draw: np.random.Generator, on: Line) -> Array:
    return draw.standard_normal((len(on.cells), 1)) + _windows(draw, on)


def _cells_differ(draw: np.random.Generator, on: Line) -> Array:
    """Runs and windows, of cells whose scatter spans a factor of ten."""
    scatter = draw.permutation(np.geomspace(0.3, 3.0, on.cells.max() + 1))
    return np.asarray(_runs_too(draw, on) * scatter[on.cells][:, None])


def _heavy_tails(draw: np.random.Generator, on: Line) -> Array:
    """Student's t with 3 degrees of freedom, of runs and of windows."""
    tails: Array = draw.standard_t(3, (len(on.cells), 1)) + draw.standard_t(3, (len(on.cells), on.windows))
    return tails


def _drift(draw: np.random.Generator, on: Line) -> Array:
    """A steady change over the campaign, as large as a window's scatter; cells come in one order, then again."""
    course = np.linspace(-1.0, 1.0, len(on.cells))[:, None] * np.sqrt(3.0)
    return np.asarray(draw.standard_normal() * course + _windows(draw, on))


NOISES: Mapping[str, Noise] = {
    "windows": _windows,
    "runs too": _runs_too,
    "cells differ": _cells_differ,
    "heavy tails": _heavy_tails,
    "drift": _drift,
}


def _student(one: Drawn, most: float | None) -> Array:
    """Over windows; over runs where these differ by more than F's quantile `most` (None: never)."""
    rows, terms = one.line.weighted.shape
    unit = np.sqrt(np.diag(one.line.inverse))
    half = t95(rows - terms) * np.sqrt(one.residuals @ one.residuals / (rows - terms)) * unit
    means, runs = one.by_run.mean(axis=1), len(one.by_run)
    outer = one.line.windows * (means @ means) / one.line.beyond
    inner = float(((one.by_run - means[:, None]) ** 2).sum()) / (rows - runs)
    if most is None or outer <= fdtri(one.line.beyond, rows - runs, most) * inner:
        return np.asarray(half)
    return np.asarray(np.maximum(half, t95(one.line.beyond) * np.sqrt(outer) * unit))


def _of_runs(one: Drawn) -> Array:
    means = one.by_run.mean(axis=1)
    outer = one.line.windows * (means @ means) / one.line.beyond
    return np.asarray(t95(one.line.beyond) * np.sqrt(outer * np.diag(one.line.inverse)))


def _jackknife(of: Blocks) -> Array:
    """Runs left out one after the other (CR3), Student's t with runs − 1 degrees of freedom."""
    runs = len(of.runs)
    moved = np.linalg.solve(np.linalg.inv(of.inverse) - of.moments, of.scores[:, :, None])[:, :, 0]
    return np.asarray(t95(runs - 1) * np.sqrt((runs - 1) / runs * np.sum(moved**2, axis=0)))


def _wild_percentile(of: Blocks, draw: np.random.Generator) -> Array:
    weights = draw.choice([-(1.5**0.5), -1.0, -(0.5**0.5), 0.5**0.5, 1.0, 1.5**0.5], (REDRAWN, len(of.scores)))
    return np.asarray(np.quantile(np.abs(weights @ of.scores @ of.inverse), 0.95, axis=0))


def _pairs(one: Drawn, draw: np.random.Generator) -> Array:
    """Runs redrawn within their cell; of cells that ran once, windows. Ends (2, n_terms) beside the estimate."""
    on, windows = one.line, one.line.windows
    times, cells = len(on.cells) // (on.cells.max() + 1), on.cells.max() + 1
    if times > 1:
        runs = (draw.integers(0, times, (REDRAWN, times, cells)) * cells + np.arange(cells)).reshape(REDRAWN, -1)
        rows = (runs[:, :, None] * windows + np.arange(windows)).reshape(REDRAWN, -1)
    else:
        again = draw.integers(0, windows, (REDRAWN, len(on.cells), windows))
        rows = (again + windows * np.arange(len(on.cells))[None, :, None]).reshape(REDRAWN, -1)
    x = on.weighted[rows]
    moments = np.einsum("bni,bnj->bij", x, x)
    moved = np.linalg.solve(moments, np.einsum("bni,bn->bi", x, one.residuals[rows])[:, :, None])[:, :, 0]
    return np.quantile(moved, [0.025, 0.975], axis=0)


def ends(one: Drawn, draw: np.random.Generator) -> Mapping[str, Array]:
    """Each scheme's interval beside the estimate, (2, n_terms) or half-widths (n_terms,)."""
    of = blocks(one.line.weighted, one.residuals, one.line.runs)
    student, wild = _student(one, 0.75), half_widths(of)
    return {
        "Student, windows": _student(one, None),
        "Student, F at 5 %": _student(one, 0.95),
        _STUDENT: student,
        "Student, runs": _of_runs(one),
        "pairs, percentile": _pairs(one, draw),
        "wild, percentile": _wild_percentile(of, draw),
        _WILD: wild,
        "jackknife, t": _jackknife(of),
        "wider of F and wild": np.maximum(student, wild),
    }


def tried(on: Line, noise: Noise, campaigns: int, seed: int) -> tuple[Mapping[str, Array], Mapping[str, Array]]:
    """How often each scheme holds each term's truth, and its median width."""
    draw = np.random.default_rng(seed)
    held: dict[str, list[Array]] = {}
    widths: dict[str, list[Array]] = {}
    for _ in range(campaigns):
        errors = noise(draw, on).ravel()
        off = on.inverse @ on.weighted.T @ errors
        found = ends(Drawn(on, errors, off, errors - on.weighted @ off), draw)
        for name, one in found.items():
            low, high = one if one.ndim == 2 else (-one, one)
            held.setdefault(name, []).append((off + low <= 0.0) & (off + high >= 0.0))
            widths.setdefault(name, []).append(high - low)
    return (
        {name: np.mean(each, axis=0) for name, each in held.items()},
        {name: np.median(each, axis=0) for name, each in widths.items()},
    )


def section() -> Section:
    """A row for each design and scheme: the mean coverage of its terms, the lowest of them, and the width."""
    rows: list[tuple[str, ...]] = []
    taken: list[tuple[float, str]] = []
    for design in DESIGNS:
        on = line(design)
        of = blocks(on.weighted, np.zeros(len(on.weighted)), on.runs)
        found = {noise: tried(on, of_kind, CAMPAIGNS, 1) for noise, of_kind in NOISES.items()}
        label = f"{design.name}, {behind(of).min():.1f} behind"
        for scheme in next(iter(found.values()))[0]:
            rows.append((label, scheme, *(_cell(held, widths, scheme) for held, widths in found.values())))
        if behind(of).min() >= FEWEST_BEHIND:
            taken += [
                (float(held[_WILD].mean()), f"{design.name}, {n}")
                for n, (held, _) in found.items()
                if n != _SHARED
            ]
    low, high = min(taken), max(taken)
    return Section(
        title=f"Blocks of a bootstrap: the truth held by terms, by the worst term, width over “{_STUDENT}”",
        head=("cells × runs × windows", "scheme", *NOISES),
        rows=tuple(rows),
        goals=(
            Goal(
                name=f"block bootstrap, where {FEWEST_BEHIND:g} runs or more stand behind each term",
                asked=f"holds the truth in {LEAST:.0%} to {MOST:.0%}, however windows, runs and cells scatter",
                found=f"{low[0]:.1%} ({low[1]}) to {high[0]:.1%} ({high[1]})",
                met=low[0] >= LEAST and high[0] <= MOST,
            ),
        ),
    )


def _cell(held: Mapping[str, Array], widths: Mapping[str, Array], scheme: str) -> str:
    ratio = float(np.exp(np.mean(np.log(np.maximum(widths[scheme], 1e-12) / widths[_STUDENT]))))
    width = f"×{ratio:.2f}" if ratio < _WIDEST else f"> ×{_WIDEST}"
    return f"{held[scheme].mean():.1%}, {held[scheme].min():.0%}, {width}"
