"""How finely a large log's lengths are parted: tried on a sample of its rows, priced one by one and in cells."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from bench.estimators.answering import Known
from bench.estimators.columns import Many
from bench.estimators.roofline import Scope
from bench.estimators.usage_sums import Spans, bends
from bench.files.logs.grouped import Groups
from bench.files.logs.length_cells import CellsBy, Level, cell_numbers, levels_of
from bench.run.log_pricing import Filling, named, price

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
# how far sums by cells may lie from those over rows, cell by cell, of the value and of its bounds, which are tens
# of per cent wide: chosen
VALUE_RATIO, BOUND_RATIO = 2e-3, 3e-2


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """The cells of each model, how many rows were tried, and how far their sums were off."""

    by: CellsBy
    tried: int
    value_off: float
    bound_off: float


def cells_for(sample: Groups, filling: Filling, many: Many, known: Known, scope: Scope | None) -> Cells:
    """The coarsest cells that hold each model's sums; the finest where none does, which is said."""
    rows = price(named(sample, filling), many, known, scope)
    told = ~np.isnan(rows.kwh.value)
    models = sample.codes_of("model")
    by: dict[str, Level] = {}
    worst = [0.0, 0.0]
    for code, name in enumerate(sample.names.get("model", ("",))):
        here = told & (models == code)
        if not here.any():
            continue
        jobs = [one.job for at in np.unique(rows.combo[here]) if (one := rows.answers[at]) and one.job]
        edges = [z for job in jobs for z in bends(job)]
        for level in levels_of(sample.x[here], sample.y[here], sample.requests[here], edges):
            cells, cell = _in_cells(sample, here, level)
            off = _off(rows.kwh, here, price(named(cells, filling), many, known, scope).kwh, cell)
            by[name] = level
            if off[0] <= VALUE_RATIO and off[1] <= BOUND_RATIO:
                break
        worst = [max(one, other) for one, other in zip(worst, off, strict=True)]
    finest = levels_of(sample.x, sample.y, sample.requests)[-1]
    return Cells(
        by=CellsBy(models=by, finest=finest), tried=int(sample.rows.sum()), value_off=worst[0], bound_off=worst[1]
    )


def _off(
    rows: Spans, here: npt.NDArray[np.bool_], cells: Spans, cell: npt.NDArray[np.intp]
) -> tuple[float, float]:
    """How far values of cells lie from those of their rows, and bounds, each over its whole.

    Distances of cells add up: no cell's error makes good another's, for rows may be mixed otherwise tomorrow.
    """

    def ratio(name: str) -> float:
        whole = np.bincount(cell, getattr(rows, name)[here], len(cells.value))
        return float(np.abs(getattr(cells, name) - whole).sum() / (whole.sum() or 1.0))

    return ratio("value"), max(ratio("low"), ratio("high"))


def _in_cells(sample: Groups, here: npt.NDArray[np.bool_], level: Level) -> tuple[Groups, npt.NDArray[np.intp]]:
    """These rows as groups by names and cell, as DuckDB makes them of all rows, but for days; each row's group."""
    key = cell_numbers(level, sample.x[here], sample.y[here], sample.kinds[here])
    for name, codes in sample.codes.items():
        key = key * len(sample.names[name]) + codes[here]
    key = np.unique(key * 3 + sample.kinds[here], return_inverse=True)[1]
    first = np.zeros(int(key.max(initial=-1)) + 1, np.int64)
    first[key] = np.flatnonzero(here)
    weight = sample.requests[here]
    total = np.bincount(key, weight).astype(np.float64)
    safe = np.where(total > 0, total, 1.0)
    x, y = sample.x[here], sample.y[here]

    def mean(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        found: npt.NDArray[np.float64] = np.bincount(key, weight * values) / safe
        return found

    mean_x, mean_y = mean(x), mean(y)
    found = replace(
        sample,
        days=sample.days[first],
        codes={name: codes[first] for name, codes in sample.codes.items()},
        kinds=sample.kinds[first],
        rows=np.bincount(key, sample.rows[here]).astype(np.int64),
        requests=total,
        x=mean_x,
        y=mean_y,
        xx=mean(x * x) - mean_x**2,
        xy=mean(x * y) - mean_x * mean_y,
        yy=mean(y * y) - mean_y**2,
        reported={},
        exact=False,
    )
    return found, key
