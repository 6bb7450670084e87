"""What to run next, as text of 80 columns."""

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from bench.report.words import level

if TYPE_CHECKING:
    from bench.fit.design import Next
    from bench.run.next_cells import Advice

_WIDTH = 80
_HALF_WIDTHS = 1.96  # of a normal quantity: its 95 % half-width in standard errors


def next_text(found: Sequence["Advice"]) -> str:
    """A block for each entry that something would help."""
    lines = [line for one in found for line in _block(one)]
    return "\n".join(lines) or "nothing to add: no entry has terms that another declared workload would narrow"


def _block(one: "Advice") -> Iterator[str]:
    if not one.apart and not one.cells:
        return
    key, at = one.entry.key, level(one.entry)
    head = f"{key.engine}/{key.model}:{key.precision} · {one.entry.boundary}" + (f" · {at}" if at else "")
    yield from textwrap.wrap(head, _WIDTH, subsequent_indent="  ")
    for term, why in one.apart:
        yield from textwrap.wrap(f"{term}: {why}", _WIDTH, initial_indent="  ", subsequent_indent="    ")
    for cell in one.cells:
        yield from textwrap.wrap(_cell(cell), _WIDTH, initial_indent="  ", subsequent_indent="    ")
    yield ""


def _cell(one: "Next") -> str:
    users = f", batch {one.batch}" if one.batch != 1 else ""
    users += f", {one.concurrency} users" if one.concurrency != 1 else ""
    gains = sorted(one.before, key=lambda term: one.after[term] / max(one.before[term], 1e-30))
    told = "; ".join(f"{term} ±{_half(one.before[term])} → ±{_half(one.after[term])}" for term in gains[:2])
    return f"{one.workload}{users}, about {one.seconds:.0f} s: {told} (repeats alone)"


def _half(ratio: float) -> str:
    return f"{100 * _HALF_WIDTHS * ratio:.2g} %"
