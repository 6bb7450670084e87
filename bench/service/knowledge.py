"""What the service knows: read once, when it starts, and never again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

from bench.estimators.answer import Answer
from bench.estimators.answering import Known
from bench.files.config import places
from bench.files.grid_tables import read_embodied_rows
from bench.files.knowing import Made, embodied_of, made_of, read_known
from bench.files.regions import Regions, read_regions
from bench.nouns.estimates import Range


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """Models, cards, the prior and published coefficients; places; what making hardware emitted."""

    known: Known
    regions: Regions
    making: Callable[[str, float], Made]  # of a card, by its name and its memory [GiB]

    def embodied_of(self, answer: Answer) -> tuple[Range | None, str]:
        """The embodied grams of all requests, and what they rest on, or None and why there are none."""
        return embodied_of(answer, self.making)


def read_knowledge(results: Sequence[Path] = ()) -> Knowledge:
    """Everything that travels with Joulemark, and the coefficients of results folders, which come first.

    Raises BadInput, BrokenResults, BadDeclaration.
    """
    return Knowledge(
        known=read_known(results),
        regions=read_regions(),
        making=lru_cache(maxsize=512)(partial(made_of, rows=read_embodied_rows(places().data))),
    )
