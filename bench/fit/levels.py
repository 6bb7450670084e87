"""Batches and loads of one model that one set of terms describes: requests pay for what they share by the share.

Each level (so many requests in a batch, so many users, so many requests a second) is fitted for itself first.
Where the same terms, the steps and passes that requests share among them, predict cells that were left out as well
as the levels' own terms do, they are the ones: what a request costs at another level then follows, and is no new
coefficient.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from bench.fit.flags import merged_flags
from bench.fit.rates import domain
from bench.fit.rows import Group
from bench.nouns import Coefficients
from bench.nouns.levels import Levelled, level_of, names_of, over_batches, over_loads
from bench.stats import deviation, mean

# Squares that differ by less than this one's are no reason for another description (chosen: a tenth of what a
# board's sensor may be off by, 5 %, arXiv:2312.02741; what was fitted apart also had an idle of its own).
_ALIKE_RATIO = 5e-3
_FEWEST_COMMON = 3
_WORSE_THAN_OWN = 4.0  # errors twice as large as a level's own terms make are not described (chosen)
_TRUSTED_RATIO = 0.05  # chosen: a board's sensor itself may be off by so much


def merged(groups: Sequence[Group]) -> Group:
    """The groups as one, the smallest batch first; a row says at which level it ran."""
    groups = sorted(groups, key=lambda group: group.batch)
    first = groups[0]
    ranges: dict[str, tuple[float, float]] = {}
    for group in groups:
        for name, (low, high) in domain(group).items():
            known = ranges.get(name, (low, high))
            ranges[name] = (min(low, known[0]), max(high, known[1]))
    return replace(
        first,
        gain_ratio_95=max(g.gain_ratio_95 for g in groups),
        rows=tuple(replace(r, level=level_of(g)) for g in groups for r in g.rows),
        runs=tuple(sorted(run for g in groups for run in g.runs)),
        excluded=tuple(why for g in groups for why in g.excluded),
        flags=merged_flags(flag for g in groups for flag in g.flags),
        outcomes_usage=tuple(usage for g in groups for usage in g.outcomes_usage),
        cells=tuple(cell for g in groups for cell in g.cells),
        levels=names_of(groups),
        ranges=ranges,
    )


def holds_at(found: Coefficients, at: Levelled) -> bool:
    """Whether an entry is this level's own, or describes levels that differ as this one does."""
    load = (found.concurrency, found.rate, found.load) == (at.concurrency, at.rate, at.load)
    return (found.batch == at.batch or over_batches(found.levels)) and (load or over_loads(found.levels))


def describes(
    together: Mapping[str, float], apart: Mapping[str, float], levels: Mapping[str, str] = MappingProxyType({})
) -> bool:
    """Whether one set of terms predicts cells that were left out as well as each level's own terms do.

    Relative errors by cell; `levels`: of each cell, where there are several. The mean of their squares may be
    larger by its standard error. Where the levels alone have too few cells to leave one out, those of all together
    must be as small as a coefficient's are to be.
    """
    common = [cell for cell in together if cell in apart]
    if len(common) < _FEWEST_COMMON:
        squares = [error * error for error in together.values()]
        return len(squares) >= _FEWEST_COMMON and mean(squares) <= _TRUSTED_RATIO**2
    cells: dict[str, list[str]] = {}
    for cell in together:
        cells.setdefault(levels.get(cell, ""), []).append(cell)
    if not all(_of_level(mine, together, apart) for mine in cells.values()):
        return False
    worse = [together[cell] ** 2 - apart[cell] ** 2 for cell in common]
    spread = deviation(worse) / math.sqrt(len(worse))
    return mean(worse) <= max(spread, _ALIKE_RATIO**2)


def _of_level(mine: Sequence[str], together: Mapping[str, float], apart: Mapping[str, float]) -> bool:
    """The same for one level's cells: beside its own terms where these can be tested, else by the errors' size."""
    both = [cell for cell in mine if cell in apart]
    squares = mean([together[cell] ** 2 for cell in mine])
    if len(both) < _FEWEST_COMMON:
        return squares <= _TRUSTED_RATIO**2
    own = mean([apart[cell] ** 2 for cell in both])
    return mean([together[cell] ** 2 for cell in both]) <= _WORSE_THAN_OWN * own + _ALIKE_RATIO**2
