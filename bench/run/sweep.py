"""From nothing to saturation: the loads of a server's curve, chosen by the rate at which it saturates.

    W │                       □  closed: the users with whom it saturated
      │                  ·
      │            ·             open: four rates of a ladder, the highest at most 0.8 of saturation,
      │     ·                    or below 0.9 where it is measured already
      │ ·                        idle: before the work of every cell
      └────────────────────── answered requests/s

The rates are steps of a ladder (1, 1.5, 2, 3, 5, 7, 10 …) that hang on the highest one alone, and those that a
folder holds already are kept while they fit: the same call finds its cells again, though no two probes find quite
the same saturation.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.errors import BadInput, BrokenResults
from bench.files.known import spec_sha256
from bench.files.layout import run_folders
from bench.files.loads import MOST_PER_S
from bench.files.models import served_model
from bench.files.store import read_seal
from bench.files.work import find_workload
from bench.nouns import Cell, LoadSpec, RunSpec, Served, ServingEngine
from bench.run.saturation import Saturation, find_saturation

LADDER = tuple(
    float(f"{m}e{e}") for e in range(-3, 5) for m in (1, 1.5, 2, 3, 5, 7) if float(f"{m}e{e}") <= MOST_PER_S
)
# Chosen. Arrivals come in bunches: near saturation a queue grows for longer than a window lasts.
_HIGHEST, _STILL_BELOW = 0.8, 0.9
# Steps of the ladder below the highest rate: a fifteenth of it at least, where windows hold enough requests.
_WIDE, _NARROW = (7, 4, 2, 0), (3, 2, 1, 0)
# Chosen: of Poisson arrivals, three expected, one window in twenty holds none (e⁻³).
_FEWEST_A_WINDOW = 3.0
# Chosen: with fewer expected, how many a window holds scatters by a third or more (Poisson: 1 ÷ √10).
_FEW_AT_MOST = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """The loads of one workload's sweep: requests a second, and users who wait."""

    rates: tuple[float, ...]
    users: int


def levels_of(
    found: Saturation, window_s: float, kept_rates: Iterable[float] = (), kept_users: Iterable[int] = ()
) -> Levels:
    """The levels of a server that saturates there; of those that fit, the ones that are measured already."""
    kept, known = frozenset(kept_rates), frozenset(kept_users)
    highest = max((n for n, rate in enumerate(LADDER) if rate <= _HIGHEST * found.per_s), default=max(_WIDE))
    highest = max(highest, max(_WIDE))
    fitting = [n for n in (highest, highest - 1, highest + 1) if max(_WIDE) <= n < len(LADDER)]
    choices = [_rates(n, window_s) for n in fitting if n == highest or LADDER[n] < _STILL_BELOW * found.per_s]
    rates = max(choices, key=lambda rates: len(kept.intersection(rates)))  # the first of equals
    users = next((n for n in (found.users, *found.as_good) if n in known), found.users)
    return Levels(rates=rates, users=users)


def _rates(highest: int, window_s: float) -> tuple[float, ...]:
    steps = _WIDE if LADDER[highest - max(_WIDE)] * window_s >= _FEWEST_A_WINDOW else _NARROW
    return tuple(LADDER[highest - n] for n in steps)


def sweep_cells(
    engine: ServingEngine,
    bases: Sequence[RunSpec],
    *,
    parameters: int,
    manifest: Path | None,
    out: Path | None,
    say: Callable[[str], None],
) -> tuple[list[Cell], list[str]]:
    """The cells of each workload's sweep, and in words what was found. `out`: where measured levels may lie.

    Raises CannotRun where requests fail.
    """
    first = bases[0]
    model = served_model(first.cell, first.family, parameters)
    load = LoadSpec(
        model=model, precision=first.cell.precision, weights=first.weights, seed=first.seed,
        endpoint=first.endpoint,
    )  # fmt: skip
    address = first.endpoint.url if first.endpoint else first.cell.model
    say(f"asking {address} how much it bears, before anything is measured")
    cells: list[Cell] = []
    notes: list[str] = []
    with engine.load(load) as session:
        if not isinstance(session, Served):
            raise BadInput(f"{first.cell.engine}: its requests can't overlap, so that nothing saturates it")
        for base in bases:
            name = base.cell.workload
            requests = find_workload(name, model, base.seed, manifest).requests
            say(f"{name}: looking for saturation")
            found = find_saturation(session, requests, lambda text: say(f"  {text}"))
            levels = levels_of(found, base.timing.window_s, *(measured_levels(out, base) if out else ()))
            cells += [replace(base.cell, rate=rate) for rate in levels.rates]
            cells.append(replace(base.cell, concurrency=levels.users))
            notes.append(_said(name, found, levels, base.timing.window_s))
    return cells, notes


def _said(name: str, found: Saturation, levels: Levels, window_s: float) -> str:
    """What was found and is going to be asked."""
    rates = ", ".join(f"{rate:g}" for rate in levels.rates)
    users = "1 user who waits" if levels.users == 1 else f"{levels.users} users who wait"
    said = f"{name}: {found}; rates {rates}, and {users}"
    most = levels.rates[-1] * window_s
    if most < _FEW_AT_MOST:
        said += f" (about {most:.0f} requests in a window at most: a longer --window-s makes the line surer)"
    return said


def measured_levels(out: Path, base: RunSpec) -> tuple[list[float], list[int]]:
    """The rates and numbers of users at which OUT holds sealed runs of this server, setup and workload."""
    wanted = spec_sha256(_unloaded(base))
    rates, users = [], []
    for folder in run_folders(out):
        try:
            spec = read_seal(folder).spec
        except BrokenResults:
            continue  # verify names it
        if spec is None or spec.cell.load or spec_sha256(_unloaded(spec)) != wanted:
            continue
        if spec.cell.rate is not None:
            rates.append(spec.cell.rate)
        else:
            users.append(spec.cell.concurrency)
    return rates, users


def _unloaded(spec: RunSpec) -> RunSpec:
    """The same ask, whatever its load."""
    return replace(spec, cell=replace(spec.cell, rate=None, load=None, concurrency=1), pace=None)
