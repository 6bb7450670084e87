"""What an engine keeps of its answers until a window has closed: token ids, and of labelled requests alone."""

from collections.abc import Callable, Collection, Sequence
from typing import Any

from bench.nouns import Request, Told, Weights

NO_END = 2**31 - 1
"""An end-of-text id that no vocabulary has: nothing stops early, and the model's own is chosen where it comes."""


class Answers:
    """The answers since they were last told, one for each outcome, in order; None where nothing was kept."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._rows: list[Any] = []

    def wanted(self, batch: Sequence[Request]) -> bool:
        """Whether somebody labelled one of them, and the weights can be right or wrong."""
        return self._weights != "synthetic" and any(request.meant is not None for request in batch)

    def keep(self, batch: Sequence[Request], rows: Sequence[Any] | None) -> None:
        """Keeps a row for each request of a batch; None: nothing of it is kept."""
        self._rows += [None] * len(batch) if rows is None else list(rows)

    def forget(self) -> None:
        """Lets go of what was kept."""
        self._rows = []

    def told(self, text_of: Callable[[Any], Told | None]) -> Sequence[Told | None]:
        """Text of every row since the last call, in order."""
        rows, self._rows = self._rows, []
        return [None if row is None else text_of(row) for row in rows]


def until_end(ids: Sequence[int], ends: Collection[int]) -> tuple[list[int], bool]:
    """The ids before the first that ends a text, and whether there was one."""
    for at, token in enumerate(ids):
        if token in ends:
            return list(ids[:at]), True
    return list(ids), False
