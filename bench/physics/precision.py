"""How well a cell's energy per unit of work is known from its own repeats, and whether that is as well as asked.

Each work window is cut into blocks of whole batches; the energy per unit of each block is one value. Blocks of one
window resemble their neighbours (clocks, temperature), so that n of them are worth fewer:

    n_eff = n (1 - r) / (1 + r)      r: correlation of neighbours, where positive
    half-width = t(n_eff - 1) × s √((n - 1) / (n (n_eff - 1)))

Source: Zięba, "Effective number of observations ...", Metrol. Meas. Syst. 17 (2010) 3, for a first-order
autoregressive series: s² falls short of the variance by n (n_eff - 1) / (n_eff (n - 1)). In a short series r falls
short as well, by (1 + 3 r) / n (Marriott, Pope, Biometrika 41 (1954) 390); checked 2026-11-21.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

from bench.nouns import Outcome, Precision, Source, Timing, Verdict, Window
from bench.physics import rules
from bench.physics.look import Look
from bench.physics.ticks import Ticks, energy_at
from bench.stats import deviation, mean, t95
from bench.units import NS_PER_S

_BLOCKS_A_WINDOW = 5
_SHORTEST_BLOCK_S = 1.0  # ten ticks of the slowest counter, 100 ms (arXiv:2312.02741, table 2; checked 2026-11-21)
_BLOCK_RATIO = 0.9  # of a fifth of the window: a block ends with a batch, overshoots, and yet five are to fit
_LEAST_BLOCKS = 4
_MENDED_FROM = 10  # values: with fewer, r is so loose that mending it takes most series their interval
# What a cell's work is counted in: the first of these that its engine counts.
_UNITS = ("audio_s", "video_s", "output_tokens", "target_tokens", "requests")


def precision(look: Look, work: Sequence[Window], outcomes: Sequence[Outcome]) -> Precision | None:
    """How well the energy per unit of work is known; None where there is too little to tell."""
    marks = look.course
    if marks is None:
        return None
    unit = _unit(outcomes)
    rates = [rate for window in work for rate in _rates(window, outcomes, marks, unit)]
    if len(rates) < _LEAST_BLOCKS or mean(rates) <= 0:
        return None
    effective = _effective(rates)
    if effective <= 2:
        return Precision(domain=look.source.domain, half_width_ratio=None, blocks=len(rates), windows=len(work))
    count = len(rates)
    half = t95(effective - 1) * deviation(rates) * math.sqrt((count - 1) / (count * (effective - 1)))
    return Precision(
        domain=look.source.domain, half_width_ratio=half / mean(rates), blocks=count, windows=len(work)
    )


def main_source(sources: Sequence[Source], device: str) -> Source | None:
    """The domain that a cell is about: its engine's own device, else the CPU, else the host; never another GPU."""
    live = [s for s in sources if s.basis != "excluded" and (s.boundary != "gpu" or s.device == device)]
    own = [s for s in live if s.device == device]
    order = ("cpu", "host", "platform", "wall", "gpu", "dram")
    return next(iter([*own, *sorted(live, key=lambda s: order.index(s.boundary))]), None)


def wider_than_asked(timing: Timing, found: Precision | None) -> tuple[Verdict, ...]:
    """A flag on a cell whose budget ended before its interval was as narrow as asked."""
    if timing.most_windows is None:
        return ()
    ratio = found.half_width_ratio if found else None
    if ratio is not None and ratio <= timing.precision_ratio:
        return ()
    known = (
        f"±{ratio:.1%} from {found.blocks} blocks" if found and ratio is not None else "too few repeats to tell"
    )
    evidence = (
        f"energy per unit is known to {known} after {found.windows if found else 0} windows; "
        f"asked ±{timing.precision_ratio:.1%}"
    )
    return (rules.WIDER.flags(found.domain if found else None, evidence),)


def _rates(window: Window, outcomes: Sequence[Outcome], marks: Ticks, unit: str) -> list[float]:
    """Joules per unit of each block of the window: whole batches, pauses before them included."""
    batches = _batches(window, outcomes, unit)
    block_ns = max(
        _SHORTEST_BLOCK_S * NS_PER_S, (window.end_ns - window.start_ns) / _BLOCKS_A_WINDOW * _BLOCK_RATIO
    )
    edges, amounts, start_ns, amount = [window.start_ns], [], window.start_ns, 0.0
    for end_ns, units in batches:
        amount += units
        if end_ns - start_ns >= block_ns:
            edges.append(end_ns)
            amounts.append(amount)
            start_ns, amount = end_ns, 0.0
    energies = [energy_at(marks, b) - energy_at(marks, a) for a, b in pairwise(edges)]
    return [energy_j / units for energy_j, units in zip(energies, amounts, strict=True) if units]


def _batches(window: Window, outcomes: Sequence[Outcome], unit: str) -> list[tuple[int, float]]:
    """(end, units done) of each batch inside the window, in order."""
    found: dict[int, float] = {}
    for one in outcomes:
        if window.start_ns <= one.start_ns and one.end_ns <= window.end_ns:
            found[one.end_ns] = found.get(one.end_ns, 0.0) + float(getattr(one.achieved, unit) or 0)
    return sorted(found.items())


def _unit(outcomes: Sequence[Outcome]) -> str:
    """The first unit that any outcome counts: one for all, so that an answer without tokens counts none."""
    return next((name for name in _UNITS if any(getattr(o.achieved, name) for o in outcomes)), "requests")


def _effective(values: Sequence[float]) -> float:
    """How many independent values a series is worth."""
    count, middle = len(values), mean(values)
    square = math.fsum((v - middle) ** 2 for v in values)
    if not square:
        return float(count)
    alike = math.fsum((a - middle) * (b - middle) for a, b in pairwise(values)) / square
    if count >= _MENDED_FROM:
        alike = (count * alike + 1) / (count - 3)
    return count * (1 - alike) / (1 + alike) if alike > 0 else float(count)
