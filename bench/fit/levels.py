"""Loads of one model that one set of terms describes: users who share decoding steps pay for them by the share.

Each load (so many users, so many requests a second) is fitted for itself first. Where the same terms, the step
that sequences share among them, predict cells that were left out as well as the loads' own terms do, they are the
ones: what a request costs at another load then follows, and is no new coefficient.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from bench.fit.rates import domain
from bench.fit.rows import NUMBER, Group
from bench.stats import deviation, mean

# Squares that differ by less than this one's are no reason for another description (chosen: a tenth of what a
# board's sensor may be off by, 5 %, arXiv:2312.02741; loads that were fitted apart also had an idle of their own).
_ALIKE_RATIO = 5e-3
_FEWEST_COMMON = 3
_WORSE_THAN_OWN = 4.0  # errors twice as large as a load's own terms make are not described (chosen)
_TRUSTED_RATIO = 0.05  # chosen: a board's sensor itself may be off by so much


class Loaded(Protocol):
    """A cell, or the group of its runs."""

    @property
    def concurrency(self) -> int:
        """Users who wait for their answers."""

    @property
    def rate(self) -> float | None:
        """Requests a second that are offered, whatever comes back."""

    @property
    def load(self) -> str | None:
        """A named scenario."""


def load_of(one: Loaded) -> str:
    """How requests came, as a cell's name says it: "@concurrency=8"; "" for one user."""
    if one.rate is not None:
        return f"@rate={one.rate:g}"
    if one.load is not None:
        return f"@load={one.load}"
    return f"@concurrency={one.concurrency}" if one.concurrency != 1 else ""


def merged(groups: Sequence[Group]) -> Group:
    """The groups as one; a row's workload says at which load it ran."""
    first = groups[0]
    ranges: dict[str, tuple[float, float]] = {}
    for group in groups:
        for name, (low, high) in domain(group).items():
            known = ranges.get(name, (low, high))
            ranges[name] = (min(low, known[0]), max(high, known[1]))
    return replace(
        first,
        gain_ratio_95=max(g.gain_ratio_95 for g in groups),
        rows=tuple(replace(r, workload=r.workload + load_of(g)) for g in groups for r in g.rows),
        runs=tuple(sorted(run for g in groups for run in g.runs)),
        excluded=tuple(why for g in groups for why in g.excluded),
        flags=_flags(groups),
        outcomes_usage=tuple(usage for g in groups for usage in g.outcomes_usage),
        levels=tuple(load_of(g).removeprefix("@") or "concurrency=1" for g in groups),
        ranges=ranges,
    )


def _flags(groups: Sequence[Group]) -> tuple[str, ...]:
    """The flags of all, each once, with how many runs of all loads it stands in."""
    count = sum(len(g.runs) for g in groups)
    found: dict[str, tuple[str, int]] = {}
    for flag in (flag for g in groups for flag in g.flags):
        told, _, text = flag.partition(" runs, ")
        kind = NUMBER.sub("#", text)
        first, runs = found.get(kind, (text, 0))
        found[kind] = (first, runs + int(told.partition(" ")[0]))
    return tuple(f"{runs} of {count} runs, {text}" for text, runs in found.values())


def describes(together: Mapping[str, float], apart: Mapping[str, float]) -> bool:
    """Whether one set of terms predicts cells that were left out as well as each load's own terms do.

    Relative errors by cell. The mean of their squares may be larger by its standard error. Where the loads alone
    have too few cells to leave one out, those of all together must be as small as a coefficient's are to be.
    """
    common = [cell for cell in together if cell in apart]
    if len(common) < _FEWEST_COMMON:
        squares = [error * error for error in together.values()]
        return len(squares) >= _FEWEST_COMMON and mean(squares) <= _TRUSTED_RATIO**2
    if not all(_of_load(load, together, apart) for load in {cell.partition("@")[2] for cell in together}):
        return False
    worse = [together[cell] ** 2 - apart[cell] ** 2 for cell in common]
    spread = deviation(worse) / math.sqrt(len(worse))
    return mean(worse) <= max(spread, _ALIKE_RATIO**2)


def _of_load(load: str, together: Mapping[str, float], apart: Mapping[str, float]) -> bool:
    """The same for one load: beside its own terms where these can be tested, else by the errors' size alone."""
    mine = [cell for cell in together if cell.partition("@")[2] == load]
    both = [cell for cell in mine if cell in apart]
    squares = mean([together[cell] ** 2 for cell in mine])
    if len(both) < _FEWEST_COMMON:
        return squares <= _TRUSTED_RATIO**2
    own = mean([apart[cell] ** 2 for cell in both])
    return mean([together[cell] ** 2 for cell in both]) <= _WORSE_THAN_OWN * own + _ALIKE_RATIO**2
