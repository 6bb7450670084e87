"""Terms that a design tells apart, but badly: only what they make together is known."""

from collections.abc import Sequence

from bench.fit.design import Shape, separating_cells
from bench.fit.rows import Group, Row
from bench.fit.sheet import Sheet
from bench.fit.terms import Term
from bench.stats import median

# Chosen: beyond it the interval of one of the two is that of more than a quarter of all that was measured, while
# the windows themselves are known to a few per cent.
_LOST_RATIO = 0.25
_TOGETHER = 0.9


def nearly_together(
    sheet: Sheet, kept: Sequence[Term], group: Group, work: Sequence[Row], shapes: Sequence[Shape]
) -> list[str]:
    """A flag for every two terms whose errors stand for each other, with the cell that would part them."""
    terms = {t.name: t for t in kept if t.name in sheet.terms}
    told = []
    for one, others in sheet.correlations.items():
        for other, correlation in others.items():
            pair = [terms[name] for name in (one, other) if name in terms]
            if len(pair) < 2 or abs(correlation) < _TOGETHER:
                continue
            if min(_lost(sheet, term, work) for term in pair) < _LOST_RATIO:
                continue
            cells = separating_cells(list(kept), group, work, shapes)
            helps = " and ".join(map(str, cells)) or "a workload that varies one of them alone"
            widths = " and ".join(f"±{_relative(sheet, term):.0%}" for term in pair)
            told.append(
                f"flag: {one} and {other} move nearly together in these runs: alone they are known to {widths}, "
                f"what they make together far better; add {helps}"
            )
    return told


def _lost(sheet: Sheet, term: Term, work: Sequence[Row]) -> float:
    """The statistical half-width of a term in the windows, as a share of their energy (the median)."""
    half = sheet.parts[term.name].get("statistical", 0.0)
    return median([half * (term.amount(row) or 0.0) / row.energy_j for row in work])


def _relative(sheet: Sheet, term: Term) -> float:
    value = abs(sheet.terms[term.name].value)
    return sheet.parts[term.name].get("statistical", 0.0) / value if value else float("inf")
