"""What a fit has found so far: terms, the components of their intervals, and why others are absent."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from bench.fit.refusal import Refusal
from bench.fit.solve import Array
from bench.nouns import Cell, Quantity
from bench.stats import significant


@dataclass(slots=True, kw_only=True)
class Sheet:
    """Filled in while a group is fitted."""

    terms: dict[str, Quantity] = field(default_factory=dict)
    parts: dict[str, dict[str, float]] = field(default_factory=dict)
    missing: dict[str, Refusal] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    correlations: dict[str, dict[str, float]] = field(default_factory=dict)

    def enter(self, name: str, found: tuple[Quantity, dict[str, float]]) -> None:
        """Writes a term with its components down."""
        self.terms[name], self.parts[name] = found

    def refuse(
        self, terms: Iterable[str], why: str, *, helps: Sequence[Cell] = (), again: bool = False, remedy: str = ""
    ) -> None:
        """Writes down why terms are absent, in place of what was said of them before."""
        for term in terms:
            self.missing[term] = Refusal(term=term, why=why, helps=tuple(helps), again=again, remedy=remedy)

    def correlate(self, names: Sequence[str], spread: Array) -> None:
        """Writes down how the statistical errors of the terms that were entered go together, each pair once.

        `spread` (n, n): their covariance, on any scale.
        """
        for i, one in enumerate(names):
            for k in range(i):
                scale = math.sqrt(spread[i, i] * spread[k, k])
                if scale and {one, names[k]} <= self.terms.keys():
                    self.correlations.setdefault(names[k], {})[one] = significant(float(spread[i, k]) / scale)
