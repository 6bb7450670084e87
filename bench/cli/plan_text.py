"""A plan as people read it: a line a cell, what is skipped and why, and the sum."""

from typing import TYPE_CHECKING

from bench.cli.output import table
from bench.units import counted

if TYPE_CHECKING:
    from bench.run.plan import Plan

_SHORT_S = 120.0


def plan_text(made: "Plan", price_per_hour: float | None) -> str:
    """Cells with their predicted time, and the total with its price where one was given."""
    weights = "trained" if all(one.model.included for one in made.cells) else made.weights.upper()
    head = f"{made.name} on {made.hardware}, {weights} weights"
    reasons = {one.skipped for one in made.cells}
    if len(reasons) == 1 and (why := reasons.pop()) is not None:
        skipped = "the cell is" if len(made.cells) == 1 else f"all {len(made.cells)} cells are"
        return f"{head}\n{skipped} skipped: {why}"
    rows = []
    for one in made.cells:
        if one.skipped:
            rows.append((str(one.cell), "skip", one.skipped))
        elif one.done:
            rows.append((str(one.cell), "done", f"finished already: {one.done.name}"))
        else:
            trained = "its own trained weights" if one.model.included else ""
            rows.append((str(one.cell), f"{one.seconds / 60:.1f} min", trained))
    return f"{head}\n{table(rows, ('CELL', 'TIME', 'NOTE'))}\n{_total(made, price_per_hour)}"


def price_eur(made: "Plan", price_per_hour: float | None) -> float | None:
    """What the cells that are due cost; None without a price."""
    return None if price_per_hour is None else made.minutes / 60 * price_per_hour


def _total(made: "Plan", price_per_hour: float | None) -> str:
    count = len(made.due)
    if not count:
        return "nothing to run: every cell is finished or skipped"
    seconds = made.minutes * 60
    time = f"{seconds:.0f} s" if seconds < _SHORT_S else f"{made.minutes:.0f} min"
    wh = None if made.kwh is None else made.kwh * 1000
    if made.further_minutes * 60 >= 1:
        most = made.minutes + made.further_minutes
        said = f"{most * 60:.0f} s" if most * 60 < _SHORT_S else f"{most:.0f} min"
        time += f" (up to {said} where repeats disagree)"
    energy = "energy unknown: no power is known" if wh is None else f"about {wh:.2g} Wh"
    eur = price_eur(made, price_per_hour)
    price = f", {eur:.2f} EUR" if eur is not None else ""
    cells = counted(count, "cell")
    return f"{cells} to run: about {time}, {energy}{price} (predicted from this machine's speed just now)"
