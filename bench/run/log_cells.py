"""How finely a large log's lengths are parted: tried on a sample of its rows, priced one by one and in cells."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from bench.estimators.answering import Known
from bench.estimators.columns import Many
from bench.estimators.roofline import Scope
from bench.estimators.usage_sums import Spans
from bench.files.logs.grouped import Groups
from bench.files.logs.length_cells import LEVELS, cell_numbers
from bench.run.log_pricing import Filling, named, price

Ints = npt.NDArray[np.int64]
# how far a sum by cells may lie from the sum over rows, of the value and of its bounds, which are hundreds of
# times as wide: chosen
VALUE_RATIO, BOUND_RATIO = 1e-3, 1e-2


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """Models by a place in LEVELS, how many rows were tried, and how far their sums were off."""

    levels: Mapping[int, tuple[str, ...]]
    tried: int
    value_off: float
    bound_off: float


def cells_for(sample: Groups, filling: Filling, many: Many, known: Known, scope: Scope | None) -> Cells:
    """The coarsest cells that hold each model's sums; the finest where none does, which is said."""
    rows = price(named(sample, filling), many, known, scope)
    told = ~np.isnan(rows.kwh.value)
    models = sample.codes.get("model", np.zeros(len(sample), np.int64))
    left = set(map(int, np.unique(models)))
    texts = sample.names.get("model", ("",))
    levels: dict[int, tuple[str, ...]] = {0: ()}
    worst = [0.0, 0.0]
    for level in range(len(LEVELS)):
        here = np.isin(models, list(left)) & told
        cells = _in_cells(sample, here, level)
        found = price(named(cells, filling), many, known, scope)
        good = []
        for model in sorted(left):
            off = _off(rows.kwh, here & (models == model), found.kwh, cells.codes_of("model") == model)
            if (off[0] <= VALUE_RATIO and off[1] <= BOUND_RATIO) or level == len(LEVELS) - 1:
                good.append(model)
                worst = [max(one, other) for one, other in zip(worst, off, strict=True)]
        levels[level] = tuple(texts[model] for model in good)
        left -= set(good)
        if not left:
            break
    kept = {level: models for level, models in levels.items() if models} or {0: ()}
    return Cells(levels=kept, tried=int(sample.rows.sum()), value_off=worst[0], bound_off=worst[1])


def _off(
    rows: Spans, here: npt.NDArray[np.bool_], cells: Spans, there: npt.NDArray[np.bool_]
) -> tuple[float, float]:
    def ratio(name: str) -> float:
        whole = float(getattr(rows, name)[here].sum())
        return abs(float(getattr(cells, name)[there].sum()) / whole - 1) if whole > 0 else 0.0

    return ratio("value"), max(ratio("low"), ratio("high"))


def _in_cells(sample: Groups, here: npt.NDArray[np.bool_], level: int) -> Groups:
    """These rows as groups by names and cell, as DuckDB makes them of all rows, but for days."""
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
    return replace(
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
