"""What to run next, as text of 80 columns."""

import math
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bench.cli.apart_text import apart_text, command_text
from bench.report.words import asked_beside, level

if TYPE_CHECKING:
    from bench.fit.design import Next
    from bench.fit.revealing import Revealing
    from bench.run.next_cells import Advice, Advised

_WIDTH = 80
_HALF_WIDTHS = 1.96  # of a normal quantity: its 95 % half-width in standard errors


def next_text(found: "Advised") -> str:
    """A block for each entry that something would help; then what is kept apart."""
    lines = [line for one in found.entries for line in _block(one)]
    lines += [apart_text(found.apart)] if found.apart else []
    return "\n".join(lines) or "nothing to add: no entry has terms that another declared workload would narrow"


def _block(one: "Advice") -> Iterator[str]:
    said = [
        *(f"{why.term}: {why.sentence}" for why in one.apart),
        *(_shown(cell, one) for cell in one.shows),
        *map(_cell, one.cells),
    ]
    if not said:
        return
    key, at = one.entry.key, level(one.entry)
    named = f"{key.engine}/{key.model}:{key.precision}{asked_beside(key)}"
    head = f"{named} · {one.entry.boundary}" + (f" · {at}" if at else "")
    yield from textwrap.wrap(head, _WIDTH, subsequent_indent="  ")
    for text in said:
        yield from textwrap.wrap(
            text, _WIDTH, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False
        )
    for line in one.lines:
        yield from command_text(line)
    yield ""


def _shown(one: "Revealing", of: "Advice") -> str:
    off = of.entry.fit.get("held_out_error")
    off_by = f"{off:.0%}".replace("%", " %") if isinstance(off, float) else "more than a coefficient is to be"
    told = " and ".join(f"{_times(times)} {name}" for name, times in one.terms.items())
    return f"{one.cell}, about {one.seconds:.0f} s: cells left out are off by {off_by}; it holds {told}"


def _times(times: float) -> str:
    return f"{times:.2g} times the most" if math.isfinite(times) else "the first"


def _cell(one: "Next") -> str:
    gains = sorted(one.before, key=lambda term: one.after[term] / max(one.before[term], 1e-30))
    told = "; ".join(f"{term} ±{_half(one.before[term])} → ±{_half(one.after[term])}" for term in gains[:2])
    return f"{one.cell}, about {one.seconds:.0f} s: {told} (repeats alone)"


def _half(ratio: float) -> str:
    return f"{100 * _HALF_WIDTHS * ratio:.2g}\u00a0%"
